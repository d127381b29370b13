"""The pass over weighted counts that exact gradients are made of, beside SciPy on the same numbers.

``pytest bench/bench_full_batch.py`` takes a small synthetic table; set ``FASTQWEM_BENCH_COUNTS`` to a file that
`Cooccurrence.save` wrote for others. Every benchmark checks what it computed.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from bench_spectral import synthetic

from fastqwem.counts.cooccurrence import Cooccurrence
from fastqwem.counts.pair_weights import PairWeights

VECTOR_SIZE = 100


@pytest.fixture(scope="module")
def weights():
    path = os.environ.get("FASTQWEM_BENCH_COUNTS")
    return PairWeights(Cooccurrence.load(path) if path else synthetic())


def two_steps(seen, w, c, piece=1 << 16):
    """The same sums in NumPy: all dot products first, piece by piece, then a sparse product."""
    slopes = seen.copy()
    rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    for at in range(0, seen.nnz, piece):
        part = slice(at, at + piece)
        logits = np.einsum("ij,ij->i", w[rows[part]], c[seen.indices[part]])
        slopes.data[part] *= 0.5 * logits - 1
    return slopes @ c


@pytest.mark.parametrize("peer", ["fastqwem", "scipy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_pass(benchmark, weights, peer, dtype):
    n = len(weights.rows)
    w, c = np.random.default_rng(0).standard_normal((2, n, VECTOR_SIZE)).astype(dtype)
    seen = weights.seen(slice(0, n))
    benchmark.group = f"gradient pass, {np.dtype(dtype).name}"
    benchmark.extra_info.update(nonzeros=seen.nnz, words=n, flops=4 * seen.nnz * VECTOR_SIZE)
    if peer == "fastqwem":
        got = benchmark(weights.gather, w, c, 0.5, -1.0)[0]
    else:
        got = benchmark.pedantic(two_steps, (seen.astype(dtype), w, c), rounds=3)
    truth = two_steps(seen, w.astype(np.float64), c.astype(np.float64))
    assert abs(got - truth).max() <= 1000 * np.finfo(dtype).eps * abs(truth).max()
