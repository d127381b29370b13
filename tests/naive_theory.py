"""The flow of training as an ordinary differential equation, integrated numerically; spectra made by hand."""

from __future__ import annotations

import numpy as np
from naive_spectral import with_spectrum
from scipy.integrate import solve_ivp

from fastqwem.spectral.spectrum import Certificate, Spectrum
from fastqwem.text.vocab import Vocab


def flow(matrix, w0, times, rtol=1e-10, atol=1e-14):
    """W at each of the times, of dW/dt = 1/2 (M W - W W^T W)."""
    shape = w0.shape

    def slope(_, flat):
        w = flat.reshape(shape)
        return (0.5 * (matrix @ w - w @ (w.T @ w))).ravel()

    solved = solve_ivp(slope, (0, times[-1]), w0.ravel(), t_eval=times, rtol=rtol, atol=atol, method="DOP853")
    return solved.y.T.reshape(len(times), *shape)


def untied_flow(matrix, w0, c0, times, rtol=1e-9, atol=1e-13):
    """(W, C) at each of the times, of dW/dt = 1/2 (M - W C^T) C and dC/dt = 1/2 (M - W C^T)^T W."""
    n = w0.size

    def slope(_, flat):
        w, c = flat[:n].reshape(w0.shape), flat[n:].reshape(c0.shape)
        rest = matrix - w @ c.T
        return np.concatenate([(0.5 * rest @ c).ravel(), (0.5 * rest.T @ w).ravel()])

    start = np.concatenate([w0.ravel(), c0.ravel()])
    solved = solve_ivp(slope, (0, times[-1]), start, t_eval=times, rtol=rtol, atol=atol, method="DOP853")
    return [(y[:n].reshape(w0.shape), y[n:].reshape(c0.shape)) for y in solved.y.T]


def spectrum_of(values, vectors, words=None):
    """A Spectrum of given eigenpairs, its certificate saying nothing."""
    d = len(values)
    certificate = Certificate(np.zeros(d), 0.0, 0.0, float("nan"), 0.0, False, True, 0, 0.0, "given")
    n = len(vectors)
    vocab = Vocab([f"w{i}" for i in range(n)] if words is None else words, np.arange(n, 0, -1))
    return Spectrum(np.asarray(values, float), np.asarray(vectors, float), vocab, {"kind": "matrix"}, certificate)


def made(values, seed=0):
    """(matrix, its whole spectrum) of given eigenvalues and random eigenvectors."""
    values = np.sort(np.asarray(values, float))[::-1]
    matrix, q = with_spectrum(values, seed)
    return matrix, spectrum_of(values, q)


SEPARATED = (50.0, 40.0, 31.0, 23.0, 16.0, 10.0)


def separated(n=120, seed=0):
    """(matrix, spectrum): six learnable eigenvalues, the rest within [-2, 2]: specification 2.3."""
    bulk = np.random.default_rng(seed).uniform(-2, 2, n - len(SEPARATED))
    return made(np.r_[SEPARATED, bulk], seed)
