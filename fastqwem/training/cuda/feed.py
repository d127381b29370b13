"""The corpus on the device: all of it if it fits, else pieces that are copied while the one before is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...storage import release_pages
from ..spec import random, sampling

__all__ = ["Feed", "Piece", "piece_bounds"]

PIECE = 2048
"""Chunks of a piece: 64 MiB of ids."""
SLICE = 1 << 23
"""Tokens that are handed to the copy at a time, so that staging never keeps the device waiting for long."""
_HALO = 1 << 10


@dataclass(frozen=True)
class Piece:
    """Chunks ``first .. last - 1`` on the device, with the tokens around them that windows reach.

    Attributes
    ----------
    ids, offsets : device arrays, int32 (n,) and int64 (sentences + 1,)
    base : int
        Position of ``ids[0]`` in the corpus; offsets count from it.
    """

    first: int
    last: int
    ids: Any
    offsets: Any
    base: int


def piece_bounds(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    begin: int,
    end: int,
    window: int,
    epoch_key: Any,
    keep: NDArray[np.uint32],
) -> tuple[int, int]:
    """Return the stretch of the corpus that the windows of positions ``begin .. end - 1`` lie in.

    It ends where sentences do, or once it holds `window` kept tokens on either side.
    """
    lowest = int(offsets[np.searchsorted(offsets, begin, "right") - 1])
    highest = int(offsets[np.searchsorted(offsets, end, "left")])
    low, high = begin, end
    found = 0
    while low > lowest and found < window:
        at = max(lowest, low - _HALO)
        found += _count_kept(ids, at, low, epoch_key, keep)
        low = at
    found = 0
    while high < highest and found < window:
        at = min(highest, high + _HALO)
        found += _count_kept(ids, high, at, epoch_key, keep)
        high = at
    return low, high


def _count_kept(ids: NDArray[np.int32], begin: int, end: int, epoch_key: Any, keep: NDArray[np.uint32]) -> int:
    x0, _ = random.bits(epoch_key, np.arange(begin, end), random.POSITION_DRAW)
    return int(np.count_nonzero(sampling.keep(x0, keep[ids[begin:end]])))


class _Buffer:
    """One piece's place on the device, and the pinned memory that it is copied from."""

    def __init__(self, cuda: Any, capacity: int) -> None:
        self.cuda = cuda
        self.device = cuda.device_array(capacity, np.int32)
        self.host = cuda.pinned_array(capacity, np.int32)
        self.event = cuda.event()
        self.plan: tuple[int, int, int, int, int] | None = None  # epoch, first, last, begin, end
        self.copied = 0
        self.offsets: Any = None

    def start(self, plan: tuple[int, int, int, int, int], offsets: NDArray[np.int64], stream: Any) -> None:
        """Begin to take a stretch of the corpus; `go_on` copies it."""
        begin, end = plan[3:]
        if end - begin > len(self.host):  # long gaps between kept tokens
            self.device = self.cuda.device_array(end - begin, np.int32)
            self.host = self.cuda.pinned_array(end - begin, np.int32)
        inner = offsets[np.searchsorted(offsets, begin, "right") - 1 : np.searchsorted(offsets, end, "left") + 1]
        self.plan, self.copied = plan, 0
        self.offsets = self.cuda.to_device(np.clip(inner, begin, end) - begin, stream=stream)

    def go_on(self, ids: NDArray[np.int32], stream: Any) -> bool:
        """Copy one more slice, and return whether more is left."""
        assert self.plan is not None
        begin, end = self.plan[3:]
        at = self.copied
        till = min(at + SLICE, end - begin)
        if at < till:
            self.host[at:till] = ids[begin + at : begin + till]
            release_pages(ids)
            self.device[at:till].copy_to_device(self.host[at:till], stream=stream)
            self.copied = till
            if till == end - begin:
                self.event.record(stream)
        return till < end - begin


class Feed:
    """Gives pieces of a corpus in turn.

    Parameters
    ----------
    cuda : module
        Numba's.
    ids, offsets : arrays
        Of the corpus.
    room : int
        Bytes of the device that it may fill.
    window, seed, keep, chunk
        What decides how far windows reach; see `spec.Settings`.
    """

    def __init__(
        self,
        cuda: Any,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        room: int,
        *,
        window: int,
        seed: int,
        keep: NDArray[np.uint32],
        chunk: int,
    ) -> None:
        self.cuda, self.ids, self.offsets = cuda, ids, offsets
        self.window, self.seed, self.keep, self.chunk = window, seed, keep, chunk
        self.n_chunks = -(-len(ids) // chunk)
        self.whole: Piece | None = None
        self.buffers: tuple[_Buffer, _Buffer] | None = None
        self.size = self.n_chunks
        if ids.nbytes + offsets.nbytes > room:
            self.size = int(max(1, min(PIECE, room // (4 * ids.itemsize * chunk))))
            self.stream = cuda.stream()
            capacity = min(len(ids), self.size * chunk + 4 * _HALO)
            self.buffers = (_Buffer(cuda, capacity), _Buffer(cuda, capacity))

    @property
    def is_resident(self) -> bool:
        """Whether all of the corpus is on the device."""
        return self.buffers is None

    def prepare(self) -> Iterator[None]:
        """Copy a corpus that is to be resident, and give the caller a chance to leave after each slice."""
        if self.buffers is not None or self.whole is not None:
            return
        ids = self.cuda.device_array(len(self.ids), np.int32)
        for at in range(0, len(self.ids), SLICE):
            ids[at : at + SLICE].copy_to_device(np.ascontiguousarray(self.ids[at : at + SLICE]))
            release_pages(self.ids)
            yield
        offsets = self.cuda.to_device(np.ascontiguousarray(self.offsets))
        self.whole = Piece(0, self.n_chunks, ids, offsets, 0)

    def piece(self, epoch: int, chunk: int, stream: Any) -> Piece:
        """Return the piece with a chunk; what is put into `stream` afterwards waits until it is there."""
        if self.buffers is None:
            for _ in self.prepare():
                pass
            assert self.whole is not None
            return self.whole
        number = chunk // self.size
        buffer = self._started(epoch, number)
        while buffer.go_on(self.ids, self.stream):
            pass
        buffer.event.wait(stream)
        assert buffer.plan is not None
        _, first, last, begin, end = buffer.plan
        return Piece(first, last, buffer.device[: end - begin], buffer.offsets, begin)

    def ahead(self, epoch: int, chunk: int) -> None:
        """Copy some of the piece after that of a chunk, while the device trains."""
        number = chunk // self.size + 1
        if self.buffers is not None and number * self.size < self.n_chunks:
            self._started(epoch, number).go_on(self.ids, self.stream)

    def _started(self, epoch: int, number: int) -> _Buffer:
        """Return the buffer of a piece; a piece that it held before is no longer in use."""
        assert self.buffers is not None
        buffer = self.buffers[number % 2]
        first, last = number * self.size, min((number + 1) * self.size, self.n_chunks)
        if buffer.plan is None or buffer.plan[:2] != (epoch, first):
            bounds = piece_bounds(
                self.ids,
                self.offsets,
                first * self.chunk,
                min(last * self.chunk, len(self.ids)),
                self.window,
                random.key(self.seed, epoch),
                self.keep,
            )
            buffer.start((epoch, first, last, *bounds), self.offsets, self.stream)
        return buffer
