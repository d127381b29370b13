"""What training from a small start learns, and when: learning curves, half-height times, losses, exact evolution.

Time is the paper's: the flow is ``dW/dt = 1/2 (M W - W W^T W)``; what a step of a trainer is worth, `Clock` says.
`learning_curves` keep one number per eigenpair: aligned vectors, or the limit of a vanishing random start. `evolve` is
exact for any start.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.sparse.linalg import LinearOperator

from ..checks import check_integer, check_real
from ..counts.cooccurrence import Cooccurrence
from ..counts.pair_weights import PairWeights
from ..spectral.growth import as_seeds, checked_times, expected_seeds, squared_modes
from ..spectral.spectrum import Spectrum

__all__ = [
    "Clock", "LearningCurves", "early_growth", "evolve", "evolve_values", "expected_seeds", "half_height_times",
    "learning_curves", "loss_plateaus", "normalised", "sgd_time", "stability_edge", "true_seeds",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]

CLUSTER = 0.02
"""Eigenvalues that differ by less than this share of the larger mix in their own plane while they are learned."""
GRID = 400
"""Times of a curve where none are given."""


@dataclass(frozen=True)
class LearningCurves:
    """Predicted course of training, mode by mode.

    Attributes
    ----------
    times : float64 array, shape (T,)
    steps : float64 array, shape (T,), or None
        Of the trainer whose clock was given.
    values : float64 array, shape (d,)
        Eigenvalues lambda_k; where vectors are not tied, singular values.
    seeds : float64 array, shape (d,)
        s_k(0).
    s : float64 array, shape (T, d)
        Singular values s_k(t) of W, in the order of `values`; where vectors are not tied, of W and of C.
    tau : float64 array, shape (d,)
        Times at which ``s_k^2`` reaches half its height, see `half_height_times`.
    norm : float or None
        Frobenius norm of the target.
    negative : float
        Negatives per pair, k; only for the paper's normalisation of the loss.
    tied : bool
    """

    times: Array
    steps: Array | None
    values: Array
    seeds: Array
    s: Array
    tau: Array
    norm: float | None = None
    negative: float = 1.0
    tied: bool = True

    @property
    def squares(self) -> Array:
        """``s_k^2(t)``, float64 (T, d)."""
        return np.square(self.s)

    @property
    def rank(self) -> Array:
        """Effective rank, int64 (T,): how many modes are past their half-height time."""
        return np.asarray((self.tau < self.times[:, None]).sum(axis=1))

    @property
    def loss(self) -> Array:
        """``1/4 (|W W^T - M|_F^2 - |M|_F^2)``, float64 (T,): what `train_full_batch` on a `Target` reports."""
        squares = self.squares
        return np.asarray((squares * (squares - 2 * self.values)).sum(axis=1) / 4)

    @property
    def plateaus(self) -> Array:
        """The loss while exactly 0, 1, ..., d modes are learned, float64 (d + 1,)."""
        return loss_plateaus(self.values)

    @property
    def normalised_loss(self) -> Array:
        """The loss as the paper plots it, from 1 down; see `normalised`. ValueError if `norm` is None."""
        return normalised(self.loss, self._known_norm(), self.negative)

    @property
    def normalised_plateaus(self) -> Array:
        """`plateaus` as the paper plots them. ValueError if `norm` is None."""
        return normalised(self.plateaus, self._known_norm(), self.negative)

    @property
    def tied_groups(self) -> list[range]:
        """Neighbouring modes, two or more, whose eigenvalues agree to 2 %: to be compared as one subspace."""
        value = self.values
        apart = np.abs(np.diff(value)) > CLUSTER * np.maximum(np.abs(value[:-1]), np.abs(value[1:]))
        edges = [0, *(np.flatnonzero(apart) + 1).tolist(), len(value)]
        return [range(a, b) for a, b in itertools.pairwise(edges) if b - a > 1]

    def _known_norm(self) -> float:
        if self.norm is None:
            raise ValueError("norm must be given for a normalised loss: target.frobenius_norm()")
        return self.norm


def learning_curves(
    spectrum: Spectrum | npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    steps: npt.ArrayLike | None = None,
    clock: Clock | None = None,
    vector_size: int | None = None,
    init: Any = 1e-6,
    norm: float | None = None,
    negative: float = 1.0,
    tied: bool = True,
) -> LearningCurves:
    """Predict singular values, half-height times and loss of training.

    Parameters
    ----------
    spectrum : Spectrum, or array of its values
        Of the target that is trained on. Modes that tied vectors cannot learn, of eigenvalues that are not positive,
        decay and have an infinite tau. Eigenvalues that tie are fine: the curves do not need their vectors.
    times : array (T,), optional
        At least 0; 0 gives the seeds, times beyond the last mode the end of training. By default 400 times from 0
        until the last mode is learned.
    steps, clock : array (T,) and Clock, optional
        Instead of times: steps of a trainer.
    vector_size : int, optional
        d; by default that of `init`, or the number of pairs.
    init : float, array (d,) or array (V, d)
        How training begins. A number: the standard deviation of independent random entries; the seeds are then
        ``init sqrt(d - k + 1)``. Singular values of vectors that are aligned with the eigenvectors. Or W(0) itself: see
        `true_seeds`.
    norm : float, optional
        ``target.frobenius_norm()``, for normalised losses.
    negative : float
        Negatives per pair of the paper's normalisation, 1 if the target is the plain M*.
    tied : bool
        False: two factors that begin alike, ``W^T W = C^T C``. They learn the largest singular values, |lambda|, so
        `spectrum` should be the array of those; a Spectrum knows the algebraically largest eigenvalues only.

    Raises
    ------
    ValueError
        If an argument is out of range or does not fit the others.

    Notes
    -----
    Exact for an aligned start (Karkada et al. 2025, Lemma 3.1). From a random one of standard deviation sigma the error
    vanishes with sigma if seeds are the true ones; with the expected ones it does not, for a seed off by a factor
    shifts a mode in time by ``2 log(factor) / lambda``, a fixed share of the width of its jump. Singular values of
    W(0), about ``sigma sqrt(V)``, would predict all modes too early.
    """
    value, pairs = _values(spectrum)
    start = np.asarray(init)
    if not tied:
        ranked = -np.sort(-np.abs(value))
        if start.ndim == 2 and (ranked != value)[: start.shape[1]].any():
            raise ValueError("init must be a number or singular values where untied vectors learn negative eigenvalues")
        value = ranked
    if start.ndim == 2:
        if pairs is None:
            raise ValueError("init must be a number or singular values where no eigenvectors are given")
        seeds = true_seeds(pairs, start)
        d = len(seeds)
        if vector_size is not None and vector_size != start.shape[1]:
            raise ValueError(f"vector_size must be that of init, {start.shape[1]}, got {vector_size}")
    else:
        natural = len(start) if start.ndim == 1 else len(value)
        d = check_integer("vector_size", natural if vector_size is None else vector_size, 1, len(value))
        seeds = as_seeds(init, d)
    value = value[:d]
    tau = half_height_times(value, seeds)
    at, counted = _times(times, steps, clock, value, tau)
    squares = squared_modes(value, seeds, at)
    if norm is not None:
        check_real("norm", norm, 0, open_minimum=True)
    check_real("negative", negative, 0, open_minimum=True)
    return LearningCurves(at, counted, value, seeds, np.sqrt(squares), tau, norm, float(negative), tied)


def half_height_times(values: npt.ArrayLike, seeds: npt.ArrayLike) -> Array:
    """Return ``tau_k = log(lambda_k / s_k^2(0)) / lambda_k``, float64 (d,).

    At that time ``s_k^2`` is ``lambda_k / (2 - s_k^2(0) / lambda_k)``: half its height, for a small seed. 0 where the
    seed is higher than that from the start, infinite where the eigenvalue is not positive or the seed is 0.
    """
    value, start = np.asarray(values, np.float64), np.square(np.asarray(seeds, np.float64))
    grows = (value > 0) & (start > 0)
    tau = np.full(value.shape, np.inf)
    tau[grows] = np.maximum(np.log(value[grows]) - np.log(start[grows]), 0.0) / value[grows]
    return tau


def true_seeds(spectrum: Spectrum, w0: npt.ArrayLike) -> Array:
    """Return the seeds ``|R_kk|`` of a start W(0), shape (V, d), where ``W(0)^T V = Q R``, float64 (min(d, pairs),).

    Not the singular values of W(0): the modes before mode k have taken their directions when it begins to grow, and
    what is left for it is the part along eigenvector k that is orthogonal to them. W(0) is in the coordinates of the
    eigenproblem, which for a weighted target is ``Gamma W``.
    """
    a0 = _in_eigenbasis(spectrum, w0)
    return np.asarray(np.abs(np.diag(np.linalg.qr(a0[: a0.shape[1]].T, mode="r"))))


def loss_plateaus(values: npt.ArrayLike) -> Array:
    """Return ``-1/4 sum_{j <= K} lambda_j^2`` for K = 0 .. d, float64 (d + 1,); modes not positive lower nothing."""
    return np.concatenate(([0.0], -np.cumsum(np.square(np.maximum(np.asarray(values, np.float64), 0.0))) / 4))


def normalised(loss: npt.ArrayLike, norm: float, negative: float = 1.0) -> Array:
    """Return ``1 + (1 + k) loss / |M|_F^2``: the loss as the paper's code scales it, 1 before training.

    Were every mode learned, it would be ``1 - (1 + k) / 4``: for k = 1 one half, not zero.
    """
    return 1.0 + (1.0 + negative) * np.asarray(loss, np.float64) / norm**2


def stability_edge(values: npt.ArrayLike) -> float:
    """Return ``2 / lambda_1``, the time per step from which on descent does not settle.

    The flow near a learned mode is ``dx/dt = -lambda x``. Infinite if no mode is positive.
    """
    largest = float(np.max(np.asarray(values, np.float64), initial=-math.inf))
    return 2.0 / largest if largest > 0 else math.inf


# --- steps and time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """What a step of a trainer is worth.

    A step of rate eta on ``c |W W^T - M|_F^2`` is an Euler step of the flow over the time ``8 c eta``. A schedule of
    rates only re-times a curve: add up the times of its steps.

    Attributes
    ----------
    per_step : float
        Time per step, greater than 0.
    """

    per_step: float

    def __post_init__(self) -> None:
        check_real("per_step", self.per_step, 0, open_minimum=True)

    @classmethod
    def full_batch(cls, step: float) -> Clock:
        """Of ``train_full_batch(target, method="gd", step=step)``, tied or not: its steps are the time."""
        return cls(step)

    @classmethod
    def descent(cls, rate: float, factor: float) -> Clock:
        """Of plain descent on ``factor * |W W^T - M|_F^2``; `Target.loss` has the factor 1/4."""
        return cls(8 * factor * rate)

    @classmethod
    def reference(cls, rate: float, norm: float, negative: float = 1.0) -> Clock:
        """Of the paper's code, whose loss is `normalised`: ``2 (1 + k) rate / |M|_F^2``."""
        return cls(2 * (1 + negative) * rate / norm**2)

    def time(self, steps: npt.ArrayLike) -> Array:
        """Return the time after so many steps."""
        return np.asarray(steps, np.float64) * self.per_step

    def steps(self, times: npt.ArrayLike) -> Array:
        """Return after how many steps, as fractions, a time has passed."""
        return np.asarray(times, np.float64) / self.per_step


