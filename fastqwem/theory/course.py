"""Checkpoints of a run, measured against the eigenvectors of its target: a few numbers of each, and no vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core import TRAINING_CHUNK
from ..checks import check_integer
from ..spectral.spectrum import Spectrum
from ..training.schedule import Schedule
from .dynamics import sgd_time

__all__ = ["Alignment", "Course", "Recorder", "align"]

Array = np.ndarray[Any, np.dtype[Any]]
Factors = tuple[Array, ...]


@dataclass(frozen=True)
class Alignment:
    """How the strongest directions of trained vectors lie to the top eigenvectors.

    Attributes
    ----------
    overlap : float
        ``|V_top^T U_top|_F^2 / top``: 1 if both span the same space.
    angles : float64 array, shape (top,)
        Principal angles between the two spaces, in degrees, ascending.
    cosines : float64 array, shape (top, top)
        ``(v_i . u_j)^2``: row i an eigenvector, column j a direction of the vectors.
    singular_values : float64 array, shape (d,)
        Of W; where there are two factors, roots of those of W C^T.
    """

    overlap: float
    angles: Array
    cosines: Array
    singular_values: Array


def align(spectrum: Spectrum, run: Any, top: int = 5) -> Alignment:
    """Compare trained vectors with the top eigenvectors.

    Parameters
    ----------
    spectrum : Spectrum
    run : array (V, d), pair of arrays, or anything with `input_vectors` and maybe `output_vectors`
        A `FullBatchResult`, a `TrainedModel`, ... Arrays are taken in the coordinates of the eigenproblem, which for a
        weighted target are ``Gamma W``; the vectors of a model are brought there.
    top : int
        Dimensions of the spaces; where eigenvalues are close it should not cut between them.

    Raises
    ------
    ValueError
        If the run has another vocabulary, or fewer than `top` dimensions.
    """
    factors = _factors(spectrum, run)
    check_integer("top", top, 1, min(factors[0].shape[1], len(spectrum)))
    directions, s = _directions(factors)
    inner = spectrum.eigenvectors[:, :top].astype(np.float64).T @ directions[:, :top]
    cosines = np.square(inner)
    angles = np.degrees(np.arccos(np.clip(np.linalg.svd(inner, compute_uv=False), 0.0, 1.0)))
    return Alignment(float(cosines.sum() / top), angles, cosines, s)


@dataclass(frozen=True)
class Course:
    """What was measured while training; all but `top` and `tied` have one row per checkpoint.

    Attributes
    ----------
    steps : float64 array, shape (T,)
    times : float64 array, shape (T,)
        Of the flow.
    singular_values : float64 array, shape (T, d)
        Of W, descending; where there are two factors, roots of those of W C^T.
    modes : float64 array, shape (T, K)
        ``|W^T v_k|`` along the eigenvectors, K = min(d, pairs); of two factors ``|v_k^T W C^T v_k|^(1/2)``.
    overlap : float64 array, shape (T,)
        Of the `top` strongest directions with the top eigenvectors, see `Alignment`.
    losses : float64 array, shape (T,)
        ``1/4 (|W C^T - M|_F^2 - |M|_F^2)``, NaN without a target.
    top : int
    tied : bool
    """

    steps: Array
    times: Array
    singular_values: Array
    modes: Array
    overlap: Array
    losses: Array
    top: int
    tied: bool


class Recorder:
    """Measures a run at its checkpoints, keeping a few numbers of each and no vectors.

    Parameters
    ----------
    spectrum : Spectrum
    every : int
        Of the calls as ``record=``, every so many are measured; measuring costs ``6 V d^2`` flops.
    top : int
        Dimensions of the spaces that are compared; at most d and the number of pairs.
    target : Target, or any linear operator, optional
        For the loss, which costs a product with it.

    Examples
    --------
    >>> recorder = Recorder(spectrum, every=10)  # doctest: +SKIP
    >>> train_full_batch(target, 32, tied=True, method="gd", tol=0, record=recorder)  # doctest: +SKIP
    >>> train(corpus, "qwem", callbacks=[other_recorder.epoch])  # doctest: +SKIP
    """

    def __init__(self, spectrum: Spectrum, every: int = 1, top: int = 5, target: Any = None) -> None:
        if not isinstance(spectrum, Spectrum):
            raise TypeError(f"spectrum must be a Spectrum, got {type(spectrum).__name__}")
        self.spectrum, self.target = spectrum, target
        self.every = check_integer("every", every, 1)
        self.top = check_integer("top", top, 1, len(spectrum))
        self._vectors = spectrum.eigenvectors.astype(np.float64)
        self._rows: list[tuple[float, float, Array, Array, float, float]] = []
        self._tied = True
        self._epochs_time = 0.0

    def __call__(self, step: int, time: float, *factors: Array) -> None:
        """Note a step of `train_full_batch` or `train_sampled`."""
        if step % self.every == 0:
            self.add(time, factors, step)

    def epoch(self, model: Any) -> None:
        """Note an epoch of `fastqwem.train`; for its ``callbacks=``. Time is that of `sgd_time` at its mean rate."""
        record, options = model.history[-1], model.options
        n_tokens = model.corpus["n_tokens"]
        schedule = Schedule.of(options, model._state.first_epoch)
        rates = schedule.rates(n_tokens, record.epoch - 1, 0, -(-n_tokens // TRAINING_CHUNK))
        self._epochs_time += sgd_time(float(rates.mean(dtype=np.float64)), record.pairs, options.tied)
        self.add(self._epochs_time, model, record.epoch)

    def add(self, time: float, run: Any, step: float | None = None) -> None:
        """Note vectors at a time of the flow; `run` as for `align`. Without a step, checkpoints are counted."""
        factors = _factors(self.spectrum, run)
        self._tied = len(factors) == 1
        modes = min(factors[0].shape[1], len(self.spectrum))
        v = self._vectors[:, :modes]
        along = [x.T @ v for x in factors]
        lengths = np.sqrt(np.abs(np.einsum("ij,ij->j", along[0], along[-1])))
        directions, s = _directions(factors)
        top = min(self.top, modes)
        overlap = float(np.square(v[:, :top].T @ directions[:, :top]).sum() / top)
        at = float(len(self._rows) if step is None else step)
        self._rows.append((at, float(time), s, lengths, overlap, self._loss(factors)))

    def course(self) -> Course:
        """Return what was measured; ValueError if nothing was."""
        if not self._rows:
            raise ValueError("nothing was recorded: was the recorder passed to the trainer?")
        steps, times, singular, modes, overlap, losses = zip(*self._rows, strict=True)
        return Course(
            steps=np.array(steps),
            times=np.array(times),
            singular_values=np.array(singular),
            modes=np.array(modes),
            overlap=np.array(overlap),
            losses=np.array(losses),
            top=min(self.top, len(modes[0])),
            tied=self._tied,
        )

    def _loss(self, factors: Factors) -> float:
        if self.target is None:
            return float("nan")
        w, c = factors[0], factors[-1]
        return float(0.25 * np.vdot(w.T @ w, c.T @ c) - 0.5 * np.vdot(w, self.target @ c))


def _directions(factors: Factors) -> tuple[Array, Array]:
    """Return the left singular directions of W, or of W C^T, and singular values of W, or roots of those of W C^T."""
    q, r = np.linalg.qr(factors[0])
    if len(factors) == 1:
        left, s, _ = np.linalg.svd(r)
        return q @ left, s
    _, other = np.linalg.qr(factors[1])
    left, s, _ = np.linalg.svd(r @ other.T)
    return q @ left, np.sqrt(s)


def _factors(spectrum: Spectrum, run: Any) -> Factors:
    """Return the factors of a run in the coordinates of the eigenproblem, float64."""
    n = len(spectrum.eigenvectors)
    if hasattr(run, "input_vectors"):
        _check_words(spectrum, getattr(run, "vocab", None))
        output = getattr(run, "output_vectors", None)
        sides: Sequence[Any] = (run.input_vectors,) if output is None else (run.input_vectors, output)
        if getattr(run, "gamma", None) is None:  # vectors of words; with a gamma they hold the weights already
            sides = [spectrum.gamma[:, None] * side if len(side) == n else side for side in sides]
    else:
        sides = run if isinstance(run, tuple | list) else (run,)
    factors = tuple(np.asarray(side, np.float64) for side in sides)
    if not 1 <= len(factors) <= 2:
        raise ValueError(f"run must be one matrix or two, got {len(factors)}")
    for x in factors:
        if x.ndim != 2 or len(x) != n or not x.shape[1] or x.shape != factors[0].shape:
            raise ValueError(f"run must have the {n} words of the spectrum, one row each, got shape {x.shape}")
        if not np.isfinite(x).all():
            raise ValueError("run must hold finite vectors")
    return factors


def _check_words(spectrum: Spectrum, vocab: Any) -> None:
    if spectrum.vocab is None or vocab is None:
        return
    if list(vocab.words) != list(spectrum.vocab.words):
        n = len(spectrum.vocab)
        raise ValueError(f"run must have the {n} words of the spectrum in the same order, got others ({len(vocab)})")
