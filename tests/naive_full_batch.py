"""The exact objectives over all pairs of words: dense, float64, straight from their definitions."""

from __future__ import annotations

import numpy as np


def pair_weights(table, word_counts, negative, ns_exponent, sample):
    """(A, B): the weights of seen pairs and of negatives, pair by pair."""
    n = len(table)
    frequency = word_counts / word_counts.sum()
    keep = [min(1.0, np.sqrt(sample / f) + sample / f) if sample else 1.0 for f in frequency]
    seen = np.array([[keep[i] * keep[j] * float(table[i, j]) for j in range(n)] for i in range(n)])
    seen /= seen.sum()
    noise = frequency**ns_exponent / (frequency**ns_exponent).sum()
    rows = seen.sum(axis=1)
    drawn = np.array([[negative * rows[i] * noise[j] for j in range(n)] for i in range(n)])
    return seen, drawn


def loss(seen, drawn, w, c, objective):
    """Sum over all pairs of A f(x) + B f(-x)."""
    total = 0.0
    for i in range(len(w)):
        for j in range(len(c)):
            x = float(w[i] @ c[j])
            if objective == "qwem":
                total += seen[i, j] * (-x + x * x / 4) + drawn[i, j] * (x + x * x / 4)
            else:
                total += seen[i, j] * np.logaddexp(0, -x) + drawn[i, j] * np.logaddexp(0, x)
    return total


def gradients(seen, drawn, w, c, objective):
    """The derivatives of `loss` in w and c, pair by pair."""
    gradient_w, gradient_c = np.zeros_like(w), np.zeros_like(c)
    for i in range(len(w)):
        for j in range(len(c)):
            x = float(w[i] @ c[j])
            if objective == "qwem":
                slope = seen[i, j] * (-1 + x / 2) + drawn[i, j] * (1 + x / 2)
            else:
                slope = -seen[i, j] / (1 + np.exp(x)) + drawn[i, j] / (1 + np.exp(-x))
            gradient_w[i] += slope * c[j]
            gradient_c[j] += slope * w[i]
    return gradient_w, gradient_c


def target_loss(matrix, w, c):
    """The paper's loss with all weights one: zero for vectors of zero."""
    return 0.25 * (((w @ c.T - matrix) ** 2).sum() - (matrix**2).sum())


def gather(weights, w, c, alpha, beta):
    """sum_j A_ij (alpha x_ij + beta) c_j, and the sums of A x and A x^2."""
    x = w @ c.T
    return (weights * (alpha * x + beta)) @ c, (weights * x).sum(), (weights * x**2).sum()


def sigmoid_modes(values, start, time):
    """s_k^2(t) of aligned gradient flow from s_k^2(0) = start."""
    grown = np.exp(-values * time)
    return 1 / (grown / start + (1 - grown) / values)