def sgd_time(alpha: float, pairs: float, tied: bool) -> float:
    """Return the time that `fastqwem.train` with the objective "qwem" spends on so many pairs at one rate.

    Its flow is ``dW/dt = 1/2 (G * (M - W C^T)) C`` (entry by entry in G), with word2vec's weights G = A + B that sum to
    one plus the number of negatives: not the flow of Setting 3.1, where G is constant. So the curves of M* do not hold
    for it, but time does: a pair with its negatives at the rate alpha is worth alpha, and twice that where both words
    share a matrix. What holds is early growth: from a small start W W^T is negligible and the top eigenvectors of
    G * M*, see `early_growth`, grow at half their eigenvalues. Add up over epochs for a falling rate.
    """
    return (2.0 if tied else 1.0) * check_real("alpha", alpha, 0) * check_real("pairs", pairs, 0)


def early_growth(
    counts: Cooccurrence, negative: float = 5, ns_exponent: float = 0.75, sample: float = 1e-3
) -> LinearOperator:
    """Return ``G * M* = 2 (A - (B + B^T) / 2)``, which governs early training with word2vec's weights.

    Parameters
    ----------
    counts : Cooccurrence
        Made with the window of training, linear weights if it shrinks windows.
    negative, ns_exponent, sample
        word2vec's, see `fastqwem.counts.pair_weights.PairWeights`.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator, symmetric, shape (V, V)
        Sparse plus rank two. Its eigenpairs (`fastqwem.solve`) tell what tied vectors learn first, and that their
        lengths grow as ``exp(lambda t / 2)`` with t of `sgd_time`. Where vectors are not tied B is not made symmetric,
        and singular vectors of ``2 (A - B)`` take their place.
    """
    weights = PairWeights(counts, negative, ns_exponent, sample)
    rows, noise, k = weights.rows, weights.noise, weights.negative

    def matmat(x: Array) -> Array:
        wide = np.ascontiguousarray(np.reshape(x, (len(rows), -1)), np.float64)
        seen, _, _ = weights.gather(wide, wide, 0.0, 1.0)
        drawn = np.outer(rows, noise @ wide) + np.outer(noise, rows @ wide)
        return np.asarray(2 * seen - k * drawn).reshape(x.shape)

    return LinearOperator(
        shape=(len(rows), len(rows)), matvec=matmat, matmat=matmat, rmatvec=matmat, rmatmat=matmat, dtype=np.float64
    )  # type: ignore[call-overload, no-any-return, unused-ignore]


