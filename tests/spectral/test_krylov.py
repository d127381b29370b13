"""The block Lanczos recurrence: its invariants, also where the Krylov space ends early."""

from __future__ import annotations

import naive_spectral as naive
import numpy as np
import pytest

from fastqwem.spectral import krylov, slices
from fastqwem.spectral.krylov import BlockLanczos

SPECTRA = {
    "decay": np.r_[50, 40, 31, 23, 16, 10, np.linspace(2, -2, 94)],
    "identity": np.ones(100),
    "zero": np.zeros(100),
    "rank 3": np.r_[5.0, 3, 2, np.zeros(97)],
    "multiplicity 20": np.r_[np.full(20, 7.0), np.linspace(5, -90, 80)],
    "negative": -np.linspace(1, 9, 100),
}


def lanczos_of(matrix, block, capacity, dtype, seed=0):
    small = matrix.astype(dtype)
    return BlockLanczos(lambda x: small @ x, len(matrix), block, capacity, dtype, np.random.default_rng(seed))


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("block", [1, 3, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_invariants(name, block, dtype, monkeypatch):
    """Orthonormal basis, T = A^T M A, and residuals as estimated; slices far smaller than the matrix."""
    monkeypatch.setattr(slices, "ROWS", 17)
    matrix, _ = naive.with_spectrum(SPECTRA[name])
    lanczos = lanczos_of(matrix, block, 100, dtype)
    lanczos.start(np.random.default_rng(1).standard_normal((100, block)))
    eps = float(np.finfo(dtype).eps)
    scale = max(1.0, abs(SPECTRA[name]).max())
    while lanczos.size < 48:
        lanczos.step()
    basis = lanczos.combine(np.eye(lanczos.size)).astype(np.float64)
    np.testing.assert_allclose(basis.T @ basis, np.eye(lanczos.size), atol=300 * eps)
    np.testing.assert_allclose(lanczos.projected(), basis.T @ matrix @ basis, atol=300 * eps * scale)
    values, y = krylov.eigh_descending(lanczos.projected())
    true = np.linalg.norm(matrix @ (basis @ y) - (basis @ y) * values, axis=0)
    np.testing.assert_allclose(lanczos.residuals(y), true, atol=2000 * eps * scale)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_until_exhausted(name, dtype):
    matrix, _ = naive.with_spectrum(SPECTRA[name])
    lanczos = lanczos_of(matrix, 7, 100, dtype)
    lanczos.start(np.random.default_rng(1).standard_normal((100, 7)))
    while not lanczos.exhausted:
        lanczos.step()
    values, y = krylov.eigh_descending(lanczos.projected())
    scale = max(1.0, abs(SPECTRA[name]).max())
    np.testing.assert_allclose(values, np.sort(SPECTRA[name])[::-1], atol=300 * np.finfo(dtype).eps * scale)
    assert not lanczos.residuals(y).any()


def test_restart_keeps_what_is_known():
    matrix, _ = naive.with_spectrum(SPECTRA["decay"])
    lanczos = lanczos_of(matrix, 4, 32, np.float64)
    lanczos.start(np.random.default_rng(1).standard_normal((100, 4)))
    for _ in range(6):
        while not lanczos.full:
            lanczos.step()
        values, y = krylov.eigh_descending(lanczos.projected())
        lanczos.restart(values[:12], y[:, :12])
        basis = lanczos.combine(np.eye(12))
        np.testing.assert_allclose(basis.T @ basis, np.eye(12), atol=1e-12)
        np.testing.assert_allclose(basis.T @ matrix @ basis, lanczos.projected(), atol=1e-10)
    np.testing.assert_allclose(values[:6], [50, 40, 31, 23, 16, 10], atol=1e-9)


def test_not_finite():
    lanczos = lanczos_of(np.full((10, 10), np.nan), 2, 10, np.float64)
    lanczos.start(np.ones((10, 2)))
    with pytest.raises(ValueError, match="target has values that are not finite"):
        lanczos.step()


def test_step_needs_a_block():
    with pytest.raises(RuntimeError, match="call start"):
        lanczos_of(np.eye(5), 2, 5, np.float64).step()
