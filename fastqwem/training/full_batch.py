"""Training without samples: descent on the exact objectives of QWEM and SGNS, from counts or a target alone."""

from __future__ import annotations

import itertools
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.linalg import aslinearoperator, eigsh

from ..checks import check_choice, check_integer, check_real, parse_memory
from ..counts.cooccurrence import Cooccurrence
from ..counts.pair_weights import PairWeights
from ..errors import DivergedError, TrainingInterrupted
from ..numeric import inverse_or_zero
from ..progress import Progress, track
from .descent import accelerated_steps, gradient_norm, gradient_steps
from .objectives import Objective, Point, QwemObjective, SgnsObjective, TargetObjective

if TYPE_CHECKING:
    from ..text.vocab import Vocab
    from ..vectors.word_vectors import WordVectors

__all__ = ["FullBatchResult", "train_full_batch"]

Array = np.ndarray[Any, np.dtype[Any]]
Factors = tuple[Array, ...]
_LOG = logging.getLogger(__name__)

DEFAULT_STEP = 0.4
"""Size of a step of plain descent with word2vec's weights: on text 0.8 still fell at every step, 1.6 did not."""


@dataclass(frozen=True)
class FullBatchResult:
    """What a descent has reached.

    Attributes
    ----------
    input_vectors : array, shape (V, d)
    output_vectors : array, shape (V, d), or None
        None if tied.
    losses, gradient_norms : float64 arrays, shape (steps + 1,)
        At the start and after every step. A row of the gradient counts with one over the weight of its word.
    times : float64 array, shape (steps + 1,)
        Sum of the steps so far: the time of the flow for "gd", the number of steps for "accelerated".
    seconds : float64 array, shape (steps + 1,)
        On the clock, since the start.
    converged : bool
        The gradient norm has fallen to `tol` times the largest there was.
    vocab : Vocab or None
    gamma : float64 array, shape (V,), or None
        Square roots of the weights of a weighted `Target`, which the factors include.
    """

    input_vectors: Array
    output_vectors: Array | None
    losses: Array
    gradient_norms: Array
    times: Array
    seconds: Array
    converged: bool
    vocab: Vocab | None = None
    gamma: Array | None = None

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        return len(self.losses) - 1

    @property
    def loss(self) -> float:
        """The last loss."""
        return float(self.losses[-1])

    @property
    def vectors(self) -> WordVectors:
        """The words with their input vectors, without the weights of a weighted target.

        Raises
        ------
        ValueError
            If the target was a plain matrix without vocabulary.
        """
        from ..vectors.word_vectors import WordVectors

        if self.vocab is None:
            raise ValueError("this result has no vocabulary: the target was a plain matrix; use input_vectors")
        rows = self.input_vectors
        if self.gamma is not None:
            rows = rows * inverse_or_zero(self.gamma)[:, None]
        return WordVectors(self.vocab, rows)

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        n, d = self.input_vectors.shape
        return f"<FullBatchResult of {n} words, d={d}: loss {self.loss:.6g} after {self.steps} steps, {state}>"


