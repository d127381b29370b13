"""Counting through files: stretches of a corpus become runs, and runs are merged by ranges of rows."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..progress import Tick
    from ..text import Corpus
    from .cooccurrence import Part

__all__ = ["Run", "count_stretch", "log_runs", "merge_runs", "row_cuts"]

_LOG = logging.getLogger(__name__)
_INT32_MAX = np.iinfo(np.int32).max
_BUFFERS = 1 << 26  # bytes of a worker for reading all runs; of many runs each gets 4 KB at least


@dataclass(frozen=True)
class Run:
    """The counts of one stretch in a file, a block of bytes for every group of rows; see csrc/counts/run_file.h.

    Attributes
    ----------
    path : str
    base : int
        Where in the file byte 0 of the blocks is.
    starts : ndarray of int64, shape (n_groups + 1,)
        Block g is the bytes ``[starts[g], starts[g + 1])``.
    nonzeros, largest : ndarray of int64, shape (n_groups,)
        Entries of each block, and the largest of them.
    """

    path: str
    base: int
    starts: NDArray[np.int64]
    nonzeros: NDArray[np.int64]
    largest: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Bytes of all blocks."""
        return int(self.starts[-1] - self.starts[0])

    @property
    def nnz(self) -> int:
        """Entries of all blocks."""
        return int(self.nonzeros.sum())


def log_runs(number: int, size: int, entries: int) -> None:
    """Log what counting through files has cost."""
    _LOG.info(
        "%d runs, %s entries in %s bytes, %.2f an entry", number, f"{entries:,}", f"{size:,}", size / max(entries, 1)
    )


def row_cuts(occurrences: NDArray[np.int64], weights: NDArray[np.uint32], nonzeros: int) -> NDArray[np.int32]:
    """Return the first rows of groups of at most so many entries, or one row; and V at the end."""
    return _core.row_cuts(np.ascontiguousarray(occurrences, np.int64), weights, nonzeros)


def count_stretch(
    corpus: Corpus,
    weights: NDArray[np.uint32],
    first: int,
    last: int,
    rows: NDArray[np.int32],
    path: str,
    workers: int,
    tick: Tick | None,
) -> Run:
    """Count the tokens [first, last) of a corpus, windows reaching beyond, into a new file."""
    table = _core.count_stretch(
        corpus.ids,
        corpus.offsets,
        len(corpus.vocab),
        weights,
        workers,
        corpus.mapped,
        first,
        last,
        rows,
        os.fsencode(path),
        tick,
    )
    return Run(path, 0, *table)


def merge_runs(
    runs: Sequence[Run],
    old: Sequence[Part],
    rows: NDArray[np.int32],
    groups: tuple[int, int],
    directory: str,
    workers: int,
    tick: Tick | None,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    """Add runs, and older counts, over a range of groups of rows.

    Returns
    -------
    indptr, indices, data
        Of these rows; the last two are maps of new files in `directory`, data of int32 if that holds all counts.
    """
    first_row, last_row = int(rows[groups[0]]), int(rows[groups[1]])
    parts = [
        (
            part.first_row,
            part.matrix.indptr.astype(np.int64),
            part.matrix.indices,
            part.matrix.data,
            isinstance(part.matrix.data, np.memmap) and part.matrix.data.mode == "r",
        )
        for part in old
        if part.first_row < last_row and first_row < part.last_row
    ]
    tables = [(os.fsencode(run.path), run.base, run.starts, run.nonzeros, run.largest) for run in runs]
    indptr, wide, largest = _core.merge_runs(
        tables, parts, rows, *groups, int(rows[-1]), workers, _BUFFERS, os.fsencode(directory), tick
    )
    nonzeros = int(indptr[-1])
    indices_path, data_path = os.path.join(directory, "indices"), os.path.join(directory, "data")
    dtype = np.dtype(np.int64 if wide else np.int32)
    if wide and largest <= _INT32_MAX:
        data_path, dtype = _narrowed(data_path, nonzeros), np.dtype(np.int32)
    if not nonzeros:
        return indptr, np.zeros(0, np.int32), np.zeros(0, dtype)
    indices = np.memmap(indices_path, np.int32, "r", shape=(nonzeros,))
    return indptr, indices, np.memmap(data_path, dtype, "r", shape=(nonzeros,))


def _narrowed(path: str, size: int, step: int = 1 << 20) -> str:
    """Rewrite a file of int64 as int32, piece by piece, and return its path."""
    with open(path, "rb") as wide, open(path + "32", "wb") as narrow:
        for start in range(0, size, step):
            np.fromfile(wide, np.int64, min(step, size - start)).astype(np.int32).tofile(narrow)
    os.unlink(path)
    return path + "32"
