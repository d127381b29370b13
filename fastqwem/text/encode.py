"""From sources or iterables to (vocab, ids, offsets): the order of the steps, and the errors that need all.

Reading, hashing and translating are C++ (csrc/text), walking token lists is Cython (_tokens.pyx); this file
says what happens when, chooses the words and respects the memory budget.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..checks import check_integer, parse_memory, resolve_workers
from ..errors import CorpusError
from ..progress import Progress, Tick, track
from . import _tokens
from .sources import Source, read_chunks
from .vocab import TrimRule, Vocab, check_limits, rank_words

__all__ = ["Encoded", "Options", "encode_sentences", "encode_sources"]

_BLOCK = 1 << 20  # bytes of text that a worker takes at a time: its text and ids then stay in the L2 cache
_CHUNK = 1 << 22  # bytes that a decompressor delivers at a time
_SENTENCE_BLOCK = 1 << 17  # tokens that the walker delivers at a time, about 10 ms of work
_SMALLEST = 1 << 16
_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Encoded:
    """The parts of a corpus."""

    vocab: Vocab
    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    n_raw_tokens: int
    mapped: bool


class Options:
    """The options that both entrances share, judged."""

    def __init__(
        self,
        min_count: int,
        max_vocab: int | None,
        vocab: Vocab | None,
        trim_rule: TrimRule | None,
        workers: int,
        memory: int | str | None,
        scratch: str | os.PathLike[str] | None,
        progress: Progress,
        block: int | None,
    ) -> None:
        self.min_count, self.max_vocab = check_limits(min_count, max_vocab, trim_rule)
        if vocab is not None:
            if not isinstance(vocab, Vocab):
                raise TypeError(f"vocab must be a Vocab or None, got {type(vocab).__name__}")
            if max_vocab is not None or trim_rule is not None:
                raise ValueError("max_vocab and trim_rule choose words, so they must be None when vocab is given")
            if not len(vocab):
                raise ValueError("vocab must hold at least one word, got none")
        self.vocab, self.trim_rule = vocab, trim_rule
        self.workers = resolve_workers(workers)
        self.memory = parse_memory(memory) or 0
        self.scratch = os.fsencode(tempfile.gettempdir() if scratch is None else scratch)
        if not os.path.isdir(self.scratch):
            raise NotADirectoryError(20, os.strerror(20), os.fsdecode(self.scratch))
        self.progress = progress
        self.block = None if block is None else check_integer("_block", block, 1)

    def block_or(self, default: int, shares: int) -> int:
        """Return a block size: the tests' own, or `default` unless `shares` of them would eat the budget."""
        if self.block is not None:
            return self.block
        return min(default, max(_SMALLEST, self.memory // shares)) if self.memory else default


def encode_sources(sources: list[Source], options: Options) -> Encoded:
    """Read all sources once and return the parts of the corpus; see Corpus.from_text."""
    words = None if options.vocab is None else options.vocab.words
    block = options.block_or(_BLOCK, 32 * options.workers)
    encoder = _core.TextEncoder(options.workers, options.memory, options.scratch, block, words)
    with track(options.progress, "reading", "B") as tick:
        _read(encoder, sources, options.block_or(_CHUNK, 32), tick)
    if encoder.n_tokens == 0:
        raise CorpusError(f"no words in {sources[0].name}{' and the other files' if len(sources) > 1 else ''}")
    encoder.merge()
    vocab, order = _choose(encoder, options)
    n_raw = encoder.n_tokens
    with track(options.progress, "encoding", "word") as tick:
        mapped = encoder.spilled
        ids, offsets = encoder.finish(order, tick)
    return _result(vocab, ids, offsets, n_raw, mapped)


def _read(encoder: _core.TextEncoder, sources: list[Source], chunk: int, tick: Tick | None) -> None:
    sizes = [source.size for source in sources]
    total = 0 if None in sizes else sum(size for size in sizes if size is not None)
    done = 0

    def shifted(now: int, _: int) -> None:
        if tick is not None:
            tick(done + now, total)

    plain = [(s.path, i, s.size) for i, s in enumerate(sources) if s.path is not None and s.size is not None]
    encoder.encode_files(plain, None if tick is None else shifted)
    done += sum(size for _, _, size in plain)
    for i, source in enumerate(sources):
        if source.path is not None:
            continue
        encoder.begin_stream(source.name, i)
        consumed = 0
        for data, consumed in read_chunks(source, chunk):
            encoder.feed(data)
            shifted(consumed, 0)
        encoder.end_stream()
        done += consumed


def _choose(encoder: _core.TextEncoder, options: Options) -> tuple[Vocab, NDArray[np.int32]]:
    if options.vocab is not None:
        return options.vocab, np.arange(len(options.vocab), dtype=np.int32)
    counts = encoder.counts()
    if options.trim_rule is None:
        order = encoder.rank(options.min_count, options.max_vocab or _NO_LIMIT)
        words = encoder.words(order)
    else:
        everything = encoder.words(np.arange(encoder.n_words, dtype=np.int32))
        order = rank_words(everything, counts, options.min_count, options.max_vocab, options.trim_rule)
        words = [everything[i] for i in order]
    _refuse_empty(words, counts, options)
    return Vocab._trusted(words, counts[order]), order


def _refuse_empty(words: list[str], counts: NDArray[np.int64], options: Options) -> None:
    if not words:
        raise CorpusError(
            f"no word is left: of {len(counts):,} words in {int(counts.sum()):,} tokens the most frequent "
            f"occurs {int(counts.max()):,} times, and min_count is {options.min_count:,}"
            + ("" if options.trim_rule is None else " (trim_rule has judged them, too)")
        )


def _result(vocab: Vocab, ids: NDArray[np.int32], offsets: NDArray[np.int64], n_raw: int, mapped: bool) -> Encoded:
    if not len(ids):
        raise CorpusError(f"none of the {n_raw:,} tokens is in the given vocab of {len(vocab):,} words")
    return Encoded(vocab, ids, offsets, n_raw, mapped)


def encode_sentences(sentences: Iterable[Iterable[str]], options: Options) -> Encoded:
    """Walk the sentences once and return the parts of the corpus; see Corpus.from_sentences."""
    if isinstance(sentences, str | bytes | os.PathLike):
        raise TypeError(
            f"sentences must be an iterable of token lists, got {type(sentences).__name__} (from_text reads files)"
        )
    blocks = _core.IdBlocks(options.memory, options.scratch)
    block = options.block_or(_SENTENCE_BLOCK, 128)
    blocks.charge(16 * block)
    with track(options.progress, "reading", "word") as tick:

        def sink(ids: NDArray[np.int32], ends: NDArray[np.uint32], new_bytes: int) -> None:
            blocks.charge(new_bytes)
            blocks.append(ids, ends)
            if tick is not None:
                tick(blocks.n_tokens, 0)

        known = None if options.vocab is None else options.vocab.index
        words, counts, _, _ = _tokens.walk(sentences, block, known, sink)
    n_raw = blocks.n_tokens
    if n_raw == 0:
        raise CorpusError("no words in sentences: it gave no token at all (a generator that was used up before?)")
    translation: NDArray[Any]
    if options.vocab is not None:
        vocab, translation = options.vocab, np.arange(len(options.vocab), dtype=np.int32)
    else:
        order = rank_words(words, counts, options.min_count, options.max_vocab, options.trim_rule)
        vocab = Vocab._trusted([words[i] for i in order], counts[order])
        _refuse_empty(vocab.words, counts, options)
        translation = np.full(len(words), -1, dtype=np.int32)
        translation[order] = np.arange(len(order), dtype=np.int32)
    with track(options.progress, "encoding", "word") as tick:
        mapped = blocks.spilled
        ids, offsets = blocks.finish(translation, options.workers, tick)
    return _result(vocab, ids, offsets, n_raw, mapped)
