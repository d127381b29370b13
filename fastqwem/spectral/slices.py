"""Dense work on tall matrices: slices of rows, our own threads, one BLAS thread each.

BLAS libraries split a product over threads that wait for each other in a loop. On a machine where another process
has a core, every small product then waits for the scheduler: a solve took 45 s instead of 5. Slices handed to a pool
have no such meeting points, they keep each call short enough for Ctrl-C, and sums in the order of the slices make the
result independent of the number of workers. Matrices in files are worked on slice by slice, too, and never in memory
as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from .workspace import Workspace, let_go

__all__ = ["RowSlices", "TallMatrix", "row_slices"]

Array = np.ndarray[Any, np.dtype[Any]]
_T = TypeVar("_T")

ROWS = 1 << 11
"""Rows per slice: about a millisecond of work for a basis of 600 vectors and a block of 16."""


def row_slices(n: int) -> Iterator[slice]:
    """Yield slices of at most ROWS rows that cover range(n)."""
    for at in range(0, n, ROWS):
        yield slice(at, min(at + ROWS, n))


class TallMatrix:
    """A matrix of n rows, stored slice by slice: the columns of a slice one behind the other.

    So a slice is one piece of a file, a further column is a short piece at the end of each, and BLAS gets a slice as a
    matrix in Fortran's order.

    Parameters
    ----------
    n, columns : int
    dtype : float32 or float64
    workspace : Workspace, optional
        Where it is; by default in memory. Its entries are not initialised.
    """

    def __init__(self, n: int, columns: int, dtype: Any, workspace: Workspace | None = None) -> None:
        self.shape = n, columns
        self._items = (workspace or Workspace()).empty(n * columns, dtype)

    @classmethod
    def of(cls, array: Array) -> TallMatrix:
        """Return a copy of an array, in memory."""
        result = cls(array.shape[0], array.shape[1], array.dtype)
        for rows in row_slices(len(array)):
            result.part(rows)[:] = array[rows]
        return result

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._items.dtype

    def part(self, rows: slice) -> Array:
        """Return a slice, which can be written to."""
        items = self._items[self._bounds(rows)]
        return items.reshape(self.shape[1], rows.stop - rows.start).T

    def leave(self, rows: slice) -> None:
        """Let a slice go that lies in a file."""
        bounds = self._bounds(rows)
        let_go(self._items, bounds.start, bounds.stop)

    def _bounds(self, rows: slice) -> slice:
        return slice(rows.start * self.shape[1], rows.stop * self.shape[1])


class RowSlices:
    """The slices of n rows and the threads that work on them.

    Parameters
    ----------
    n : int
        Rows.
    workers : int
        Threads; the calling thread only waits if there is more than one.

    Attributes
    ----------
    height : int
        Rows of a slice.
    """

    def __init__(self, n: int, workers: int = 1) -> None:
        self._slices = list(row_slices(n))
        self.height = self._slices[0].stop if n else 0
        threads = min(workers, len(self._slices))
        self._pool = ThreadPoolExecutor(threads, "fastqwem solves") if threads > 1 else None

    def map(self, function: Callable[..., _T], *matrices: TallMatrix) -> list[_T]:
        """Return ``function(rows, *parts)`` of every slice, in order; the parts are those of the matrices."""
        return list(self._each(function, matrices))

    def _each(self, function: Callable[..., _T], matrices: tuple[TallMatrix, ...]) -> Iterator[_T]:
        def on_slice(rows: slice) -> _T:
            try:
                return function(rows, *[matrix.part(rows) for matrix in matrices])
            finally:
                for matrix in matrices:
                    matrix.leave(rows)

        return map(on_slice, self._slices) if self._pool is None else self._pool.map(on_slice, self._slices)

    def total(self, function: Callable[..., Array], *matrices: TallMatrix) -> Array:
        """Return the float64 sum of ``function(rows, *parts)`` over all slices, added in order."""
        parts = self._each(function, matrices)
        total = next(parts).astype(np.float64)
        for part in parts:
            total += part
        return total

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let BLAS use one thread per call meanwhile, and end the pool's threads afterwards."""
        with threadpool_limits(1, user_api="blas"):
            try:
                yield
            finally:
                if self._pool is not None:
                    self._pool.shutdown(wait=False, cancel_futures=True)
