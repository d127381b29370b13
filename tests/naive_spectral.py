"""Definitions of the targets, their loss and their eigenpairs: dense, float64, entry by entry."""

from __future__ import annotations

import math

import numpy as np


def target_entry(counts, i, j, kind, negative=1.0, ns_exponent=1.0, smoothing=0.0, weight_exponent=0.0):
    """Value of the pair (i, j), from the table of counts."""
    total = counts.sum()
    unigram = counts.sum(axis=1) / total
    if unigram[i] == 0 or unigram[j] == 0:
        return 0.0  # not defined; the package says zero
    power = np.array([p**ns_exponent if p > 0 else 0.0 for p in unigram])
    noise = power / power.sum()
    independent = (unigram[i] * noise[j] + noise[i] * unigram[j]) / 2
    joint = (counts[i, j] / total + smoothing * independent) / (1 + smoothing)
    if kind == "qwem":
        value = 2 * (joint - negative * independent) / (joint + negative * independent)
    elif kind == "pmi":
        value = math.log(joint / independent + 1e-25) - math.log(negative)
    else:
        value = max(0.0, math.log(joint / independent) - math.log(negative)) if joint > 0 else 0.0
    weight_i, weight_j = ((unigram[word] / unigram.mean()) ** weight_exponent for word in (i, j))
    return value * math.sqrt(weight_i * weight_j)


def target(counts, kind, **options):
    """The whole matrix."""
    n = len(counts)
    return np.array([[target_entry(counts, i, j, kind, **options) for j in range(n)] for i in range(n)])


def loss(matrix, weights, vectors):
    """1/4 sum_ij g_i g_j (w_i . w_j - M_ij)^2, where `matrix` is M without weights."""
    n = len(matrix)
    return sum(
        weights[i] * weights[j] * (float(vectors[i] @ vectors[j]) - matrix[i, j]) ** 2 / 4
        for i in range(n)
        for j in range(n)
    )


def qwem_loss(joint, unigram, positive, negative, vectors):
    """The paper's working loss, sum_ij Psi+ P_ij (-x + x^2/4) + Psi- P_i P_j (x + x^2/4), any Psi."""
    total = 0.0
    for i in range(len(joint)):
        for j in range(len(joint)):
            x = float(vectors[i] @ vectors[j])
            total += positive[i, j] * joint[i, j] * (-x + x * x / 4)
            total += negative[i, j] * unigram[i] * unigram[j] * (x + x * x / 4)
    return total


def gradient(function, point, step=1e-6):
    """Central differences of a scalar function of an array."""
    result = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        up, down = point.copy(), point.copy()
        up[index] += step
        down[index] -= step
        result[index] = (function(up) - function(down)) / (2 * step)
    return result


def top_eigenpairs(matrix, d):
    """The d algebraically largest, by LAPACK on the dense matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1][:d], vectors[:, ::-1][:, :d]


def with_spectrum(values, seed=0):
    """A dense symmetric matrix with given eigenvalues and random eigenvectors (returned too, as columns)."""
    values = np.asarray(values, dtype=float)
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    matrix = (q * values) @ q.T
    return (matrix + matrix.T) / 2, q