# --- exact evolution -------------------------------------------------------------------------------------------------


def evolve(spectrum: Spectrum, w0: npt.ArrayLike, time: float) -> Array:
    """Return W(t), float64 (V, d), of gradient flow from any W(0), up to a rotation of its columns.

    Exact on the span of the eigenvectors: with all V of them exact; else what W(0) has outside of it is left out, and
    so is the competition of those modes for the last directions: take at least 2 d pairs. See `evolve_values`.

    Parameters
    ----------
    spectrum : Spectrum
    w0 : array, shape (V, d)
        In the coordinates of the eigenproblem: ``Gamma W`` for a weighted target.
    time : float
    """
    a0 = _in_eigenbasis(spectrum, w0)
    return np.asarray(spectrum.eigenvectors @ evolve_values(spectrum.values, a0, time))


def evolve_values(values: npt.ArrayLike, a0: npt.ArrayLike, time: float) -> Array:
    """Return A(t) = V^T W(t), float64 (K, d), up to a rotation of its columns, from A(0) = V^T W(0).

    Parameters
    ----------
    values : array, shape (K,)
        Eigenvalues in any order and of any sign.
    a0 : array, shape (K, d)
        Of any size and rank.
    time : float
        At least 0.

    Notes
    -----
    The flow is a matrix Riccati equation: ``W W^T(t) = E W0 (I + W0^T F W0)^-1 W0^T E`` with ``E = exp(M t / 2)`` and
    ``F = (exp(M t) - I) / M``. Evaluated as it stands it loses all digits: exponents of all modes are mixed before the
    inverse. Here W(0) is first rotated to a trapezoidal R, whose row i begins at mode p(i); that row is divided by
    ``exp(lambda_p(i) t / 2)``, the largest growth in it, so that no exponent is positive and what is inverted, by
    Cholesky, is near the identity. Cost: ``K d^2``.
    """
    value, start = np.asarray(values, np.float64), np.asarray(a0, np.float64)
    if value.ndim != 1 or start.ndim != 2 or len(start) != len(value):
        raise ValueError(f"a0 must have a row for each of the values, got shapes {start.shape} and {value.shape}")
    if not np.isfinite(start).all():
        raise ValueError("a0 must be finite")
    t = float(checked_times(time))
    order = np.argsort(-value, kind="stable")
    value = value[order]
    r, pivots = _trapezoidal(start[order].T)
    result = np.zeros_like(start)
    if not len(pivots):
        return result
    row = np.maximum(value[pivots] * t, 0.0)[:, None]
    inside = np.arange(len(value)) >= pivots[:, None]
    half_f = np.where(inside, (_log_integral(value, t)[None] - row) / 2, -np.inf)
    growth = np.where(inside, (value * t - row) / 2, -np.inf)
    u = r * np.exp(half_f)
    lower = np.linalg.cholesky(np.diag(np.exp(-row[:, 0])) + u @ u.T)
    result[order, : len(pivots)] = solve_triangular(lower, r * np.exp(growth), lower=True).T
    return result


