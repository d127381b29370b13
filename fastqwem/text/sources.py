"""Where text comes from: files, folders, patterns, archives and remote addresses, as sources in order."""

from __future__ import annotations

import bz2
import errno
import glob
import gzip
import io
import lzma
import os
import queue
import re
import stat
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from ..errors import CorpusError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["PathLike", "Source", "kind_of", "read_chunks", "resolve"]

PathLike = str | os.PathLike[str]

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HEAD = 16  # bytes that tell the kind of a file
_BUFFER = 1 << 18
_PATIENCE = 0.1  # seconds between looks at signals, progress and stop requests


@dataclass(frozen=True)
class Source:
    """One stream of text.

    Attributes
    ----------
    name : str
        For messages.
    path : bytes or None
        Of a local plain file, which C++ reads by itself; None for all that needs `open`.
    size : int or None
        Bytes as stored, if known.
    open : callable
        Returns the stored bytes as a binary file.
    """

    name: str
    path: bytes | None
    size: int | None
    open: Callable[[], Any]


def kind_of(head: bytes) -> str:
    """Return "gzip", "bzip2", "xz", "zstandard" or "plain"; the name of the file says nothing."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstandard"
    return "plain"


_OPENERS: dict[str, Callable[[Any], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zstandard": zstd.ZstdFile,
    "plain": lambda file: file,
}
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError)


def _local(name: str) -> Iterator[Source]:
    status = os.stat(name)
    if stat.S_ISDIR(status.st_mode):
        yield from _folder(name)
        return
    head = b""
    if stat.S_ISREG(status.st_mode):
        with open(name, "rb") as file:
            head = file.read(_HEAD)
        plain = kind_of(head) == "plain"
        yield Source(name, os.fsencode(name) if plain else None, status.st_size, partial(open, name, "rb"))
    else:  # a pipe cannot be read twice, nor by ranges
        yield Source(name, None, None, partial(open, name, "rb"))


def _folder(name: str) -> Iterator[Source]:
    found = False
    for parent, folders, files in os.walk(name, onerror=_raise):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for file in sorted(file for file in files if not file.startswith(".")):
            path = os.path.join(parent, file)
            if stat.S_ISREG(os.stat(path).st_mode):
                found = True
                yield from _local(path)
    if not found:
        raise CorpusError(f"{name}: a folder without files")


def _raise(error: OSError) -> None:
    raise error


def _remote(url: str) -> Iterator[Source]:
    try:
        import fsspec
    except ImportError:
        raise ImportError(f"{url}: remote files need fsspec: pip install 'fastqwem[remote]'") from None
    files = fsspec.open_files(url, mode="rb") if glob.has_magic(url) else [fsspec.open(url, mode="rb")]
    if not files:
        raise FileNotFoundError(errno.ENOENT, "No file matches the pattern", url)
    for file in files:
        yield Source(file.full_name, None, None, file.open)


def _expand(path: object) -> Iterator[Source]:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"paths must be str or path objects, got {type(path).__name__}")
    name = os.fsdecode(path)
    if _REMOTE.match(name):
        yield from _remote(name)
    elif glob.has_magic(name) and not os.path.lexists(name):
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            raise FileNotFoundError(errno.ENOENT, "No file matches the pattern", name)
        for match in matches:
            yield from _local(match)
    else:
        yield from _local(name)


def resolve(paths: PathLike | Iterable[PathLike]) -> list[Source]:
    """Return the sources that `paths` stands for, in the order in which they make the corpus.

    Parameters
    ----------
    paths : path, or iterable of paths
        Each a file; a folder, which stands for the files in it and below it, in sorted order and without
        hidden ones; a pattern with ``*``, ``?``, ``[...]`` or ``**``, if no file has that very name; or a
        remote address ``scheme://...``, opened by fsspec.

    Raises
    ------
    FileNotFoundError
        If a file is missing or a pattern matches nothing.
    CorpusError
        If there is no path at all, or a folder holds no files.
    OSError
        If a file cannot be read.
    """
    if isinstance(paths, str | os.PathLike):
        return list(_expand(paths))
    if isinstance(paths, bytes) or not isinstance(paths, Iterable):  # type: ignore[unreachable]
        raise TypeError(f"paths must be a path or a list of paths, got {type(paths).__name__}")
    sources = [source for path in paths for source in _expand(path)]
    if not sources:
        raise CorpusError("paths must name at least one file, got none")
    return sources


class _Raw(io.RawIOBase):
    """Any object with read() as a raw file that counts what was read and fills buffers whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.consumed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            data = self._file.read(len(view) - filled)
            if not data:
                break
            view[filled : filled + len(data)] = data
            filled += len(data)
        self.consumed += filled
        return filled

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _decompress(source: Source, chunk: int) -> Iterator[tuple[bytes, int]]:
    kind = "plain"
    try:
        raw = _Raw(source.open())
        with io.BufferedReader(raw, _BUFFER) as stored:
            kind = kind_of(stored.peek(_HEAD)[:_HEAD])
            with _OPENERS[kind](stored) as stream:
                while data := stream.read(chunk):
                    yield data, raw.consumed
    except _DAMAGE as error:
        raise CorpusError(f"{source.name}: truncated or damaged {kind} file ({error})") from error
    except OSError as error:
        if error.errno is not None or kind == "plain":
            raise
        raise CorpusError(f"{source.name}: truncated or damaged {kind} file ({error})") from error


def read_chunks(source: Source, chunk: int) -> Iterator[tuple[bytes, int]]:
    """Yield (text, stored bytes read so far) of a source; a thread of its own reads and decompresses ahead.

    An empty text means "nothing yet", so that the caller can look after progress and signals.

    Raises
    ------
    CorpusError
        If an archive is truncated or damaged.
    OSError
        If the source cannot be read.
    """
    ready: queue.Queue[tuple[bytes, int] | BaseException | None] = queue.Queue(maxsize=2)
    stop = threading.Event()

    def put(item: tuple[bytes, int] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=_PATIENCE)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in _decompress(source, chunk):
                if not put(item):
                    return
            put(None)
        except BaseException as error:  # handed over, and raised by the caller
            put(error)

    thread = threading.Thread(target=work, name=f"fastqwem reads {source.name}", daemon=True)
    thread.start()
    consumed = 0
    try:
        while True:
            try:
                item = ready.get(timeout=_PATIENCE)
            except queue.Empty:
                yield b"", consumed
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            consumed = item[1]
            yield item
    finally:
        stop.set()
        thread.join(timeout=1)  # a stalled connection must not hold up Ctrl-C
