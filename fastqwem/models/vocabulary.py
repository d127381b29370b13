"""From counted words to the vocabulary of a model: gensim's rules for which words stay, and what is noted of each."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..counts.subsampling import keep_at
from ..text.vocab import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from ..training.sampling import noise_weights

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "Downsampling",
    "count_with_pruning",
    "cumulative_table",
    "final_min_count",
    "kept",
    "paths",
]

Counts = NDArray[np.int64]
TrimRule = Callable[[Any, int, int], Any]

logger = logging.getLogger(__name__)


def _keeps(word: Any, count: int, min_count: float, rule: TrimRule | None) -> bool:
    answer = RULE_DEFAULT if rule is None else rule(word, count, min_count)  # type: ignore[arg-type]
    if answer == RULE_KEEP:
        return True
    return answer != RULE_DISCARD and count >= min_count


def kept(words: list[Any], counts: Counts, min_count: float, rule: TrimRule | None) -> NDArray[np.bool_]:
    """Tell which words stay: what the rule says, and where it has no opinion those that occur often enough.

    Parameters
    ----------
    words, counts : list and int64 array of one length
    min_count : float
    rule : callable, optional
        ``(word, count, min_count)`` to ``RULE_KEEP``, ``RULE_DISCARD`` or anything else for no opinion.
    """
    if rule is None:
        return np.asarray(counts >= min_count)
    judged = (_keeps(word, count, min_count, rule) for word, count in zip(words, counts.tolist(), strict=True))
    return np.fromiter(judged, np.bool_, len(words))


def count_with_pruning(
    sentences: Iterable[Any], most_words: int, rule: TrimRule | None
) -> tuple[dict[Any, int], int, int, bool]:
    """Count words in a table that may not grow beyond `most_words`, so only about.

    After each sentence that leaves it larger, words below a bar are forgotten, and the bar rises by one.

    Returns
    -------
    counts : dict
    n_words, n_sentences : int
    text : bool
        Whether a sentence was a str.
    """
    table: dict[Any, int] = {}
    bar, n_words, n_sentences, text = 1, 0, 0, False
    for sentence in sentences:
        text = text or isinstance(sentence, str)
        n_words += len(sentence)
        n_sentences += 1
        for word in sentence:
            table[word] = table.get(word, 0) + 1
        if len(table) > most_words:
            table = {word: count for word, count in table.items() if _keeps(word, count, bar, rule)}
            bar += 1
    return table, n_words, n_sentences, text


def final_min_count(counts: Counts, min_count: float, most_words: int | None) -> float:
    """Return the count that words need so that at most `most_words` of them stay; words of equal count share a fate."""
    if most_words is None or most_words >= len(counts):
        return min_count
    next_best = int(np.partition(counts, len(counts) - 1 - most_words)[len(counts) - 1 - most_words])
    return max(min_count, next_best + 1)


@dataclass(frozen=True)
class Downsampling:
    """How frequent words are thinned out.

    Attributes
    ----------
    threshold : float
        The count above which a word loses some of its occurrences.
    """

    threshold: float

    @classmethod
    def of(cls, sample: float | None, total: int) -> Downsampling:
        """Return it for an option `sample`: 0 or None for none, a share of all words, or from 1 on a count."""
        if not sample:
            return cls(float(max(total, 1)))
        if sample < 1:
            return cls(sample * total)
        return cls(float(int(sample * (3 + math.sqrt(5)) / 2)))

    def chances(self, counts: Counts) -> NDArray[np.float64]:
        """Return the probability that an occurrence of each word stays: ``min(1, sqrt(t / n) + t / n)``."""
        return keep_at(self.threshold / np.maximum(counts, 1))

    def share(self, total: int) -> float:
        """Return the threshold as a share of all words, at most 1, as the engine's `sample` wants it."""
        return min(1.0, self.threshold / max(total, 1))


def cumulative_table(counts: Counts, exponent: float, domain: int = 2**31 - 1) -> NDArray[np.uint32]:
    """Return the distribution of negatives, ``counts ** exponent``, summed up and scaled to end at `domain`.

    ValueError if it is not finite.
    """
    if not counts.any():
        return np.zeros(len(counts), np.uint32)
    sums = np.cumsum(noise_weights(counts, exponent))
    return np.asarray(np.round(sums / sums[-1] * domain)).astype(np.uint32)


def paths(counts: Counts) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (code, point) of each word in the Huffman tree: which way each inner node is left, and the nodes.

    Object arrays of uint8 and uint32 arrays, from the root down.
    """
    codes, points = np.empty(len(counts), object), np.empty(len(counts), object)
    if len(counts) < 2:
        for at in range(len(counts)):
            codes[at], points[at] = np.zeros(0, np.uint8), np.zeros(0, np.uint32)
        return codes, points
    ends, nodes, branches = _core.huffman_tree(np.ascontiguousarray(counts, np.int64))
    unsigned, start = nodes.astype(np.uint32), 0
    for at, end in enumerate(ends.tolist()):
        codes[at], points[at] = branches[start:end], unsigned[start:end]
        start = end
    return codes, points