def _log_integral(value: Array, t: float) -> Array:
    """Return ``log((exp(lambda t) - 1) / lambda)``, the integral of the growth; log t where lambda is 0."""
    if t == 0:
        return np.full(value.shape, -np.inf)
    x = np.abs(value) * t
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(x > 0, -np.expm1(-x) / x, 1.0)
    return np.asarray(np.log(t) + np.maximum(value * t, 0.0) + np.log(mean))


def _trapezoidal(a: Array) -> tuple[Array, Array]:
    """Return R, shape (r, K), and the column at which each row begins: a = Q R with orthonormal columns of Q.

    Gram-Schmidt over the columns, twice for the sake of rounding; unlike a plain QR it leaves out what is not of full
    rank. A column is new if more than rounding errors of it are outside the ones before.
    """
    d, n = a.shape
    basis = np.empty((d, min(d, n)))
    pivots: list[int] = []
    for column in range(n):
        rest = a[:, column].copy()
        length = np.linalg.norm(rest)
        known = basis[:, : len(pivots)]
        for _ in range(2):
            rest -= known @ (known.T @ rest)
        left = np.linalg.norm(rest)
        if left > 1e-13 * length:
            basis[:, len(pivots)] = rest / left
            pivots.append(column)
        if len(pivots) == basis.shape[1]:
            break
    begins = np.array(pivots, dtype=np.int64)
    r = basis[:, : len(pivots)].T @ a
    return np.where(np.arange(n) >= begins[:, None], r, 0.0), begins


