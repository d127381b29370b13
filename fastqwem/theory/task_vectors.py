"""Analogies as geometry: the differences of word pairs of one family, what they share, and how much of it is noise."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer
from ..spectral.growth import checked_times
from ..spectral.spectrum import Spectrum
from ..vectors.evaluate import read_analogies
from ..vectors.word_vectors import WordVectors

__all__ = [
    "SpikeFit", "TaskCurve", "TaskVectors", "read_families", "spike_fit", "task_curve", "task_vectors",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Pairs = Sequence[tuple[str, str]]


def read_families(path: str | os.PathLike[str]) -> dict[str, list[tuple[str, str]]]:
    """Read the distinct word pairs of each section of a file of analogy questions, in lower case.

    Raises
    ------
    FormatError, OSError
        If it is no such file, or cannot be read.
    """
    sections = read_analogies(path)
    return {
        name: list(dict.fromkeys(pair for a, b, c, d in quads for pair in ((a, b), (c, d))))
        for name, quads in sections.items()
    }


@dataclass(frozen=True)
class TaskVectors:
    """The differences ``r_n = w_b - w_a`` of one family of pairs, not scaled.

    Attributes
    ----------
    name : str
    pairs : list of (str, str)
        Those whose two words are known.
    asked : int
        Pairs of the family.
    matrix : float64 array, shape (N, d)
        R. Its columns are features, the strongest first, if those of the vectors are.
    """

    name: str
    pairs: list[tuple[str, str]]
    asked: int
    matrix: Array

    def prefix(self, vector_size: int) -> TaskVectors:
        """Return the task vectors of a smaller model: the first columns."""
        d = check_integer("vector_size", vector_size, 1, self.matrix.shape[1])
        return TaskVectors(self.name, self.pairs, self.asked, self.matrix[:, :d])

    @property
    def mean(self) -> Array:
        """The mean task vector, float64 (d,)."""
        return np.asarray(self.matrix.mean(axis=0))

    @property
    def eigenvalues(self) -> Array:
        """Of ``R R^T / d``, float64 (N,), descending."""
        return np.asarray(np.linalg.eigvalsh(self._gram())[::-1])

    @property
    def snr(self) -> float:
        """Signal to noise: ``lambda_max(G) rank(G) / tr G`` of ``G = R R^T``, at least 1; NaN if all are zero."""
        values = self.eigenvalues
        rank = int((values > values[0] * len(values) * np.finfo(np.float64).eps).sum())
        return float(values[0] * rank / values.sum()) if values[0] > 0 else float("nan")

    @property
    def shares(self) -> Array:
        """Share of each feature in the mean task vector, ``mean_k^2 / |mean|^2``, float64 (d,); NaN if that is 0."""
        squares = np.square(self.mean)
        total = squares.sum()
        return np.asarray(squares / total) if total > 0 else np.full(squares.shape, np.nan)

    @property
    def participation(self) -> float:
        """Inverse participation ratio ``sum p_k^2``: 1 if one feature makes the mean task vector, 1 / d if all do."""
        return float(np.square(self.shares).sum())

    @property
    def ones_ratio(self) -> float:
        """``1^T G 1 / (N lambda_max(G))``: 1 if the strongest direction is the mean task vector; NaN if all are 0."""
        return _ones_ratio(self.matrix)

    def _gram(self) -> Array:
        return np.asarray(self.matrix @ self.matrix.T / self.matrix.shape[1])


def task_vectors(source: WordVectors | Spectrum, pairs: Pairs, name: str = "") -> TaskVectors:
    """Take the differences of the pairs that a vocabulary covers.

    Parameters
    ----------
    source : WordVectors or Spectrum
        A Spectrum stands for its vectors at the end of training, whose columns are the features.
    pairs : sequence of (str, str)

    Raises
    ------
    ValueError
        If fewer than two pairs are covered.
    """
    vectors = source.vectors() if isinstance(source, Spectrum) else source
    rows, known = _covered(vectors, pairs, name)
    wide = vectors.vectors.astype(np.float64)
    return TaskVectors(name, known, len(pairs), wide[rows[:, 1]] - wide[rows[:, 0]])


# --- bulk and spike --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpikeFit:
    """Task vectors as one common vector plus independent noise.

    Attributes
    ----------
    sigma2 : float
        Variance of an entry of the noise.
    gamma : float
        N / d_eff, the shape of the Marchenko-Pastur law of the noise.
    d_eff : float
        Dimensions that the noise fills: those of isotropic noise with this spread of eigenvalues. Infinite if the
        eigenvalues do not spread at all.
    lower, upper : float
        Edges of the bulk.
    outlier : float
        The largest eigenvalue of ``R R^T / d``.
    bulk : float64 array, shape (N - 1,)
        Eigenvalues of ``R R^T / d`` with the mean task vector taken out, descending.
    ones_ratio : float
        See `TaskVectors.ones_ratio`.
    """

    sigma2: float
    gamma: float
    d_eff: float
    lower: float
    upper: float
    outlier: float
    bulk: Array
    ones_ratio: float

    def density(self, x: npt.ArrayLike) -> Array:
        """Return the Marchenko-Pastur density at x, 0 outside of the bulk; for gamma above 1 its continuous part."""
        at = np.asarray(x, np.float64)
        inside = (at > self.lower) & (at < self.upper)
        result = np.zeros(at.shape)
        y = at[inside]
        result[inside] = np.sqrt((self.upper - y) * (y - self.lower)) / (2 * np.pi * self.sigma2 * self.gamma * y)
        return result


def spike_fit(r: npt.ArrayLike) -> SpikeFit:
    """Fit the eigenvalues of ``R R^T / d`` by a Marchenko-Pastur bulk and one spike, with nothing tuned by hand.

    Parameters
    ----------
    r : array, shape (N, d)
        Task vectors, at least three.

    Raises
    ------
    ValueError
        If there are fewer than three rows, or all are the same.

    Notes
    -----
    By moments of the N - 1 eigenvalues that are left without the mean row: the law of variance sigma^2 and shape gamma
    has the mean sigma^2 and the variance ``gamma sigma^4``, so ``gamma = var / mean^2`` and ``d_eff = N / gamma`` (not
    N - 1: the variance of finitely many eigenvalues is larger by about that). On rows of independent normal numbers
    with a common mean d_eff is d within a few per cent; estimates from the edge of the bulk are a quarter to a half too
    high, which Karkada et al. 2025 (A.6) correct by hand.
    """
    rows = np.asarray(r, np.float64)
    if rows.ndim != 2 or len(rows) < 3 or not rows.shape[1] or not np.isfinite(rows).all():
        raise ValueError(f"r must be a finite matrix (N, d) of at least three task vectors, got shape {rows.shape}")
    n, d = rows.shape
    centred = rows - rows.mean(axis=0)
    bulk = np.linalg.eigvalsh(centred @ centred.T / d)[::-1][: n - 1]
    bulk = np.maximum(bulk, 0.0)
    sigma2 = float(bulk.mean())
    if sigma2 <= 0:
        raise ValueError("r must hold task vectors that differ, all are the same")
    gamma = float(bulk.var() / sigma2**2)
    root = np.sqrt(gamma)
    return SpikeFit(
        sigma2=sigma2,
        gamma=gamma,
        d_eff=float(n / gamma) if gamma > 0 else float("inf"),
        lower=float(sigma2 * (1 - root) ** 2) if gamma < 1 else 0.0,
        upper=float(sigma2 * (1 + root) ** 2),
        outlier=float(np.linalg.eigvalsh(rows @ rows.T / d)[-1]),
        bulk=bulk,
        ones_ratio=_ones_ratio(rows),
    )


def _ones_ratio(rows: Array) -> float:
    gram = rows @ rows.T
    largest = float(np.linalg.eigvalsh(gram)[-1])
    return float(gram.sum() / (len(rows) * largest)) if largest > 0 else float("nan")


# --- as vectors grow -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TaskCurve:
    """A family of analogies as dimensions are added, or as training goes on; all arrays have one entry per point.

    Attributes
    ----------
    name : str
    sizes : int64 array
    times : float64 array, or None
    snr, participation, d_eff : float64 arrays
        Of the task vectors, see `TaskVectors` and `spike_fit`; d_eff is NaN for two pairs.
    accuracy : float64 array
        Share of the questions "a is to b as c is to ...", all ordered pairs of pairs, whose nearest word is the answer.
    cosine : float64 array
        Mean cosine between ``c + b - a`` of unit vectors and the answer.
    cosine_ratio : float64 array
        Mean of that cosine over the largest between the answer and any other word but a, b, c: near 1 and above, the
        answer is found however small the cosine itself has become.
    n_pairs, asked : int
    """

    name: str
    sizes: Array
    times: Array | None
    snr: Array
    participation: Array
    accuracy: Array
    cosine: Array
    cosine_ratio: Array
    d_eff: Array
    n_pairs: int
    asked: int


def task_curve(
    source: WordVectors | Spectrum,
    pairs: Pairs,
    *,
    sizes: Sequence[int] | None = None,
    times: npt.ArrayLike | None = None,
    init: Any = 1e-6,
    name: str = "",
) -> TaskCurve:
    """Follow a family of analogies over vector sizes, or over the time of training.

    Parameters
    ----------
    source : Spectrum or WordVectors
        Vectors whose columns are features, the strongest first, such as `Spectrum.vectors` makes; a smaller model is
        then their first columns.
    pairs : sequence of (str, str)
    sizes : sequence of int, optional
        By default powers of the square root of two from 4 to the largest size.
    times : array, optional
        Instead of sizes, only with a Spectrum: all dimensions at these times of training.
    init : float or array (d,)
        With times, see `Spectrum.matrix`.

    Raises
    ------
    ValueError
        If fewer than two pairs are covered, or an argument is out of range.

    Notes
    -----
    Cost with N pairs: ``4 V N d`` flops for all sizes, or for each time; and ``V N^2`` per point. Source: Figures 4 and
    8 of Karkada et al. 2025.
    """
    vectors = source.vectors() if isinstance(source, Spectrum) else source
    rows, known = _covered(vectors, pairs, name)
    distinct, local = np.unique(rows, return_inverse=True)
    full = vectors.vector_size
    if times is None:
        at = _sizes(full) if sizes is None else np.array([check_integer("sizes", d, 1, full) for d in sizes], np.int64)
        tables = _prefix_tables(vectors.vectors, distinct, at)
    else:
        if not isinstance(source, Spectrum) or sizes is not None:
            raise ValueError("times must come with a Spectrum as source, and without sizes")
        moments = np.atleast_1d(checked_times(times))
        at = np.full(len(moments), full)
        matrices = (source.matrix(full, float(time), init) for time in moments)
        tables = (table for w in matrices for table in _prefix_tables(w, distinct, at[:1]))
    points = np.array([_point(named, table, distinct, local.reshape(rows.shape)) for named, table in tables])
    points = points.reshape(len(at), 6)
    snr, participation, accuracy, cosine, ratio, d_eff = points.T
    return TaskCurve(
        name=name,
        sizes=at,
        times=None if times is None else moments,
        snr=snr,
        participation=participation,
        accuracy=accuracy,
        cosine=cosine,
        cosine_ratio=ratio,
        d_eff=d_eff,
        n_pairs=len(known),
        asked=len(pairs),
    )


def _sizes(largest: int) -> Array:
    """Return 4, 5, 8, 11, 16, ... up to the largest."""
    steps = np.arange(4, 2 * np.log2(max(largest, 4)) + 1e-9)
    powers = np.floor(2.0 ** (steps / 2) + 1e-9).astype(np.int64)
    return np.unique(np.append(powers[powers <= largest], largest))


def _prefix_tables(w: Array, named: Array, sizes: Array) -> Iterator[tuple[Array, Array]]:
    """Yield, per size, the named rows in float64 and their cosines with all rows in float32, shape (named, V).

    A larger size adds the products of its further columns to those of the smaller.
    """
    largest = float(np.abs(w).max(initial=0.0))
    inner = np.zeros((len(named), len(w)), np.float32)
    squares = np.zeros(len(w))
    begin = 0
    order = np.argsort(sizes, kind="stable")
    done: dict[int, Array] = {}
    for d in sizes[order]:
        # early in training entries are tiny, and their squares would vanish
        part = w[:, begin:d].astype(np.float32, copy=False) / np.float32(largest if largest > 0 else 1.0)
        inner += part[named] @ part.T
        squares += np.einsum("ij,ij->i", part, part, dtype=np.float64)
        begin = int(d)
        lengths = np.sqrt(squares)
        inverse = np.where(lengths > 0, 1.0 / np.where(lengths > 0, lengths, 1.0), 0.0).astype(np.float32)
        done[int(d)] = inner * inverse[named, None] * inverse
    for d in sizes:
        yield w[named, :d].astype(np.float64) / (largest if largest > 0 else 1.0), done[int(d)]


def _point(named: Array, cosines: Array, distinct: Array, local: Array) -> tuple[float, ...]:
    """Return snr, participation, accuracy, cosine, ratio and d_eff at one point."""
    family = TaskVectors("", [], 0, named[local[:, 1]] - named[local[:, 0]])
    fits = len(local) > 2 and np.ptp(family.matrix, axis=0).max() > 0
    d_eff = spike_fit(family.matrix).d_eff if fits else float("nan")
    return (family.snr, family.participation, *_answers(cosines, distinct, local), d_eff)


def _answers(cosines: Array, distinct: Array, local: Array) -> tuple[float, float, float]:
    """Return accuracy, mean cosine of the answers, and its mean ratio to their nearest other word.

    Parameters
    ----------
    cosines : float32 array, shape (m, V)
        Of the m words that questions name with all.
    distinct : int64 array, shape (m,)
        The rows of these words.
    local : int64 array, shape (N, 2)
        The pairs (a, b), as indices of `distinct`.

    Notes
    -----
    Questions are all ordered pairs of pairs, but those whose answer is one of the question's own words, which no method
    that leaves these out can answer.
    """
    among = cosines[:, distinct].astype(np.float64)
    neighbours = _nearest(cosines, 5)  # one of them at least is none of a, b, c and the word itself
    right, reach, ratio = [], [], []
    for pair, (a, b) in enumerate(local):
        c, x = local[(np.arange(len(local)) != pair) & ~np.isin(local[:, 1], [a, b]) & (local[:, 0] != local[:, 1])].T
        if not len(c):
            continue
        each = np.arange(len(c))
        scores = cosines[c] + (cosines[b] - cosines[a])
        # |c + b - a|^2 of unit vectors, with zero vectors contributing nothing
        square = among[a, a] + among[b, b] + among[c, c] + 2 * (among[c, b] - among[c, a] - among[a, b])
        length = np.sqrt(np.maximum(square, 0.0))
        reached = scores[each, distinct[x]] / np.where(length > 1e-6, length, np.inf)
        scores[:, distinct[[a, b]]] = -np.inf
        scores[each, distinct[c]] = -np.inf
        right.append(scores.argmax(axis=1) == distinct[x])
        near = neighbours[x]
        own = np.stack([np.full(len(c), distinct[a]), np.full(len(c), distinct[b]), distinct[c], distinct[x]])
        left = ~(near[None] == own[:, :, None]).any(axis=0)
        second = np.where(left, cosines[x[:, None], near], -np.inf).max(axis=1)
        sound = np.isfinite(second) & (second > 0)
        reach.append(reached)
        ratio.append(reached[sound] / second[sound])
    return _mean(right), _mean(reach), _mean(ratio)


def _nearest(cosines: Array, n: int) -> Array:
    """Return the columns of the n largest entries of each row, int64 (m, min(n, V)), in no order."""
    n = min(n, cosines.shape[1])
    return np.argpartition(cosines, cosines.shape[1] - n, axis=1)[:, cosines.shape[1] - n :]


def _mean(parts: list[Array]) -> float:
    """Return the mean of all that the arrays hold, NaN if that is nothing."""
    every = np.concatenate(parts) if parts else np.empty(0)
    return float(every.mean()) if len(every) else float("nan")


def _covered(vectors: WordVectors, pairs: Pairs, name: str) -> tuple[Array, list[tuple[str, str]]]:
    """Return the rows (N, 2) of the pairs whose words are known, and those pairs."""
    if not isinstance(vectors, WordVectors):
        raise TypeError(f"source must be a Spectrum or WordVectors, got {type(vectors).__name__}")
    known = [(a, b) for a, b in pairs if a in vectors.index and b in vectors.index]
    if len(known) < 2:
        label = f" of {name!r}" if name else ""
        raise ValueError(
            f"pairs must hold two or more that the {len(vectors)} words cover, got {len(known)} of {len(pairs)}{label}"
        )
    return np.array([(vectors.index[a], vectors.index[b]) for a, b in known], np.int64), known
