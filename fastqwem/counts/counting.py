"""Counting a corpus: in memory, in a memory budget, into a folder, or over an executor."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from ..checks import parse_memory, resolve_workers
from ..executors import Tasks
from ..places import Folder
from ..progress import Progress, Tick, track
from ..storage import release_pages
from .cooccurrence import Cooccurrence, _csr
from .job import Job, Plan, begin, fingerprint_of_counts, finish, finished_pieces, lay_out
from .pieces import write_piece
from .shards import SHARD_NONZEROS, Settings, load_shards
from .spill import Run, count_stretch, log_runs, merge_runs, row_cuts
from .window import window_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..text import Corpus
    from ..text.vocab import TrimRule, Vocab

PathLike = str | os.PathLike[str]

__all__ = ["count"]

_LONGEST_STRETCH = 1 << 31
_PIECE = 1 << 25  # tokens counted between two points at which an interrupted count can go on
_GROUP = 1 << 17  # entries a worker holds at a time, when memory allows
_SLACK = 8 << 20  # allocator, thread stacks, read buffers


def count(
    corpus: Corpus | PathLike | Iterable[PathLike],
    window: int = 16,
    weighting: str = "linear",
    workers: int = 0,
    memory: int | str | None = None,
    scratch: PathLike | None = None,
    progress: Progress = None,
    *,
    output: PathLike | None = None,
    executor: Any = None,
    update: Cooccurrence | PathLike | None = None,
    min_count: int = 5,
    max_vocab: int | None = None,
    vocab: Vocab | None = None,
    trim_rule: TrimRule | None = None,
) -> Cooccurrence:
    """Count how often words stand within `window` of each other, exactly.

    Windows end at sentence ends. The result is the same for any number of workers or machines, any memory budget and
    any number of interruptions.

    Parameters
    ----------
    corpus : Corpus, path, or iterable of paths
        Paths are text, see `Corpus.from_text`; with an `executor` there must be paths.
    window : int
        Words on either side, 1 to 65,535.
    weighting : {"linear", "uniform", "harmonic"}
        Weight of a context word at distance d: ``window + 1 - d``, 1, or 1/d in fixed point; see `Cooccurrence`.
    workers : int
        Threads; 0 for all cores. With an `executor` those of each task; 0 for one.
    memory : int or str, optional
        Most memory that the process may hold, in bytes or as text such as "4GB", what it holds already included.
        Counting that would need more goes through files in `scratch`, and a matrix that does not fit stays there
        as a read-only memory map whose files are gone when it is. Without it everything is done in memory. With an
        `executor` it is the budget of a task for the text that it counts.
    scratch : path, optional
        Directory for those files; the system's temporary directory by default. Needs about 3 bytes per nonzero
        and stretch, and 8 per nonzero of the result.
    progress : bool, callable or None
        See `fastqwem.progress`.
    output : path, optional
        Folder for the result, new or empty, as shards by ranges of rows (see `fastqwem.counts.shards`). What was
        interrupted, however, goes on from finished pieces and shards when the same call is made again. With an
        `executor` all workers must see the folder; it may be an address such as ``"s3://bucket/counts"``.
    executor : concurrent.futures.Executor, dask.distributed.Client, or callable that makes one, optional
        Does the work, the vocabulary included. A task whose worker vanishes is done again by another.
    update : Cooccurrence or path, optional
        Add to these counts, whose vocabulary, window and weighting the new ones must have: paths are read with that
        vocabulary. Older counts on disk are streamed. With an `executor` a path that all workers see.
    min_count, max_vocab, vocab, trim_rule
        Of the vocabulary of paths, see `Corpus.from_text`.

    Returns
    -------
    Cooccurrence
        Memory-mapped shards where there is an `output`.

    Raises
    ------
    ValueError
        If an argument is out of range, or `memory` is too small to count even a short stretch.
    FormatError
        If `output` holds another count, or a piece or shard there is missing, truncated or from other settings; the
        message says which.
    OSError
        If a directory cannot be written or is full. Nothing is left in `scratch`; what is finished in `output` stays.

    Notes
    -----
    Row by row: the occurrences of a word are found through an inverted index, the words around them added up in
    a dense array, and its nonzeros read off. Rows are independent, so threads share nothing.
    """
    from ..text import Corpus

    window_weights(window, weighting)  # judges both
    if executor is not None and isinstance(corpus, Corpus):
        raise TypeError("corpus must be paths of text with an executor, got a Corpus")
    old = _older(update, window, weighting, executor is not None)
    if old is not None and (vocab is not None or max_vocab is not None or trim_rule is not None):
        raise ValueError("vocab, max_vocab and trim_rule must be None with update, which has its vocabulary")
    around: dict[str, Any] = {"memory": memory, "scratch": scratch, "progress": progress}
    words: dict[str, Any] = {"min_count": min_count, "max_vocab": max_vocab, "vocab": vocab, "trim_rule": trim_rule}
    if executor is not None:
        older = None if update is None else os.fspath(update)  # type: ignore[arg-type]  # no counts, `_older` saw to it
        given = around | words | {"executor": executor, "workers": workers or 1, "update": older}
        return _distributed(corpus, window, weighting, output, given)
    encoded: Any = corpus
    if isinstance(corpus, str | os.PathLike) or not hasattr(corpus, "ids"):
        words |= {} if old is None else {"vocab": old.vocab}
        encoded = Corpus.from_text(corpus, workers=workers, **words, **around)
    if old is not None and encoded.vocab.words != old.vocab.words:
        raise ValueError("the corpus must have the vocabulary of update: encode it with vocab=counts.vocab")
    made = _Counting(encoded, window, weighting, resolve_workers(workers), old, progress, scratch)
    return made.into_folder(output, parse_memory(memory)) if output is not None else made.whole(parse_memory(memory))


def _older(update: Cooccurrence | PathLike | None, window: int, weighting: str, elsewhere: bool) -> Cooccurrence | None:
    """Return the counts to add to, judged."""
    if update is None:
        return None
    if isinstance(update, Cooccurrence):
        if elsewhere:
            raise TypeError("update must be a path with an executor, got counts")
        old = update
    else:
        old = Cooccurrence.load(update, mmap=True)
    for name, value in (("window", window), ("weighting", weighting)):
        if getattr(old, name) != value:
            raise ValueError(f"{name} must be that of update, {getattr(old, name)!r}, got {value!r}")
    return old


def _distributed(
    paths: Any, window: int, weighting: str, output: PathLike | None, given: dict[str, Any]
) -> Cooccurrence:
    from .distributed import count_text

    if output is not None:
        return count_text(paths, window, weighting, output=output, **given)
    scratch = given["scratch"]
    with tempfile.TemporaryDirectory(prefix="fastqwem-count-", dir=scratch, ignore_cleanup_errors=True) as folder:
        counts = count_text(paths, window, weighting, output=folder, **given)
        return Cooccurrence(counts.matrix, counts.vocab, counts.window, counts.weighting, counts.scale)


class _Counting:
    """One count of a corpus by the threads of this process."""

    def __init__(
        self,
        corpus: Corpus,
        window: int,
        weighting: str,
        workers: int,
        old: Cooccurrence | None,
        progress: Progress,
        scratch: PathLike | None,
    ) -> None:
        self.corpus, self.window, self.weighting, self.workers = corpus, window, weighting, workers
        self.weights, self.scale = window_weights(window, weighting)
        self.old, self.progress, self.scratch = old, progress, scratch
        self.ids = np.ascontiguousarray(corpus.ids, dtype=np.int32)
        self.offsets = np.ascontiguousarray(corpus.offsets, dtype=np.int64)

    def whole(self, budget: int | None) -> Cooccurrence:
        """Return the counts as one matrix."""
        n_tokens, vocab_size = len(self.ids), len(self.corpus.vocab)
        plan = self._plan(budget)
        if plan is None and (self.old is not None or n_tokens > _LONGEST_STRETCH):
            plan = _Plan(_LONGEST_STRETCH, _GROUP, 1 << 62)
        if plan is None:
            with track(self.progress, "counting", "tokens") as tick:
                arrays = _core.count_in_memory(self.ids, self.offsets, vocab_size, self.weights, self.workers, tick)
            matrix = _csr(*arrays)
        else:
            with tempfile.TemporaryDirectory(prefix="fastqwem-count-", dir=self.scratch) as directory:
                matrix = self._spilled(plan, directory)
        return Cooccurrence(matrix, self.corpus.vocab, self.window, self.weighting, self.scale)

    def _plan(self, budget: int | None) -> _Plan | None:
        if budget is None:
            return None
        vocab_size, mapped = len(self.corpus.vocab), self.corpus.mapped
        return _plan(budget, len(self.ids), vocab_size, self.window, self.workers, mapped)

    def _rows(self, group: int) -> NDArray[np.int32]:
        vocab_size, mapped = len(self.corpus.vocab), self.corpus.mapped
        return row_cuts(_core.occurrences(self.ids, self.offsets, vocab_size, mapped), self.weights, group)

    def _stretch(self, first: int, last: int, rows: NDArray[np.int32], path: str, tick: Tick | None) -> Run:
        own = _shifted(tick, first, len(self.ids))
        return count_stretch(self.corpus, self.weights, first, last, rows, path, self.workers, own)

    def _spilled(self, plan: _Plan, directory: str) -> Any:
        """Count through files in `directory` and return the matrix, in memory if it fits the plan, else mapped."""
        rows = self._rows(plan.group)
        runs: list[Run] = []
        with track(self.progress, "counting", "tokens") as tick:
            for first, last in _stretches(len(self.ids), plan.stretch):
                runs.append(self._stretch(first, last, rows, os.path.join(directory, f"run-{len(runs)}"), tick))
        log_runs(len(runs), sum(run.size for run in runs), sum(run.nnz for run in runs))
        old = () if self.old is None else self.old.parts
        with track(self.progress, "merging", "entries") as tick:
            merged = merge_runs(runs, old, rows, (0, len(rows) - 1), directory, self.workers, tick)
        indptr, indices, data = merged
        if len(indices) * (4 + data.itemsize) <= plan.result:
            return _csr(indptr, _in_memory(indices), _in_memory(data))
        return _csr(indptr, indices, data)

    def into_folder(self, output: PathLike, budget: int | None) -> Cooccurrence:
        """Count into a folder of shards, piece by piece, going on where an earlier run was interrupted."""
        vocab, n_tokens = self.corpus.vocab, len(self.ids)
        settings = Settings.of(vocab, self.window, self.weighting, self.scale)
        text = fingerprint_of_ids(self.ids, self.offsets)
        description: dict[str, Any] = asdict(settings) | {"text": text}
        if self.old is not None:
            description["update"] = fingerprint_of_counts(self.old)
        found = self._plan(budget) or _Plan(_PIECE, _GROUP, 0)
        size = 1 << (min(found.stretch, _PIECE).bit_length() - 1)  # a power of two: the next run finds the same
        folder = Folder(output, self.scratch)
        plan, description, finished = begin(folder, Plan(size, found.group, SHARD_NONZEROS), lambda _: description)
        if finished:
            return load_shards(folder.name, mmap=True, scratch=folder.scratch)
        if budget is not None and plan.piece > 2 * found.stretch:  # what the process holds already may differ a little
            raise ValueError(
                f"memory must be enough for pieces of {plan.piece:,} tokens, with which this count was begun, "
                f"got {budget:,} bytes"
            )
        stretches = _stretches(n_tokens, plan.piece)
        job = Job(folder, settings, lay_out(folder, self._rows(plan.group)), len(stretches), self.workers, old=self.old)
        texts = [f"{text}:{first}:{last}" for first, last in stretches]
        done = finished_pieces(job, texts)
        with track(self.progress, "counting", "tokens") as tick:
            for i, (first, last) in enumerate(stretches):
                if i in done:
                    continue
                with job.work.workspace() as workspace:
                    run = self._stretch(first, last, job.rows, os.path.join(workspace, "run"), tick)
                    write_piece(job.work, i, settings, texts[i], job.rows, [run])
        with Tasks() as tasks:
            return finish(job, vocab, plan, description, tasks, self.progress)


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


def _in_memory(array: NDArray[Any]) -> NDArray[Any]:
    """Return a map of a whole file as an ordinary array; its pages never count as resident beside it."""
    return np.fromfile(array.filename, array.dtype) if isinstance(array, np.memmap) else array  # type: ignore[arg-type]


def _stretches(n_tokens: int, size: int) -> list[tuple[int, int]]:
    """Return the bounds of stretches of so many tokens."""
    return [(first, min(first + size, n_tokens)) for first in range(0, n_tokens, size)]


def fingerprint_of_ids(ids: NDArray[np.int32], offsets: NDArray[np.int64]) -> str:
    """Return what tells this text from any other."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (offsets, ids):
        for start in range(0, len(array), 1 << 22):
            digest.update(np.ascontiguousarray(array[start : start + (1 << 22)]))
        digest.update(b"|")
        release_pages(array)
    return digest.hexdigest()


def _shifted(tick: Tick | None, before: int, total: int) -> Tick | None:
    """Return what a part of some work reports to, when `before` was done before it."""
    if tick is None:
        return None
    return lambda done, _: tick(before + done, total)
