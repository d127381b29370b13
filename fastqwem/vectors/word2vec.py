"""The text and binary files of word2vec, as other programs write and read them.

Both begin with a line ``V d``. Text: one line per word, the word and d decimal numbers, separated by blanks;
GloVe's variant has no first line. Binary: the word, one blank, d little-endian float32; word2vec.c ends each
vector with a newline, gensim does not, and both are read. Neither can carry words with white space. Sizes
promised by a first line are never believed before the data are there.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

import numpy as np
import numpy.typing as npt

from ..errors import FormatError
from .ranking import Floats

__all__ = [
    "check_bare_words",
    "looks_binary",
    "looks_text",
    "read_binary",
    "read_text",
    "write_binary",
    "write_text",
]

MAX_LINE = 1 << 24  # bytes; a line beyond that is no vector
_MAX_WORD = 1 << 16
_READ = 1 << 22
_ROWS = 256  # rows formatted or parsed at a time

Read = tuple[list[str], Floats]


def check_bare_words(words: Sequence[str], what: str, blanks: str = " \t\n\r\v\f", *, empty: bool = False) -> None:
    """Raise ValueError naming the first word that holds one of `blanks`, is empty or has no UTF-8 form."""
    forbidden = set(blanks)
    for word in words:
        if not word and not empty:
            raise ValueError(f"{what} cannot carry an empty word")
        if not forbidden.isdisjoint(word):
            raise ValueError(f"{what} cannot carry the word {word!r}: it holds white space")
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"{what} cannot carry the word {word!r}: it has no UTF-8 form") from None


def _header(line: bytes) -> tuple[int, int] | None:
    """Return (V, d) if the line is a first line of word2vec, else None."""
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) < 20 for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _numbers(fields: Sequence[bytes]) -> bool:
    try:
        for field in fields:
            float(field)
    except ValueError:
        return False
    return True


def looks_text(start: bytes) -> bool:
    """Tell whether a file that starts like this may be word2vec text, with or without its first line."""
    lines = start.split(b"\n", 2)
    if b"\0" in start[:4096]:
        return False
    header = _header(lines[0])
    if header:
        lines.pop(0)
        if not lines or not lines[0].strip():
            return len(lines) < 2
    fields = lines[0].split()
    if len(lines) == 1 and len(fields) > 2:
        fields.pop()  # we may see its beginning only
    seen = min(8, len(fields) - 1, header[1] if header else 8)
    return seen > 0 and _numbers(fields[-seen:])


def looks_binary(start: bytes) -> bool:
    """Tell whether a file that starts like this, and is no text, may be word2vec binary."""
    line, newline, _ = start.partition(b"\n")
    return bool(newline) and _header(line) is not None


def _decode(word: bytes, errors: str, where: str) -> str:
    try:
        return word.decode("utf-8", errors)
    except UnicodeDecodeError:
        raise FormatError(f"{where}: the word {word!r} is not UTF-8 (errors='replace' reads it anyway)") from None


def _lines(file: io.BufferedReader, where: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line) of a text file; FormatError at an endless line."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise FormatError(f"{where}:{number}: a line of more than {MAX_LINE >> 20} MB is no word vector")
        yield number, line


def _split_line(line: bytes, size: int | None, where: str) -> tuple[bytes, list[bytes]]:
    """Return word and numbers of a line; words with blanks are understood where that is unambiguous."""
    fields = line.split()
    extra = 0 if size is None else len(fields) - size - 1
    if len(fields) < 2 or extra < 0 or (extra and _numbers(fields[1 : 1 + extra])):
        expected = "a word and its vector" if size is None else f"a word and {size} numbers"
        raise FormatError(f"{where}: expected {expected}, found {len(fields)} fields")
    return b" ".join(fields[: 1 + extra]), fields[1 + extra :]


def _parse(rows: list[list[bytes]], numbers: list[int], where: str) -> Floats:
    """Return the numbers of several lines as a matrix; on failure find the line that is at fault."""
    try:
        with np.errstate(over="ignore"):
            flat = np.fromiter(map(float, chain.from_iterable(rows)), np.float32, len(rows) * len(rows[0]))
        bad = ~np.isfinite(flat.reshape(len(rows), -1)).all(axis=1)
        if not bad.any():
            return flat.reshape(len(rows), -1)
        raise FormatError(f"{where}:{numbers[int(np.argmax(bad))]}: NaN, infinite or beyond float32")
    except ValueError as error:
        if isinstance(error, FormatError):
            raise
        at = next(i for i, row in enumerate(rows) if not _numbers(row))
        field = next(field for field in rows[at] if not _numbers([field]))
        raise FormatError(f"{where}:{numbers[at]}: {field[:40]!r} is not a number") from None


def read_text(file: io.BufferedReader, where: str, errors: str = "strict") -> Read:
    """Read word2vec or GloVe text from an open file called `where`; FormatError says which line is wrong."""
    lines = _lines(file, where)
    first = next(lines, None)
    if first is None:
        raise FormatError(f"{where}: the file is empty")
    promised = _header(first[1])
    size = promised[1] if promised else None
    if promised is None:
        lines = chain([first], lines)
    words: list[str] = []
    blocks: list[Floats] = []
    rows: list[list[bytes]] = []
    numbers: list[int] = []
    for number, line in lines:
        if line.isspace():
            continue
        word, fields = _split_line(line, size, f"{where}:{number}")
        size = len(fields)
        words.append(_decode(word, errors, f"{where}:{number}"))
        rows.append(fields)
        numbers.append(number)
        if len(rows) == _ROWS:
            blocks.append(_parse(rows, numbers, where))
            rows, numbers = [], []
    if rows:
        blocks.append(_parse(rows, numbers, where))
    if promised and promised[0] != len(words):
        raise FormatError(
            f"{where}: truncated or damaged, its first line promises {promised[0]} words, {len(words)} follow"
        )
    if not blocks:
        raise FormatError(f"{where}: no words in the file")
    return words, np.concatenate(blocks)


def write_text(file: IO[bytes], words: Sequence[str], vectors: Floats) -> None:
    """Write word2vec text; nine digits bring every float32 back exactly. Words must be bare."""
    size = vectors.shape[1]
    file.write(f"{len(words)} {size}\n".encode())
    row = " ".join(["%.9g"] * size)
    for start in range(0, len(words), _ROWS):
        block = words[start : start + _ROWS]
        pattern = "".join(f"{word.replace('%', '%%')} {row}\n" for word in block)
        file.write((pattern % tuple(vectors[start : start + _ROWS].ravel().tolist())).encode())


class _Window:
    """A moving window of bytes over a file, so that no promised size is allocated before the data came."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.file = file
        self.bytes = b""
        self.at = 0  # in self.bytes
        self.base = 0  # of self.bytes in the file

    def need(self, count: int) -> bool:
        """Make `count` bytes available from the current place on; False if the file ends before."""
        missing = count - (len(self.bytes) - self.at)
        if missing <= 0:
            return True
        parts = [self.bytes[self.at :]]
        while missing > 0 and (more := self.file.read(_READ)):
            parts.append(more)
            missing -= len(more)
        self.base += self.at
        self.bytes, self.at = b"".join(parts), 0
        return missing <= 0

    def word(self) -> bytes | None:
        """Return what stands before the next blank and step over it; None if there is no blank near."""
        for reach in (256, _MAX_WORD):
            self.need(reach)
            end = self.bytes.find(b" ", self.at, self.at + reach)
            if end >= 0:
                word = self.bytes[self.at : end]
                self.at = end + 1
                return word
        return None


