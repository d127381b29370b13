"""Text cut into ranges that can be read apart, by other processes or machines, and together are the whole.

A line belongs to the range in which it begins, so no sentence is cut or read twice. Archives are not cut.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..places import is_remote, remote
from .corpus import Corpus
from .encode import Encoded
from .sources import PathLike, Source, kind_of, read_chunks, resolve
from .vocab import Vocab

__all__ = ["Segment", "count_words", "encode_segments", "fingerprint", "read_segment", "segments", "stored_bytes"]

_CHUNK = 1 << 22
_BLOCK = 1 << 20

Check = Callable[[], None]
"""Called every few milliseconds; raises to stop the work."""


@dataclass(frozen=True)
class Segment:
    """Some lines of a file: those that begin in [start, stop), or all of an archive (stop None).

    Attributes
    ----------
    name : str
        Path or address.
    start, stop : int, int or None
        Bytes.
    stamp : str
        What tells this file from one that was changed later.
    """

    name: str
    start: int
    stop: int | None
    stamp: str

    @property
    def label(self) -> str:
        """The file, and where in it, for messages."""
        return self.name if not self.start else f"{self.name} (from byte {self.start:,} on)"


def segments(paths: PathLike | Iterable[PathLike], size: int) -> list[list[Segment]]:
    """Cut text into lists of segments of about `size` stored bytes each, in order; see `resolve` for `paths`.

    Raises
    ------
    ValueError
        If a file is a pipe, which cannot be read twice.
    OSError, CorpusError
        As `resolve`.
    """
    ranges: list[list[Segment]] = []
    room = 0
    for source in _sources(paths):
        plain, length, stamp = _examine(source)
        name = source.name if is_remote(source.name) else os.path.abspath(source.name)  # workers start elsewhere
        for start in range(0, max(length, 1), size if plain else max(length, 1)):
            stop = min(start + size, length) if plain else None
            if room <= 0:
                ranges.append([])
                room = size
            ranges[-1].append(Segment(name, start, stop, stamp))
            room -= (length if stop is None else stop) - start
    return ranges


def _sources(paths: PathLike | Iterable[PathLike]) -> list[Source]:
    """Return what paths stand for, those with ``file://`` as the local files that they are."""
    if isinstance(paths, str | os.PathLike):
        return resolve(os.fsdecode(paths).removeprefix("file://"))
    return resolve([p.removeprefix("file://") if isinstance(p, str) else p for p in paths])


def stored_bytes(paths: PathLike | Iterable[PathLike]) -> int:
    """Return the length of all files together, as they are stored."""
    return sum(_examine(source)[1] for source in _sources(paths))


def _examine(source: Source) -> tuple[bool, int, str]:
    """Return (whether the text is plain, stored bytes, stamp)."""
    if is_remote(source.name):
        files, path = remote(source.name)
        with source.open() as file:
            plain = kind_of(file.read(16)) == "plain"
        return plain, int(files.size(path)), str(files.ukey(path))
    if source.size is None:
        raise ValueError(f"{source.name} must be a file, not a pipe: it is read more than once")
    return source.path is not None, source.size, str(os.stat(source.name).st_mtime_ns)


def fingerprint(ranges: list[list[Segment]]) -> str:
    """Return what tells these ranges of these files from any others."""
    digest = hashlib.blake2b(digest_size=16)
    for part in ranges:
        digest.update(repr([(s.name, s.start, s.stop, s.stamp) for s in part]).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _open(name: str) -> IO[bytes]:
    if is_remote(name):
        files, path = remote(name)
        file: IO[bytes] = files.open(path, "rb")
        return file
    return open(name, "rb")


def read_segment(segment: Segment) -> Iterator[bytes]:
    """Yield the text of a segment in chunks.

    One that does not begin its file starts with an empty line, which means nothing, so that what looks like a byte
    order mark stays text there.
    """
    if segment.stop is None:
        opener: Any = partial(_open, segment.name)
        for data, _ in read_chunks(Source(segment.name, None, None, opener), _CHUNK):
            if data:
                yield data
        return
    with _open(segment.name) as file:
        begin, end = _line_start(file, segment.start), _line_start(file, segment.stop)
        if begin >= end:
            return
        if begin:
            yield b"\n"
        file.seek(begin)
        while begin < end and (data := file.read(min(_CHUNK, end - begin))):
            begin += len(data)
            yield data


def _line_start(file: IO[bytes], at: int) -> int:
    """Return where the first line begins that begins at or after a byte."""
    if at == 0:
        return 0
    file.seek(at - 1)
    at -= 1
    while data := file.read(1 << 16):
        found = data.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(data)
    return at


def count_words(part: list[Segment], check: Check | None = None) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different words of some segments, in no order that means anything, and how often each occurs."""
    encoder = _read(part, None, 0, None, check)
    return encoder.words(np.arange(encoder.n_words, dtype=np.int32)), encoder.counts()


def encode_segments(
    part: list[Segment], vocab: Vocab, memory: int = 0, scratch: str | None = None, check: Check | None = None
) -> Corpus:
    """Return some segments as a corpus with a given vocabulary, which may be empty."""
    encoder = _read(part, vocab, memory, scratch, check)
    n_raw, mapped = encoder.n_tokens, encoder.spilled
    ids, offsets = encoder.finish(np.arange(len(vocab), dtype=np.int32), None)
    return Corpus._trusted(Encoded(vocab, ids, offsets, n_raw, mapped))


def _read(
    part: list[Segment], vocab: Vocab | None, memory: int, scratch: str | None, check: Check | None
) -> _core.TextEncoder:
    folder = os.fsencode(scratch or tempfile.gettempdir())
    encoder = _core.TextEncoder(1, memory, folder, _BLOCK, None if vocab is None else vocab.words)
    if vocab is None:
        encoder.count_only()
    for place, segment in enumerate(part):
        encoder.begin_stream(segment.label, place)
        for data in read_segment(segment):
            encoder.feed(data)
            if check is not None:
                check()
        encoder.end_stream()
    encoder.merge()
    return encoder
