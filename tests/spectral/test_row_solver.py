"""The row solver by itself: rows of the fixed factor as they are stored."""

from __future__ import annotations

import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import _core
from fastqwem.counts.row_parts import kernel_parts

N = 60
RIDGE = 30.0


def halved(x):
    """In half precision, after the power of two that brings the largest number to between 2^14 and 2^15."""
    scale = 2.0 ** (14 - np.floor(np.log2(abs(x).max())))
    return np.float16(x * scale).astype(float) / scale


def solved(table, fixed, *, halves, workers=2):
    """Rows that minimise ``sum_j n_ij (t^2 / 4 - t) + RIDGE |w|^2 / 2`` with t = w . c_j."""
    d = fixed.shape[1]
    ones, nothing = np.ones(N), np.zeros(N)
    solver = _core.RowSolver(kernel_parts(cooccurrence(table)), ones, workers)
    x = np.zeros((N, d), np.float32)
    sums = solver.solve(
        x=x, fixed=fixed, rows=ones, weights=nothing[None], grams=np.zeros((1, d), np.float32),
        means=np.zeros((1, d), np.float32), ridge=np.full(N, RIDGE), mass=ones,
        seen=table.sum(axis=1).astype(float), square=np.square(fixed[1:]).mean(axis=0), steps=300, noise=None,
        parabola=(0.0, 0.0, 0.0), halves=halves, workers=workers, progress=None,
    )  # fmt: skip
    return x, sums


def best(table, fixed):
    d = fixed.shape[1]
    return np.stack([np.linalg.solve(0.5 * (fixed.T * n) @ fixed + RIDGE * np.eye(d), n @ fixed) for n in table])


@pytest.mark.parametrize("d", [1, 7, 16, 33])
def test_rows_in_half_precision(isa, d):
    """The end is the minimiser for the rounded rows, not for the rows themselves, on every instruction set."""
    table = random_table(N)
    fixed = np.random.default_rng(d).standard_normal((N, d)).astype(np.float32)
    for halves, right, wrong in ((True, halved(fixed), fixed), (False, fixed, halved(fixed))):
        got, sums = solved(table, fixed, halves=halves)
        truth = best(table, right.astype(float))
        # float32 (6e-8) in systems whose condition is up to about 100
        assert abs(got - truth).max() < 1e-5 * abs(truth).max()
        assert abs(got - best(table, wrong.astype(float))).max() > 4e-5 * abs(truth).max()
        x = truth @ right.T
        assert sums[0] == 0
        objective = (table * (x**2 / 4 - x)).sum() + RIDGE / 2 * (truth**2).sum()
        assert sums[1] == pytest.approx(objective, rel=1e-6)


def test_numbers_far_below_the_largest(isa):
    """Below 2^-28 of the largest number halves are multiples of a smallest one: still the nearest."""
    table = random_table(N)
    table[0], table[:, 0] = 0, 0  # the row of the largest number stands beside no word
    fixed = np.random.default_rng(5).standard_normal((N, 9)).astype(np.float32)
    fixed[0, 0] = 1.5 * 2.0**30
    small = halved(fixed)
    assert (small[1:] != fixed[1:]).all() and len(np.unique(abs(small[1:]))) > 100
    got, _ = solved(table, fixed, halves=True)
    truth = best(table, small)
    assert abs(got - truth).max() < 5e-6 * abs(truth).max()
    assert abs(got - best(table, fixed.astype(float))).max() > 1e-3 * abs(truth).max()


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12])
def test_factors_of_any_size(isa, value):
    """Nothing overflows on the way to halves and back."""
    table = random_table(N)
    got, sums = solved(table, np.full((N, 3), value, np.float32), halves=True)
    assert np.isfinite(got).all() and np.isfinite(sums).all()
    if value == 1e-12:
        np.testing.assert_allclose(got, table.sum(axis=1)[:, None] * halved(np.full((1, 3), value)) / RIDGE, rtol=1e-5)
