"""With the weights of Setting 3.1 alternating least squares end at the closed form."""

from __future__ import annotations

import naive_full_batch
import naive_spectral
import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import SpectralStart, Target, factorize, solve

VALUES = [9.0, 7.0, 5.0, 4.0, 1.0, 0.5, 0.2, -0.3, -0.8, -1.5] + [0.0] * 20
D = 4
"""|lambda_5 / lambda_4| is 0.375, so a sweep of two products shrinks what is missed by 0.14."""


def overlap(x, vectors):
    """The share of the columns' span that lies in that of orthonormal vectors: 1 if they are the same."""
    q = np.linalg.qr(x)[0]
    return np.linalg.norm(q.T @ vectors) ** 2 / x.shape[1]


@pytest.mark.parametrize("start", ["random", "spectral"])
@pytest.mark.parametrize("tied", [False, True])
def test_closed_form(tied, start):
    matrix, eigenvectors = naive_spectral.with_spectrum(VALUES)
    result = factorize(matrix, D, tied=tied, start=start, ridge=0, sweeps=400, tol=1e-15)
    w = result.input_vectors
    c = w if tied else result.output_vectors
    assert w.dtype == np.float64 and result.vocab is None and result.converged
    # the loss is flat to second order in what is missed, so 1e-15 of the loss is about 1e-7 of the vectors
    assert overlap(w, eigenvectors[:, :D]) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(w @ c.T, (eigenvectors[:, :D] * VALUES[:D]) @ eigenvectors[:, :D].T, atol=1e-5)
    assert result.loss == pytest.approx(-0.25 * np.square(VALUES[:D]).sum(), rel=1e-10)
    assert result.loss == pytest.approx(naive_full_batch.target_loss(matrix, w, c), rel=1e-12)


@pytest.mark.parametrize("weight_exponent", [0.0, 0.5])
def test_tied_factors_of_a_target_span_its_spectrum(weight_exponent):
    """Tied factors reach the largest eigenvalues, as `solve` does, weights (Proposition 2) included."""
    target = Target(cooccurrence(random_table(60)), weight_exponent=weight_exponent)
    spectrum = solve(target, 6, tol=1e-10)
    result = factorize(target, 6, tied=True, start="random", ridge=0, sweeps=3000, tol=1e-14)
    assert overlap(target.gamma[:, None] * result.input_vectors, spectrum.eigenvectors) > 1 - 1e-5
    assert result.loss == pytest.approx(-0.25 * np.square(spectrum.values).sum(), rel=1e-8)
    got = result.input_vectors
    truth = spectrum.matrix().astype(float)
    np.testing.assert_allclose(got @ got.T, truth @ truth.T, atol=1e-2 * abs(truth @ truth.T).max())


def test_untied_factors_of_a_target_are_its_singular_vectors():
    """Two factors reach negative eigenvalues too: the largest magnitudes, as spec 1.6 says of untied weights."""
    target = Target(cooccurrence(random_table(60)))
    left, values, _ = np.linalg.svd(target.todense())
    result = factorize(target, 4, start="random", ridge=0, sweeps=3000, tol=1e-15)
    assert overlap(result.input_vectors, left[:, :4]) > 1 - 1e-6
    assert result.loss == pytest.approx(-0.25 * np.square(values[:4]).sum(), rel=1e-9)


@pytest.mark.parametrize("tied", [False, True])
def test_the_closed_form_stays_where_it_is(tied):
    """A start from the spectrum gains nothing: it is stationary, for two factors too."""
    target = Target(cooccurrence(random_table(60)), weight_exponent=0.5)
    spectrum = solve(target, 6, tol=1e-10)
    result = factorize(target, 6, start=spectrum, ridge=0, sweeps=5, tied=tied, tol=1e-12)
    truth = -0.25 * np.square(spectrum.values).sum()
    # float32 rows: 6e-8 each
    assert result.history[0].loss == pytest.approx(truth, rel=1e-6)
    assert result.loss == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("tied", [False, True])
def test_ridge_soft_thresholds_the_eigenvalues(tied):
    """min 1/4 (s - lambda)^2 + ridge s over s = |w| |c|: s = lambda - 2 ridge, for every eigenvalue above that."""
    matrix, eigenvectors = naive_spectral.with_spectrum(VALUES)
    result = factorize(matrix, D, ridge=0.75, tied=tied, sweeps=500, tol=1e-15)
    w = result.input_vectors
    x = w @ (w if tied else result.output_vectors).T
    expected = (eigenvectors[:, :D] * (np.array(VALUES[:D]) - 1.5)) @ eigenvectors[:, :D].T
    np.testing.assert_allclose(x, expected, atol=1e-5)


def test_operator_and_spectral_start_of_many_words():
    matrix, eigenvectors = naive_spectral.with_spectrum(np.r_[VALUES, np.zeros(570)])
    result = factorize(matrix, D, ridge=0, sweeps=30, start=SpectralStart(block=8, passes=6))
    assert overlap(result.input_vectors, eigenvectors[:, :D]) == pytest.approx(1, abs=1e-7)


def test_falls_monotonically():
    target = Target(cooccurrence(random_table(60)))
    for tied in (False, True):
        result = factorize(target, 6, start="random", sweeps=30, tied=tied, tol=0)
        objectives = np.array([record.objective for record in result.history])
        assert np.all(np.diff(objectives) <= 1e-12 * abs(objectives).max())
