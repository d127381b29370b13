"""Files: written beside their target and renamed, and one container for everything we save.

The container is a safetensors file: an 8-byte length, a JSON header, then the raw arrays. Its metadata carries
``format`` (what it holds, such as ``fastqwem.vectors``), ``version`` (of that format), ``crc32`` (verified when the
file is read whole, not when it is mapped) and ``header`` (our own JSON). Any safetensors reader opens it.
"""

from __future__ import annotations

import errno
import json
import mmap as _mmap
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from . import _core
from .errors import FormatError

__all__ = [
    "atomic_path",
    "atomic_write",
    "check_writable",
    "checksum",
    "is_mapped",
    "pack_words",
    "peek",
    "read_container",
    "release_pages",
    "shared_map",
    "unpack_words",
    "write_container",
]

PathLike = str | os.PathLike[str]
Arrays = dict[str, np.ndarray[Any, Any]]
_BLOCK = 1 << 24
_MAX_HEADER = 1 << 27
_DTYPES = {
    "U8": "<u1", "I8": "<i1", "I32": "<i4", "I64": "<i8", "U16": "<u2", "U32": "<u4", "U64": "<u8",
    "F32": "<f4", "F64": "<f8", "I16": "<i2", "F16": "<f2", "BOOL": "|b1",
}  # fmt: skip


