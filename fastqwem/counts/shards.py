"""Counts in a folder: one file for each range of rows, and a manifest that says how they make a whole.

A folder of counts holds ``manifest.fqn``, a container of `fastqwem.storage` of kind "sharded-counts" with the words,
their counts and the row sums (``words``, ``word_ends``, ``word_counts``, ``marginals``), and in its header window,
weighting, scale, the hash of the vocabulary and the list of shards: file, rows, nonzeros, checksum. It is written
last. Each shard is a container of kind "counts-shard" with int64 ``indptr`` (from 0), int32 ``indices`` and int32 or
int64 ``data`` of its rows, ``marginals``, and in its header the same settings.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..errors import FormatError
from ..places import Folder
from ..storage import checksum, pack_words, read_container, release_pages, unpack_words, write_container
from ..text.vocab import Vocab
from .cooccurrence import Cooccurrence, Part, _csr, row_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MANIFEST", "Settings", "ShardedCooccurrence", "load_shards", "save_shards", "write_manifest", "write_shard"]

MANIFEST = "manifest.fqn"
SHARD_NONZEROS = 1 << 27
_MANIFEST_KIND, _SHARD_KIND, _VERSION = "sharded-counts", "counts-shard", 1
_INT32_MAX = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Settings:
    """What counts must share to be parts of one whole."""

    vocabulary: str
    window: int
    weighting: str
    scale: int

    @classmethod
    def of(cls, vocab: Vocab, window: int, weighting: str, scale: int) -> Settings:
        """Return the settings, with the hash of the vocabulary: its words, their order and counts."""
        digest = hashlib.blake2b(digest_size=16)
        for name, array in pack_words(vocab.words).items():
            digest.update(name.encode() + array.tobytes())
        digest.update(vocab.counts.tobytes())
        return cls(digest.hexdigest(), window, weighting, scale)

    def check(self, where: str, header: Mapping[str, Any]) -> None:
        """Raise FormatError unless a header has the same settings; the message says which differs."""
        for name, wanted in asdict(self).items():
            found = header.get(name)
            if found != wanted:
                what = "other words" if name == "vocabulary" else f"{name} {found!r} where {wanted!r} is expected"
                raise FormatError(f"{where}: from other settings ({what})")


@dataclass(frozen=True)
class Shard:
    """One entry of a manifest."""

    file: str
    first_row: int
    last_row: int
    nonzeros: int
    crc32: str


def shard_name(number: int) -> str:
    """Return the name of a shard's file."""
    return f"shard-{number:05d}.fqn"


def write_shard(
    path: str,
    settings: Settings,
    rows: tuple[int, int],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[Any],
) -> NDArray[np.int64]:
    """Write some rows to one file, atomically; returns their sums."""
    marginals = row_sums(indptr, data)
    header = asdict(settings) | {"first_row": rows[0], "last_row": rows[1]}
    arrays: dict[str, NDArray[Any]] = {"indptr": indptr, "indices": indices, "data": data, "marginals": marginals}
    write_container(path, _SHARD_KIND, _VERSION, header, arrays)
    return marginals


