"""Alternating least squares: against dense normal equations, and against what must hold of every run."""

from __future__ import annotations

import naive_factorize as naive
import naive_full_batch
import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import factorize

N, D = 40, 5
WEIGHTS = {"negative": 3.0, "ns_exponent": 0.75, "sample": 0.05}
NEAR = 5  # the linear window of `tables.cooccurrence`: weight of distance 1


def problem(n=N, ridge=2.0, exponent=0.0):
    """Counts, and the dense A, B and ridges that they stand for."""
    table = random_table(n)
    counts = cooccurrence(table)
    dense = naive_full_batch.pair_weights(table, counts.vocab.counts, **WEIGHTS)
    return counts, (*dense, naive.ridges(table, counts.vocab.counts, WEIGHTS["sample"], NEAR, ridge, exponent))


def begin(n=N, d=D, seed=3):
    rng = np.random.default_rng(seed)
    return tuple((rng.standard_normal((n, d)) / 2).astype(np.float32) for _ in range(2))


@pytest.mark.parametrize("exponent", [0.0, 0.5])
@pytest.mark.parametrize("d", [1, 5, 16, 17, 40])
def test_conjugate_gradients_end_at_the_normal_equations(isa, d, exponent):
    """With many steps each half sweep is the exact minimiser for the other factor."""
    counts, (seen, drawn, ridge) = problem(exponent=exponent)
    w, c = begin(d=d)
    result = factorize(
        counts, d, **WEIGHTS, ridge=2.0, ridge_exponent=exponent, sweeps=1, steps=200, start=(w, c), output="concat"
    )
    best_w = naive.best_rows(seen, drawn, c.astype(float), ridge)
    best_c = naive.best_rows(seen.T, drawn.T, best_w, ridge)
    # float32 sums of up to 40 terms, and systems of condition up to about 1e3
    np.testing.assert_allclose(
        result.input_vectors @ result.output_vectors.T, best_w @ best_c.T, atol=1e-3 * abs(best_w @ best_c.T).max()
    )
    assert result.history[-1].objective == pytest.approx(naive.objective(seen, drawn, best_w, best_c, ridge), rel=1e-5)


@pytest.mark.parametrize("tied", [False, True])
def test_losses_equal_brute_force_and_fall(isa, tied):
    counts, (seen, drawn, ridge) = problem()
    result = factorize(counts, D, **WEIGHTS, ridge=2.0, sweeps=5, tol=0, tied=tied)
    objectives = [record.objective for record in result.history]
    assert len(objectives) == (6 if tied else 11)
    assert np.all(np.diff(objectives) < 0)
    w = result.input_vectors.astype(float)
    c = w if tied else result.output_vectors.astype(float)
    truth = naive_full_batch.loss(seen, drawn, w, c, "qwem")
    assert result.loss == pytest.approx(truth, rel=1e-5)
    assert objectives[-1] == pytest.approx(naive.objective(seen, drawn, w, c, ridge), rel=1e-5)


@pytest.mark.parametrize("tied", [False, True])
def test_workers_do_not_matter(tied):
    counts, _ = problem(300)
    one = factorize(counts, 8, workers=1, tied=tied)
    for workers in (2, 5):
        other = factorize(counts, 8, workers=workers, tied=tied)
        assert np.array_equal(one.input_vectors, other.input_vectors)
        assert [r.loss for r in one.history] == [r.loss for r in other.history]
