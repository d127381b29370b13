"""Vectors as lines of a word and decimal numbers: plain lines by a compiled kernel, any others by Python."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..errors import FormatError

__all__ = ["MAX_LINE", "Cut", "is_number", "parse_rows", "read_rows", "text_rows"]

MAX_LINE = 1 << 24  # bytes; a line beyond that is no vector
_READ = 1 << 22

Cut = Callable[[bytes, int, str], tuple[bytes, list[bytes]] | None]
"""What makes of (line, size, where) a word and `size` numbers, or None of a line to skip; raises FormatError."""


def is_number(field: bytes) -> bool:
    """Tell whether Python reads a field as a number."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def parse_rows(
    rows: list[list[bytes]], where: str, number: int = 1, dtype: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    """Return the numbers of consecutive lines as a matrix; FormatError names a line, from `number`, and a field."""
    try:
        with np.errstate(over="ignore"):
            flat = np.fromiter(map(float, chain.from_iterable(rows)), dtype, len(rows) * len(rows[0]))
        return flat.reshape(len(rows), -1)
    except ValueError:
        at, field = next((i, field) for i, row in enumerate(rows) for field in row if not is_number(field))
        raise FormatError(f"{where}:{number + at}: {field[:40]!r} is not a number") from None


def read_rows(
    file: io.BufferedReader,
    where: str,
    size: int,
    cut: Cut,
    *,
    number: int = 1,
    start: bytes = b"",
    limit: int | None = None,
    dtype: npt.DTypeLike = np.float32,
    bare: bool = False,
) -> Iterator[tuple[int, list[bytes], npt.NDArray[Any]]]:
    """Yield blocks of consecutive lines: number of the first, words, vectors (n, size).

    Parameters
    ----------
    file : buffered reader
    where : str
        What errors call the file.
    size : int
    cut : Cut
        Asked about lines that are not a word and `size` finite numbers separated by one blank each.
    number : int
        Of the first line.
    start : bytes
        What was read of the file from there.
    limit : int, optional
        Stop after so many words.
    dtype : dtype
    bare : bool
        Whether to ask `cut` about words that hold white space, too.

    Raises
    ------
    FormatError
        If a line has no end, and what `cut` raises.
    """
    wide = np.dtype(dtype) != np.float32  # other types are rounded once, from double
    left = sys.maxsize if limit is None else limit
    rest = start
    while left > 0:
        more = file.read(_READ)
        text = rest + more
        end = text.rfind(b"\n") + 1 if more else len(text)
        at = 0
        while at < end and left > 0:
            places, vectors, at = _core.read_decimal_rows(text, at, end, size, left, wide, bare)
            if len(vectors):
                words = [text[first:last] for first, last in places.tolist()]
                with np.errstate(over="ignore"):
                    yield number, words, vectors.astype(dtype, copy=False)
            else:
                stop = text.find(b"\n", at, end) + 1 or end
                found = cut(text[at:stop], size, f"{where}:{number}")
                at = stop
                if found is None:
                    number += 1
                    continue
                words = [found[0]]
                yield number, words, parse_rows([found[1]], where, number, dtype)
            number += len(words)
            left -= len(words)
        rest = text[end:]
        if len(rest) >= MAX_LINE:
            raise FormatError(f"{where}:{number}: a line of more than {MAX_LINE >> 20} MB is no word vector")
        if not more:
            return


def text_rows(words: Sequence[bytes], vectors: npt.NDArray[Any]) -> bytes:
    """Return lines of words and the shortest numbers that give every value back, as NumPy prints them."""
    rows: list[bytes | None] = [None] * len(words)
    if vectors.dtype == np.float32:
        rows = _core.write_decimal_rows(np.ascontiguousarray(vectors))
    numbers = (" ".join(vectors[i].astype(str).tolist()).encode() if row is None else row for i, row in enumerate(rows))
    return b"".join(b"%b %b\n" % pair for pair in zip(words, numbers, strict=True))
