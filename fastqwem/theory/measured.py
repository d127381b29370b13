"""A real training run to hold beside the theory: gradient descent on the exact loss, from small random weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.linalg import eigsh

from ..checks import check_integer, check_real
from ..progress import Progress
from ..training.full_batch import train_full_batch
from .course import Course, Recorder
from .dynamics import half_height_times, true_seeds

if TYPE_CHECKING:
    from ..spectral.spectrum import Spectrum

__all__ = ["MeasuredRun", "Plan", "measured_run", "plan", "step_sizes"]

Array = np.ndarray[Any, np.dtype[Any]]

STEP_SHARE = 0.08
"""Time of a step, in units of one over the largest eigenvalue still growing: so a mode is late by a fiftieth."""
OVERSHOOT = 1.1
"""How long a run goes on, in units of the time at which the last wanted mode is half learned."""
LATEST = 10.0
"""Modes that are learned later than so many tau_1 are not waited for."""
RECORDS = 250
"""About how many points of a run are recorded."""
_SMALL = 64  # words up to which the lowest eigenvalue comes from a dense matrix


@dataclass(frozen=True)
class Plan:
    """A random start, and what the theory says of it.

    Attributes
    ----------
    start : float32 array, shape (V, d)
    values, seeds, tau : float64 arrays, shape (d,)
        Eigenvalues, true seeds and half-height times.
    modes : int
        How many modes are waited for.
    """

    start: Array
    values: Array
    seeds: Array
    tau: Array
    modes: int

    @property
    def end(self) -> float:
        """When the last of the modes has been learned."""
        return OVERSHOOT * float(self.tau[: self.modes].max())

    @property
    def slices(self) -> tuple[float, float, float]:
        """Three times to look at: before the first mode, between the first and the third, and the end."""
        third = min(2, self.modes - 1)
        return 0.7 * float(self.tau[0]), float(self.tau[0] + self.tau[third]) / 2, self.end


@dataclass(frozen=True)
class MeasuredRun:
    """What a training run did.

    Attributes
    ----------
    course : Course
        Singular values, loss and more at about `RECORDS` times.
    vectors : float32 array, shape (V, d)
        W at the end.
    slices : tuple of (float, float32 array of shape (V, d))
        The times of the plan, as near as a step comes to them, and W there.
    steps : int
    seconds : float
        Of the descent, on the clock.
    """

    course: Course
    vectors: Array
    slices: tuple[tuple[float, Array], ...]
    steps: int
    seconds: float


def plan(spectrum: Spectrum, vector_size: int, modes: int, init_scale: float, seed: int = 0) -> Plan:
    """Choose a random start and predict its learning times.

    Parameters
    ----------
    spectrum : Spectrum
        At least `vector_size` pairs.
    vector_size, modes : int
        Dimensions, and how many modes are to be waited for; fewer if the others are never learned or later than
        `LATEST` times the first.
    init_scale : float
        Standard deviation of the entries of W(0).
    seed : int

    Raises
    ------
    ValueError
        If no eigenvalue is positive, or `init_scale` is so large that the first mode is there from the start.
    """
    d = check_integer("vector_size", vector_size, 1, len(spectrum))
    check_integer("modes", modes, 1)
    check_real("init_scale", init_scale, 0, open_minimum=True)
    if not spectrum.values[0] > 0:
        raise ValueError(f"spectrum must hold a positive eigenvalue, the largest is {spectrum.values[0]:g}")
    rng = np.random.default_rng(check_integer("seed", seed, 0))
    start = (init_scale * rng.standard_normal((len(spectrum.eigenvectors), d))).astype(np.float32)
    values, seeds = spectrum.values[:d], true_seeds(spectrum, start)
    tau = half_height_times(values, seeds)
    if not 0 < tau[0] < np.inf:
        raise ValueError(
            f"init_scale must be small against the first singular value {values[0] ** 0.5:.3g}, got {init_scale:g}: "
            f"the start holds {seeds[0]:.3g} of it"
        )
    unfit = ~((tau > 0) & (tau <= LATEST * tau[0]))
    learned = int(unfit.argmax()) if unfit.any() else d
    return Plan(start, values, seeds, tau, min(modes, learned))


def measured_run(target: Any, spectrum: Spectrum, planned: Plan, progress: Progress = None) -> MeasuredRun:
    """Train by gradient descent until the modes of a plan are learned.

    Parameters
    ----------
    target : Target
        Whose `spectrum` is known. It is multiplied in float32: rounding then feeds every mode with about 1e-6 of the
        first one, which is far below the seeds of the default start.
    spectrum : Spectrum
    planned : Plan
    progress : bool, callable or None

    Returns
    -------
    MeasuredRun
    """
    n = planned.modes
    longest = longest_step(float(planned.values[0]), lowest_eigenvalue(target))
    sizes = step_sizes(planned.values[:n], planned.tau[:n], planned.end, longest)
    clock = np.concatenate(([0.0], np.cumsum(sizes)))
    wanted = [int(np.abs(clock - moment).argmin()) for moment in planned.slices]
    recorder = Recorder(spectrum, every=max(1, len(sizes) // RECORDS), top=min(5, n))
    kept: dict[int, tuple[float, Array]] = {}

    def record(step: int, now: float, w: Array) -> None:
        recorder(step, now, w)
        if step in wanted:
            kept[step] = now, w

    began = time.perf_counter()
    result = train_full_batch(
        target, tied=True, method="gd", step=sizes, max_steps=len(sizes), tol=0, init=planned.start, dtype=np.float32,
        record=record, progress=progress,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    course = recorder.course()
    course = replace(course, losses=result.losses[np.asarray(course.steps, np.int64)])
    slices = tuple(kept[step] for step in wanted)
    return MeasuredRun(course, result.input_vectors, slices, len(sizes), seconds)


def longest_step(highest: float, lowest: float) -> float:
    """Return the longest step at which nothing overshoots, half of what is stable.

    Near the end the distance of a learned mode is multiplied by ``1 - lambda dt``, and a mode that cannot be learned by
    ``1 - |lambda| dt / 2``. The latter decides on sparse counts: pairs that were never seen make M* strongly negative
    along one direction.
    """
    return min(1 / highest, 2 / max(-lowest, highest))


def step_sizes(values: Array, tau: Array, end: float, longest: float, share: float = STEP_SHARE) -> Array:
    """Return the times of the steps of a run: as the quick modes are done, the slow ones allow longer steps.

    A step of dt multiplies a growing mode by ``1 + lambda dt / 2`` in place of ``e^(lambda dt / 2)``, which makes it
    late by about ``lambda dt / 4`` of its time. A mode counts as done when nine tenths of its square are learned,
    ``2.2 / lambda`` after its tau.

    Parameters
    ----------
    values, tau : arrays, shape (n,)
        Eigenvalues of the modes to be learned, and their times.
    end : float
        When the run is over.
    longest : float
        No step is longer.
    share : float
        dt times the largest eigenvalue of those that grow.
    """
    done = tau + 2.2 / values
    sizes, now = [], 0.0
    while now < end:
        growing = values[done > now]
        pace = float(growing.max()) if len(growing) else float(values.min())
        sizes.append(min(share / pace, longest))
        now += sizes[-1]
    return np.array(sizes)


def lowest_eigenvalue(target: Any) -> float:
    """Return about the lowest eigenvalue of a target, to a hundredth of it."""
    n = target.shape[0]
    if n <= _SMALL:
        return float(np.linalg.eigvalsh(target @ np.eye(n))[0])
    found = eigsh(target, 1, which="SA", tol=1e-2, v0=np.ones(n), return_eigenvectors=False)
    return float(found[0])
