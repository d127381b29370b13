"""Sparse-times-block product and top eigenpairs, beside SciPy on the same numbers.

``pytest bench/bench_spectral.py`` takes a small synthetic table; set ``FASTQWEM_BENCH_COUNTS`` to a file that
`Cooccurrence.save` wrote, and ``FASTQWEM_BENCH_VECTOR_SIZE`` to 200, for the sizes of the README. Every benchmark
checks what it computed.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, eigsh

from fastqwem.counts.cooccurrence import Cooccurrence
from fastqwem.spectral import Target, solve
from fastqwem.text.vocab import Vocab

VECTOR_SIZE = int(os.environ.get("FASTQWEM_BENCH_VECTOR_SIZE", "50"))
TOL = 1e-5


def synthetic(n=4000, topics=60, seed=0):
    """Counts with the sparsity and the slowly falling spectrum of text: Zipf words in topics."""
    rng = np.random.default_rng(seed)
    frequency = 1 / (np.arange(n) + 2.7)
    affinity = rng.dirichlet(np.full(topics, 0.1), size=n)
    mean = 6.0 * n * np.outer(frequency, frequency) * (0.1 + affinity @ affinity.T * topics / 4)
    half = np.triu(rng.poisson(mean))
    return Cooccurrence(
        sp.csr_array(half + half.T), Vocab([f"w{i}" for i in range(n)], np.arange(n, 0, -1)), 16, "linear"
    )


@pytest.fixture(scope="module")
def target():
    path = os.environ.get("FASTQWEM_BENCH_COUNTS")
    made = Target(Cooccurrence.load(path) if path else synthetic())
    made.values()
    return made


@pytest.fixture(scope="module")
def matrix(target):
    """The sparse part, float32, as SciPy's."""
    counts = target.counts.matrix
    return sp.csr_array((target.values(), counts.indices, counts.indptr), shape=target.shape)


def scipy_operator(target, matrix):
    wide = matrix.astype(np.float64)
    return LinearOperator(
        target.shape,
        matvec=lambda x: wide @ x + target.unseen * x.sum(),
        matmat=lambda x: wide @ x + target.unseen * x.sum(axis=0),
        dtype=np.float64,
    )


@pytest.mark.parametrize("b", [1, 16, 32, 64])
@pytest.mark.parametrize("peer", ["fastqwem", "scipy"])
def test_product(benchmark, target, matrix, peer, b):
    x = np.random.default_rng(0).standard_normal((target.shape[0], b), dtype=np.float32)
    benchmark.group = f"product with {b} columns"
    benchmark.extra_info.update(nonzeros=matrix.nnz, words=target.shape[0])
    if peer == "fastqwem":
        got = benchmark(target.multiply, x)
    else:
        got = benchmark(lambda: matrix @ x) + target.unseen * x.sum(axis=0, dtype=np.float64)
    truth = target.multiply(x, exact=True)
    assert abs(got - truth).max() <= 1e-5 * abs(truth).max()


@pytest.mark.parametrize("peer", ["fastqwem", "eigsh"])
def test_top_eigenpairs(benchmark, target, matrix, peer):
    """At equal residual: both are held to 1e-5 of lambda_1, measured in float64."""
    benchmark.group = f"top {VECTOR_SIZE} eigenpairs"
    if peer == "fastqwem":
        spectrum = benchmark.pedantic(solve, (target, VECTOR_SIZE), {"tol": TOL}, rounds=3, iterations=1)
        values, vectors = spectrum.values, spectrum.eigenvectors
        benchmark.extra_info["certificate"] = str(spectrum.certificate)
    else:
        operator = scipy_operator(target, matrix)
        values, vectors = benchmark.pedantic(
            eigsh, (operator, VECTOR_SIZE), {"which": "LA", "tol": TOL, "v0": np.ones(target.shape[0])}, rounds=1
        )
    residuals = np.linalg.norm(target.multiply(np.ascontiguousarray(vectors), exact=True) - vectors * values, axis=0)
    benchmark.extra_info["largest residual"] = float(residuals.max() / values.max())
    assert residuals.max() <= 1.01 * TOL * values.max()
