"""The scores by which vectors are compared: analogies, and correlations with human ratings of word pairs.

`scores` sums up in one figure each; `measured` keeps what came of every question and pair, from which `interval` and
`paired_interval` resample. Tuning and judging use different halves of the questions, see `split_questions`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fastqwem import WordVectors
from fastqwem.vectors import evaluate

Array = np.ndarray[Any, np.dtype[Any]]
Sections = dict[str, list[evaluate.Question]]

RESTRICT = 10_000  # words that take part in analogies, and in the second figure of each set of ratings
CUTS = (10_000, 30_000)  # the same, for tables that have room for two
RATINGS = {
    "MEN": "MEN-TR-3k", "WS-353": "WS-353-ALL", "SimLex": "SIMLEX-999", "RW": "RW-STANFORD", "MTurk": "MTurk-771"
}  # fmt: skip
TRAINED = ("MEN", "WS-353", "SimLex")  # by which trained vectors are compared
TUNED = ("MEN", "WS-353")  # the only ratings that options may be chosen by
RESAMPLES = 1000
SEED = 0


def sets_folder() -> Path:
    """Return the folder eval of FASTQWEM_DATA."""
    folder = os.environ.get("FASTQWEM_DATA")
    if folder is None:
        raise SystemExit("set FASTQWEM_DATA to the folder that holds eval/")
    return Path(folder) / "eval"


def scores(vectors: WordVectors, sets: Path) -> dict[str, float]:
    """Return accuracy over questions of the top words, and Spearman correlations over all words and the top ones."""
    found = {"analogies": evaluate.analogies(vectors, sets / "questions-words.txt", RESTRICT).accuracy}
    for cut, mark in ((None, ""), (RESTRICT, "@10k")):
        for short in TRAINED:
            path = sets / "similarity" / f"EN-{RATINGS[short]}.txt"
            found[short + mark] = evaluate.similarity(vectors, path, cut).spearman
    return found


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, NaN for a single value."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)


def split_questions(sections: Mapping[str, Sequence[evaluate.Question]], seed: int = SEED) -> tuple[Sections, Sections]:
    """Return the questions for tuning and those held out: of each section a random half, the odd one held out.

    A section's division depends on the seed, its place and its size only. Questions that repeat in a section go
    together, so that none is in both halves.
    """
    tuning: Sections = {}
    held_out: Sections = {}
    for place, (name, quads) in enumerate(sections.items()):
        distinct = list(dict.fromkeys(quads))
        chosen = np.random.default_rng([seed, place]).permutation(len(distinct))[: len(distinct) // 2]
        ours = {distinct[i] for i in chosen}
        tuning[name] = [quad for quad in quads if quad in ours]
        held_out[name] = [quad for quad in quads if quad not in ours]
    return tuning, held_out


@dataclass(frozen=True)
class Measured:
    """What came of each question or pair of one set.

    Attributes
    ----------
    values : float64 array, shape (n,)
        1 or 0 for a question answered rightly or not, the cosine for a pair of words; NaN where not covered.
    ratings : float64 array, shape (n,), or None
        Of the pairs; None for questions.
    """

    values: Array
    ratings: Array | None = None

    @property
    def covered(self) -> Array:
        """Which are covered."""
        return ~np.isnan(self.values)

    def score(self, among: Array | None = None) -> float:
        """Return the accuracy or Spearman's correlation over what is covered, or `among` these."""
        return float(self.resampled(np.ones((1, len(self.values)), np.int64), among)[0])

    def resampled(self, times: Array, among: Array | None = None) -> Array:
        """Return the score of each resample: `times` (resamples, n) says how often it holds each item."""
        chosen = self.covered if among is None else among
        times = times[:, chosen]
        if self.ratings is None:
            with np.errstate(invalid="ignore"):
                return times @ self.values[chosen] / times.sum(axis=1)
        return spearman(self.values[chosen], self.ratings[chosen], times)


def spearman(a: Array, b: Array, times: Array) -> Array:
    """Return Spearman's correlation of a and b (n,) where item i stands `times[r, i]` times in resample r: (r,)."""
    weight = times.sum(axis=1, keepdims=True)
    x, y = (_mean_ranks(values, times) - (weight + 1) / 2 for values in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (times * x * y).sum(axis=1) / np.sqrt((times * x * x).sum(axis=1) * (times * y * y).sum(axis=1))


def _mean_ranks(values: Array, times: Array) -> Array:
    """Return the rank of each item in each resample, ties at their mean rank, float64 of the shape of `times`."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    copies = np.add.reduceat(times[:, order], np.cumsum(sizes) - sizes, axis=1)  # of each distinct value
    return (np.cumsum(copies, axis=1) - (copies - 1) / 2)[:, group]


@cache
def resamples(n: int, count: int = RESAMPLES, seed: int = SEED) -> Array:
    """Return how often each of n items is in each of `count` resamples of size n, int32 (count, n)."""
    rng = np.random.default_rng(seed)
    return np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(count)]).astype(np.int32)


def interval(measured: Measured, level: float = 0.95) -> tuple[float, float]:
    """Return the bootstrap interval of the score: percentiles over resamples of what is covered."""
    covered = measured.covered
    return _percentiles(_picked(measured, covered).resampled(resamples(int(covered.sum()))), level)


def paired_interval(one: Measured, other: Measured, level: float = 0.95) -> tuple[float, float, float]:
    """Return the difference of two scores, one minus other, and its interval, on what both cover.

    Both are scored on the same resamples, so what is hard for both cancels.
    """
    common = one.covered & other.covered
    one, other = _picked(one, common), _picked(other, common)
    times = resamples(int(common.sum()))
    return one.score() - other.score(), *_percentiles(one.resampled(times) - other.resampled(times), level)


def _picked(measured: Measured, mask: Array) -> Measured:
    return Measured(measured.values[mask], None if measured.ratings is None else measured.ratings[mask])


def _percentiles(values: Array, level: float) -> tuple[float, float]:
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def measured(
    vectors: WordVectors, questions: Sections, sets: Path, ratings: Iterable[str] = tuple(RATINGS)
) -> dict[str, Measured]:
    """Return what came of each set: questions of the top words of each of `CUTS`, and all pairs of `ratings`.

    The first cut that the vocabulary does not exceed is the whole vocabulary, and the last.
    """
    found = {}
    first_whole = sum(cut < len(vectors) for cut in CUTS)
    for cut in CUTS[: first_whole + 1]:
        each = np.concatenate(list(evaluate.outcomes(vectors, questions, cut).values()))
        found[f"analogies@{cut:,}"] = Measured(np.where(each < 0, np.nan, each))
    for name in ratings:
        pairs = evaluate.read_similarity(sets / "similarity" / f"EN-{RATINGS[name]}.txt")
        cosines = evaluate.cosines_of(vectors, [pair[:2] for pair in pairs])
        found[name] = Measured(cosines, np.array([pair[2] for pair in pairs]))
    return found
