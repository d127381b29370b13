"""Training beside theory: what a run has learned and when, against what the spectrum of its target says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_choice, check_integer, check_real
from ..progress import Progress
from ..spectral.growth import expected_seeds
from ..spectral.spectrum import Spectrum
from ..spectral.target import Target
from ..training import train_full_batch
from .course import Course, Recorder, align
from .dynamics import LearningCurves, half_height_times, learning_curves, stability_edge, true_seeds
from .sampled import train_sampled

__all__ = ["TRAINERS", "Comparison", "compare", "fit_tau", "run_and_compare"]

Array = np.ndarray[Any, np.dtype[Any]]

FLAT = 0.005
"""Where the predicted loss is nearer to a plateau than this share of its drop, training rests there."""
TRAINERS = ("full_batch", "sampled")


@dataclass(frozen=True)
class Comparison:
    """A run beside its prediction. `str` makes a table of the modes.

    Attributes
    ----------
    curves : LearningCurves
        Predicted, at the times of the course.
    course : Course
        Measured.
    tau_fitted : float64 array, shape (d,)
        Half-height times of the measured modes, see `fit_tau`; NaN where the run did not get that far.
    tau_error : float64 array, shape (d,)
        Fitted over predicted, less one.
    plateau_measured : float64 array, shape (d + 1,)
        Loss at the checkpoint at which theory is nearest to the plateau of K modes, K = 0 .. d. NaN without losses, and
        where there is no plateau: what the first K modes lack then and the next have begun to learn is more than 0.5 %
        of the drop.
    plateau_error : float64 array, shape (d + 1,)
        Its distance from the plateau, as a share of the drop of the predicted loss over the run.
    loss_error : float64 array, shape (T,)
        Measured less predicted loss, as the same share.
    curve_error : float64 array, shape (d,)
        Largest ``|s_k - theory|`` over the times, in units of ``sqrt(lambda_1)``.
    overlap : float
        At the last checkpoint.
    angles : float64 array
        Principal angles at the end, in degrees, if they were given to `compare`; else empty.
    """

    curves: LearningCurves
    course: Course
    tau_fitted: Array
    tau_error: Array
    plateau_measured: Array
    plateau_error: Array
    loss_error: Array
    curve_error: Array
    overlap: float
    angles: Array

    def __str__(self) -> str:
        names = ("lambda", "tau", "fitted", "error", "s end", "theory", "curve")
        widths = (10, 10, 10, 8, 8, 8, 7)
        rows = ["mode " + " ".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))]
        final = self.course.modes[-1]
        for k, value in enumerate(self.curves.values):
            rows.append(
                f"{k + 1:4} {value:10.5g} {self.curves.tau[k]:10.4g} {self.tau_fitted[k]:10.4g} "
                f"{self.tau_error[k]:8.2%} {final[k]:8.4g} {self.curves.s[-1, k]:8.4g} {self.curve_error[k]:7.4f}"
            )
        rows.append(f"overlap of the top {self.course.top}: {self.overlap:.4f}")
        flat = np.abs(self.plateau_error[np.isfinite(self.plateau_error)])
        if len(flat):
            rows.append(f"worst of {len(flat)} plateaus of the loss: {flat.max():.2%} of its drop")
        return "\n".join(rows)


def compare(
    spectrum: Spectrum, course: Course, init: Any, *, norm: float | None = None, angles: Array | None = None
) -> Comparison:
    """Put a run beside what theory says of it.

    Parameters
    ----------
    spectrum : Spectrum
        With at least the modes that are to be compared.
    course : Course
        Of a `Recorder`.
    init : float, array (d,), array (V, d), or a pair of such arrays (V, d)
        How the run began, see `learning_curves`. Of two factors W and C what grows is their mean, and the difference
        decays.
    norm : float, optional
        ``target.frobenius_norm()``, for normalised losses.
    angles : array, optional
        Principal angles to be kept with it.

    Raises
    ------
    ValueError
        If `init` does not fit the run.

    Notes
    -----
    Curves are those of the paper's setting, in which `train_full_batch` on a `Target` and `train_sampled` train. A run
    of `fastqwem.train` or of counts with word2vec's weights can be compared too, but then its times and losses need
    not agree. Negative modes, which two factors learn and one cannot, are not followed.
    """
    d = course.singular_values.shape[1]
    n_modes = course.modes.shape[1]
    seeds = _seeds(spectrum, init, d, course.tied)[:n_modes]
    values = spectrum.values[:n_modes] if course.tied else np.maximum(spectrum.values[:n_modes], 0.0)
    curves = learning_curves(values, course.times, init=seeds, norm=norm, tied=course.tied)
    fitted = fit_tau(course.times, np.square(course.modes), curves.values)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = fitted / np.where(curves.tau > 0, curves.tau, np.nan) - 1
    predicted = -np.sort(-curves.s, axis=1)
    gap = np.abs(course.singular_values[:, :n_modes] - predicted).max(axis=0)
    unit = np.sqrt(curves.values[0]) if curves.values[0] > 0 else np.nan
    drop = float(curves.loss.max() - curves.loss.min())
    unit_drop = drop if drop > 0 else np.nan
    measured = _plateaus(curves, course, FLAT * drop)
    return Comparison(
        curves=curves,
        course=course,
        tau_fitted=fitted,
        tau_error=error,
        plateau_measured=measured,
        plateau_error=(measured - curves.plateaus) / unit_drop,
        loss_error=(course.losses - curves.loss) / unit_drop,
        curve_error=gap / unit,
        overlap=float(course.overlap[-1]),
        angles=np.empty(0) if angles is None else angles,
    )


def fit_tau(times: npt.ArrayLike, squares: npt.ArrayLike, values: npt.ArrayLike) -> Array:
    """Return when each mode first passes half its height, float64 (d,), NaN if it never does.

    Parameters
    ----------
    times : array, shape (T,), ascending
    squares : array, shape (T, d)
        Measured ``s_k^2``.
    values : array, shape (d,)
        Eigenvalues: the heights.

    Notes
    -----
    Between the checkpoints on either side ``log(s^2 / (lambda - s^2))`` is interpolated, which is linear in time for a
    sigmoid from a small seed: checkpoints need not be dense. A mode that passes before the first checkpoint gives NaN.
    """
    time, square, value = (np.asarray(x, np.float64) for x in (times, squares, values))
    if square.shape != (len(time), len(value)):
        raise ValueError(f"squares must have shape ({len(time)}, {len(value)}), got {square.shape}")
    tau = np.full(len(value), np.nan)
    for k, height in enumerate(value):
        if height <= 0:
            continue
        share = square[:, k] / height
        after = int(np.argmax(share >= 0.5))
        if after == 0:  # never, or from the start
            continue
        ends = np.clip(share[after - 1 : after + 1], 1e-12, 1 - 1e-3)
        low, high = np.log(ends / (1 - ends))
        tau[k] = time[after - 1] - low / (high - low) * (time[after] - time[after - 1])
    return tau


def run_and_compare(
    target: Target,
    spectrum: Spectrum,
    vector_size: int = 32,
    *,
    trainer: str = "full_batch",
    init_scale: float = 1e-4,
    edge: float = 0.02,
    modes: int | None = None,
    settle: float = 4.0,
    batch: int = 100_000,
    cool: float = 0.1,
    checkpoints: int = 300,
    top: int = 5,
    seed: int = 0,
    dtype: Any = np.float32,
    progress: Progress = None,
) -> Comparison:
    """Train tied vectors in the paper's setting until the first modes are learned, and compare.

    Parameters
    ----------
    target : Target
    spectrum : Spectrum
        Of that target; at least `modes` pairs.
    vector_size : int
    trainer : {"full_batch", "sampled"}
        Exact gradients, or stochastic ones of `train_sampled`.
    init_scale : float
        Standard deviation of the entries of W(0), whose true seeds the prediction uses.
    edge : float
        Time per step, in units of one over the largest eigenvalue; 2 is unstable. Steps make every mode late by about
        edge / 4, relative.
    modes : int, optional
        Train until so many should be learned; by default `top`.
    settle : float
        And so many times one over the eigenvalue of the last of them longer.
    batch, cool
        Of the sampled trainer: pairs per step; and the factor by which steps shrink over that last stretch, for the
        noise of sampling shrinks with them.
    checkpoints : int
        At most so many.
    top, seed, dtype, progress
        As for `Recorder`, `train_full_batch` and `train_sampled`.

    Returns
    -------
    Comparison
    """
    check_choice("trainer", trainer, TRAINERS)
    check_real("edge", edge, 0, 2, open_minimum=True)
    check_real("cool", cool, 0, 1, open_minimum=True)
    check_integer("checkpoints", checkpoints, 2)
    n = check_integer("modes", top if modes is None else modes, 1, min(vector_size, len(spectrum)))
    if spectrum.values[n - 1] <= 0:
        raise ValueError(f"modes must be at most the number of positive eigenvalues, got {n}")
    check_real("init_scale", init_scale, 0, open_minimum=True)
    w0 = init_scale * np.random.default_rng(seed).standard_normal((target.shape[0], vector_size))
    tau = half_height_times(spectrum.values[:n], true_seeds(spectrum, w0)[:n])
    sizes = _schedule(spectrum.values[:n], float(tau.max()), edge, settle, cool if trainer == "sampled" else 1.0)
    recorder = Recorder(spectrum, -(-len(sizes) // checkpoints), top, target)
    options = {"step": sizes, "max_steps": len(sizes), "init": w0, "dtype": dtype, "progress": progress}
    if trainer == "full_batch":
        result: Any = train_full_batch(target, tied=True, method="gd", tol=0, record=recorder, **options)
    else:
        result = train_sampled(target, batch=batch, seed=seed, record=recorder, **options)
    if len(sizes) % recorder.every:
        recorder.add(float(result.times[-1]), (result.input_vectors,), len(sizes))
    last = align(spectrum, (result.input_vectors,), min(top, vector_size))
    return compare(spectrum, recorder.course(), w0, norm=target.frobenius_norm(), angles=last.angles)


def _schedule(values: Array, learned: float, edge: float, settle: float, cool: float) -> Array:
    """Return the time of every step: constant until all modes are learned, then falling by the factor `cool`.

    It falls exponentially in time, which is as one over the number of steps: slowly enough for the noise of sampling,
    which dies out in a time of one over the eigenvalue, to follow.
    """
    step = edge / 2 * stability_edge(values)
    constant = np.full(int(np.ceil(learned / step)), step)
    span = settle / values[-1]
    rate = np.log(1 / cool) / span
    if rate == 0:
        return np.concatenate([constant, np.full(int(np.ceil(span / step)), step)])
    n = int(np.ceil((1 / cool - 1) / (rate * step)))
    return np.concatenate([constant, step / (1 + rate * step * np.arange(n))])


def _seeds(spectrum: Spectrum, init: Any, d: int, tied: bool) -> Array:
    """Return the seeds of a run that began as `init` says."""
    if isinstance(init, tuple):
        if tied or len(init) != 2:
            raise ValueError(f"init must be {'one start, not a tuple,' if tied else 'a pair of starts'} for this run")
        return true_seeds(spectrum, (np.asarray(init[0], np.float64) + np.asarray(init[1], np.float64)) / 2)
    if np.ndim(init) == 0:  # the mean of two independent starts has half the variance
        return expected_seeds(init, d) * (1.0 if tied else np.sqrt(0.5))
    start = np.asarray(init, np.float64)
    if start.shape[-1] != d:
        raise ValueError(f"init must have the {d} dimensions of the run, got shape {start.shape}")
    return true_seeds(spectrum, start) if start.ndim == 2 else start


def _plateaus(curves: LearningCurves, course: Course, near: float) -> Array:
    """Return the loss where theory is nearest to each plateau; NaN where it is not as near as that.

    Near is meant mode by mode: what modes 1 .. K lack and what the others have begun to learn may not cancel.
    """
    squares, value = curves.squares, np.maximum(curves.values, 0.0)
    lacking = np.square(value - squares) / 4
    begun = np.abs(squares * (2 * value - squares)) / 4
    measured = np.full(len(value) + 1, np.nan)
    for k in range(len(value) + 1):
        distance = lacking[:, :k].sum(axis=1) + begun[:, k:].sum(axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] <= near:
            measured[k] = course.losses[nearest]
    return measured
