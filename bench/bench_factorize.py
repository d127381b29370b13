"""A sweep of weighted alternating least squares, beside the same in a Numba loop, row by row.

``pytest bench/bench_factorize.py`` takes a small synthetic table; set ``FASTQWEM_BENCH_COUNTS`` to a file that
`Cooccurrence.save` wrote, and ``FASTQWEM_BENCH_VECTOR_SIZE`` to 200, for others. Every benchmark checks what it
computed: two sweeps must lower the loss, and as far as plain conjugate gradients of three steps do.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from bench_spectral import synthetic

from fastqwem import Cooccurrence, SpectralStart, factorize
from fastqwem.counts.pair_weights import PairWeights

VECTOR_SIZE = int(os.environ.get("FASTQWEM_BENCH_VECTOR_SIZE", "100"))
WEIGHTS = {"negative": 5, "ns_exponent": 0.75, "sample": 1e-4}
OPTIONS = WEIGHTS | {"objective": "qwem", "ridge_exponent": 0.0}
RIDGE = 10.0


@pytest.fixture(scope="module")
def counts():
    path = os.environ.get("FASTQWEM_BENCH_COUNTS")
    return Cooccurrence.load(path) if path else synthetic()


@pytest.fixture(scope="module")
def start(counts):
    return factorize(counts, VECTOR_SIZE, start=SpectralStart(), sweeps=0).input_vectors


def test_spectral_start(benchmark, counts):
    result = benchmark.pedantic(factorize, (counts, VECTOR_SIZE), {"sweeps": 0}, rounds=3)
    assert np.isfinite(result.input_vectors).all()


def numba_half_sweep():
    """Conjugate gradients on every row with the other factor fixed: no preconditioner, no blocking."""
    numba = pytest.importorskip("numba")

    @numba.njit(parallel=True, fastmath=True)
    def half_sweep(indptr, indices, a, x, y, alpha, gram, mean, ridge, steps):
        for i in numba.prange(len(x)):
            w = x[i].copy()
            residual = -alpha[i] * mean - ridge * w - np.float32(0.5) * alpha[i] * (gram @ w)
            for e in range(indptr[i], indptr[i + 1]):
                c = y[indices[e]]
                residual += a[e] * (np.float32(1) - np.float32(0.5) * (c @ w)) * c
            direction, square = residual.copy(), residual @ residual
            for _ in range(steps):
                if square < 1e-24:
                    break
                image = ridge * direction + np.float32(0.5) * alpha[i] * (gram @ direction)
                for e in range(indptr[i], indptr[i + 1]):
                    c = y[indices[e]]
                    image += np.float32(0.5) * a[e] * (c @ direction) * c
                size = square / (direction @ image)
                w += size * direction
                residual -= size * image
                new = residual @ residual
                direction = residual + (new / square) * direction
                square = new
            x[i] = w

    return half_sweep


@pytest.mark.parametrize("peer", ["fastqwem", "numba"])
def test_sweep(benchmark, counts, start, peer):
    benchmark.group = "one sweep, both factors"
    benchmark.extra_info.update(nonzeros=counts.nnz, words=len(counts.vocab), d=VECTOR_SIZE)
    reference = factorize(counts, VECTOR_SIZE, **OPTIONS, ridge=RIDGE, sweeps=1, start=start)
    if peer == "fastqwem":
        options = OPTIONS | {"ridge": RIDGE, "sweeps": 1, "start": start}
        result = benchmark.pedantic(factorize, (counts, VECTOR_SIZE), options, rounds=3)
        assert result.history[-1].objective < result.history[0].objective
        return
    weights = PairWeights(counts, **WEIGHTS)
    pairs = weights.total / counts.window  # in pairs, where float32 has room
    seen = weights.seen(slice(0, len(weights.rows)))
    a = (seen.data * pairs).astype(np.float32)
    r, q = (weights.rows * pairs).astype(np.float32), weights.noise.astype(np.float32)
    half_sweep, k, ridge = numba_half_sweep(), np.float32(weights.negative), np.float32(RIDGE)

    def sweep():
        w, c = start.copy(), start.copy()
        half_sweep(seen.indptr, seen.indices, a, w, c, k * r, (c.T * q) @ c, q @ c, ridge, 3)
        half_sweep(seen.indptr, seen.indices, a, c, w, k * q, (w.T * r) @ w, r @ w, ridge, 3)
        return w, c

    w, c = benchmark.pedantic(sweep, rounds=3, warmup_rounds=1)
    again = factorize(counts, VECTOR_SIZE, **OPTIONS, ridge=RIDGE, sweeps=1, start=(w, c))
    # two preconditioned steps and three plain ones both end near the minimum of each half sweep
    begin, ours = reference.history[0].objective, reference.history[-1].objective
    assert begin - again.history[0].objective == pytest.approx(begin - ours, rel=0.02)
