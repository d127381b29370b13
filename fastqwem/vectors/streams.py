"""Byte streams that may be compressed: recognised by content when read, by suffix when written."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ..errors import FormatError
from ..storage import atomic_write

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["COMPRESSIONS", "bare_name", "open_reader", "open_writer"]

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")

_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}

# Opened over a file that the caller closes.
_READERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    ".bz2": lambda file: bz2.BZ2File(file, "rb"),
    ".xz": lambda file: lzma.LZMAFile(file, "rb"),  # noqa: SIM115
    ".zst": lambda file: zstd.ZstdFile(file, "rb"),
}

_WRITERS: dict[str, Callable[[IO[bytes]], Any]] = {
    # no time stamp and no name inside: equal vectors make equal files
    ".gz": lambda file: gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0),
    ".bz2": lambda file: bz2.BZ2File(file, "wb"),
    ".xz": lambda file: lzma.LZMAFile(file, "wb", preset=3),  # noqa: SIM115
    ".zst": lambda file: zstd.ZstdFile(file, "wb", options={zstd.CompressionParameter.checksum_flag: 1}),
}


def bare_name(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return (name without the suffix of a compression, that suffix in lower case or "")."""
    name = Path(path).name
    suffix = Path(name).suffix.lower()
    return (name[: -len(suffix)], suffix) if suffix in COMPRESSIONS else (name, "")


@contextmanager
def open_reader(path: str | os.PathLike[str]) -> Iterator[io.BufferedReader]:
    """Open a file for reading bytes, decompressing it if its first bytes say so.

    Raises
    ------
    FormatError
        From within the block too, if the compressed data are damaged or end early.
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as raw:
        start = raw.peek(8)
        kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
        if kind is None:
            yield raw
            return
        try:
            with _READERS[kind](raw) as inflated, io.BufferedReader(inflated, 1 << 17) as file:
                yield file
        except FormatError:
            raise
        except (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's trouble; gzip and bz2 report damaged data as OSError without errno
            raise FormatError(f"{os.fspath(path)}: damaged or truncated {kind[1:]} data: {error}") from None


@contextmanager
def open_writer(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing bytes, compressed as its suffix says; it takes its name only when complete."""
    _, kind = bare_name(path)
    with atomic_write(path) as raw:
        if not kind:
            yield raw
            return
        with _WRITERS[kind](raw) as file:
            yield cast("IO[bytes]", file)
