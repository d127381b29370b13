"""A count that ends in a folder of shards and can be interrupted at any moment: what it consists of, and its merge.

While it is under way the folder has a folder ``work``: ``job.fqj`` says what is being counted, ``piece-*`` are counted
already (`pieces`), ``note-*`` stand for shards that are merged already. A count that finds these goes on from there;
one of other text or settings refuses. In the end comes the manifest, and ``work`` goes.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError
from ..executors import Tasks
from ..places import Folder
from ..progress import Progress, track
from ..storage import checksum, read_container, write_container
from ..text.vocab import Vocab
from .cooccurrence import Cooccurrence
from .pieces import check_piece, piece_name, read_piece
from .shards import (
    MANIFEST,
    Settings,
    Shard,
    ShardedCooccurrence,
    load_shards,
    read_manifest_header,
    row_ranges,
    shard_name,
    write_manifest,
    write_shard,
)
from .spill import log_runs, merge_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WORK", "Job", "Plan", "begin", "fingerprint_of_counts", "finish", "finished_pieces", "lay_out"]

WORK = "work"
_JOB, _JOB_KIND, _ROWS_KIND, _NOTE_KIND, _VERSION = "job.fqj", "counts-job", "counts-rows", "counts-note", 1


@dataclass(frozen=True)
class Plan:
    """How a job is cut. A job that goes on keeps the cuts that it began with.

    Attributes
    ----------
    piece : int
        Tokens, or bytes of text, of a piece.
    group : int
        Entries that a worker holds at a time.
    shard : int
        Nonzeros of a shard at most, or those of one row.
    """

    piece: int
    group: int
    shard: int


@dataclass(frozen=True)
class Job:
    """What all tasks of a count must know; it is small, and may be sent to other processes.

    `layout` names the file of the rows by which runs are laid out, see `lay_out`.
    """

    folder: Folder
    settings: Settings
    layout: str
    n_pieces: int
    workers: int
    memory: int = 0
    old: str | Cooccurrence | None = None

    @property
    def work(self) -> Folder:
        """Where unfinished work is."""
        return self.folder / WORK

    @property
    def rows(self) -> NDArray[np.int32]:
        """The first rows of groups, and V at the end."""
        return _rows(self.work.name, self.work.scratch, self.layout)


def lay_out(folder: Folder, rows: NDArray[np.int32]) -> str:
    """Leave the first rows of groups, and V, for the tasks to read, and return the name of the file."""
    name = f"rows-{hashlib.blake2b(rows.tobytes(), digest_size=16).hexdigest()}.fqj"
    work = folder / WORK
    if name not in work.names():
        with work.workspace() as workspace:
            local = os.path.join(workspace, name)
            write_container(local, _ROWS_KIND, _VERSION, {}, {"rows": rows})
            work.put(local, name)
    return name


@lru_cache(maxsize=2)
def _rows(work: str, scratch: str | None, name: str) -> NDArray[np.int32]:
    """Read them once per process; the name holds their hash, so another job's are not mistaken for them."""
    folder = Folder(work, scratch)
    with folder.workspace() as workspace:
        rows: NDArray[np.int32] = read_container(folder.fetch(name, workspace), _ROWS_KIND, _VERSION)[1]["rows"]
        return rows


def begin(
    folder: Folder, plan: Plan, describe: Callable[[Plan], Mapping[str, Any]]
) -> tuple[Plan, dict[str, Any], bool]:
    """Open the folder of a job that is new, unfinished, or finished.

    Parameters
    ----------
    plan : Plan
        For a new job.
    describe : callable
        Returns what the job counts, and how, when it is cut so; a table of JSON values.

    Returns
    -------
    plan : Plan
    description : dict
    finished : bool

    Raises
    ------
    FormatError
        If the folder holds another job; the message says what differs.
    """
    names = folder.names()
    where, found = folder.path(f"{WORK}/{_JOB}"), None
    if MANIFEST in names:
        where = folder.path(MANIFEST)
        with folder.workspace() as workspace:
            found = read_manifest_header(folder.fetch(MANIFEST, workspace)).get("job")
        if found is None:
            raise FileExistsError(17, "the folder holds counts already", folder.name)
    elif _JOB in (folder / WORK).names():
        with folder.workspace() as workspace:
            found = read_container((folder / WORK).fetch(_JOB, workspace), _JOB_KIND, _VERSION)[0]
    elif names - {WORK}:
        raise FileExistsError(17, "the folder is not empty, and holds no unfinished counts", folder.name)
    if found is not None:
        plan = Plan(*found["plan"])
    description = {"plan": [plan.piece, plan.group, plan.shard], **describe(plan)}
    if found is not None and found != description:
        keys = [key for key in sorted({*found, *description}) if found.get(key) != description.get(key)]
        differing = "; ".join(f"{key} {found.get(key)!r}, not {description.get(key)!r}" for key in keys)
        raise FormatError(f"{where}: begun for another count ({differing}); choose another folder")
    if found is None:
        folder.make()
        (folder / WORK).make()
        with (folder / WORK).workspace() as workspace:
            local = os.path.join(workspace, _JOB)
            write_container(local, _JOB_KIND, _VERSION, description, {})
            (folder / WORK).put(local, _JOB)
    return plan, description, MANIFEST in names