def _check_promise(file: io.BufferedReader, where: str, words: int, size: int) -> None:
    """Refuse a first line that promises more than a plain file of known length can hold."""
    if not 0 < size <= MAX_LINE or words == 0:
        raise FormatError(f"{where}: its first line promises {words} words of {size} dimensions")
    if isinstance(file.raw, io.FileIO):
        length = os.fstat(file.fileno()).st_size
        if words * (4 * size + 2) > length:
            raise FormatError(
                f"{where}: truncated or damaged, its first line promises {words} words of {size} dimensions, "
                f"more than its {length} bytes can hold"
            )


def read_binary(file: io.BufferedReader, where: str, errors: str = "strict") -> Read:
    """Read word2vec binary from an open file called `where`; FormatError says which word is wrong."""
    line = file.readline(MAX_LINE)
    if not line:
        raise FormatError(f"{where}: the file is empty")
    promised = _header(line)
    if promised is None:
        raise FormatError(f"{where}: not a word2vec file, its first line is not 'words dimensions'")
    count, size = promised
    _check_promise(file, where, count, size)
    window = _Window(file)
    words: list[str] = []
    blocks: list[Floats] = []
    rows: list[bytes] = []
    for number in range(1, count + 1):
        place = f"{where}: word {number} of {count}"
        word = window.word()
        if word is None or not window.need(4 * size):
            raise FormatError(f"{place}: truncated or damaged at byte {len(line) + window.base + window.at}")
        word = word.removeprefix(b"\n")
        if not word or b"\n" in word:
            raise FormatError(f"{place}: {word[:40]!r} is no word; the file is damaged, or has other dimensions")
        words.append(_decode(word, errors, place))
        rows.append(window.bytes[window.at : window.at + 4 * size])
        window.at += 4 * size
        if len(rows) == _ROWS or number == count:
            block = np.frombuffer(b"".join(rows), "<f4").reshape(len(rows), size)
            bad = ~np.isfinite(block).all(axis=1)
            if bad.any():
                at = number - len(rows) + int(np.argmax(bad))
                raise FormatError(f"{where}: word {at + 1} of {count} ({words[at]!r}): NaN or infinite")
            blocks.append(block.astype(np.float32, copy=False))
            rows = []
    window.need(2)
    if window.bytes[window.at :] not in (b"", b"\n"):
        raise FormatError(f"{where}: more data after the {count} words that its first line promises")
    return words, np.concatenate(blocks)


def write_binary(file: IO[bytes], words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    """Write word2vec binary as word2vec.c does, with a newline after each vector. Words must be bare."""
    file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
    for start in range(0, len(words), _ROWS):
        rows = vectors[start : start + _ROWS].astype("<f4", copy=False)
        block = zip(words[start : start + _ROWS], rows, strict=True)
        file.write(b"".join(b"%b %b\n" % (word.encode(), row.tobytes()) for word, row in block))
