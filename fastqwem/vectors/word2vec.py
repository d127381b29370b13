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
from typing import IO

import numpy as np
import numpy.typing as npt

from .. import _core
from ..errors import FormatError, TruncatedError
from .decimal_rows import MAX_LINE, is_number, read_rows, text_rows
from .ranking import Floats

__all__ = [
    "ROWS",
    "binary_blocks",
    "check_bare_words",
    "check_promise",
    "looks_binary",
    "looks_text",
    "parse_header",
    "read_binary",
    "read_text",
    "write_binary",
    "write_text",
]

_MAX_WORD = 1 << 16
_READ = 1 << 22
ROWS = 256  # written at a time

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


def parse_header(line: bytes) -> tuple[int, int] | None:
    """Return (V, d) if the line is a first line of word2vec, else None."""
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) < 20 for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _numbers(fields: Sequence[bytes]) -> bool:
    return all(map(is_number, fields))


def looks_text(start: bytes) -> bool:
    """Tell whether a file that starts like this may be word2vec text, with or without its first line."""
    lines = start.split(b"\n", 2)
    if b"\0" in start[:4096]:
        return False
    header = parse_header(lines[0])
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
    return bool(newline) and parse_header(line) is not None


def _decode(word: bytes, errors: str, where: str) -> str:
    try:
        return word.decode("utf-8", errors)
    except UnicodeDecodeError:
        raise FormatError(f"{where}: the word {word!r} is not UTF-8 (errors='replace' reads it anyway)") from None


def _split_line(line: bytes, size: int | None, where: str) -> tuple[bytes, list[bytes]] | None:
    """Return word and numbers of a line; words with blanks are understood where that is unambiguous."""
    if line.isspace():
        return None
    fields = line.split()
    extra = 0 if size is None else len(fields) - size - 1
    if len(fields) < 2 or extra < 0 or (extra and _numbers(fields[1 : 1 + extra])):
        expected = "a word and its vector" if size is None else f"a word and {size} numbers"
        raise FormatError(f"{where}: expected {expected}, found {len(fields)} fields")
    return b" ".join(fields[: 1 + extra]), fields[1 + extra :]