def write_manifest(
    path: str,
    settings: Settings,
    vocab: Vocab,
    marginals: NDArray[np.int64],
    shards: Sequence[Shard],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write the file that makes a folder of shards a whole."""
    header = asdict(settings) | {"shards": [asdict(shard) for shard in shards]} | dict(more or {})
    arrays = {**pack_words(vocab.words), "word_counts": vocab.counts, "marginals": marginals}
    write_container(path, _MANIFEST_KIND, _VERSION, header, arrays)


def read_manifest_header(path: str) -> dict[str, Any]:
    """Return the header of a manifest alone."""
    return read_container(path, _MANIFEST_KIND, _VERSION, mmap=True)[0]


class _Parts(Sequence[Part]):
    """The parts of a folder, opened at each access, so that nothing is held that is not in use.

    Those of a remote folder are copied to the local folder `copy` when they are wanted first.
    """

    def __init__(
        self, folder: Folder, settings: Settings, shards: Sequence[Shard], vocab_size: int, mmap: bool, copy: str | None
    ) -> None:
        self._folder, self._settings, self._shards, self._copy = folder, settings, shards, copy
        self._vocab_size, self._mmap = vocab_size, mmap

    def _path(self, shard: Shard) -> str:
        if self._copy is None:
            return self._folder.path(shard.file)
        path = os.path.join(self._copy, shard.file)
        return path if os.path.exists(path) else self._folder.fetch(shard.file, self._copy)

    def __len__(self) -> int:
        return len(self._shards)

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Part]: ...
    def __getitem__(self, index: int | slice) -> Part | Sequence[Part]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        shard = self._shards[index]
        return Part(shard.first_row, shard.last_row, self._read(self._path(shard), shard))

    def _read(self, path: str, shard: Shard) -> Any:
        self.check(path, shard)
        _, arrays = read_container(path, _SHARD_KIND, _VERSION, mmap=self._mmap)
        try:
            indptr, indices, data = np.array(arrays["indptr"]), arrays["indices"], arrays["data"]
            sound = (
                indptr.shape == (shard.last_row - shard.first_row + 1,)
                and indptr[0] == 0
                and indptr[-1] == len(indices) == len(data) == shard.nonzeros
                and bool(np.all(np.diff(indptr) >= 0))
                and (self._mmap or not len(indices) or 0 <= indices.min() <= indices.max() < self._vocab_size)
            )
        except (KeyError, TypeError, IndexError):
            sound = False
        if not sound:
            raise FormatError(f"{path}: counts whose parts do not fit together")
        return _csr(indptr, indices, data, self._vocab_size)

    def check(self, path: str, shard: Shard) -> None:
        """Raise FormatError unless a file is the shard that the manifest means; its data are not read."""
        if not os.path.exists(path):
            raise FormatError(f"{path}: missing")
        header, _ = read_container(path, _SHARD_KIND, _VERSION, mmap=True)
        self._settings.check(path, header)
        if (header.get("first_row"), header.get("last_row")) != (shard.first_row, shard.last_row):
            raise FormatError(f"{path}: holds other rows than {shard.first_row:,} to {shard.last_row:,}")
        if checksum(path) != shard.crc32:
            raise FormatError(f"{path}: another shard than the manifest means, its checksum differs")

    def check_all(self) -> None:
        """Check every file, remote ones only for being there, and that they make all rows."""
        for shard in self._shards:
            if self._copy is None:
                self.check(self._path(shard), shard)
            else:
                self._folder.size(shard.file)
        bounds = [0, *(shard.last_row for shard in self._shards)]
        if bounds[:-1] != [shard.first_row for shard in self._shards] or bounds[-1] != self._vocab_size:
            where = self._folder.path(MANIFEST)
            raise FormatError(f"{where}: its shards do not make {self._vocab_size:,} rows")

    def __iter__(self) -> Iterator[Part]:
        for i in range(len(self)):
            yield self[i]


class ShardedCooccurrence(Cooccurrence):
    """Counts in a folder: `parts` reads them file by file; `matrix` has all of them in memory, made on first use.

    Sums and the number of nonzeros come from the manifest and cost nothing.
    """

    def __init__(
        self,
        vocab: Vocab,
        settings: Settings,
        marginals: NDArray[np.int64],
        shards: Sequence[Shard],
        folder: Folder,
        mmap: bool,
        copy: str | None = None,
    ) -> None:
        self.vocab = vocab
        self.window, self.weighting, self.scale = settings.window, settings.weighting, settings.scale
        self.marginals = marginals
        self._shards = list(shards)
        self._parts = _Parts(folder, settings, self._shards, len(vocab), mmap, copy)
        self._parts.check_all()

    @property
    def parts(self) -> Sequence[Part]:
        """The rows, one part a file; each access opens the file anew."""
        return self._parts

    def parts_between(self, first_row: int, last_row: int) -> Sequence[Part]:
        """Return the parts that hold any of these rows; the others are not opened."""
        shards = enumerate(self._shards)
        return [self._parts[i] for i, s in shards if s.first_row < last_row and first_row < s.last_row]

    @property
    def nnz(self) -> int:
        """The number of pairs (i, j) that were seen."""
        return sum(shard.nonzeros for shard in self._shards)

    @cached_property
    def matrix(self) -> Any:  # type: ignore[override]
        """All counts in memory."""
        dtype = np.result_type(np.int32, *(part.matrix.data.dtype for part in self._parts))
        indptr = np.zeros(len(self.vocab) + 1, np.int64)
        indices, data = np.empty(self.nnz, np.int32), np.empty(self.nnz, dtype)
        at = 0
        for part in self._parts:
            end = at + len(part.matrix.indices)
            indptr[part.first_row + 1 : part.last_row + 1] = at + part.matrix.indptr[1:].astype(np.int64)
            indices[at:end], data[at:end] = part.matrix.indices, part.matrix.data
            at = end
        return _csr(indptr, indices, data)

    def __getitem__(self, pair: tuple[str, str]) -> int:
        row, column = self.vocab[pair[0]], self.vocab[pair[1]]
        bounds = [shard.last_row for shard in self._shards]
        part = self._parts[int(np.searchsorted(bounds, row, side="right"))]
        start, end = part.matrix.indptr[row - part.first_row : row - part.first_row + 2].tolist()
        at = start + int(np.searchsorted(part.matrix.indices[start:end], column))
        return int(part.matrix.data[at]) if at < end and part.matrix.indices[at] == column else 0


def load_shards(path: str | os.PathLike[str], mmap: bool = False, scratch: str | None = None) -> ShardedCooccurrence:
    """Open a folder of counts; of one behind an address, shards are copied to a temporary folder when they are wanted.

    Raises
    ------
    FormatError
        If a shard is missing, truncated or from other settings, or the folder is unfinished; the message names the
        file.
    """
    folder = Folder(path)
    if not folder.remote:
        return _open(folder, mmap)
    copy = tempfile.mkdtemp(prefix="fastqwem-counts-", dir=scratch)
    try:
        counts = _open(folder, mmap, copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    weakref.finalize(counts._parts, shutil.rmtree, copy, True)  # maps that are still in use keep their pages
    return counts


def _open(folder: Folder, mmap: bool, copy: str | None = None) -> ShardedCooccurrence:
    if MANIFEST not in folder.names():
        raise FormatError(f"{folder.name}: missing, or no finished folder of counts (no {MANIFEST})")
    where = folder.path(MANIFEST) if copy is None else folder.fetch(MANIFEST, copy)
    header, arrays = read_container(where, _MANIFEST_KIND, _VERSION)
    try:
        vocab = Vocab(unpack_words(arrays), arrays["word_counts"])
        settings = Settings(*(header[field] for field in ("vocabulary", "window", "weighting", "scale")))
        shards = [Shard(**entry) for entry in header["shards"]]
        marginals = arrays["marginals"]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{where}: a damaged manifest ({error})") from None
    return ShardedCooccurrence(vocab, settings, marginals, shards, folder, mmap, copy)


def save_shards(counts: Cooccurrence, path: str | os.PathLike[str], nonzeros: int = SHARD_NONZEROS) -> None:
    """Write counts into a new or empty folder, as shards of at most so many nonzeros, or one row."""
    folder = os.fspath(path)
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        raise FileExistsError(17, "the folder is not empty", folder)
    settings = Settings.of(counts.vocab, counts.window, counts.weighting, counts.scale)
    shards: list[Shard] = []
    marginals = np.zeros(len(counts.vocab), np.int64)
    for part in counts.parts:
        indptr = np.asarray(part.matrix.indptr, np.int64)
        for first, last in itertools.pairwise(row_ranges(np.diff(indptr), nonzeros)):
            start, end = int(indptr[first]), int(indptr[last])
            rows = (part.first_row + first, part.first_row + last)
            file = os.path.join(folder, shard_name(len(shards)))
            own = indptr[first : last + 1] - start
            indices, data = part.matrix.indices[start:end], part.matrix.data[start:end]
            marginals[rows[0] : rows[1]] = write_shard(file, settings, rows, own, indices, data)
            shards.append(Shard(os.path.basename(file), *rows, end - start, checksum(file)))
            release_pages(part.matrix.data)
    write_manifest(os.path.join(folder, MANIFEST), settings, counts.vocab, marginals, shards)


def row_ranges(sizes: NDArray[np.int64], most: int) -> list[int]:
    """Return 0, where ranges of consecutive items of at most this total end (or one item), and the number of items."""
    cuts, total = [0], 0
    for i, size in enumerate(sizes.tolist()):
        if i > cuts[-1] and total + size > most:
            cuts.append(i)
            total = 0
        total += size
    return [*cuts, len(sizes)] if len(sizes) else [0]
