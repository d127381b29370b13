"""The row solver by itself: rows of the fixed factor as they are stored, rows solved together, pairs that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tables import cooccurrence, random_table

from fastqwem import _core
from fastqwem.counts.cooccurrence import Cooccurrence
from fastqwem.counts.row_parts import kernel_parts
from fastqwem.text.vocab import Vocab

N = 60
RIDGE = 30.0
# The query of a dot product with bytes has 15 bits, and so do the factors of rows that are added up: each is off by
# 2^-15 of the largest at most.
CODED = 2.0**-15


def rounded(x):
    """Rows as bytes: 127 steps from zero to the largest number, columns in units of their root mean square."""
    spread = np.sqrt(np.square(x, dtype=float).mean(axis=0))
    spread[spread == 0] = 1
    scaled = x / spread
    unit = abs(scaled).max(axis=1, keepdims=True) / 127
    return np.rint(np.divide(scaled, unit, out=np.zeros_like(scaled), where=unit > 0)) * unit * spread


def solved(counts, fixed, *, bytes, least=0.0, key=0, steps=300, workers=2):
    """Rows that minimise ``sum_j n_ij (t^2 / 4 - t) + RIDGE |w|^2 / 2`` with t = w . c_j."""
    n, d = fixed.shape
    ones, nothing = np.ones(n), np.zeros(n)
    solver = _core.RowSolver(kernel_parts(counts), ones, workers)
    x = np.zeros((n, d), np.float32)
    sums = solver.solve(
        x=x, fixed=fixed, rows=ones, weights=nothing[None], grams=np.zeros((1, d), np.float32),
        means=np.zeros((1, d), np.float32), ridge=np.full(n, RIDGE), mass=ones,
        seen=counts.matrix.sum(axis=1).astype(float), square=np.square(fixed[1:]).mean(axis=0), steps=steps, noise=None,
        parabola=(0.0, 0.0, 0.0), bytes=bytes, least=least, key=key, workers=workers, progress=None,
    )  # fmt: skip
    return x, sums


def best(table, fixed):
    d = fixed.shape[1]
    return np.stack([np.linalg.solve(0.5 * (fixed.T * n) @ fixed + RIDGE * np.eye(d), n @ fixed) for n in table])


@pytest.mark.parametrize("d", [1, 7, 16, 33, 70, 260, 530])
def test_rows_as_bytes(isa, d):
    """The end is the minimiser for the rounded rows, not for the rows themselves, on every instruction set."""
    table = random_table(N)
    fixed = np.random.default_rng(d).standard_normal((N, d)).astype(np.float32)
    fixed *= np.float32(10.0) ** np.linspace(-2, 2, d, dtype=np.float32)  # columns of all sizes
    fixed /= np.float32(10 * np.sqrt(d))
    wrong = {True: fixed, False: rounded(fixed)}
    for bytes, right in ((True, rounded(fixed)), (False, fixed)):
        got, sums = solved(cooccurrence(table), fixed, bytes=bytes)
        truth = best(table, right.astype(float))
        x, close = truth @ right.T, got @ right.T
        # float32 (6e-8) in systems whose condition is up to about 100; or d coded numbers in a dot product, which are
        # off by sqrt(d / 3) CODED together, and factors off by CODED, in the few steps that go far
        within = ((3 + 3 * np.sqrt(d)) * CODED if bytes else 1e-5) * abs(x).max()
        assert abs(close - x).max() < within
        if d > 1:
            assert abs(close - best(table, wrong[bytes].astype(float)) @ right.T).max() > 2 * within
        assert sums[0] == 0
        objective = (table * (x**2 / 4 - x)).sum() + RIDGE / 2 * (truth**2).sum()
        assert sums[1] == pytest.approx(objective, rel=10 * CODED if bytes else 1e-6)


def test_one_step_is_exact(isa):
    """Along the first direction, the sum over rows: every number is exact but for how it is coded."""
    rng = np.random.default_rng(3)
    table, fixed = random_table(N), rng.standard_normal((N, 45)).astype(np.float32)
    got, _ = solved(cooccurrence(table), fixed, bytes=True, steps=1)
    c = rounded(fixed)
    gradient = table @ c
    diagonal = table.sum(axis=1)[:, None] * np.square(fixed[1:]).mean(axis=0) / 2 + RIDGE
    direction = gradient / diagonal
    t = direction @ c.T
    curvature = (table * t**2).sum(axis=1) / 2 + RIDGE * (direction**2).sum(axis=1)
    truth = direction * ((direction * gradient).sum(axis=1) / curvature)[:, None]
    # sums of at most 60 factors that are off by CODED of the largest, times numbers up to 3.5
    np.testing.assert_allclose(got, truth, atol=60 * CODED * abs(truth).max())
    assert np.linalg.norm(got - truth) < 4 * CODED * np.linalg.norm(truth)


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12])
def test_factors_of_any_size(isa, value):
    """Nothing overflows on the way to bytes and back; a column of one number is exact."""
    table = random_table(N)
    got, sums = solved(cooccurrence(table), np.full((N, 3), value, np.float32), bytes=True)
    assert np.isfinite(got).all() and np.isfinite(sums).all()
    if value == 1e-12:
        np.testing.assert_allclose(got, np.outer(table.sum(axis=1), np.full(3, value)) / RIDGE, rtol=1e-4)


@pytest.mark.parametrize("bytes", [False, True])
def test_long_rows_together(isa, bytes):
    """Rows of more nonzeros than a panel has rows go together, in pieces: the end is the same, for any workers."""
    n, dense, d = 9000, 40, 7
    rng = np.random.default_rng(0)
    table = rng.integers(1, 4, (dense, n)) * (rng.random((dense, n)) < 0.9)
    matrix = sp.vstack([sp.csr_array(table), sp.csr_array((n - dense, n), dtype=np.int64)], format="csr")
    matrix.indices = matrix.indices.astype(np.int32)
    counts = Cooccurrence(matrix, Vocab([f"w{i}" for i in range(n)], np.arange(n, 0, -1)), 5, "linear")
    fixed = rng.standard_normal((n, d)).astype(np.float32)
    got, _ = solved(counts, fixed, bytes=bytes, steps=40, workers=1)
    truth = best(table, (rounded(fixed) if bytes else fixed).astype(float))
    # what a coded factor is off by is random, and there are 8,100 of them
    assert abs(got[:dense] - truth).max() < (20 * CODED if bytes else 1e-5) * abs(truth).max()
    assert not got[dense:].any()
    assert np.array_equal(solved(counts, fixed, bytes=bytes, steps=40, workers=3)[0], got)


def draws(n, key):
    """The numbers of all pairs: MurmurHash3's finaliser of the two words."""
    low, high = (f(*np.indices((n, n))).astype(np.uint32) for f in (np.minimum, np.maximum))
    bits = ((low * np.uint32(0x9E3779B9)) ^ high) + np.uint32(key)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    return ((bits ^ (bits >> np.uint32(16))) >> np.uint32(8)) / 2.0**24


