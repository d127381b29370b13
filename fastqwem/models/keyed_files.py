"""word2vec's text and binary files as gensim reads and writes them: its options, its bytes, its leniency.

Unlike `vectors.formats` this takes any word that the file can be cut into, keeps the first of words that repeat, takes
numbers that are not finite, stops at `limit`, and ignores what follows the promised words.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer
from ..errors import FormatError, TruncatedError
from ..vectors.decimal_rows import read_rows, text_rows
from ..vectors.streams import bare_name, open_reader, open_writer
from ..vectors.word2vec import ROWS, binary_blocks, check_promise, parse_header

if TYPE_CHECKING:
    from .keyedvectors import KeyedVectors

__all__ = ["PathLike", "intersect", "load", "save"]

PathLike = str | os.PathLike[str]
Array = npt.NDArray[Any]
Blocks = Iterator[tuple[list[bytes], Array]]
logger = logging.getLogger("fastqwem.models.keyedvectors")

_READ = 1 << 22
_GUESS = 1 << 14  # rows made in advance where the length of the file proves nothing


def load(
    cls: Callable[..., Any],
    fname: PathLike,
    fvocab: PathLike | None = None,
    binary: bool = False,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    limit: int | None = None,
    datatype: npt.DTypeLike = np.float32,
    no_header: bool = False,
    chunk: int = _READ,
) -> Any:
    """Read word2vec's text or binary format, also compressed.

    Parameters
    ----------
    cls : class
        Called as ``cls(vector_size, dtype=datatype)``.
    fname : path
    fvocab : path, optional
        Lines ``word count``; without it counts only fall from the number of words.
    binary : bool
    encoding, unicode_errors : str
        How words become text: errors are "strict", "replace", "ignore".
    limit : int, optional
        Read the first so many words.
    datatype : dtype
        Of the vectors.
    no_header : bool
        Whether a text file lacks its first line, as GloVe's do.
    chunk : int
        Bytes to read at a time.

    Raises
    ------
    TruncatedError
        An EOFError and FormatError, if the file ends before all that its first line promises.
    FormatError
        A ValueError, if it is no such file; says where.
    UnicodeDecodeError
        If a word is not in `encoding` and `unicode_errors` is "strict".
    OSError
        If it cannot be read.
    """
    if limit is not None:
        check_integer("limit", limit, 0)
    counts = None if fvocab is None else _read_counts(fvocab, encoding, unicode_errors)
    logger.info("loading projection weights from %s", fname)
    with open_reader(fname) as file:
        count, size, blocks = _open(file, os.fspath(fname), binary, limit or None, datatype, no_header, chunk)
        believed = count if count is not None and isinstance(file.raw, io.FileIO) and not no_header else _GUESS
        index, vectors = _collect(blocks, believed, size, datatype, encoding, unicode_errors)
    kv = cls(size, dtype=datatype)
    words = list(index)
    kv.index_to_key = words
    kv.key_to_index = index
    kv.next_index = len(words)
    kv.vectors = vectors
    kv.expandos["count"] = _counts_of(words, counts, len(words) if count is None else count)
    kv.add_lifecycle_event(
        "load_word2vec_format",
        msg=f"loaded {vectors.shape} matrix of type {vectors.dtype} from {os.fspath(fname)}",
        binary=binary,
        encoding=encoding,
    )
    return kv


def _open(
    file: io.BufferedReader,
    where: str,
    binary: bool,
    limit: int | None,
    dtype: npt.DTypeLike,
    no_header: bool,
    chunk: int = _READ,
) -> tuple[int | None, int, Blocks]:
    """Return (words to come, if known; dimensions; blocks of words and vectors)."""
    if no_header:
        if binary:
            raise NotImplementedError("no_header is for text files: a binary one does not tell its sizes otherwise")
        first = file.readline()
        size = len(first.rstrip().split(b" ")) - 1
        if size < 1:
            raise FormatError(f"{where}:1: expected a word and its vector, got {first[:60]!r}")
        rows = read_rows(file, where, size, _cut, start=first, limit=limit, dtype=dtype)
        return None, size, ((words, vectors) for _, words, vectors in rows)
    line = file.readline()
    promised = parse_header(line)
    if promised is None:
        raise FormatError(f"{where}: not a word2vec file, its first line is not 'words dimensions': {line[:60]!r}")
    count, size = promised
    wanted = count if limit is None else min(count, limit)
    if wanted:
        check_promise(file, where, wanted, size, 4 * size + 1 if binary else 2 * size)  # the word may be empty
    if binary:
        return wanted, size, binary_blocks(file, where, wanted, size, len(line), read=chunk)
    rows = read_rows(file, where, size, _cut, number=2, limit=wanted, dtype=dtype)
    return wanted, size, _all_of(rows, where, wanted)


def _all_of(rows: Iterator[tuple[int, list[bytes], Array]], where: str, count: int) -> Blocks:
    """Yield words and vectors; TruncatedError if there are fewer than `count`."""
    done = 0
    for _, words, vectors in rows:
        done += len(words)
        yield words, vectors
    if done < count:
        raise TruncatedError(f"{where}: truncated or damaged, {done} of {count} words are there")


def _cut(line: bytes, size: int, where: str) -> tuple[bytes, list[bytes]]:
    """Return word and numbers of a line; cut from the right, so the word may hold blanks."""
    fields = line.rstrip().rsplit(b" ", size)
    if len(fields) != size + 1 or b"" in fields[1:]:
        fields = line.rsplit(None, size)  # separated by tabs or by several blanks
        if len(fields) != size + 1:
            raise FormatError(f"{where}: expected a word and {size} numbers, found {len(fields)} fields")
    return fields[0], fields[1:]


def _collect(
    blocks: Blocks, believed: int, size: int, dtype: npt.DTypeLike, encoding: str, errors: str
) -> tuple[dict[str, int], Array]:
    """Return the words, each once, with their rows, and the matrix of their vectors."""
    index: dict[str, int] = {}
    room = np.empty((believed, size), dtype)
    for raw, vectors in blocks:
        words = [word.decode(encoding, errors) for word in raw]
        start, stop = len(index), len(index) + len(words)
        if len(set(words)) == len(words) and index.keys().isdisjoint(words):
            index.update(zip(words, range(start, stop), strict=True))
        else:
            fresh = [place for place, word in enumerate(words) if _first(word, index)]
            vectors, stop = vectors[fresh], len(index)
        if stop > len(room):
            room = np.concatenate([room[:start], np.empty((max(stop, start), size), dtype)])
        room[start:stop] = vectors
    return index, room if len(index) == len(room) else room[: len(index)].copy()


def _first(word: str, index: dict[str, int]) -> bool:
    """Note a word that is new; log one that is not."""
    if word in index:
        logger.warning("duplicate word '%s' in word2vec file, ignoring all but first", word)
        return False
    index[word] = len(index)
    return True


def _read_counts(path: PathLike, encoding: str, errors: str) -> dict[str, int]:
    """Read lines ``word count``; FormatError says which line is none."""
    logger.info("loading word counts from %s", path)
    counts: dict[str, int] = {}
    with open_reader(path) as file:
        for number, line in enumerate(file, 1):
            fields = line.rsplit(None, 1)
            if len(fields) != 2 or not fields[1].isdigit():
                raise FormatError(f"{os.fspath(path)}:{number}: expected a word and a count, got {line[:60]!r}")
            counts[fields[0].decode(encoding, errors)] = int(fields[1])
    return counts


def _counts_of(words: list[str], counts: dict[str, int] | None, total: int) -> Array:
    """Return the count of each word; made up, falling from `total`, if there are none."""
    if counts is None:
        return np.arange(total, total - len(words), -1, dtype=np.int64)
    for word in words:
        if word not in counts:
            logger.warning("vocabulary file is incomplete: '%s' is missing", word)
    return np.array([counts.get(word, 0) for word in words], dtype=np.int64)


def save(
    kv: KeyedVectors,
    fname: PathLike,
    fvocab: PathLike | None,
    binary: bool,
    total_vec: int | None,
    write_header: bool,
    prefix: str,
    append: bool,
    sort_attr: str,
) -> None:
    """Write word2vec's text or binary format, byte for byte as gensim does.

    Parameters
    ----------
    kv : KeyedVectors
    fname : path
        A suffix .gz, .bz2, .xz or .zst compresses.
    fvocab : path, optional
        Where lines ``word count`` go.
    binary : bool
    total_vec : int, optional
        The number of words that the first line promises, if others are appended later.
    write_header : bool
        Whether to write the first line.
    prefix : str
        Put before each word.
    append : bool
        Write behind what the files hold; otherwise they are replaced when the new ones are complete.
    sort_attr : str
        The attribute by which words are sorted, largest first.

    Raises
    ------
    ValueError
        If `fvocab` is given and there is no such attribute.
    OSError
        If a file cannot be written.
    """
    if (len(kv), kv.vector_size) != kv.vectors.shape:
        raise ValueError(f"vectors must have shape ({len(kv)}, {kv.vector_size}), got {kv.vectors.shape}")
    values = kv.expandos.get(sort_attr)
    if values is None:
        if fvocab is not None:
            raise ValueError(f"Cannot store vocabulary with '{sort_attr}' because that attribute does not exist")
        logger.warning("attribute %s not present in %s; will store in internal index_to_key order", sort_attr, kv)
    order = _order(kv, values)
    total = len(kv) if total_vec is None else total_vec
    logger.info("storing %sx%s projection weights into %s", total, kv.vector_size, fname)
    with ExitStack() as files:
        vectors_file = files.enter_context(_writer(fname, append))
        if fvocab is not None and values is not None:
            logger.info("storing vocabulary in %s", fvocab)
            vocabulary = files.enter_context(_writer(fvocab, append))
            for row in order:
                vocabulary.write(f"{prefix}{kv.index_to_key[row]} {values[row]}\n".encode())
        if write_header:
            vectors_file.write(f"{total} {kv.vector_size}\n".encode())
        format_rows = _binary_rows if binary else text_rows
        for start in range(0, len(order), ROWS):
            rows = order[start : start + ROWS]
            words = [f"{prefix}{kv.index_to_key[row]}".encode() for row in rows]
            vectors_file.write(format_rows(words, kv.vectors[rows]))


def _order(kv: KeyedVectors, values: Array | None) -> list[int]:
    """Return the rows in the order in which they are written: keys that are their own row first, then by value."""
    if values is None:
        return list(range(len(kv)))
    plain = 0
    while plain < len(kv) and kv.index_to_key[plain] == plain:
        plain += 1
    rest = [row for row in kv.key_to_index.values() if row >= plain]
    return [*range(plain), *sorted(rest, key=lambda row: values[row], reverse=True)]


@contextmanager
def _writer(path: PathLike, append: bool) -> Iterator[IO[bytes]]:
    """Open a file for a new content, or behind the one it has."""
    if not append:
        with open_writer(path) as file:
            yield file
        return
    if bare_name(path)[1]:
        raise ValueError(f"{os.fspath(path)}: append is for files that are not compressed")
    with open(path, "ab") as file:
        yield file


def _binary_rows(words: list[bytes], vectors: Array) -> bytes:
    rows = vectors.astype("<f4", copy=False)
    return b"".join(b"%b %b" % (word, row.tobytes()) for word, row in zip(words, rows, strict=True))


def intersect(
    kv: KeyedVectors, fname: PathLike, lockf: float, binary: bool, encoding: str, unicode_errors: str
) -> None:
    """Take over from a word2vec file the vectors of keys that are present, and set their factors of learning.

    Parameters
    ----------
    kv : KeyedVectors
        ``vectors_lockf`` gets a row per key, 1 unless it says otherwise.
    fname : path
    lockf : float
        What training multiplies the updates of these vectors by: 0 keeps them as they are.
    binary, encoding, unicode_errors
        As for `load`.

    Raises
    ------
    ValueError
        If the file has other dimensions; and what `load` raises.
    """
    logger.info("loading projection weights from %s", fname)
    merged: dict[int, Array] = {}
    with open_reader(fname) as file:
        _, size, blocks = _open(file, os.fspath(fname), binary, None, np.float32, False)
        if size != kv.vector_size:
            raise ValueError(f"incompatible vector size {size} in file {os.fspath(fname)}, expected {kv.vector_size}")
        for raw, vectors in blocks:
            for word, vector in zip(raw, vectors, strict=True):
                row = kv.key_to_index.get(word.decode(encoding, unicode_errors))
                if row is not None:
                    merged[row] = vector.copy()
    given = np.asarray(kv.__dict__.get("vectors_lockf", np.ones(1, np.float32)))
    locks = given.copy() if len(given) == len(kv) else np.resize(given, len(kv))
    for row, vector in merged.items():
        kv.vectors[row] = vector
    locks[list(merged)] = lockf
    kv.norms = None
    kv.vectors_lockf = locks
    kv.add_lifecycle_event(
        "intersect_word2vec_format",
        msg=f"merged {len(merged)} vectors into {kv.vectors.shape} matrix from {os.fspath(fname)}",
    )
