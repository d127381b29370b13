"""Alternating least squares by dense normal equations, float64, row by row."""

from __future__ import annotations

import numpy as np


def objective(seen, drawn, w, c, ridge):
    """sum_ij A (x^2/4 - x) + B (x^2/4 + x) + 1/2 sum_i ridge_i (|w_i|^2 + |c_i|^2)."""
    x = w @ c.T
    loss = (seen * (x**2 / 4 - x) + drawn * (x**2 / 4 + x)).sum()
    return loss + (ridge * ((w**2).sum(axis=1) + (c**2).sum(axis=1))).sum() / 2


def best_rows(seen, drawn, c, ridge):
    """The minimiser in W for fixed C."""
    d = c.shape[1]
    rows = np.zeros((len(seen), d))
    for i in range(len(seen)):
        system = 0.5 * (c.T * (seen[i] + drawn[i])) @ c + ridge[i] * np.eye(d)
        rows[i] = np.linalg.lstsq(system, c.T @ (seen[i] - drawn[i]), rcond=None)[0]
    return rows


def ridges(table, word_counts, sample, near, ridge, exponent):
    """Ridge of each word, in units of weights that sum to one: `near` is the count of a neighbour at distance 1."""
    frequency = word_counts / word_counts.sum()
    keep = np.array([min(1.0, np.sqrt(sample / f) + sample / f) if sample else 1.0 for f in frequency])
    pairs = keep[:, None] * table * keep / near
    return ridge * pairs.sum(axis=1) ** exponent / pairs.sum()
