"""The vocabulary: words in order of frequency, with their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_integer

__all__ = ["RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "TrimRule", "Vocab", "check_limits", "rank_words"]

RULE_DEFAULT = 0
"""A trim rule's answer: judge the word by `min_count`."""
RULE_DISCARD = 1
"""A trim rule's answer: drop the word, however frequent."""
RULE_KEEP = 2
"""A trim rule's answer: keep the word, however rare."""

TrimRule = Callable[[str, int, int], int | bool | None]
"""Called with (word, count, min_count); returns one of ``RULE_*``, or True (keep), False (discard), None."""


class Vocab:
    """Words and their counts; the position of a word is its id.

    Corpora and `from_frequencies` order words by falling count, and words of equal count by code points.

    Parameters
    ----------
    words : sequence of str, length V
        In order of their ids; none may occur twice.
    counts : array_like of int, shape (V,)
        Occurrences of each word, at least 0.

    Attributes
    ----------
    words : list of str, length V
    counts : ndarray of int64, shape (V,)
    index : dict of str to int
        The id of each word.

    Raises
    ------
    TypeError
        If a word is not a str or a count is not an integer.
    ValueError
        If lengths differ, a count is negative or a word occurs twice.

    Examples
    --------
    >>> vocab = Vocab.from_frequencies({"b": 2, "a": 2, "the": 9})
    >>> vocab.words, vocab["a"], vocab.total
    (['the', 'a', 'b'], 1, 13)
    """

    words: list[str]
    counts: NDArray[np.int64]

    def __init__(self, words: Sequence[str], counts: Any) -> None:
        if isinstance(words, str):
            raise TypeError("words must be a list of str, got one str")
        self.words = list(words)
        self.counts = _check_counts(counts, len(self.words))
        for i, word in enumerate(self.words):
            if not isinstance(word, str):
                raise TypeError(f"words[{i}] must be a str, got {type(word).__name__}")
        if len(self.index) < len(self.words):
            twice = next(word for i, word in enumerate(self.words) if self.index[word] != i)
            raise ValueError(f"words must be distinct, got {twice!r} twice")

    @classmethod
    def _trusted(cls, words: list[str], counts: NDArray[np.int64]) -> Vocab:
        """Wrap what our own code has made, without looking at every word again."""
        vocab = cls.__new__(cls)
        vocab.words, vocab.counts = words, counts
        return vocab

    @classmethod
    def from_frequencies(
        cls,
        frequencies: Mapping[str, int] | Iterable[tuple[str, int]],
        min_count: int = 1,
        max_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> Vocab:
        """Make a vocabulary from a table of frequencies.

        Parameters
        ----------
        frequencies : mapping of str to int, or iterable of (str, int)
            Occurrences of each word; a word that comes twice in pairs is an error.
        min_count : int
            Words that occur less often are dropped.
        max_vocab : int, optional
            Keep only so many, the most frequent.
        trim_rule : callable, optional
            ``(word, count, min_count)`` to ``RULE_KEEP``, ``RULE_DISCARD`` or ``RULE_DEFAULT`` (or True,
            False, None). Kept words need no `min_count`, but `max_vocab` counts them like any others.

        Returns
        -------
        Vocab
            Ordered by falling count, then by word.
        """
        min_count, max_vocab = check_limits(min_count, max_vocab, trim_rule)
        pairs = list(frequencies.items() if isinstance(frequencies, Mapping) else frequencies)
        table = cls([word for word, _ in pairs], [count for _, count in pairs])
        kept = rank_words(table.words, table.counts, min_count, max_vocab, trim_rule)
        return cls._trusted([table.words[i] for i in kept], table.counts[kept])

    @cached_property
    def index(self) -> dict[str, int]:
        """The id of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return int(self.counts.sum())

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> int:
        return self.index[word]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocab):
            return NotImplemented
        return self.words == other.words and np.array_equal(self.counts, other.counts)

    __hash__ = None  # type: ignore[assignment]  # equal by value, and the arrays can change

    def __repr__(self) -> str:
        return f"Vocab({len(self):,} words, {self.total:,} tokens)"


def _check_counts(counts: Any, n_words: int) -> NDArray[np.int64]:
    array = np.asarray(counts)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"counts must be integers, got dtype {array.dtype}")
    if array.shape != (n_words,):
        raise ValueError(f"counts must have one entry for each of {n_words:,} words, got shape {array.shape}")
    array = array.astype(np.int64)
    if array.size and array.min() < 0:
        raise ValueError(f"counts must be at least 0, got {array.min()}")
    return array


def check_limits(min_count: object, max_vocab: object, trim_rule: object) -> tuple[int, int | None]:
    """Judge the three options that choose words; return the first two as integers."""
    if trim_rule is not None and not callable(trim_rule):
        raise TypeError(f"trim_rule must be callable or None, got {trim_rule!r}")
    limit = None if max_vocab is None else check_integer("max_vocab", max_vocab, 1)
    return check_integer("min_count", min_count, 0), limit


def _apply(rule: TrimRule, words: list[str], counts: NDArray[np.int64], min_count: int) -> NDArray[np.bool_]:
    keep = counts >= min_count
    for i, (word, count) in enumerate(zip(words, counts.tolist(), strict=True)):
        answer = rule(word, count, min_count)
        if answer is True or (answer is not False and answer == RULE_KEEP):
            keep[i] = True
        elif answer is False or answer == RULE_DISCARD:
            keep[i] = False
        elif answer is not None and answer != RULE_DEFAULT:
            raise ValueError(
                f"trim_rule must return RULE_KEEP, RULE_DISCARD or RULE_DEFAULT, got {answer!r} for {word!r}"
            )
    return keep


def rank_words(
    words: list[str],
    counts: NDArray[np.int64],
    min_count: int,
    max_vocab: int | None,
    trim_rule: TrimRule | None,
) -> NDArray[np.int32]:
    """Return the positions of the words to keep, by falling count and then by word."""
    keep = counts >= min_count if trim_rule is None else _apply(trim_rule, words, counts, min_count)
    by_word = np.array(sorted(np.flatnonzero(keep).tolist(), key=words.__getitem__), dtype=np.int32)
    order = by_word[np.argsort(-counts[by_word], kind="stable")]
    return order if max_vocab is None else order[:max_vocab]
