"""How the dimensions of vectors grow while they are trained from a small start: one sigmoid per eigenpair."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer, check_real

__all__ = ["as_seeds", "checked_times", "expected_seeds", "squared_modes"]

Array = np.ndarray[Any, np.dtype[Any]]


def squared_modes(values: npt.ArrayLike, seeds: npt.ArrayLike, times: npt.ArrayLike) -> Array:
    """Return ``s_k^2(t)``, the solution of ``ds_k/dt = s_k (lambda_k - s_k^2) / 2``.

    Parameters
    ----------
    values : array, shape (d,)
        Eigenvalues lambda_k, of any sign: what belongs to one that is not positive decays.
    seeds : array, shape (d,)
        s_k(0), at least 0; a mode of seed 0 stays there.
    times : array, shape (T,), or a number
        At least 0, finite.

    Returns
    -------
    float64 array, shape (T, d), or (d,) for one time

    Notes
    -----
    Nothing overflows: with ``E = exp(-|lambda| t)``, what is divided is ``E + s^2(0) (1 - E) / lambda`` for positive
    lambda. Source: Karkada et al. 2025 (arXiv 2502.09863), Lemma 3.1, for vectors that begin aligned.
    """
    value = np.asarray(values, np.float64)
    start = np.square(np.asarray(seeds, np.float64))
    time = np.asarray(checked_times(times))[..., None]
    exponent = np.abs(value) * time
    decay = np.exp(-exponent)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(exponent > 0, -np.expm1(-exponent) / exponent, 1.0)
    sum_of_decay = time * mean  # (1 - E) / |lambda|, the time itself where lambda is 0
    grown = np.where(value > 0, decay, 1.0) + start * sum_of_decay
    with np.errstate(invalid="ignore"):
        squares = np.where(value > 0, start, start * decay) / grown
    return np.where(start > 0, squares, 0.0)


def expected_seeds(sigma: float, vector_size: int) -> Array:
    """Return ``sigma sqrt(d - k + 1)``, float64 (d,): the seeds of a start with independent entries of that deviation.

    Mode k grows from the part of W(0) along eigenvector k that the modes before it do not already span: d - k + 1
    degrees of freedom are left to it.
    """
    check_real("init", sigma, 0, open_minimum=True)
    d = check_integer("vector_size", vector_size, 1)
    return sigma * np.sqrt(d - np.arange(d))


def as_seeds(init: Any, vector_size: int) -> Array:
    """Return s_k(0), float64 (d,): expected seeds of a standard deviation, or the singular values that were given."""
    if np.ndim(init) == 0:
        return expected_seeds(init, vector_size)
    seeds = np.asarray(init, np.float64)
    if seeds.shape != (vector_size,):
        raise ValueError(f"init must be a number or {vector_size} singular values, got shape {seeds.shape}")
    if not np.isfinite(seeds).all() or (seeds < 0).any():
        raise ValueError("init must be singular values that are finite and at least 0")
    return seeds


def checked_times(times: npt.ArrayLike) -> Array:
    """Return times as float64; ValueError if one is negative or not finite."""
    checked = np.asarray(times, np.float64)
    if checked.ndim > 1:
        raise ValueError(f"times must be a number or an array (T,), got shape {checked.shape}")
    if not np.isfinite(checked).all() or (checked < 0).any():
        wrong = checked[~np.isfinite(checked) | (checked < 0)][0] if checked.ndim else checked
        raise ValueError(f"times must be finite and at least 0, got {float(wrong):g}")
    return checked