def _first_line(file: io.BufferedReader, where: str) -> tuple[int, bytes]:
    """Return number and content of the first line that is not blank; FormatError if there is none."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise FormatError(f"{where}:{number}: a line of more than {MAX_LINE >> 20} MB is no word vector")
        if not line.isspace():
            return number, line
    raise FormatError(f"{where}: no words in the file" if number else f"{where}: the file is empty")


def read_text(file: io.BufferedReader, where: str, errors: str = "strict") -> Read:
    """Read word2vec or GloVe text from an open file called `where`; FormatError says which line is wrong."""
    number, line = _first_line(file, where)
    promised = parse_header(line)
    if promised:
        size, start, number = promised[1], b"", number + 1
    else:
        found = _split_line(line, None, f"{where}:{number}")
        size, start = len(found[1]) if found else 0, line
    words: list[str] = []
    blocks: list[Floats] = []
    for first, raw, rows in read_rows(file, where, size, _split_line, number=number, start=start, bare=True):
        bad = ~np.isfinite(rows).all(axis=1)
        if bad.any():
            raise FormatError(f"{where}:{first + int(np.argmax(bad))}: NaN, infinite or beyond float32")
        words += [_decode(word, errors, f"{where}:{number}") for number, word in enumerate(raw, first)]
        blocks.append(rows)
    if promised and promised[0] != len(words):
        raise FormatError(
            f"{where}: truncated or damaged, its first line promises {promised[0]} words, {len(words)} follow"
        )
    if not blocks:
        raise FormatError(f"{where}: no words in the file")
    return words, np.concatenate(blocks)


def write_text(file: IO[bytes], words: Sequence[str], vectors: Floats) -> None:
    """Write word2vec text with the shortest numbers that bring every float32 back exactly. Words must be bare."""
    file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
    for start in range(0, len(words), ROWS):
        block = [word.encode() for word in words[start : start + ROWS]]
        file.write(text_rows(block, vectors[start : start + ROWS]))


def binary_blocks(
    file: io.BufferedReader, where: str, count: int, size: int, base: int = 0, *, exact: bool = False, read: int = _READ
) -> Iterator[tuple[list[bytes], Floats]]:
    """Yield words and vectors of word2vec binary behind its first line, as many at a time as one read brings.

    Words are what stands before the blank, without newlines in front, which some writers put there. No promised size
    is allocated before the data came.

    Parameters
    ----------
    file : buffered reader
    where : str
        What errors call the file.
    count, size : int
        How many words of how many dimensions to read.
    base : int
        Bytes of the file before this place.
    exact : bool
        Whether the file must end there, but for a newline.
    read : int
        Bytes to read at a time.

    Raises
    ------
    TruncatedError
        If the file ends before, or a word has no end.
    FormatError
        If it does not end where it must.
    """
    buffer, at, done = b"", 0, 0
    while done < count:
        places, vectors, at, missing = _core.read_binary_rows(buffer, at, size, count - done, _MAX_WORD)
        if len(vectors):
            done += len(vectors)
            yield [buffer[first:last] for first, last in places.tolist()], vectors
        if done < count:
            more = file.read(max(read, missing)) if missing else b""
            if not more:
                raise TruncatedError(f"{where}: word {done + 1} of {count}: truncated or damaged at byte {base + at}")
            base += at
            buffer, at = buffer[at:] + more, 0
    if exact and buffer[at : at + 2] + file.read(2) not in (b"", b"\n"):
        raise FormatError(f"{where}: more data after the {count} words that its first line promises")


def check_promise(file: io.BufferedReader, where: str, words: int, size: int, least: int) -> None:
    """Refuse a first line that promises more than a plain file of known length can hold, at `least` bytes per word."""
    if not 0 < size <= MAX_LINE or words == 0:
        raise FormatError(f"{where}: its first line promises {words} words of {size} dimensions")
    if isinstance(file.raw, io.FileIO):
        length = os.fstat(file.fileno()).st_size
        if words * least > length:
            raise TruncatedError(
                f"{where}: truncated or damaged, its first line promises {words} words of {size} dimensions, "
                f"more than its {length} bytes can hold"
            )


def read_binary(file: io.BufferedReader, where: str, errors: str = "strict") -> Read:
    """Read word2vec binary from an open file called `where`; FormatError says which word is wrong."""
    line = file.readline(MAX_LINE)
    if not line:
        raise FormatError(f"{where}: the file is empty")
    promised = parse_header(line)
    if promised is None:
        raise FormatError(f"{where}: not a word2vec file, its first line is not 'words dimensions'")
    count, size = promised
    check_promise(file, where, count, size, 4 * size + 2)
    words: list[str] = []
    blocks: list[Floats] = []
    for found, block in binary_blocks(file, where, count, size, len(line), exact=True):
        for number, word in enumerate(found, len(words) + 1):
            place = f"{where}: word {number} of {count}"
            if not word or b"\n" in word:
                raise FormatError(f"{place}: {word[:40]!r} is no word; the file is damaged, or has other dimensions")
            words.append(_decode(word, errors, place))
        bad = ~np.isfinite(block).all(axis=1)
        if bad.any():
            at = len(words) - len(found) + int(np.argmax(bad))
            raise FormatError(f"{where}: word {at + 1} of {count} ({words[at]!r}): NaN or infinite")
        blocks.append(block)
    return words, np.concatenate(blocks)


def write_binary(file: IO[bytes], words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    """Write word2vec binary as word2vec.c does, with a newline after each vector. Words must be bare."""
    file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
    for start in range(0, len(words), ROWS):
        rows = vectors[start : start + ROWS].astype("<f4", copy=False)
        block = zip(words[start : start + ROWS], rows, strict=True)
        file.write(b"".join(b"%b %b\n" % (word.encode(), row.tobytes()) for word, row in block))
