"""Folders in which long work keeps its files: local ones, and remote ones through fsspec, with the same few verbs.

Files come into a folder whole or not at all: they are made elsewhere and renamed. So whoever finds a file may
use it, and work that was stopped at any moment, or done twice at once, leaves nothing that misleads.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import FormatError

__all__ = ["Folder", "is_remote", "remote"]

PathLike = str | os.PathLike[str]

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_AT_ONCE = 1 << 24  # bytes


def is_remote(path: PathLike) -> bool:
    """Return whether a path is an address ``scheme://...`` that only fsspec can open; ``file://`` is local."""
    name = os.fsdecode(path)
    return bool(_REMOTE.match(name)) and not name.startswith(("file://", "local://"))


def remote(url: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it; ImportError without fsspec."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ImportError(f"{url}: remote files need fsspec: pip install 'fastqwem[remote]'") from None
    files, path = url_to_fs(url)
    return files, path


class Folder:
    """A folder by its path or address; it may be sent to other processes.

    Parameters
    ----------
    path : path
        A local path, or an address such as ``"s3://bucket/counts"``.
    scratch : path, optional
        Local folder for files on their way in and out; by default the folder itself, if it is local, else the
        system's temporary folder.
    """

    def __init__(self, path: PathLike, scratch: PathLike | None = None) -> None:
        name = os.fsdecode(path).removeprefix("file://").removeprefix("local://")
        self.remote = is_remote(name)
        self.name = name.rstrip("/") if self.remote else os.path.abspath(name)
        self.scratch = None if scratch is None else os.path.abspath(os.fsdecode(scratch))

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.path(name), self.scratch)

    def path(self, name: str) -> str:
        """Return the path or address of a file in the folder, for messages above all."""
        return f"{self.name}/{name}"

    def make(self) -> None:
        """Make the folder, and those above it, unless it is there."""
        if not self.remote:
            os.makedirs(self.name, exist_ok=True)
            return
        files, path = remote(self.name)
        files.makedirs(path, exist_ok=True)

    def names(self) -> set[str]:
        """Return the names of the files here; none if there is no such folder."""
        if not self.remote:
            return set(os.listdir(self.name)) if os.path.isdir(self.name) else set()
        files, path = remote(self.name)
        files.invalidate_cache()
        if not files.exists(path):
            return set()
        return {entry.rstrip("/").rsplit("/", 1)[-1] for entry in files.ls(path, detail=False)}

    @contextmanager
    def workspace(self) -> Iterator[str]:
        """Yield a local folder of one's own, which vanishes afterwards."""
        parent = self.scratch or (None if self.remote else self.name)
        with tempfile.TemporaryDirectory(prefix=".fastqwem-", dir=parent, ignore_cleanup_errors=True) as folder:
            yield folder

    def put(self, local: PathLike, name: str) -> None:
        """Move a local file here under a name, at once: whoever looks sees all of it or nothing."""
        if self.remote:
            files, path = remote(self.name)
            temporary = f"{path}/.{name}.{uuid.uuid4().hex}"
            files.put_file(os.fspath(local), temporary)
            files.mv(temporary, f"{path}/{name}")
            os.unlink(local)
            return
        target = Path(self.path(name))
        if os.stat(local).st_dev == os.stat(self.name).st_dev:
            os.replace(local, target)
            return
        temporary = f"{target}.{uuid.uuid4().hex}.tmp"
        try:
            shutil.copyfile(local, temporary)
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        os.unlink(local)

    def fetch(self, name: str, workspace: str) -> str:
        """Return the local path of a file: its own, or that of a copy in the workspace."""
        if not self.remote:
            if not os.path.exists(self.path(name)):
                raise FormatError(f"{self.path(name)}: missing")
            return self.path(name)
        files, path = remote(self.name)
        copy = os.path.join(workspace, name)
        try:
            files.get_file(f"{path}/{name}", copy)
        except FileNotFoundError:
            raise FormatError(f"{self.path(name)}: missing") from None
        return copy

    def fetch_range(self, name: str, start: int, stop: int, workspace: str) -> tuple[str, int]:
        """Return (local path, place in that file) of bytes of a file; only they travel."""
        if not self.remote:
            return self.fetch(name, workspace), start
        copy = os.path.join(workspace, f"{name}.{start}")
        with open(copy, "wb") as out:
            for at in range(start, stop, _AT_ONCE):
                out.write(self.read(name, at, min(stop, at + _AT_ONCE)))
        return copy, 0

    def read(self, name: str, start: int, stop: int) -> bytes:
        """Return bytes of a file; FormatError if there are fewer."""
        try:
            if self.remote:
                files, path = remote(self.name)
                data: bytes = files.cat_file(f"{path}/{name}", start=start, end=stop)
            else:
                with open(self.path(name), "rb") as file:
                    file.seek(start)
                    data = file.read(stop - start)
        except FileNotFoundError:
            raise FormatError(f"{self.path(name)}: missing") from None
        if len(data) < stop - start:
            raise FormatError(f"{self.path(name)}: truncated, {stop - start - len(data):,} bytes are missing")
        return data

    def size(self, name: str) -> int:
        """Return the length of a file in bytes; FormatError if it is missing."""
        try:
            if not self.remote:
                return os.path.getsize(self.path(name))
            files, path = remote(self.name)
            return int(files.size(f"{path}/{name}"))
        except FileNotFoundError:
            raise FormatError(f"{self.path(name)}: missing") from None

    def remove(self) -> None:
        """Remove the folder and all in it."""
        if not self.remote:
            shutil.rmtree(self.name, ignore_errors=True)
            return
        files, path = remote(self.name)
        if files.exists(path):
            files.rm(path, recursive=True)
