"""Large arrays: in memory while a budget lasts, beyond it in files that are mapped."""

from __future__ import annotations

import errno
import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..checks import parse_memory
from ..counts.counting import resident
from ..storage import shared_map

__all__ = ["Workspace", "let_go"]

Array = np.ndarray[Any, np.dtype[Any]]
_SLACK = 24 << 20  # allocator, thread stacks, pages that the system maps along


class Workspace:
    """Where the large arrays of one job are.

    Its files have no names, so nothing is left of them however the process ends. Their space is claimed when they are
    made: a full disk is an error there and then, and not a signal while the array is written.

    Parameters
    ----------
    memory : int or str, optional
        Most memory that the process may hold, what it holds already included; by default everything is in memory.
    scratch : path, optional
        Folder for the files; the system's temporary folder by default.

    Raises
    ------
    ValueError, TypeError
        If `memory` is no amount of memory.
    NotADirectoryError
        If `scratch` is no folder.
    """

    def __init__(self, memory: int | str | None = None, scratch: str | os.PathLike[str] | None = None) -> None:
        self._budget = parse_memory(memory)
        self._scratch = tempfile.gettempdir() if scratch is None else os.fspath(scratch)
        if not os.path.isdir(self._scratch):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self._scratch)
        self._left = math.inf if self._budget is None else self._budget - resident() - _SLACK

    @property
    def limited(self) -> bool:
        """Whether there is a budget."""
        return self._budget is not None

    @contextmanager
    def reserved(self, n_bytes: int, what: str) -> Iterator[None]:
        """Keep memory free meanwhile, for arrays that are made elsewhere.

        Raises
        ------
        ValueError
            If the budget does not have it; it tells how much memory would do for `what`, a verb and its object.
        """
        if n_bytes > self._left:
            assert self._budget is not None
            needed = self._budget - self._left + n_bytes
            raise ValueError(
                f"memory must be at least {needed / 1e6:.0f} MB to {what} (the process holds {resident() / 1e6:.0f} MB "
                f"already), got {self._budget / 1e6:.0f} MB"
            )
        self._left -= n_bytes
        try:
            yield
        finally:
            self._left += n_bytes

    def empty(self, size: int, dtype: Any, on_disk: bool = False) -> Array:
        """Return a new array of one dimension, in memory if the budget allows it and it need not be on disk.

        Raises
        ------
        OSError
            If the scratch folder has no room for it or cannot be written.
        """
        n_bytes = size * np.dtype(dtype).itemsize
        if n_bytes == 0 or (n_bytes <= self._left and not on_disk):
            array = np.empty(size, dtype)
            self._left -= n_bytes
            weakref.finalize(array, self._give_back, n_bytes).atexit = False
            return array
        return np.frombuffer(self._file(n_bytes), dtype)

    def _give_back(self, n_bytes: int) -> None:
        self._left += n_bytes

    def _file(self, n_bytes: int) -> mmap.mmap:
        """Return the map of a new file."""
        try:
            with tempfile.TemporaryFile(dir=self._scratch) as file:
                os.posix_fallocate(file.fileno(), 0, n_bytes)
                return mmap.mmap(file.fileno(), n_bytes)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            message = f"no room for {n_bytes / 1e6:.0f} MB of scratch files"
            raise OSError(errno.ENOSPC, message, self._scratch) from None


_ALONG = max(1 << 16, mmap.PAGESIZE)  # bytes that the system maps along with a page; see csrc/core/file.cpp


def let_go(array: Array, begin: int, end: int) -> None:
    """Tell the system that items [begin, end) of an array of a `Workspace` need not stay in memory, if they are mapped.

    The pages around them go, too: they were mapped along with those that were touched.
    """
    mapped = shared_map(array)
    if mapped is None:
        return
    first = begin * array.itemsize // _ALONG * _ALONG
    last = min(-(-end * array.itemsize // _ALONG) * _ALONG, len(mapped))
    if first < last:
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)
