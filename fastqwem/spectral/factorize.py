"""SGNS or QWEM with word2vec's own weights, from counts alone: alternating least squares, nothing sampled."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.sparse.linalg import aslinearoperator

from ..checks import check_choice, check_integer, check_real, resolve_workers
from ..counts.cooccurrence import Cooccurrence
from ..counts.pair_weights import PairWeights
from ..counts.window import window_weights
from ..progress import Progress, Tick, track
from .alternating import Factors, PairProblem, Problem, TargetProblem
from .factorization import OUTPUTS, Factorization, HalfSweep
from .logistic import LogisticProblem
from .slices import RowSlices
from .start import SpectralStart, start_factors
from .workspace import Workspace

__all__ = ["factorize"]

Array = np.ndarray[Any, np.dtype[Any]]
OBJECTIVES = ("sgns", "qwem")
PRECISIONS = ("byte", "single")
DEFAULTS: dict[str, dict[str, Any]] = {
    "sgns": {"steps": 1, "output": "input", "precision": "byte"},
    "qwem": {"steps": 2, "output": "sum", "precision": "single"},
}
ROUGH, THINNING, ENOUGH = SpectralStart(passes=12), (1.0, 1.0, 0.5), 4.5
"""The start where so many sweeps follow, and how the first of them thin the pairs."""
FEWEST, MOST, PER_PAIR = 2, 8, 1.5
"""Sweeps over counts that are not asked for: see `enough_sweeps`."""
_LOG = logging.getLogger(__name__)


def factorize(
    counts_or_target: Any,
    vector_size: int = 200,
    negative: float = 5,
    ns_exponent: float = 0.75,
    sample: float = 1e-4,
    *,
    objective: str | None = None,
    ridge: float = 2.5,
    ridge_exponent: float = 0.25,
    sweeps: float | None = None,
    steps: int | None = None,
    tol: float = 1e-4,
    start: Any = "spectral",
    output: str | None = None,
    tied: bool = False,
    thinning: Sequence[float] | None = None,
    precision: str | None = None,
    seed: int = 0,
    workers: int = 0,
    progress: Progress = None,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
) -> Factorization:
    """Minimise word2vec's loss over all pairs of words, with the weights that its sampling gives them, from counts.

    With ``x_ij = w_i . c_j``, SGNS's loss is ``sum_ij A_ij log(1 + e^-x) + B_ij log(1 + e^x)``, and QWEM's is its
    approximation ``sum_ij A_ij (x^2/4 - x) + B_ij (x^2/4 + x)``, quadratic in W for fixed C and the other way round:
    the factors take turns, each row of one improved by a few conjugate gradients from where it is. SGNS's loss is
    reduced to that by parabolas, see `fastqwem.spectral.logistic`.

    Parameters
    ----------
    counts_or_target : Cooccurrence or Target
        Counts, in memory or mapped: word2vec's weights, see `fastqwem.counts.pair_weights.PairWeights`. A target, or
        any symmetric matrix or linear operator: the paper's setting, all pairs weigh alike, and the loss is
        ``1/4 (|W C^T - M|_F^2 - |M|_F^2)``.
    vector_size : int
        d.
    negative, ns_exponent, sample
        word2vec's; only with counts.
    objective : {"sgns", "qwem"}, optional
        By default "sgns" with counts. Tied factors, and a target, have "qwem" only.
    ridge, ridge_exponent : float, at least 0
        A row whose word stands in n expected pairs (after subsampling; a neighbour at distance 1 counts one) is held
        towards zero by ``ridge * n ** ridge_exponent / 2 * |w|^2``, in units of one pair. Exponent 0: as much as so
        many pairs, which matters less the longer the corpus; exponent 1: a share of the evidence, which does not.
        With a target: the constant `ridge` itself, in its units.
    sweeps : float, a multiple of 0.5, optional
        Most sweeps, each over W and then C; half a one at the end is over W alone, but for tied factors, which have
        whole ones. By default 2 for "qwem", and for "sgns" what `enough_sweeps` says, less the last half, in which
        W does not change, if `output` is "input".
    steps : int, optional
        Conjugate gradients per row and half sweep, preconditioned; by default 1 for "sgns", whose parabolas are soon
        out of date, and 2 for "qwem", where on text a third gained 0.1 % of the loss in the first sweep and nothing
        later. Only with counts.
    tol : float, at least 0
        Stop when a sweep lowers the objective by no more than this share of it; 0: never.
    start : "spectral", SpectralStart, "random", Spectrum, array (V, d), or a pair of these two for (W, C)
        Where to begin. "spectral" is a rough closed form, see `fastqwem.spectral.start.SpectralStart`; of 12 passes
        where at least 4.5 sweeps follow, which made as good vectors of it as of 32 passes, while two sweeps did not.
    output : {"sum", "input", "output", "concat"}, optional
        What `Factorization.vectors` gives: W + C, W, C, or both side by side. Both are always kept. By default "input"
        for "sgns" and "sum" for "qwem", which were better.
    tied : bool
        Both words of a pair share their vectors, C = W; the weights are then made symmetric.
    thinning : sequence of float, at least 0, optional
        For the first sweeps, one each: a pair that stands for fewer expected pairs is drawn with the probability of its
        share of so many, and then stands for so many; 0: all count. Most pairs of words are seen once or twice, and the
        first sweeps, which are far from their end, go the same way without them. By default (1, 1, 0.5) for "sgns"
        where at least 4.5 sweeps follow the spectral start, which changed scores by less than another start does, and
        else (). Only with counts, not for tied factors.
    precision : {"byte", "single"}, optional
        In which the rows of the fixed factor are read, which is most of the time. "byte" rounds its numbers to 127
        steps from zero to the largest of the row, columns being scaled alike (0.4 % of a vector's length, about), and
        takes half the time; everything else is float32 and float64 either way. The objective is that of the rounded
        factor, some 1e-4 of it off. By default "byte" for "sgns" and "single" for "qwem". Only with counts.
    seed : int
        Of the start, and of the pairs that are drawn.
    workers : int
        Threads; 0 means all cores. Results do not depend on it.
    progress : bool, callable or None
        See `fastqwem.progress.Progress`; counts nonzeros of half sweeps.
    memory : int or str, optional
        Most memory that the process may hold, in bytes or as text such as "4GB", what it holds already included. What
        does not fit of the spectral start's basis and values goes to files in `scratch`; the result is the same, bit
        for bit. The factors and a copy of one of them must fit. Counts may be mapped.
    scratch : path, optional
        Folder for those files, which are gone when the start is made; the system's temporary folder by default.

    Returns
    -------
    Factorization

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or does not fit the others.

    Notes
    -----
    Cost of a sweep: ``4 (2 steps + 1) nnz d`` flops, and memory for three matrices of V d floats beside the two. No
    half sweep raises the objective, as far as float32 can tell (SGNS's is an approximation that is renewed between
    them). Source of the method: Hu, Koren, Volinsky 2008, with the conjugate gradients of Takacs, Pilaszy, Tikk 2011.

    Examples
    --------
    >>> vectors = factorize(counts, vector_size=200).vectors  # doctest: +SKIP
    """
    d = check_integer("vector_size", vector_size, 1)
    strength = check_real("ridge", ridge, 0)
    exponent = check_real("ridge_exponent", ridge_exponent, 0)
    is_pairs = isinstance(counts_or_target, Cooccurrence)
    loss = check_choice(
        "objective", ("sgns" if is_pairs and not tied else "qwem") if objective is None else objective, OBJECTIVES
    )
    defaults = DEFAULTS[loss]
    n_sweeps = FEWEST if sweeps is None else _half_integer(sweeps, tied)
    n_steps = check_integer("steps", defaults["steps"] if steps is None else steps, 1)
    tolerance = check_real("tol", tol, 0)
    stored = defaults["precision"] if precision is None else check_choice("precision", precision, PRECISIONS)
    levels = None if thinning is None else _levels(thinning)
    output = check_choice("output", defaults["output"] if output is None else output, OUTPUTS)
    check_integer("seed", seed, 0)
    threads = resolve_workers(workers)
    if tied and output == "concat":
        raise ValueError("output must not be 'concat' for tied factors, which are one matrix")
    if loss == "sgns" and (tied or not is_pairs):
        raise ValueError("objective must be 'qwem' for tied factors or a target, got 'sgns'")
    if levels and (tied or not is_pairs):
        raise ValueError("thinning must be empty for tied factors or a target")
    options: dict[str, Any] = {"objective": loss, "output": output, "tied": bool(tied), "ridge": strength, "seed": seed}
    vocab = getattr(counts_or_target, "vocab", None)
    n_words = len(vocab) if vocab is not None else _order(counts_or_target)
    slices = RowSlices(n_words, threads)
    workspace = Workspace(memory, scratch)
    needed = _needed(n_words, d, slices, threads, is_pairs)
    with slices.working(), workspace.reserved(needed, f"factorize {n_words:,} words into {d} dimensions"):
        problem: Problem
        if is_pairs:
            weights = PairWeights(counts_or_target, negative, ns_exponent, sample, threads)
            pairs = expected_pairs(weights, counts_or_target)
            scale = _ridge(weights, pairs, strength, exponent)
            if sweeps is None and loss == "sgns":
                n_sweeps = enough_sweeps(pairs, n_words, d) - (0.5 if output == "input" else 0)
            kind = LogisticProblem if loss == "sgns" else PairProblem
            common = slices, threads, workspace, pairs, seed
            problem = kind(counts_or_target, weights, scale, n_steps, stored == "byte", *common)
            options |= {"negative": float(negative), "ns_exponent": float(ns_exponent), "sample": float(sample)}
            options |= {"ridge_exponent": exponent, "steps": n_steps, "precision": stored}
        else:
            problem = TargetProblem(_operator(counts_or_target, threads), strength, slices)
        if isinstance(start, str) and start == "spectral" and n_sweeps >= ENOUGH:
            start = ROUGH
            if levels is None and loss == "sgns":
                levels = list(THINNING)
        levels = levels or []
        options |= {"start": _described(start), "thinning": levels}
        factors = Factors(*start_factors(start, problem, d, seed, slices, threads))
        if tied:
            factors.c = factors.w
        with track(progress, "factorizing", "pairs") as tick:
            history, converged = alternate(problem, factors, n_sweeps, tolerance, bool(tied), tick, levels)
    w, c = (problem.unscaled(x) for x in (factors.w, factors.c))
    return Factorization(w, None if tied else c, history, converged, vocab, options)


def alternate(
    problem: Problem,
    factors: Factors,
    sweeps: float,
    tol: float,
    tied: bool,
    tick: Tick | None,
    thinning: Sequence[float] = (),
) -> tuple[list[HalfSweep], bool]:
    """Improve the factors until the sweeps are over or gain too little: (history, whether the latter).

    Sweeps that thin the pairs are not asked what they gain.
    """
    history: list[HalfSweep] = []
    began = time.perf_counter()
    halves: list[tuple[str, Callable[..., tuple[float, float]]]] = (
        [("both", lambda t: problem.improve_tied(factors, t))]
        if tied
        else [
            ("input", lambda t: problem.improve(0, factors, t)),
            ("output", lambda t: problem.improve(1, factors, t)),
        ]
    )

    def record(sweep: int, name: str, objective: float, penalty: float) -> None:
        seconds = time.perf_counter() - began if sweep else 0.0
        history.append(HalfSweep(sweep, name, objective - penalty, objective, seconds, problem.least))
        _LOG.info("sweep %d, %s: loss %.6f, objective %.6f", sweep, name, history[-1].loss, objective)

    passes, first = round(sweeps * len(halves)), 0.0
    penalty = problem.penalty(factors)
    for done in range(passes):
        sweep, at = divmod(done, len(halves))
        name, improve = halves[at]
        problem.least = thinning[sweep] if sweep < len(thinning) else 0.0
        before, after = improve(None if tick is None else _ahead(tick, done, passes))
        first = before if at == 0 else first
        if not history:
            record(0, "start", before, penalty)
        record(sweep + 1, name, after, problem.penalty(factors))
        if at + 1 == len(halves) and tol > 0 and problem.least == 0 and first - after <= tol * abs(after):
            return history, True
    return history, False


def _ahead(tick: Tick, done: int, passes: int) -> Tick:
    """Return the progress of one of a number of equal passes, as that of all."""
    return lambda part, whole: tick(done * whole + part, passes * whole)


def _half_integer(sweeps: float, tied: bool) -> float:
    number = check_real("sweeps", sweeps, 0)
    if number % (1.0 if tied else 0.5):
        kind = "whole for tied factors" if tied else "a multiple of 0.5"
        raise ValueError(f"sweeps must be {kind}, got {sweeps!r}")
    return number


def _levels(thinning: Any) -> list[float]:
    if isinstance(thinning, str) or not hasattr(thinning, "__iter__"):
        raise TypeError(f"thinning must be a sequence of numbers, got {thinning!r}")
    return [check_real("thinning", level, 0) for level in thinning]


def expected_pairs(weights: PairWeights, counts: Cooccurrence) -> float:
    """Return how many ordered pairs of words subsampling leaves; a neighbour at distance 1 counts one."""
    return float(weights.total) / int(window_weights(counts.window, counts.weighting)[0][0])


def enough_sweeps(pairs: float, n_words: int, d: int) -> int:
    """Return one and a half times as many sweeps as there are pairs per parameter of one factor, from 2 to 8.

    Each sweep fits finer detail; where pairs are few that is noise, and stopping early does what no ridge did as well.
    Found on Wikipedia text of 5 to 407 MB with 5,000 to 145,000 words and 50 to 200 dimensions: quality fell after the
    second sweep with 1 or 2 pairs per parameter, rose until the fifth with 3, and until the eighth with 6 and more.
    """
    return int(np.clip(round(PER_PAIR * pairs / (n_words * d)), FEWEST, MOST))


def _ridge(weights: PairWeights, pairs: float, strength: float, exponent: float) -> Array:
    """Return the ridge of each word in units of weights that sum to one."""
    evidence = weights.rows * pairs
    return np.asarray(strength * np.where(evidence > 0, evidence, 1.0) ** exponent / pairs)


def _needed(n: int, d: int, slices: RowSlices, workers: int, is_pairs: bool) -> int:
    """Return the bytes that must be in memory: numbers per word, and two factors with a padded copy of one.

    Before there are factors, their start has one of them and six and a half blocks of vectors in memory. With a target
    everything is float64, and a step has six matrices of the size of a factor.
    """
    temporary = workers * slices.height * 24 * d
    if not is_pairs:
        return 6 * 8 * n * d + temporary
    block = SpectralStart().block
    return 30 * 8 * n + 4 * n * max(2 * d + (d + 31) // 16 * 16, d + 13 * block // 2) + temporary


def _described(start: Any) -> Any:
    """Return what `start` is, to be kept with the result."""
    if isinstance(start, SpectralStart):
        return asdict(start)
    return start if isinstance(start, str) else type(start).__name__


def _operator(target: Any, workers: int) -> Any:
    if hasattr(target, "workers"):
        target.workers = workers
    return target if hasattr(target, "gamma") else aslinearoperator(target)


def _order(target: Any) -> int:
    """Return the order of a square real matrix or operator."""
    try:
        operator = aslinearoperator(target)
    except TypeError:
        raise TypeError(
            f"counts_or_target must be a Cooccurrence, a Target or a matrix, got {type(target).__name__}"
        ) from None
    if operator.shape[0] != operator.shape[1] or not operator.shape[0]:
        raise ValueError(f"counts_or_target must be square and not empty, got shape {operator.shape}")
    if np.issubdtype(operator.dtype, np.complexfloating):
        raise ValueError(f"counts_or_target must be real, got {operator.dtype}")
    return int(operator.shape[0])
