"""How often words and joined neighbours occur: what phrases are scored by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core, storage
from ..text import _tokens
from ..text.corpus import Corpus

__all__ = ["PhraseCounts"]

_BLOCK = 1 << 17  # tokens counted at a time

Report = Callable[[int, int, int], None]
"""Called after each block with the sentences and words read and the texts counted so far."""


class PhraseCounts:
    """Counts of words, and of neighbours joined by a delimiter, in sentences that are read once and not kept.

    What is counted are texts: the word ``new_york`` and ``new`` before ``york`` share a count. Connector words are
    not counted, and those between two words belong to the joined text.

    Parameters
    ----------
    delimiter : str
    connector_words : frozenset of str
    max_size : int
        When more texts than this are known at the end of a sentence, those that occur less often than `min_reduce`
        are forgotten and `min_reduce` rises by one.

    Attributes
    ----------
    n_words : int
        Words read, connector words included.
    min_reduce : int
    """

    def __init__(self, delimiter: str, connector_words: frozenset[str], max_size: int) -> None:
        self.delimiter, self.connector_words, self.max_size = delimiter, connector_words, max_size
        self._index: dict[str, int] = {}
        self._words: list[str] = []
        self._known = _core.PhraseWords(delimiter)
        self._table = _core.PhraseTable(self._known, max_size)
        self.n_words, self.min_reduce = 0, 1

    def __len__(self) -> int:
        """Return the number of different texts."""
        return len(self._table)

    def __getitem__(self, text: str) -> int:
        """Return how often a text occurs; 0 if it does not."""
        return self._table.count(text)

    def add(self, sentences: Corpus | Iterable[Iterable[str]], report: Report | None = None) -> None:
        """Count sentences; if reading them fails, nothing of them is counted.

        Raises
        ------
        TypeError
            If a sentence is a str instead of a list of them, or a token is no str; the message names the index.
        CorpusError
            If a token holds a lone surrogate.
        Exception
            Whatever the iterable raises.
        """
        fresh = _core.PhraseTable(self._known, self.max_size)
        n_sentences = 0

        def sink(ids: NDArray[np.int32], ends: NDArray[np.uint32], new_bytes: int = 0) -> None:
            nonlocal n_sentences
            self._learn()
            fresh.feed(ids, ends)
            n_sentences += len(ends)
            if report is not None:
                report(n_sentences, fresh.n_words, len(fresh))

        if isinstance(sentences, Corpus):
            self._walk_corpus(sentences, sink)
        else:
            _tokens.walk(sentences, _BLOCK, self._index, sink, words=self._words)
        fresh.finish()
        self.n_words += fresh.n_words
        if not len(self._table):
            self._table = fresh
            return
        self._table.min_reduce = self.min_reduce
        self._table.absorb(fresh)
        self.min_reduce = self._table.min_reduce

    def _learn(self) -> None:
        """Tell the table the words that were met since it was last told."""
        new = self._words[len(self._known) :]
        if new:
            self._known.add(new, np.array([word in self.connector_words for word in new]))

    def _walk_corpus(self, corpus: Corpus, sink: Callable[[NDArray[np.int32], NDArray[np.uint32]], None]) -> None:
        """Deliver the ids of a corpus, translated to those of our words."""
        for word in corpus.vocab.words:
            if word not in self._index:
                self._index[word] = len(self._words)
                self._words.append(word)
        translation = np.array([self._index[word] for word in corpus.vocab.words], dtype=np.int32)
        for start in range(0, corpus.n_tokens, _BLOCK):
            stop = min(start + _BLOCK, corpus.n_tokens)
            first, last = np.searchsorted(corpus.offsets[1:], (start, stop), side="right")
            ends = (corpus.offsets[1:][first:last] - start).astype(np.uint32)
            sink(translation[corpus.ids[start:stop]], ends)
            storage.release_pages(corpus.ids)

    def candidates(self, min_count: int) -> NDArray[np.int64]:
        """Return what can be a phrase: texts that hold the delimiter and occur at least `min_count` times.

        Returns
        -------
        ndarray of int64, shape (n, 5)
            Number of the text; its count; the counts of its first and of its last part, where parts are what
            `str.split` makes of it; and in how many ways the text could have been joined of two.

        Raises
        ------
        ValueError
            If the delimiter is empty.
        """
        return self._table.splittable(max(min_count, 0))

    def texts(self, numbers: NDArray[np.int64]) -> list[str]:
        """Return texts by their numbers, which follow the order of their appearance."""
        return self._table.texts(np.ascontiguousarray(numbers))

    def to_dict(self) -> dict[str, int]:
        """Return all texts with their counts, in the order of their appearance."""
        counts = self._table.packed()[2]
        return dict(zip(self.texts(np.arange(len(self))), counts.tolist(), strict=True))

    def pack(self) -> dict[str, NDArray[Any]]:
        """Return all counts as arrays: ``texts`` (UTF-8, uint8), ``ends`` (int64, in bytes), ``counts`` (int64)."""
        return dict(zip(("texts", "ends", "counts"), self._table.packed(), strict=True))

    def add_packed(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add what `pack` returned; ValueError if the arrays do not fit each other."""
        self._table.add_packed(*(np.ascontiguousarray(arrays[name]) for name in ("texts", "ends", "counts")))
