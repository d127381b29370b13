"""Stochastic gradient descent in the setting of the theory: all pairs of words weigh the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ..checks import check_integer, check_real
from ..errors import DivergedError, TrainingInterrupted
from ..progress import Progress, track
from ..spectral.target import Target

if TYPE_CHECKING:
    from ..text.vocab import Vocab

__all__ = ["PairSampler", "SampledResult", "train_sampled"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class SampledResult:
    """What a run of `train_sampled` has reached.

    Attributes
    ----------
    input_vectors : array, shape (V, d)
    output_vectors : None
        Both words of a pair share their vectors.
    times : float64 array, shape (steps + 1,)
        The time of the flow at the start and after every step.
    vocab : Vocab
    """

    input_vectors: Array
    output_vectors: None
    times: Array
    vocab: Vocab


class PairSampler:
    """Draws labelled pairs: uniform over all V^2, a positive with the probability ``(M_ij + 2) / 4``.

    That is the share of Psi+ P_ij in ``G_ij = Psi+ P_ij + Psi- P_i P_j``. So a positive pair comes up in proportion to
    Psi+ P_ij, a negative one to Psi- P_i P_j, as in word2vec, and all count once: weights are realised by how often a
    pair is drawn.

    Parameters
    ----------
    target : Target
        Of kind "qwem", without weights.
    seed : int
    """

    def __init__(self, target: Target, seed: int) -> None:
        if not isinstance(target, Target):
            raise TypeError(f"target must be a Target, got {type(target).__name__}")
        if target.options["kind"] != "qwem" or target.options["weight_exponent"] != 0:
            raise ValueError(f"target must be of kind 'qwem' and without weights, got {target.options}")
        matrix = target.counts.matrix
        self.n_words = matrix.shape[0]
        row = np.repeat(np.arange(self.n_words, dtype=np.int64), np.diff(matrix.indptr))
        self._codes = row * self.n_words + matrix.indices
        self._values = target.values()
        self._base = target.unseen
        self._seen = target.gamma > 0
        self._rng = np.random.default_rng(check_integer("seed", seed, 0))

    def draw(self, n: int) -> tuple[Array, Array, Array]:
        """Return rows, columns (int64) and labels (+1 or -1, float64) of n pairs, sorted by row, each shape (n,)."""
        codes = np.sort(self._rng.integers(0, self.n_words**2, n))
        row, column = np.divmod(codes, self.n_words)
        value = np.where(self._seen[row] & self._seen[column], self._base, 0.0)
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        value += np.where(self._codes[at] == codes, self._values[at], 0.0)
        labels = np.where(self._rng.random(n) < (value + 2.0) / 4.0, 1.0, -1.0)
        return row, column, labels

    def gradient(self, w: Array, n: int) -> Array:
        """Return an estimate, without bias, of ``(W W^T - M) W`` from n pairs, of the dtype of W.

        The loss of a pair is ``-x + x^2/4`` for a positive, ``x + x^2/4`` for a negative, so that both its words are
        pulled by ``(x - 2 label) / 2``.
        """
        row, column, labels = self.draw(n)
        scores = np.einsum("ij,ij->i", w[row], w[column])
        slope = ((scores - 2.0 * labels) * (self.n_words**2 / (2.0 * n))).astype(w.dtype)
        starts = np.searchsorted(row, np.arange(self.n_words + 1))
        slopes = sp.csr_array((slope, column, starts), shape=(self.n_words, self.n_words))
        return np.asarray(slopes @ w + slopes.T @ w)


def train_sampled(
    target: Target,
    vector_size: int = 32,
    *,
    step: float | Sequence[float] | Array,
    max_steps: int,
    batch: int = 100_000,
    init_scale: float = 1e-2,
    init: Any = None,
    seed: int = 0,
    dtype: Any = np.float32,
    record: Callable[..., object] | None = None,
    record_every: int = 1,
    progress: Progress = None,
) -> SampledResult:
    """Learn tied vectors by stochastic gradient descent on sampled pairs, all of the same weight.

    Parameters
    ----------
    target : Target
        Of kind "qwem", without weights: it tells how often a pair is a positive, see `PairSampler`.
    vector_size : int
        d; `init`, if given, decides instead.
    step : float or sequence of floats
        Time dt of the flow per step, or that of every step.
    max_steps : int
    batch : int
        Pairs per step.
    init_scale : float
        Standard deviation of the entries at the start.
    init : array (V, d), optional
        Where to start instead. Copied.
    seed : int
        Of start and pairs.
    dtype : float32 or float64
    record : callable, optional
        Called with (step, time, W) at the start, every `record_every` steps and at the end.
    record_every : int
    progress : bool, callable or None
        See `fastqwem.progress.Progress`; counts steps. Ctrl-C raises TrainingInterrupted with what there is.

    Returns
    -------
    SampledResult

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    fastqwem.errors.DivergedError
        If numbers are no longer finite.

    Notes
    -----
    `fastqwem.train` samples with word2vec's weights, for which theory has no curves beyond early growth; this samples
    the paper's Setting 3.1. The paper's code draws pairs as text does and weighs each by ``1 / G_ij``, which is huge
    where both words are rare: on 17 M words with V = 10,000 its noise has 26 times our variance for as many pairs (the
    mean of ``1 / G`` over V^2). Here the weights are in the sampling: the expectation is the same, the gradient of
    `Target.loss`, but no pair counts more than another. Memory: 8 bytes per nonzero of the counts. Cost per step: about
    ``8 batch d`` flops and as many random reads.
    """
    sampler = PairSampler(target, seed)
    check_integer("max_steps", max_steps, 0)
    check_integer("batch", batch, 1)
    check_integer("record_every", record_every, 1)
    w = _start(init, sampler.n_words, vector_size, init_scale, seed, dtype)
    times = [0.0]
    if record is not None:
        record(0, 0.0, w)
    with track(progress, "descending", unit="step") as tick, np.errstate(over="ignore", invalid="ignore"):
        try:
            for done, size in enumerate(itertools.islice(_sizes(step), max_steps), 1):
                w = w - (0.5 * size) * sampler.gradient(w, batch)
                if not np.isfinite(w).all():
                    raise DivergedError(
                        f"vectors are not finite after step {done} of size {size:g}: take a smaller step", done, size
                    )
                times.append(times[-1] + size)
                if record is not None and (done % record_every == 0 or done == max_steps):
                    record(done, times[-1], w)
                if tick is not None:
                    tick(done, max_steps)
        except KeyboardInterrupt:
            result = SampledResult(w, None, np.array(times), target.vocab)
            raise TrainingInterrupted("interrupted; what there is, is the exception's model", result) from None
    return SampledResult(w, None, np.array(times), target.vocab)


def _sizes(step: Any) -> Iterator[float]:
    """Return the sizes of the steps."""
    if np.ndim(step) == 0:
        return itertools.repeat(check_real("step", step, 0, open_minimum=True))
    return iter([check_real("step", float(size), 0, open_minimum=True) for size in step])


def _start(init: Any, n_words: int, d: int, scale: float, seed: int, dtype: Any) -> Array:
    """Return the vectors to start from, a new array."""
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {kind}")
    if init is None:
        check_integer("vector_size", d, 1)
        rng = np.random.default_rng([seed, 1])  # not the numbers that pairs are drawn with
        return np.asarray((check_real("init_scale", scale, 0) * rng.standard_normal((n_words, d))).astype(kind))
    w = np.array(init, dtype=kind, order="C")
    if w.ndim != 2 or w.shape[0] != n_words or not w.shape[1] or not np.isfinite(w).all():
        raise ValueError(f"init must be a finite array of shape ({n_words}, d), got {w.shape}")
    return w