def train_full_batch(
    counts_or_target: Any,
    vector_size: int = 100,
    objective: str = "qwem",
    *,
    tied: bool = False,
    method: str = "accelerated",
    step: float | Sequence[float] | Array | None = None,
    max_steps: int = 1000,
    tol: float = 1e-4,
    negative: float = 5,
    ns_exponent: float = 0.75,
    sample: float = 1e-3,
    init_scale: float = 0.1,
    init: Any = None,
    seed: int = 0,
    dtype: Any = np.float64,
    memory: int | str = "32MB",
    workers: int = 0,
    record: Callable[..., object] | None = None,
    progress: Progress = None,
) -> FullBatchResult:
    """Minimise the exact QWEM or SGNS objective of all pairs of words.

    Parameters
    ----------
    counts_or_target : Cooccurrence or Target
        Counts: word2vec's own weights, see `fastqwem.counts.pair_weights.PairWeights`. A target, or any matrix or
        linear operator of shape (V, V): the paper's setting, where all pairs weigh the same and the loss is
        ``1/4 (|W C^T - M|_F^2 - |M|_F^2)``.
    vector_size : int
        d; `init`, if given, decides instead.
    objective : {"qwem", "sgns"}
        A target has only "qwem".
    tied : bool
        Both words of a pair share their vectors, C = W; asymmetric weights are then made symmetric.
    method : {"accelerated", "gd"}
        Preconditioned L-BFGS, or plain steps of the flow ``dW/dt = 1/2 (M - W C^T) C``, the same for C. With counts the
        rows of the flow are divided by the weights of their words, or frequent words would set the pace of all.
    step : float or sequence of floats, optional
        Only for "gd": time dt per step, or that of every step. By default 0.4 with counts, and with a target half of
        one over its largest eigenvalue; from two over it on, steps do not converge.
    max_steps : int
        Steps at most; a sequence of steps may end sooner.
    tol : float
        Stop when the gradient norm is at most this share of the largest so far; 0: never. From a vanishing start
        the loss rests on plateaus where the gradient is small, so theory wants 0.
    negative, ns_exponent, sample
        word2vec's; only with counts.
    init_scale : float
        Standard deviation of the entries at the start.
    init : array (V, d), or two of them, optional
        Where to start instead; two if not tied. Copied.
    seed : int
    dtype : float64 or float32
        Of the factors and the products; sums that decide anything are float64.
    memory : int or str
        For blocks of rows of all pairs, at least one row; only for "sgns". More than a cache holds is slower.
    workers : int
        Threads of the passes over counts; 0 means all cores. Results do not depend on it.
    record : callable, optional
        Called with (step, time, W), or (step, time, W, C), at the start and after every step. Arrays are not reused.
    progress : bool, callable or None
        See `fastqwem.progress.Progress`; counts steps. Ctrl-C raises TrainingInterrupted, whose `model` is what
        there is.

    Returns
    -------
    FullBatchResult

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or does not fit the others.
    fastqwem.errors.DivergedError
        If the loss is no longer finite: `step` is too large. Its `epoch` is the step and its `model` the last sound
        result.

    Notes
    -----
    Cost of a step, "qwem": ``4 nnz d`` flops per factor and ``8 V d^2``; with a target ``2 nnz d``. "sgns" has no
    sparse form: ``6 V^2 d`` flops and V^2 exponentials, 6 to 13 s on one core for 10,000 words and d = 100: it is meant
    for no more. Vectors of zero have loss zero with "qwem", ``(1 + negative) log 2`` with "sgns". Source: Karkada et
    al. 2025 (arXiv 2502.09863), Theorem 1 and Proposition 2.

    Examples
    --------
    >>> result = train_full_batch(counts, vector_size=100)  # doctest: +SKIP
    >>> result.vectors.most_similar("king")  # doctest: +SKIP
    """
    check_choice("objective", objective, ("qwem", "sgns"))
    check_choice("method", method, ("accelerated", "gd"))
    check_integer("max_steps", max_steps, 0)
    check_real("tol", tol, 0)
    if method != "gd" and step is not None:
        raise ValueError("step must be None for method 'accelerated', which finds its own")
    if isinstance(counts_or_target, Cooccurrence):
        weights = PairWeights(counts_or_target, negative, ns_exponent, sample, workers)
        budget = parse_memory(memory) or 1 << 62
        problem: Objective = (
            QwemObjective(weights, tied) if objective == "qwem" else SgnsObjective(weights, tied, budget)
        )
        n_words = len(counts_or_target.vocab)
    else:
        n_words = _order(counts_or_target, objective)
        problem = TargetObjective(counts_or_target, tied)
    start = _start(init, n_words, vector_size, tied, init_scale, seed, dtype)
    run = _Run(problem, counts_or_target, record)
    sizes = _sizes(step, counts_or_target, tied) if method == "gd" else None
    with track(progress, "descending", unit="step") as tick, np.errstate(over="ignore", invalid="ignore"):
        try:
            point = problem.at(start)
            steps = accelerated_steps(problem, point) if sizes is None else gradient_steps(problem, point, sizes)
            run.take(point, 0.0)
            run.follow(itertools.islice(steps, max_steps), tol, lambda done: tick(done, max_steps) if tick else None)
        except KeyboardInterrupt:
            result = run.result() if run.begun else None
            raise TrainingInterrupted("interrupted; what there is, is the exception's model", result) from None
    result = run.result()
    _LOG.info("%r", result)
    return result