def finished_pieces(job: Job, texts: Sequence[str]) -> set[int]:
    """Return the numbers of the pieces that an earlier run has finished, each judged; FormatError names a bad one."""
    names = job.work.names()
    found = {number for number in range(len(texts)) if piece_name(number) in names}
    for number in found:
        check_piece(job.work, number, job.settings, texts[number], job.rows)
    return found


def finish(
    job: Job, vocab: Vocab, plan: Plan, description: Mapping[str, Any], tasks: Tasks, progress: Progress
) -> ShardedCooccurrence:
    """Merge the pieces, all of which are there, into shards, write the manifest and remove what it stands for."""
    ranges = list(itertools.pairwise(_cut_shards(job, plan.shard)))
    names = job.work.names()
    missing = [(job, i, groups) for i, groups in enumerate(ranges) if _note_name(i) not in names]
    with track(progress, "merging", "shard") as tick:
        tasks.run(merge_shard, missing, tick)
    shards, marginals = [], np.zeros(len(vocab), np.int64)
    with job.work.workspace() as workspace:
        for i, (first, last) in enumerate(ranges):
            shard, sums = _read_note(job, i, (int(job.rows[first]), int(job.rows[last])), workspace)
            shards.append(shard)
            marginals[shard.first_row : shard.last_row] = sums
        local = os.path.join(workspace, MANIFEST)
        write_manifest(local, job.settings, vocab, marginals, shards, {"job": description})
        job.folder.put(local, MANIFEST)
    job.work.remove()
    return load_shards(job.folder.name, mmap=True, scratch=job.folder.scratch)


def _cut_shards(job: Job, most: int) -> list[int]:
    """Return the first groups of the shards, and the number of groups at the end."""
    entries = np.zeros(len(job.rows) - 1, np.int64)
    n_runs = size = 0
    with job.work.workspace() as workspace:
        for piece in range(job.n_pieces):
            for run in read_piece(job.work, piece, job.settings, job.rows, workspace):
                entries += run.nonzeros
                n_runs, size = n_runs + 1, size + run.size
    log_runs(n_runs, size, int(entries.sum()))
    for part in _old(job).parts if job.old is not None else ():
        indptr = part.matrix.indptr
        bounds = indptr[np.clip(job.rows, part.first_row, part.last_row) - part.first_row]
        entries += np.diff(bounds.astype(np.int64))
    return row_ranges(entries, most)


def _old(job: Job) -> Cooccurrence:
    assert job.old is not None
    return Cooccurrence.load(job.old, mmap=True) if isinstance(job.old, str) else job.old


def _note_name(number: int) -> str:
    return f"note-{number:05d}.fqj"


def merge_shard(job: Job, number: int, groups: tuple[int, int]) -> None:
    """Make one shard of all pieces, and a note that it is whole. Doing it twice changes nothing."""
    rows = int(job.rows[groups[0]]), int(job.rows[groups[1]])
    with job.work.workspace() as workspace:
        runs = [
            run
            for piece in range(job.n_pieces)
            for run in read_piece(job.work, piece, job.settings, job.rows, workspace, groups)
        ]
        old = () if job.old is None else _old(job).parts_between(*rows)
        merged = merge_runs(runs, old, job.rows, groups, workspace, job.workers, None)
        local = os.path.join(workspace, shard_name(number))
        marginals = write_shard(local, job.settings, rows, *merged)
        header = asdict(Shard(shard_name(number), *rows, len(merged[1]), checksum(local)))
        note = os.path.join(workspace, _note_name(number))
        write_container(note, _NOTE_KIND, _VERSION, header | asdict(job.settings), {"marginals": marginals})
        job.folder.put(local, shard_name(number))
        job.work.put(note, _note_name(number))


def _read_note(job: Job, number: int, rows: tuple[int, int], workspace: str) -> tuple[Shard, NDArray[np.int64]]:
    where = job.work.path(_note_name(number))
    header, arrays = read_container(job.work.fetch(_note_name(number), workspace), _NOTE_KIND, _VERSION)
    job.settings.check(where, header)
    shard = Shard(*(header[name] for name in ("file", "first_row", "last_row", "nonzeros", "crc32")))
    if (shard.first_row, shard.last_row) != rows:
        raise FormatError(f"{where}: holds other rows than {rows[0]:,} to {rows[1]:,}")
    job.folder.size(shard.file)  # missing?
    return shard, arrays["marginals"]


def fingerprint_of_counts(counts: Cooccurrence) -> str:
    """Return what tells older counts from others, well enough not to mix them up by mistake."""
    digest = hashlib.blake2b(digest_size=16)
    settings = Settings.of(counts.vocab, counts.window, counts.weighting, counts.scale)
    digest.update(repr((settings, counts.nnz)).encode())
    digest.update(np.ascontiguousarray(counts.marginals).tobytes())
    return digest.hexdigest()
