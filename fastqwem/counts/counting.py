"""Counting a corpus, in memory or in a memory budget."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from ..checks import parse_memory, resolve_workers
from ..progress import Progress, track
from .cooccurrence import Cooccurrence, _csr
from .window import window_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..text import Corpus

__all__ = ["count"]

_LONGEST_STRETCH = 1 << 31
_GROUP = 1 << 17  # entries a worker holds at a time, when memory allows
_SLACK = 8 << 20  # allocator, thread stacks, read buffers
_INT32_MAX = np.iinfo(np.int32).max


def count(
    corpus: Corpus,
    window: int = 16,
    weighting: str = "linear",
    workers: int = 0,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Cooccurrence:
    """Count how often words stand within `window` of each other, exactly.

    Windows end at sentence ends. The result is the same for any number of workers and any memory budget.

    Parameters
    ----------
    corpus : Corpus
    window : int
        Words on either side, 1 to 65,535.
    weighting : {"linear", "uniform", "harmonic"}
        Weight of a context word at distance d: ``window + 1 - d``, 1, or 1/d in fixed point; see `Cooccurrence`.
    workers : int
        Threads; 0 for all cores.
    memory : int or str, optional
        Most memory that the process may hold, in bytes or as text such as "4GB", what it holds already included.
        Counting that would need more goes through files in `scratch`, and a matrix that does not fit stays there
        as a read-only memory map whose files are gone when it is. Without it everything is done in memory.
    scratch : path, optional
        Directory for those files; the system's temporary directory by default. Needs about 3 bytes per nonzero
        and stretch, and 8 per nonzero of the result.
    progress : bool, callable or None
        See `fastqwem.progress`.

    Returns
    -------
    Cooccurrence

    Raises
    ------
    ValueError
        If an argument is out of range, or `memory` is too small to count even a short stretch.
    OSError
        If the scratch directory cannot be written or is full. Nothing is left there.

    Notes
    -----
    Row by row: the occurrences of a word are found through an inverted index, the words around them added up in
    a dense array, and its nonzeros read off. Rows are independent, so threads share nothing.
    """
    weights, scale = window_weights(window, weighting)
    n_workers = resolve_workers(workers)
    budget = parse_memory(memory)
    ids = np.ascontiguousarray(corpus.ids, dtype=np.int32)
    offsets = np.ascontiguousarray(corpus.offsets, dtype=np.int64)
    vocab_size = len(corpus.vocab)
    plan = None
    if budget is not None:
        plan = _plan(budget, len(ids), vocab_size, window, n_workers, corpus.mapped)
    elif len(ids) > _LONGEST_STRETCH:
        plan = _Plan(_LONGEST_STRETCH, _GROUP, 1 << 62)
    with track(progress, "counting", "tokens") as tick:
        if plan is None:
            arrays = _core.count_in_memory(ids, offsets, vocab_size, weights, n_workers, tick)
            matrix = _csr(*arrays)
        else:
            with tempfile.TemporaryDirectory(prefix="fastqwem-count-", dir=scratch) as directory:

                def spill(stretch: int, group: int) -> tuple[Any, bool, int, int, int]:
                    return _core.count_on_disk(
                        ids,
                        offsets,
                        vocab_size,
                        weights,
                        n_workers,
                        corpus.mapped,
                        stretch,
                        group,
                        os.fsencode(directory),
                        tick,
                    )

                matrix = _spilled(plan, spill, directory)
    return Cooccurrence(matrix, corpus.vocab, window, weighting, scale)


@dataclass(frozen=True)
class _Plan:
    """How a budget is spent: tokens per stretch, entries per worker at a time, and bytes for the result."""

    stretch: int
    group: int
    result: int


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _plan(budget: int, n_tokens: int, vocab_size: int, window: int, workers: int, mapped: bool) -> _Plan | None:
    """Return how to count within the budget, or None if counting in memory fits it for certain.

    In memory: 8 bytes a token for the index + 8 bytes per worker and word for its parts, 12 bytes per worker
    and word for accumulators; then at most twice 12 bytes a nonzero (pieces and matrix). The number of nonzeros
    is unknown before counting, but at most V^2 and at most one per increment.
    Spilled: the same per token of a stretch, plus the entries of a group, 60 bytes each, per worker. The result may
    take half of what is free: whatever is made of it needs memory, too.
    """
    free = budget - resident() - _SLACK
    per_token = 8 + (4 if mapped else 0)
    fixed = workers * vocab_size * (8 + 12 + 1) + 16 * vocab_size
    nonzeros = min(vocab_size * vocab_size, 2 * window * n_tokens)
    if fixed + per_token * n_tokens + 24 * nonzeros <= free:
        return None
    group = max(min(_GROUP, (free - fixed) // (8 * 60 * workers)), 1)
    largest = max(group, min(vocab_size, 2 * window * n_tokens))  # a group is at least one row
    stretch = (free - fixed - 60 * workers * largest) // per_token
    if stretch < min(n_tokens, 1 << 12):
        needed = budget - free + fixed + 60 * workers * largest + per_token * min(n_tokens, 1 << 16)
        raise ValueError(
            f"memory must be at least {needed / 1e6:.0f} MB to count {vocab_size:,} words with {workers} "
            f"workers (the process holds {resident() / 1e6:.0f} MB already), got {budget / 1e6:.0f} MB"
        )
    return _Plan(int(min(stretch, _LONGEST_STRETCH, max(n_tokens, 1))), int(group), max(free, 0) // 2)


def _spilled(plan: _Plan, spill: Callable[[int, int], tuple[Any, bool, int, int, int]], directory: str) -> Any:
    """Count through files in `directory` and return the matrix, in memory if it fits the plan, else mapped."""
    indptr, wide, largest, _, _ = spill(plan.stretch, plan.group)
    nonzeros = int(indptr[-1])
    indices_path, data_path = os.path.join(directory, "indices"), os.path.join(directory, "data")
    dtype = np.dtype(np.int64 if wide else np.int32)
    if wide and largest <= _INT32_MAX:
        data_path, dtype = _narrowed(data_path, nonzeros), np.dtype(np.int32)
    if nonzeros * (4 + dtype.itemsize) <= plan.result:
        return _csr(indptr, np.fromfile(indices_path, np.int32), np.fromfile(data_path, dtype))
    indices = np.memmap(indices_path, np.int32, "r", shape=(nonzeros,))
    return _csr(indptr, indices, np.memmap(data_path, dtype, "r", shape=(nonzeros,)))


def _narrowed(path: str, size: int, step: int = 1 << 20) -> str:
    """Rewrite a file of int64 as int32, piece by piece, and return its path."""
    with open(path, "rb") as wide, open(path + "32", "wb") as narrow:
        for start in range(0, size, step):
            np.fromfile(wide, np.int64, min(step, size - start)).astype(np.int32).tofile(narrow)
    return path + "32"