class _Run:
    """The course of a descent: everything that its result tells."""

    def __init__(self, problem: Objective, source: Any, record: Callable[..., object] | None) -> None:
        self._problem, self._source, self._record = problem, source, record
        self._began = time.perf_counter()
        self._rows: list[tuple[float, float, float, float]] = []
        self._point: Point | None = None
        self._largest = 0.0
        self._converged = False

    def follow(self, steps: Iterable[tuple[Point, float]], tol: float, tick: Callable[[int], object]) -> None:
        """Take steps until the gradient is small."""
        self._converged = self._largest == 0
        if self._converged:
            return
        for point, size in steps:
            self.take(point, size)
            tick(len(self._rows) - 1)
            if self._rows[-1][1] <= tol * self._largest:
                self._converged = True
                return

    def take(self, point: Point, size: float) -> None:
        """Note a point; DivergedError if its loss is not finite."""
        norm = gradient_norm(self._problem, point)
        if not (math.isfinite(point.loss) and math.isfinite(norm)):
            if not self._rows:
                raise ValueError("loss at the start must be finite: init or the target hold values too large")
            raise DivergedError(
                f"the loss is not finite after step {len(self._rows)} of size {size:g}: take a smaller step",
                epoch=len(self._rows),
                alpha=size,
                model=self.result(),
            )
        now = self._rows[-1][2] + size if self._rows else 0.0
        self._rows.append((point.loss, norm, now, time.perf_counter() - self._began))
        self._point = point
        self._largest = max(self._largest, norm)
        if self._record is not None:
            self._record(len(self._rows) - 1, now, *point.factors)

    @property
    def begun(self) -> bool:
        """Whether the start has been noted, so that there is a result."""
        return self._point is not None

    def result(self) -> FullBatchResult:
        """Return what there is."""
        if self._point is None:
            raise RuntimeError("nothing has been taken yet")
        losses, norms, times, seconds = np.array(self._rows).T
        factors = self._point.factors
        return FullBatchResult(
            factors[0],
            factors[1] if len(factors) > 1 else None,
            losses,
            norms,
            times,
            seconds,
            self._converged,
            getattr(self._source, "vocab", None),
            getattr(self._source, "gamma", None),
        )


def _order(target: Any, objective: str) -> int:
    """Return the order V of a target."""
    if objective != "qwem":
        raise ValueError(f"objective must be 'qwem' for a target, got {objective!r}: it needs the weights of counts")
    shape = getattr(target, "shape", None)
    if not isinstance(shape, tuple) or not hasattr(target, "__matmul__"):
        raise TypeError(f"counts_or_target must be a Cooccurrence or a Target, got {type(target).__name__}")
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"counts_or_target must be a square matrix with rows, got shape {shape}")
    return int(shape[0])


def _start(init: Any, n_words: int, d: int, tied: bool, scale: float, seed: int, dtype: Any) -> Factors:
    """Return the factors to start from, new C-contiguous arrays."""
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {kind}")
    number = 1 if tied else 2
    if init is None:
        check_integer("vector_size", d, 1)
        check_real("init_scale", scale, 0)
        rng = np.random.default_rng(check_integer("seed", seed, 0))
        return tuple((scale * rng.standard_normal((n_words, d))).astype(kind) for _ in range(number))
    given = (init,) if tied and not isinstance(init, tuple) else init
    if not isinstance(given, tuple) or len(given) != number:
        raise ValueError(f"init must be {'one array' if tied else 'a tuple of two arrays'} for tied={tied}")
    factors = tuple(np.array(x, dtype=kind, order="C") for x in given)
    for x in factors:
        if x.ndim != 2 or x.shape[0] != n_words or x.shape[1] == 0 or x.shape != factors[0].shape:
            raise ValueError(f"init must have shape ({n_words}, d), got {x.shape}")
    return factors


def _sizes(step: Any, source: Any, tied: bool) -> Iterator[float]:
    """Return the sizes of the steps of plain descent."""
    if step is None:
        return itertools.repeat(
            DEFAULT_STEP if isinstance(source, Cooccurrence) else 0.5 / _largest_eigenvalue(source, tied)
        )
    if np.ndim(step) == 0:
        return itertools.repeat(check_real("step", step, 0, open_minimum=True))
    return iter([check_real("step", float(size), 0, open_minimum=True) for size in step])


def _largest_eigenvalue(target: Any, tied: bool) -> float:
    """Return about the largest eigenvalue, or singular value where factors are not tied; one if there is none."""
    operator = aslinearoperator(target)
    n = operator.shape[0]
    if n < 10:
        dense = operator @ np.eye(n)
        value = float(np.linalg.eigvalsh(dense)[-1] if tied else np.linalg.norm(dense, 2))
    elif tied:
        value = float(eigsh(operator, 1, which="LA", tol=1e-2, v0=np.ones(n), return_eigenvectors=False)[0])
    else:
        square = operator.T @ operator
        value = math.sqrt(eigsh(square, 1, which="LA", tol=1e-2, v0=np.ones(n), return_eigenvectors=False)[0])
    return value if value > 0 else 1.0
