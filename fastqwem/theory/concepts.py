"""What the features mean: the words at their ends, and whether another corpus or model has them too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_integer
from .features import Features, features_of, orthonormal, shared_rows

__all__ = ["Concept", "FeatureOverlap", "Stability", "concept_stability", "concepts", "feature_overlap"]

Array = np.ndarray[Any, np.dtype[Any]]
ROUNDING = 1e-6
"""Rows shorter than this share of the longest are those of words without a vector, and hold rounding errors only."""

Scored = list[tuple[str, float]]


@dataclass(frozen=True)
class Concept:
    """One feature, named by the words at its two ends.

    Attributes
    ----------
    number : int
        From 1, in the order in which training learns them.
    strength : float
        Eigenvalue; of vectors, squared singular value.
    positive, negative : list of (str, float)
        Words with their component of the unit vector, the extreme one first.
    """

    number: int
    strength: float
    positive: Scored
    negative: Scored

    def __str__(self) -> str:
        ends = " | ".join(" ".join(word for word, _ in end) for end in (self.positive, self.negative))
        return f"PC {self.number} ({self.strength:.4g}): {ends}"


def concepts(source: Any, n: int = 10, topn: int = 10, restrict_vocab: int | None = 4000) -> list[Concept]:
    """List the words at both ends of the strongest features.

    Parameters
    ----------
    source : Spectrum, WordVectors or a model
    n : int
        Features; fewer if there are fewer. Those of a spectrum that no tied vectors can hold, of eigenvalues that are
        not positive, are left out.
    topn : int
        Words per end.
    restrict_vocab : int or None
        Only the first so many words, the most frequent: rare ones have noisy rows of great length.

    Returns
    -------
    list of Concept

    Notes
    -----
    Rows of W are rotated to its principal axes and scaled to length one, so that what counts is how much of a word
    lies along a feature, not how long its vector is (Karkada et al. 2025, Figure 3). The sign of an axis is arbitrary;
    ours makes the entry of largest magnitude of the direction positive.
    """
    check_integer("n", n, 1)
    check_integer("topn", topn, 1)
    features = features_of(source)
    end = len(features.words)
    if restrict_vocab is not None:
        end = min(end, check_integer("restrict_vocab", restrict_vocab, 1))
    held = features.strengths > 0
    rows = features.directions[:end, held] * np.sqrt(features.strengths[held])
    lengths = np.linalg.norm(rows, axis=1)
    sound = lengths > ROUNDING * lengths.max(initial=0.0)
    unit = np.where(sound[:, None], rows[:, :n], 0.0) / np.where(sound, lengths, 1.0)[:, None]
    found = []
    for k, strength in enumerate(features.strengths[held][:n]):
        order = np.argsort(-unit[:, k], kind="stable")
        top, bottom = order[:topn], order[::-1][:topn]
        found.append(
            Concept(
                k + 1,
                float(strength),
                [(features.words[i], float(unit[i, k])) for i in top if unit[i, k] > 0],
                [(features.words[i], float(unit[i, k])) for i in bottom if unit[i, k] < 0],
            )
        )
    return found


@dataclass(frozen=True)
class FeatureOverlap:
    """How the features of two models agree.

    Attributes
    ----------
    matrix : float64 array, shape (n, n)
        ``(v_i . u_j)^2``, row i a feature of the first model, column j of the second; each row and each column sums to
        at most 1.
    strengths_a, strengths_b : float64 arrays, shape (n,)
    n_words : int
        Words that both know, over which they are compared.
    """

    matrix: Array
    strengths_a: Array
    strengths_b: Array
    n_words: int


def feature_overlap(a: Any, b: Any, n: int = 64) -> FeatureOverlap:
    """Compare the features of two models pairwise (Karkada et al. 2025, Figure 5).

    Parameters
    ----------
    a, b : Spectrum, WordVectors or models
        Vocabularies are matched by word. Where they differ, both are cut to the shared words and taken apart again.
    n : int
        Features; at most the smaller number of dimensions.

    Raises
    ------
    ValueError
        If they share no word, or fewer than n features are there.
    """
    first, second, n_words = _matched(a, b)
    available = min(first.directions.shape[1], second.directions.shape[1])
    check_integer("n", n, 1, available)
    matrix = np.square(first.directions[:, :n].T @ second.directions[:, :n])
    return FeatureOverlap(matrix, first.strengths[:n], second.strengths[:n], n_words)


@dataclass(frozen=True)
class Stability:
    """Whether another corpus has the concepts of the first.

    Attributes
    ----------
    best : int64 array, shape (n,)
        The feature of the other that is most like each, counted from 0.
    overlap : float64 array, shape (n,)
        Squared overlap with it.
    kept : float64 array, shape (n,)
        Squared length of the first i + slack features of the other that concept i lies in: 1 where it is there, even
        if mixed with others of about its strength.
    n_words : int
        Words that both know.
    """

    best: Array
    overlap: Array
    kept: Array
    n_words: int

    def __str__(self) -> str:
        rows = [f"{'concept':>7}  best  overlap  kept"]
        for i, (best, overlap, kept) in enumerate(zip(self.best, self.overlap, self.kept, strict=True)):
            rows.append(f"{i + 1:7}  {best + 1:4}  {overlap:7.3f}  {kept:.3f}")
        return "\n".join(rows)


def concept_stability(a: Any, b: Any, n: int = 20, slack: int | None = None) -> Stability:
    """Tell which of the first n concepts of one corpus another has too.

    Parameters
    ----------
    a, b : Spectrum, WordVectors or models
        As for `feature_overlap`.
    n : int
    slack : int, optional
        How many features beyond its own place a concept may mix with; by default a quarter of its place, and 2.
    """
    first, second, n_words = _matched(a, b)
    check_integer("n", n, 1, first.directions.shape[1])
    if slack is not None:
        check_integer("slack", slack, 0)
    squares = np.square(first.directions[:, :n].T @ second.directions)
    best = squares.argmax(axis=1)
    place = np.arange(1, n + 1)
    reach = np.minimum(place + (place // 4 + 2 if slack is None else slack), squares.shape[1])
    kept = np.cumsum(squares, axis=1)[np.arange(n), reach - 1]
    return Stability(best, squares[np.arange(n), best], np.minimum(kept, 1.0), n_words)


def _matched(a: Any, b: Any) -> tuple[Features, Features, int]:
    """Return the features of both over the words that they share."""
    first, second = features_of(a), features_of(b)
    if list(first.words) == list(second.words):
        return first, second, len(first.words)
    rows_a, rows_b = shared_rows(first.words, second.words)
    return _cut(first, rows_a), _cut(second, rows_b), len(rows_a)


def _cut(features: Features, rows: Array) -> Features:
    held = features.strengths > 0
    part = features.directions[rows][:, held] * np.sqrt(features.strengths[held])
    directions, strengths = orthonormal(part)
    return Features([features.words[i] for i in rows], directions, strengths)
