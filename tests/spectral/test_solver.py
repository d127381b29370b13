"""solve() against dense eigh, on spectra made to be hard, and its certificate against the truth."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

import naive_spectral as naive
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, eigsh

from fastqwem.errors import ConvergenceError
from fastqwem.spectral import Target, solve, solver
from tests.spectral.conftest import cooccurrence, random_table


@pytest.fixture
def no_dense(monkeypatch):
    """Lanczos at any size: the dense road for small matrices would hide it."""
    monkeypatch.setattr(solver._Solver, "_is_small", lambda self: False)


def check(matrix, spectrum, d, tol=1e-5, pairwise=True):
    """Values, residuals, orthogonality, order and certificate, all measured again in float64."""
    truth, _ = naive.top_eigenpairs(matrix, d)
    scale = max(abs(truth[0]), 1e-300)
    norm = max(abs(np.linalg.eigvalsh(matrix)).max(), 1e-300)
    assert spectrum.values.shape == (d,) and spectrum.values.dtype == np.float64
    assert np.all(np.diff(spectrum.values) <= 0)
    vectors = spectrum.eigenvectors.astype(np.float64)
    rounding = (2e-7 if spectrum.eigenvectors.dtype == np.float32 else 1e-12) * norm
    np.testing.assert_allclose(spectrum.values, truth, rtol=0, atol=tol * scale + rounding)
    residuals = np.linalg.norm(matrix @ vectors - vectors * spectrum.values, axis=0)
    assert residuals.max() <= tol * scale + rounding
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(d), atol=1e-6)
    certificate = spectrum.certificate
    assert certificate.converged and certificate.orthogonality < 1e-6
    np.testing.assert_allclose(certificate.residuals, residuals, rtol=0, atol=rounding)
    assert certificate.max_residual <= certificate.tolerance
    largest = np.abs(vectors).argmax(axis=0)
    assert (vectors[largest, np.arange(d)] > 0).all()


N = 240
SPECTRA = {
    "decay": np.r_[50, 40, 31, 23, 16, 10, np.linspace(2, -2, N - 6)],
    "cluster at the cut": np.r_[9, 8, 7 + 1e-7 * np.arange(6), np.linspace(5, -300, N - 8)],
    "ties": np.r_[np.full(5, 9.0), np.full(5, 8.0), np.full(5, 7.0), np.linspace(5, -5, N - 15)],
    "multiplicity above the block": np.r_[np.full(60, 3.0), np.linspace(2, -9, N - 60)],
    "two levels": np.r_[np.full(100, 5.0), np.ones(N - 100)],
    "identity": np.ones(N),
    "zero": np.zeros(N),
    "rank 2": np.r_[4.0, 1.0, np.zeros(N - 2)],
    "all negative": -np.linspace(1, 40, N),
    "one far below": np.r_[30, 20, np.linspace(9, -9, N - 3), -1e5],
    "tiny": 1e-9 * np.linspace(3, -2, N),
    "huge": 1e9 * np.linspace(3, -2, N),
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("d", [1, 10, 70])
def test_hard_spectra(name, d, no_dense):
    matrix, _ = naive.with_spectrum(SPECTRA[name], seed=3)
    check(matrix, solve(matrix, d, seed=1), d)


@pytest.mark.parametrize("d", [1, 3, 10])
@pytest.mark.parametrize("name", ["decay", "cluster at the cut", "one far below"])
def test_restarts(name, d, no_dense, monkeypatch):
    """A basis too small to converge in one go."""
    monkeypatch.setattr(solver, "BASIS_BYTES", 1)
    matrix, _ = naive.with_spectrum(SPECTRA[name], seed=5)
    check(matrix, solve(matrix, d), d)


@pytest.mark.parametrize("n", [1, 2, 5, 17])
def test_tiny_orders(n, no_dense):
    rng = np.random.default_rng(n)
    matrix = rng.standard_normal((n, n))
    matrix = matrix + matrix.T
    for d in range(1, n + 1):
        check(matrix, solve(matrix, d), d, tol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 60])
def test_dense_road(n):
    matrix, _ = naive.with_spectrum(np.linspace(4, -9, n))
    for d in {1, n}:
        spectrum = solve(matrix, d)
        check(matrix, spectrum, d, tol=1e-10)
        assert spectrum.certificate.method == "dense"


@pytest.mark.parametrize("weight_exponent", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["qwem", "pmi", "ppmi"])
def test_targets_in_float32(kind, weight_exponent):
    """Specification item 3, against dense eigh; large enough to take the iterative road by itself."""
    target = Target(cooccurrence(random_table(700, topics=12)), kind, weight_exponent=weight_exponent)
    dense = target.todense()
    spectrum = solve(target, 20)
    assert spectrum.certificate.method == "block Lanczos, float32"
    assert spectrum.eigenvectors.dtype == np.float32
    check(dense, spectrum, 20)
    tight = solve(target, 20, tol=1e-9)
    assert tight.certificate.method == "block Lanczos, float64"
    check(dense, tight, 20, tol=1e-9)
    np.testing.assert_allclose(tight.values, naive.top_eigenpairs(dense, 20)[0], atol=1e-8 * tight.values[0])
    second = eigsh(target, k=20, which="LA", tol=1e-9)[0]
    np.testing.assert_allclose(np.sort(second)[::-1], tight.values, atol=1e-7 * tight.values[0])


@pytest.mark.parametrize("isa_name", ["baseline", "avx2", "avx512"])
def test_isas_agree(isa_name):
    from fastqwem import _core

    if isa_name not in _core.available_isas():
        pytest.skip(f"this processor lacks {isa_name}")
    target = Target(cooccurrence(random_table(500, topics=8)))
    truth = naive.top_eigenpairs(target.todense(), 10)[0]
    _core.force_isa(isa_name)
    try:
        got = solve(target, 10)
    finally:
        _core.force_isa("")
    np.testing.assert_allclose(got.values, truth, atol=1e-5 * truth[0])


def test_order_3000():
    """The largest order at which dense eigh is the oracle."""
    target = Target(cooccurrence(random_table(3000, topics=40, mass=10.0)), negative=2, ns_exponent=0.75)
    check(target.todense(), solve(target, 50), 50)


def test_missed_eigenvector_is_found(no_dense, caplog):
    """A start block orthogonal to a top eigenvector: its Krylov space never meets it, only the probe can."""
    values = np.r_[50, 40, 31, 23, 16, 10, np.linspace(2, -2, N - 6)]
    matrix, q = naive.with_spectrum(values)
    small = [0, *range(2, N)]  # the space of these is invariant, and does not hold 40
    block = q[:, small] @ np.random.default_rng(0).standard_normal((len(small), 7))
    # an operator that keeps the space invariant in floating point too
    exact = LinearOperator((N, N), matvec=lambda x: q @ (values * (q.T @ x)), dtype=float)
    exact.matmat = lambda x: q @ (values[:, None] * np.where(np.abs(c := q.T @ x) < 1e-12, 0.0, c))
    problem = solver._Problem.of(exact, 1)
    run = solver._Solver(problem, 3, 1e-5, 0, 500, None)
    run.start_block = block
    with caplog.at_level(logging.INFO, logger="fastqwem.spectral.solver"):
        spectrum = run.run()
    assert "the probe found" in caplog.text
    check(matrix, spectrum, 3)


def test_probe_bounds_the_rest():
    target = Target(cooccurrence(random_table(600, topics=12)))
    certificate = solve(target, 15).certificate
    truth = np.linalg.eigvalsh(target.todense())[::-1]
    assert certificate.probe <= truth[15] + 1e-9 * truth[0]
    assert certificate.probe > truth[15] * 0.8
    assert certificate.gap == pytest.approx(truth[14] - truth[15], abs=0.05 * truth[14])


def test_tie_at_the_cut_is_told(no_dense, caplog):
    matrix, _ = naive.with_spectrum(SPECTRA["ties"])
    assert solve(matrix, 8).certificate.tied
    assert "tied with the next" in caplog.text
    assert not solve(matrix, 10).certificate.tied


def test_no_convergence_raises(no_dense):
    matrix, _ = naive.with_spectrum(np.linspace(1.0, -1.0, N))
    with pytest.raises(ConvergenceError, match="did not converge in") as caught:
        solve(matrix, 10, tol=1e-10, max_passes=3)
    spectrum = caught.value.spectrum
    assert not spectrum.certificate.converged and spectrum.values.shape == (10,)
    assert spectrum.certificate.max_residual > spectrum.certificate.tolerance
    assert "NOT CONVERGED" in str(spectrum.certificate)


def test_asymmetric_matrix_does_not_pass():
    matrix = np.random.default_rng(0).standard_normal((50, 50))
    with pytest.raises(ConvergenceError, match="not symmetric"):
        solve(matrix, 3)


def test_same_bits():
    target = Target(cooccurrence(random_table(500, topics=8)))
    one = solve(target, 10, workers=1)
    for workers in (1, 4):
        other = solve(target, 10, workers=workers)
        np.testing.assert_array_equal(other.values, one.values)
        np.testing.assert_array_equal(other.eigenvectors, one.eigenvectors)
    np.testing.assert_allclose(solve(target, 10, seed=9).values, one.values, atol=1e-5 * one.values[0])


def test_kinds_of_operator():
    matrix, _ = naive.with_spectrum(SPECTRA["decay"])
    truth = naive.top_eigenpairs(matrix, 3)[0]
    for operator in (matrix, sp.csr_array(matrix), sp.csr_matrix(matrix), sp.linalg.aslinearoperator(matrix)):
        np.testing.assert_allclose(solve(operator, 3).values, truth, atol=1e-8)
    np.testing.assert_allclose(solve(matrix.astype(np.float32), 3).values, truth, atol=1e-4)
    assert solve(np.eye(4, dtype=np.int64), 2).values.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"vector_size": 31}, ValueError, "vector_size must be at most the vocabulary size 30, got 31"),
        ({"vector_size": 0}, ValueError, "vector_size must be at least 1, got 0"),
        ({"vector_size": 2.5}, TypeError, "vector_size must be an integer, got 2.5"),
        ({"tol": 0}, ValueError, "tol must be greater than 0, got 0"),
        ({"tol": float("nan")}, ValueError, "tol must be finite, got nan"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"workers": -2}, ValueError, "workers must be at least 0, got -2"),
        ({"max_passes": 0}, ValueError, "max_passes must be at least 1, got 0"),
    ],
)
def test_bad_options(options, error, message):
    target = Target(cooccurrence(random_table(30)))
    with pytest.raises(error, match=message):
        solve(target, **{"vector_size": 3, **options})


def test_bad_targets():
    for bad, error, message in [
        (np.zeros((3, 4)), ValueError, "target must be square"),
        (np.eye(3) * 1j, ValueError, "target must be real"),
        (np.zeros((0, 0)), ValueError, "at least one row"),
        (np.full((5, 5), np.nan), ValueError, "not finite"),
        ("words", TypeError, "target must be a symmetric matrix"),
    ]:
        with pytest.raises(error, match=message):
            solve(bad, 1)


def test_whole_vocabulary():
    target = Target(cooccurrence(random_table(30)))
    spectrum = solve(target, 30)
    check(target.todense(), spectrum, 30)
    assert np.isnan(spectrum.certificate.probe) and not spectrum.certificate.tied


def test_progress_is_told():
    seen = []
    solve(Target(cooccurrence(random_table(500))), 5, progress=lambda done, total: seen.append(done))
    assert seen == sorted(seen) and seen[0] == 1 and len(seen) > 3


def test_interrupt(no_dense):
    """Ctrl-C in an iteration that would go on for minutes."""
    n = 20_000
    scale = np.linspace(1.0, 0.0, n)
    slow = LinearOperator((n, n), matvec=lambda x: scale * x, matmat=lambda x: scale[:, None] * x, dtype=float)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    begun = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        solve(slow, 100, tol=1e-12, max_passes=10**6)
    assert time.monotonic() - begun < 0.5 + 2.5  # a second, and allowance for a loaded machine
    timer.join()