def check_writable(path: PathLike) -> None:
    """Raise the OSError that writing a file here would end in, before the work that makes its content."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder to write to", str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "the folder cannot be written to", str(folder))


@contextmanager
def atomic_path(target: PathLike) -> Iterator[Path]:
    """Yield the path of a temporary file beside `target`, renamed onto it if the block ends well, else removed."""
    target = Path(target)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; a result is an ordinary one
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def atomic_write(target: PathLike) -> Iterator[IO[bytes]]:
    """Like `atomic_path`, but yield the open binary file; it reaches the disk before the rename."""
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def pack_words(words: Sequence[str]) -> Arrays:
    """Return words, whatever they hold, as two arrays: ``words`` (UTF-8, uint8) and ``word_ends`` (int64, in bytes)."""
    encoded = [word.encode("utf-8") for word in words]
    return {
        "words": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "word_ends": np.cumsum([len(word) for word in encoded], dtype=np.int64),
    }


def unpack_words(arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[str]:
    """Inverse of `pack_words`; KeyError if an array is missing, ValueError if they are no such list."""
    text, ends = arrays["words"].tobytes(), arrays["word_ends"]
    if ends.dtype != np.int64 or ends.ndim != 1 or (len(ends) and ends[-1] != len(text)):
        raise ValueError("the ends of words do not fit their bytes")
    if np.any(np.diff(ends, prepend=0) < 0):
        raise ValueError("the ends of words do not rise")
    stops = ends.tolist()
    try:
        return [text[start:stop].decode("utf-8") for start, stop in zip([0, *stops], stops, strict=False)]
    except UnicodeDecodeError as error:
        raise ValueError(f"the words are not UTF-8: {error}") from None


def is_mapped(array: np.ndarray[Any, Any]) -> bool:
    """Return whether an array is the map of a file, and its pages can be let go: what it holds is in the file, too."""
    return shared_map(array) is not None


def release_pages(array: np.ndarray[Any, Any]) -> None:
    """Tell the system that the pages of a mapped array need not stay in memory; others are left alone.

    A pass over a map larger than memory calls this between blocks, or the whole file counts as resident.
    """
    mapped = shared_map(array)
    if mapped is None:
        _core.release_pages(array)  # the maps that text was encoded to are not Python's
    else:
        mapped.madvise(_mmap.MADV_DONTNEED)


def shared_map(array: np.ndarray[Any, Any]) -> _mmap.mmap | None:
    """Return the map of a file that an array lies in, or None if it is in memory or its changes are."""
    owner: Any = array
    while owner is not None:
        if getattr(owner, "mode", "r") == "c":  # copy on write
            return None
        mapped = owner if isinstance(owner, _mmap.mmap) else getattr(owner, "_mmap", None)
        if isinstance(mapped, _mmap.mmap):
            return mapped
        owner = owner.obj if isinstance(owner, memoryview) else getattr(owner, "base", None)
    return None


def _crc(header: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """Return the checksum of everything that matters: our header, and name, type, shape and bytes of each array."""
    crc = zlib.crc32(header.encode("utf-8"))
    for name in sorted(arrays):
        array = arrays[name]
        crc = zlib.crc32(f"{name}{array.dtype.str}{array.shape}".encode(), crc)
        for block in _blocks(array):
            crc = zlib.crc32(block, crc)
            release_pages(array)
    return f"{crc:08x}"


def _blocks(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the bytes of an array in C order, in blocks: padded rows are made solid without copying all of them."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1).view(np.uint8)
        for start in range(0, len(flat), _BLOCK):
            yield flat[start : start + _BLOCK]
        return
    rows = max(1, _BLOCK // max(1, array[0].nbytes))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows]).reshape(-1).view(np.uint8)


def write_container(
    path: PathLike, kind: str, version: int, header: dict[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Save arrays and a JSON header as one file, atomically.

    Arrays are written one after another in blocks, so memory-mapped ones larger than memory and strided ones are fine.

    Raises
    ------
    OSError
        If the file cannot be written; an older file of that name is then untouched.
    """
    codes = {np.dtype(text): code for code, text in _DTYPES.items()}
    text = json.dumps(header)
    meta = {"format": f"fastqwem.{kind}", "version": str(version), "crc32": _crc(text, arrays), "header": text}
    table: dict[str, Any] = {"__metadata__": meta}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # keeps every array aligned
    start = 0
    for name in order:
        array = arrays[name]
        end = start + array.nbytes
        table[name] = {"dtype": codes[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
        start = end
    start_of_file = json.dumps(table).encode("utf-8")
    start_of_file += b" " * (-(len(start_of_file) + 8) % 64)
    with atomic_write(path) as file:
        file.write(len(start_of_file).to_bytes(8, "little") + start_of_file)
        for name in order:
            for block in _blocks(arrays[name]):
                file.write(block)
                release_pages(arrays[name])


def _table(path: PathLike) -> tuple[int, dict[str, Any]]:
    """Return (offset of the arrays, JSON table), or raise FormatError."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or not 2 <= length <= min(size - 8, _MAX_HEADER):
            raise FormatError(f"{os.fspath(path)}: not a fastqwem file (no container header)")
        try:
            table = json.loads(file.read(length))
        except ValueError:
            raise FormatError(f"{os.fspath(path)}: not a fastqwem file (its header is no JSON)") from None
    if not isinstance(table, dict):
        raise FormatError(f"{os.fspath(path)}: not a fastqwem file (its header is no table)")
    return 8 + length, table


def peek(path: PathLike) -> tuple[str, int, dict[str, Any]]:
    """Return (kind, version, header) of a container without reading its arrays; FormatError if it is none."""
    _, table = _table(path)
    meta = table.get("__metadata__")
    try:
        kind = meta["format"].removeprefix("fastqwem.")  # type: ignore[index]
        known = meta["format"] != kind  # type: ignore[index]
        version, header = int(meta["version"]), json.loads(meta["header"])  # type: ignore[index]
    except (TypeError, KeyError, ValueError, AttributeError):
        known = False
    if not known:
        raise FormatError(f"{os.fspath(path)}: a safetensors file, but not one that fastqwem wrote")
    return kind, version, header


def checksum(path: PathLike) -> str:
    """Return the checksum that a container says its content has."""
    return str(_table(path)[1].get("__metadata__", {}).get("crc32"))


def read_container(
    path: PathLike, kind: str, version: int, *, mmap: bool = False, verify: bool | None = None
) -> tuple[dict[str, Any], Arrays]:
    """Load what `write_container` saved.

    Parameters
    ----------
    path : path
    kind, version : str, int
        What the caller can read; files with a newer version are refused.
    mmap : bool
        Map the arrays read-only instead of reading them.
    verify : bool, optional
        Whether to compare the checksum; by default unless `mmap`. Lengths are always compared.

    Raises
    ------
    FormatError
        If the file is foreign, of another kind, newer, truncated or damaged.
    OSError
        If it cannot be read.
    """
    where = os.fspath(path)
    found, has, header = peek(path)
    if found != kind:
        raise FormatError(f"{where}: holds {found}, expected {kind}")
    if has > version:
        raise FormatError(f"{where}: format version {has} is newer than this fastqwem reads ({version})")
    base, table = _table(path)
    meta = table.pop("__metadata__")
    size = os.path.getsize(path)
    arrays: Arrays = {}
    for name, entry in table.items():
        try:
            dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(int(n) for n in entry["shape"])
            start, end = (int(n) for n in entry["data_offsets"])
            sound = min(shape, default=0) >= 0 and end - start == dtype.itemsize * int(np.prod(shape, dtype=object))
        except (KeyError, TypeError, ValueError):
            sound = False
        if not sound or start < 0:
            raise FormatError(f"{where}: damaged entry {name!r} in the header")
        if base + end > size:
            raise FormatError(f"{where}: truncated, {base + end - size} bytes of {name!r} are missing")
        if mmap and end > start:
            arrays[name] = np.memmap(path, dtype, "r", base + start, shape)
        else:
            arrays[name] = np.fromfile(path, dtype, int(np.prod(shape)), offset=base + start).reshape(shape)
    if (not mmap if verify is None else verify) and meta.get("crc32") != _crc(meta["header"], arrays):
        raise FormatError(f"{where}: damaged, its checksum does not match")
    return header, arrays
