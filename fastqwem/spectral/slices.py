"""Dense work on tall matrices: slices of rows, our own threads, one BLAS thread each.

BLAS libraries split a product over threads that wait for each other in a loop. On a machine where another process
has a core, every small product then waits for the scheduler: a solve took 45 s instead of 5. Slices handed to a pool
have no such meeting points, they keep each call short enough for Ctrl-C, and sums in the order of the slices make the
result independent of the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["RowSlices", "row_slices"]

Array = np.ndarray[Any, np.dtype[Any]]
_T = TypeVar("_T")

ROWS = 1 << 11
"""Rows per slice: about a millisecond of work for a basis of 600 vectors and a block of 16."""


def row_slices(n: int) -> Iterator[slice]:
    """Yield slices of at most ROWS rows that cover range(n)."""
    for at in range(0, n, ROWS):
        yield slice(at, min(at + ROWS, n))


class RowSlices:
    """The slices of n rows and the threads that work on them.

    Parameters
    ----------
    n : int
        Rows.
    workers : int
        Threads; the calling thread only waits if there is more than one.
    """

    def __init__(self, n: int, workers: int = 1) -> None:
        self._slices = list(row_slices(n))
        threads = min(workers, len(self._slices))
        self._pool = ThreadPoolExecutor(threads, "fastqwem solves") if threads > 1 else None

    def map(self, function: Callable[[slice], _T]) -> list[_T]:
        """Return function(rows) of every slice, in order."""
        if self._pool is None:
            return [function(rows) for rows in self._slices]
        return list(self._pool.map(function, self._slices))

    def total(self, function: Callable[[slice], Array]) -> Array:
        """Return the float64 sum of function(rows) over all slices, added in order."""
        parts = self.map(function)
        total = parts[0].astype(np.float64)
        for part in parts[1:]:
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