def thinned(table, least, key):
    return np.where(table > least * draws(len(table), key), np.maximum(table, least), 0.0) * (table > 0)


@pytest.mark.parametrize("key", [0, 12345, 2**32 - 1])
@pytest.mark.parametrize("least", [0.5, 3.0, 100.0])
def test_pairs_are_drawn(isa, least, key):
    table = random_table(N)
    fixed = np.random.default_rng(1).standard_normal((N, 9)).astype(np.float32)
    got, _ = solved(cooccurrence(table), fixed, bytes=False, least=least, key=key)
    truth = best(thinned(table, least, key), fixed.astype(float))
    assert abs(got - truth).max() <= 1e-5 * abs(truth).max()
    everything = best(table, fixed.astype(float))
    assert (least < 1) == np.allclose(truth, everything)  # counts are whole: nothing is drawn below one


def test_draws_are_right_on_average():
    """Over many keys what is kept of a pair is the pair; numbers are uniform, and the same both ways."""
    numbers = np.array([draws(N, 7919 * key) for key in range(2000)])
    assert np.array_equal(numbers, numbers.transpose(0, 2, 1))
    upper = np.triu_indices(N)
    # mean 1/2 with standard error sqrt(1/12/2000) = .0065 over 1,830 pairs: 5 of them once in 1,000 such tests
    assert abs(numbers.mean(axis=0)[upper] - 0.5).max() < 5 * np.sqrt(1 / 12 / 2000)
    assert abs(np.corrcoef(numbers[:, 0, 1], numbers[:, 0, 2])[0, 1]) < 5 / np.sqrt(2000)
    kept = np.mean([thinned(np.ones((N, N)), 4.0, 7919 * key) for key in range(2000)], axis=0)
    # 4 with probability 1/4: standard deviation sqrt(3)
    assert abs(kept[upper] - 1).max() < 5 * np.sqrt(3 / 2000)
