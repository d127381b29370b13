"""Counting on many machines: text in ranges, counts merged by ranges of rows, over any executor.

Three flat maps, each followed by what needs all of it: the words of each range of text, added up by ranges of
their hashes, make the vocabulary; the counts of each range are a piece (`pieces`); each shard is merged of all
pieces (`job`). Tasks talk through files in one folder that all of them see, and doing one twice changes nothing.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_integer, parse_memory
from ..errors import CorpusError, FormatError
from ..executors import Tasks
from ..places import Folder
from ..progress import Progress, track
from ..storage import pack_words, read_container, unpack_words, write_container
from ..text.ranges import Segment, count_words, encode_segments, fingerprint, segments, stored_bytes
from ..text.vocab import TrimRule, Vocab, check_limits, rank_words
from .cooccurrence import Cooccurrence
from .job import Job, Plan, begin, fingerprint_of_counts, finish, finished_pieces, lay_out
from .pieces import write_piece
from .shards import SHARD_NONZEROS, Settings, ShardedCooccurrence, load_shards
from .spill import Run, count_stretch, row_cuts
from .window import window_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..text.sources import PathLike

__all__ = ["count_text"]

_RANGE = 1 << 27  # stored bytes of text of a task
_SMALLEST_RANGE = 1 << 20
_MOST_RANGES = 1 << 12
_GROUP = 1 << 17
_STRETCH = 1 << 26  # tokens counted at a time
_MEMORY = 1 << 30  # beyond which the ids of an archive, which cannot be cut, go to scratch
_WORDS_KIND, _VOCABULARY_KIND, _VERSION = "word-counts", "vocabulary", 1
_VOCABULARY = "vocabulary.fqw"


def count_text(
    paths: PathLike | Iterable[PathLike],
    window: int,
    weighting: str,
    *,
    executor: Any,
    output: PathLike,
    min_count: int = 5,
    max_vocab: int | None = None,
    vocab: Vocab | None = None,
    trim_rule: TrimRule | None = None,
    workers: int = 1,
    memory: int | str | None = None,
    scratch: PathLike | None = None,
    progress: Progress = None,
    update: str | Cooccurrence | None = None,
    plan: Plan | None = None,
) -> ShardedCooccurrence:
    """Count text over an executor into a folder of shards; see `fastqwem.count`, which judges most arguments."""
    check_integer("workers", workers, 1, 4096)
    paths = paths if isinstance(paths, str | os.PathLike) else list(paths)
    limits = check_limits(min_count, max_vocab, trim_rule)
    weights, scale = window_weights(window, weighting)
    folder = Folder(output, scratch)
    old = Cooccurrence.load(update, mmap=True) if isinstance(update, str) else update
    known = vocab if old is None else old.vocab
    budget = parse_memory(memory)
    cut = plan or Plan(_range_size(paths, budget), _GROUP, SHARD_NONZEROS)

    def describe(cut: Plan) -> dict[str, Any]:
        description = {"window": window, "weighting": weighting, "text": fingerprint(segments(paths, cut.piece))}
        if known is not None:
            description["vocabulary"] = Settings.of(known, window, weighting, scale).vocabulary
        else:
            description |= {"min_count": limits[0], "max_vocab": limits[1], "trim_rule": trim_rule is not None}
        return description | ({} if old is None else {"update": fingerprint_of_counts(old)})

    cut, description, finished = begin(folder, cut, describe)
    if finished:
        return load_shards(folder.name, mmap=True, scratch=folder.scratch)
    ranges = segments(paths, cut.piece)
    with Tasks(executor) as tasks:
        words = _vocabulary(folder / "work", ranges, known, limits, trim_rule, tasks, progress)
        settings = Settings.of(words, window, weighting, scale)
        rows = row_cuts(np.maximum(words.counts, 1), weights, cut.group)
        job = Job(folder, settings, lay_out(folder, rows), len(ranges), workers, budget or _MEMORY, update)
        done = finished_pieces(job, [fingerprint([part]) for part in ranges])
        missing = [(job, i, part) for i, part in enumerate(ranges) if i not in done]
        with track(progress, "counting", "piece") as tick:
            tasks.run(count_piece, missing, tick)
        return finish(job, words, cut, description, tasks, progress)


def _range_size(paths: PathLike | Iterable[PathLike], memory: int | None) -> int:
    """Return bytes of text a task: a token, of two bytes at least, costs 20 at most (ids, their copy, the index).

    Within the budget, a large text is cut into no more than some thousand ranges: each shard is merged of all.
    """
    if memory is None:
        return _RANGE
    return max(_SMALLEST_RANGE, min(memory // 10, max(_RANGE, stored_bytes(paths) // _MOST_RANGES)))


def count_piece(job: Job, number: int, part: list[Segment]) -> None:
    """Count one range of text into a piece. Doing it twice changes nothing."""
    vocab = _read_vocabulary(job.work, job.settings.vocabulary)
    weights, _ = window_weights(job.settings.window, job.settings.weighting)
    with job.work.workspace() as workspace:
        corpus = encode_segments(part, vocab, job.memory, workspace)
        runs: list[Run] = []
        stretch = max(min(_STRETCH, job.memory // 24), 1)
        for first in range(0, corpus.n_tokens, stretch):
            path = os.path.join(workspace, f"run-{len(runs)}")
            last = min(first + stretch, corpus.n_tokens)
            runs.append(count_stretch(corpus, weights, first, last, job.rows, path, job.workers, None))
        write_piece(job.work, number, job.settings, fingerprint([part]), job.rows, runs)


# ---------------------------------------------------------------- the vocabulary


def _vocabulary(
    work: Folder,
    ranges: Sequence[list[Segment]],
    known: Vocab | None,
    limits: tuple[int, int | None],
    trim_rule: TrimRule | None,
    tasks: Tasks,
    progress: Progress,
) -> Vocab:
    """Return the vocabulary, the one that was given or that of all ranges, and leave it for the tasks to read."""
    names = work.names()
    if _VOCABULARY in names:
        return _read_vocabulary(work, None)
    if known is None:
        n_buckets = max(1, min(1024, len(ranges) // 4))
        missing = [(work, i, part, n_buckets) for i, part in enumerate(ranges) if _words_name(i) not in names]
        with track(progress, "reading", "piece") as tick:
            tasks.run(write_words, missing, tick)
        least = 0 if trim_rule is not None else limits[0]
        buckets = [(work, i, len(ranges), least) for i in range(n_buckets) if _bucket_name(i) not in names]
        tasks.run(add_words, buckets, None)
        known = _choose(work, n_buckets, limits, trim_rule)
    with work.workspace() as workspace:
        local = os.path.join(workspace, _VOCABULARY)
        arrays = {**pack_words(known.words), "word_counts": known.counts}
        write_container(local, _VOCABULARY_KIND, _VERSION, {}, arrays)
        work.put(local, _VOCABULARY)
    return known


def _words_name(number: int) -> str:
    return f"words-{number:05d}.fqw"


def _bucket_name(number: int) -> str:
    return f"bucket-{number:05d}.fqw"


def write_words(work: Folder, number: int, part: list[Segment], n_buckets: int) -> None:
    """Write the words of one range of text and their counts, bucket after bucket, and where each bucket is."""
    words, counts = count_words(part)
    bucket = np.array([zlib.crc32(word.encode("utf-8")) % n_buckets for word in words], np.int64)
    starts = [0]
    with work.workspace() as workspace:
        local = os.path.join(workspace, "words")
        with open(local, "wb") as file:
            order = np.argsort(bucket, kind="stable")
            cuts = np.cumsum(np.bincount(bucket, minlength=n_buckets))[:-1]
            for own in np.split(order, cuts):
                file.write(_packed([words[i] for i in own.tolist()], counts[own]))
                starts.append(file.tell())
        work.put(local, _words_name(number) + ".words")
        write_container(local, _WORDS_KIND, _VERSION, {}, {"starts": np.array(starts, np.int64)})
        work.put(local, _words_name(number))


def _packed(words: list[str], counts: NDArray[np.int64]) -> bytes:
    """Return a bucket as bytes: how many words, their counts, where each ends, their text."""
    arrays = pack_words(words)
    numbers = np.concatenate(([len(words)], counts, arrays["word_ends"])).astype("<i8")
    return numbers.tobytes() + arrays["words"].tobytes()


def _unpacked(data: bytes) -> tuple[list[str], NDArray[np.int64]]:
    size = int(np.frombuffer(data, "<i8", 1)[0])
    counts, ends = np.frombuffer(data, "<i8", 2 * size, 8).reshape(2, size)
    return unpack_words({"words": np.frombuffer(data, np.uint8, offset=8 + 16 * size), "word_ends": ends}), counts


def _read_words(work: Folder, number: int, bucket: int) -> tuple[list[str], NDArray[np.int64]]:
    name = _words_name(number)
    with work.workspace() as workspace:
        _, arrays = read_container(work.fetch(name, workspace), _WORDS_KIND, _VERSION)
    try:
        start, stop = arrays["starts"][bucket : bucket + 2].tolist()
        return _unpacked(work.read(name + ".words", start, stop))
    except (KeyError, ValueError) as error:
        raise FormatError(f"{work.path(name)}: damaged words ({error})") from None


def add_words(work: Folder, bucket: int, n_ranges: int, least: int) -> None:
    """Add up the words of one bucket over all ranges, and keep those that occur often enough."""
    total: Counter[str] = Counter()
    for number in range(n_ranges):
        words, counts = _read_words(work, number, bucket)
        total.update(dict(zip(words, counts.tolist(), strict=True)))
    kept = [(word, count) for word, count in total.items() if count >= least]
    arrays = {
        **pack_words([word for word, _ in kept]),
        "counts": np.array([count for _, count in kept], np.int64),
    }
    with work.workspace() as workspace:
        local = os.path.join(workspace, _bucket_name(bucket))
        write_container(local, _WORDS_KIND, _VERSION, {"n_tokens": total.total()}, arrays)
        work.put(local, _bucket_name(bucket))


def _choose(work: Folder, n_buckets: int, limits: tuple[int, int | None], trim_rule: TrimRule | None) -> Vocab:
    words: list[str] = []
    parts, n_tokens = [], 0
    with work.workspace() as workspace:
        for bucket in range(n_buckets):
            header, arrays = read_container(work.fetch(_bucket_name(bucket), workspace), _WORDS_KIND, _VERSION)
            words += unpack_words(arrays)
            parts.append(arrays["counts"])
            n_tokens += header["n_tokens"]
    if not n_tokens:
        raise CorpusError("no words in the text")
    counts = np.concatenate(parts)
    order = rank_words(words, counts, *limits, trim_rule)
    if not len(order):
        raise CorpusError(f"no word is left: none of {n_tokens:,} tokens occurs {limits[0]:,} times (min_count)")
    return Vocab._trusted([words[i] for i in order.tolist()], counts[order])


@lru_cache(maxsize=1)
def _vocabulary_of(name: str, digest: str, scratch: str | None) -> Vocab:
    """Read a vocabulary once per process; `digest` tells one of a later job in the same place."""
    return _read_vocabulary(Folder(name, scratch), None)


def _read_vocabulary(work: Folder, digest: str | None) -> Vocab:
    if digest is not None:
        return _vocabulary_of(work.name, digest, work.scratch)
    with work.workspace() as workspace:
        local = work.fetch(_VOCABULARY, workspace)
        _, arrays = read_container(local, _VOCABULARY_KIND, _VERSION)
        return Vocab._trusted(unpack_words(arrays), arrays["word_counts"])