# --- arguments -------------------------------------------------------------------------------------------------------


def _values(spectrum: Any) -> tuple[Array, Spectrum | None]:
    """Return the eigenvalues, and the spectrum if it is one."""
    if isinstance(spectrum, Spectrum):
        return spectrum.values, spectrum
    value = np.asarray(spectrum, dtype=np.float64)
    if value.ndim != 1 or not len(value) or not np.isfinite(value).all():
        raise ValueError(f"spectrum must be a Spectrum or finite eigenvalues (d,), got shape {value.shape}")
    if (np.diff(value) > 0).any():
        raise ValueError("spectrum must hold eigenvalues in descending order")
    return value, None


def _in_eigenbasis(spectrum: Spectrum, w0: npt.ArrayLike) -> Array:
    """Return V^T W(0), float64 (K, d)."""
    if not isinstance(spectrum, Spectrum):
        raise TypeError(f"spectrum must be a Spectrum, got {type(spectrum).__name__}")
    w = np.asarray(w0, np.float64)
    n = len(spectrum.eigenvectors)
    if w.ndim != 2 or len(w) != n or not w.shape[1]:
        raise ValueError(f"the start must have shape ({n}, d), a row for each word of the spectrum, got {w.shape}")
    if not np.isfinite(w).all():
        raise ValueError("the start must be finite")
    return np.asarray(spectrum.eigenvectors.T @ w)


def _times(times: Any, steps: Any, clock: Any, value: Array, tau: Array) -> tuple[Array, Array | None]:
    """Return the times of a curve, and its steps where there is a clock."""
    if steps is not None:
        if clock is None or times is not None:
            raise ValueError("steps must come with the clock of their trainer, and without times")
        counted = np.atleast_1d(checked_times(steps))
        return clock.time(counted), counted
    at = _grid(value, tau) if times is None else np.atleast_1d(checked_times(times))
    return at, None if clock is None else clock.steps(at)


def _grid(value: Array, tau: Array) -> Array:
    """Return times from 0 to when the last mode that is ever learned has settled."""
    learned = np.isfinite(tau)
    if not learned.any():
        largest = float(np.abs(value).max())
        return np.linspace(0.0, 10.0 / largest if largest > 0 else 1.0, GRID)
    end = float((tau[learned] + 5.0 / value[learned]).max())
    begin = min(float(tau[learned].min()) / 3, end / 10)
    return np.concatenate(([0.0], np.geomspace(max(begin, end * 1e-4), end, GRID - 1)))
