"""Sentences and files on the way to a vocabulary that somebody else chooses: counts now, ids when it is known.

`Corpus` decides on words by itself. gensim's face decides in steps of its own, keeps the order of appearance, and
takes keys of any kind; so it collects here, and asks for the ids afterwards.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from . import _tokens
from .encode import Options, _read
from .sources import PathLike, resolve

__all__ = ["Collected", "Sentences", "collect", "collect_file", "default_memory", "encode", "encode_file"]

Report = Callable[[int, int], None]
"""Called now and then with the numbers of (sentences, words) so far."""

_BLOCK = 1 << 17  # tokens between two reports
_READ = 1 << 22  # bytes


@dataclass(frozen=True)
class Sentences:
    """Ids, sentence by sentence, as in `Corpus`, and how much there was to begin with.

    Attributes
    ----------
    ids : int32 array, shape (n_tokens,)
    offsets : int64 array
        Sentence i is ``ids[offsets[i]:offsets[i + 1]]``; empty sentences may be left out.
    n_words, n_sentences : int
        Words, those without an id included, and sentences, empty ones included.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    n_words: int
    n_sentences: int


@dataclass
class Collected:
    """What one pass found.

    Attributes
    ----------
    words : list
        In order of appearance.
    counts : int64 array
        Of each word.
    n_words, n_sentences : int
        How many there were, repetitions and empty sentences included.
    first_text : int
        Which sentence is the first that is a str instead of a list; -1 if none is.
    """

    words: list[Any]
    counts: NDArray[np.int64]
    n_words: int
    n_sentences: int
    first_text: int = -1
    _blocks: _core.IdBlocks | None = None

    @property
    def has_ids(self) -> bool:
        """Whether `encode` can be called, which works once."""
        return self._blocks is not None

    def encode(self, index: Mapping[Any, int], workers: int) -> Sentences:
        """Return the sentences in the ids of a vocabulary, without the words that it lacks."""
        assert self._blocks is not None
        blocks, self._blocks = self._blocks, None
        translation = np.fromiter((index.get(word, -1) for word in self.words), np.int32, len(self.words))
        return Sentences(*blocks.finish(translation, workers, None), self.n_words, self.n_sentences)


def default_memory() -> int:
    """Return how many bytes of ids to hold before they go to files: a quarter of the machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def collect(
    sentences: Iterable[Iterable[Any]], keep_ids: bool = False, memory: int | None = None, report: Report | None = None
) -> Collected:
    """Walk sentences once, and count their words.

    Parameters
    ----------
    sentences : iterable of lists of hashable
        A str counts as a list of its characters.
    keep_ids : bool
        So that `Collected.encode` can be called.
    memory : int, optional
        Bytes of ids to hold, see `default_memory`.
    report : callable, optional

    Raises
    ------
    TypeError
        If a sentence has no length or a word is not hashable; the message names the place.
    Exception
        Whatever the iterable raises.
    """
    blocks = _blocks(memory) if keep_ids else None
    words, counts, n_sentences, first_text = _walk(sentences, None, blocks, report)
    return Collected(words, counts, int(counts.sum()), n_sentences, first_text, blocks)


def encode(
    sentences: Iterable[Iterable[Any]],
    index: dict[Any, int],
    workers: int,
    memory: int | None = None,
    report: Report | None = None,
) -> Sentences:
    """Walk sentences once and return them in the ids of a vocabulary; raises as `collect` does."""
    if index and max(index.values()) >= len(index):
        raise ValueError(f"a vocabulary of {len(index)} words must number them below that, got {max(index.values())}")
    blocks = _blocks(memory)
    _, _, n_sentences, _ = _walk(sentences, index, blocks, report)
    n_words = blocks.n_tokens
    translation = np.arange(len(index), dtype=np.int32)
    return Sentences(*blocks.finish(translation, workers, None), n_words, n_sentences)


def collect_file(path: PathLike, memory: int | None = None) -> Collected:
    """Count the words of a text file, one sentence per line; archives too.

    Raises
    ------
    CorpusError, OSError
        As `Corpus.from_text` does.
    """
    budget = default_memory() if memory is None else memory
    options = Options(0, None, None, None, 1, budget, None, False, None)  # one thread: words in order of appearance
    encoder = _core.TextEncoder(1, options.memory, options.scratch, options.block_or(1 << 20, 32), None)
    _read(encoder, resolve(path), options.block_or(_READ, 32), None)
    n_words = encoder.n_tokens
    if not n_words:
        return Collected([], np.zeros(0, np.int64), 0, 0)
    encoder.merge()
    order = np.arange(encoder.n_words, dtype=np.int32)
    words, counts = encoder.words(order), encoder.counts()
    _, offsets = encoder.finish(order, None)
    return Collected(words, counts, n_words, len(offsets) - 1)


def encode_file(path: PathLike, words: list[str], workers: int, memory: int | None = None) -> Sentences:
    """Read a text file, one sentence per line, in the ids of a vocabulary.

    Raises
    ------
    TypeError
        If the vocabulary holds what no file can: words that are no str.
    CorpusError, OSError
        As `Corpus.from_text` does.
    """
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"a text file needs a vocabulary of str, this one holds {word!r}")
    budget = default_memory() if memory is None else memory
    options = Options(0, None, None, None, workers, budget, None, False, None)
    encoder = _core.TextEncoder(
        workers, options.memory, options.scratch, options.block_or(1 << 20, 32 * workers), words
    )
    _read(encoder, resolve(path), options.block_or(_READ, 32), None)
    n_words = encoder.n_tokens
    if not n_words:
        return Sentences(np.zeros(0, np.int32), np.zeros(1, np.int64), 0, 0)
    encoder.merge()
    ids, offsets = encoder.finish(np.arange(len(words), dtype=np.int32), None)
    return Sentences(ids, offsets, n_words, len(offsets) - 1)


def _blocks(memory: int | None) -> _core.IdBlocks:
    budget = default_memory() if memory is None else memory
    return _core.IdBlocks(budget, os.fsencode(tempfile.gettempdir()))


def _walk(
    sentences: Iterable[Iterable[Any]],
    known: dict[Any, int] | None,
    blocks: _core.IdBlocks | None,
    report: Report | None,
) -> tuple[list[Any], NDArray[np.int64], int, int]:
    n_sentences = n_words = 0

    def sink(ids: NDArray[np.int32], ends: NDArray[np.uint32], new_bytes: int) -> None:
        nonlocal n_sentences, n_words
        n_sentences, n_words = n_sentences + len(ends), n_words + len(ids)
        if blocks is not None:
            blocks.append(ids, ends)
        if report is not None:
            report(n_sentences, n_words)

    return _tokens.walk(sentences, _BLOCK, known, sink, True)
