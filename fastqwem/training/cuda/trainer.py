"""The trainer on the device: what `_core.Trainer` does on threads, under the same names."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import cuda as gpu
from ...progress import Tick
from ..spec import alias_table, random
from ..state import Moments
from .crowd import care, crowds, warps_for
from .device import check_memory, guarded, load_cuda
from .feed import Feed
from .patience import Patience
from .sizes import WARP, Sizes

__all__ = ["DeviceTrainer"]

Floats = NDArray[np.float32]

LAUNCH = 512
"""The most chunks that are given to the device at a time."""
BRIEF, LONG = 0.05, 0.2
"""Seconds that a launch should take, so that Ctrl-C is heeded soon and the host is seldom waited for."""
UNITS = 16  # at least so many units of work for each warp, as far as chunks can be divided
MOST_PARTS = 128
RESERVE = 256 << 20  # bytes of the device that are left to CUDA itself
ABSURD_LOSS = 1000  # a mean loss per pair and negative that no training comes near
_ROWS = 1 << 12
_SIMULATED_THREADS = 32  # in place of THREADS: the simulator makes a thread of each


@dataclass(frozen=True)
class Done:
    """How far a call of `train` came, and the sums since `begin`; replaced as a whole."""

    next_chunk: int = 0
    loss: float = 0.0
    pairs: int = 0
    words: int = 0


@contextmanager
def _working(doing: str) -> Iterator[None]:
    """As `guarded`, without Numba's warnings of small grids: the last launch of an epoch may well be small."""
    with guarded(doing), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Grid size")
        yield


class DeviceTrainer:
    """Matrices on the device, and kernels that train them.

    Parameters
    ----------
    sizes : Sizes
    vocab_size, seed, held_out, negative, tied
        As in `spec.Settings`.
    keep, weights, shares : arrays, shape (V,)
        As in `spec.Settings`, `weights` being its noise; each word's share of the kept tokens.
    warps : int, optional
        How many blocks are trained at once; by default as many as the device has room for and the vocabulary bears.
        With one the result is the same in every run.
    room : int, optional
        Bytes of the device that the corpus may fill; by default what is free.

    Raises
    ------
    DeviceError
        If there is no GPU, or too little of its memory is free.
    """

    def __init__(
        self,
        sizes: Sizes,
        *,
        vocab_size: int,
        seed: int,
        held_out: int,
        negative: int,
        tied: bool,
        keep: NDArray[np.uint32],
        weights: NDArray[np.float64],
        shares: NDArray[np.float64],
        warps: int | None = None,
        room: int | None = None,
    ) -> None:
        self.cuda = load_cuda()
        from . import kernels, lines  # only now: they import Numba

        self.sizes, self.seed, self.held_out, self.negative = sizes, seed, held_out, negative
        self.keep, self.room = keep, room
        self.names = ("input",) if tied else ("input", "output")
        self.diverged = False
        self.done = Done()
        self.launch = 1 if gpu.is_simulated() else LAUNCH // 8
        self.threads = _SIMULATED_THREADS if gpu.is_simulated() else lines.THREADS
        shape = (vocab_size, sizes.width)
        size = 4 * shape[0] * shape[1] * len(self.names)
        beside = self._bytes_of_buffers() + 12 * vocab_size
        check_memory(size + beside, {"matrices": size, "tables and buffers": beside})
        with guarded("to compile and load its kernels"):
            self.stream = self.cuda.stream()
            self._draw, self._train = lines.make_lines(sizes, False, self.threads), kernels.make_kernel(sizes)
            alone = replace(sizes, centers=1, negatives=negative * (sizes.negatives > 0), share=1.0)
            self._draw_held_out = lines.make_lines(alone, True, self.threads)
            self._measure = kernels.make_kernel(alone, train=False)
            available = 1
            if not gpu.is_simulated():
                available = int(self._train.compile(kernels.signature()).max_cooperative_grid_blocks(WARP))
            self.warps = warps_for(available, sizes, shares, weights / weights.sum()) if warps is None else warps
            self._care = tuple(
                self._to_device(care(crowd, sizes))
                for crowd in crowds(self.warps, sizes, shares, weights / weights.sum())
            )
            self._tables = tuple(map(self._to_device, alias_table(weights)))
            self._keep = self._to_device(keep)
            self._rates = self.cuda.device_array(LAUNCH, np.float32)
            self._loss = self.cuda.device_array(UNITS * self.warps + LAUNCH, np.float32)
            self._matrices = {name: self.cuda.device_array(shape[0] * shape[1], np.float32) for name in self.names}
            self._known = self._to_device(np.zeros(kernels.known_length(sizes), np.float32))
            self._ratio = self._to_device(np.zeros(vocab_size, np.float32))
        self._shape = shape
        self._lines: tuple[Any, ...] = ()
        self._feed: Feed | None = None
        self._moments: Any = None

    @property
    def next_chunk(self) -> int:
        """The chunk before which the last call of `train` stopped."""
        return self.done.next_chunk

    def totals(self) -> tuple[float, int, int]:
        """Return loss, pairs and centres since `begin`."""
        return self.done.loss, self.done.pairs, self.done.words

    def begin(self, chunk: int) -> None:
        """Forget the totals; nothing is trained yet beyond a chunk."""
        self.done = Done(chunk)

    def write(self, name: str, rows: Floats, first: int = 0) -> None:
        """Copy rows of a matrix, shape (n, d), to the device."""
        padded = np.zeros((len(rows), self.sizes.width), np.float32)
        padded[:, : self.sizes.vector_size] = rows
        width = self.sizes.width
        with guarded("while vectors were copied to it"):
            self._matrices[name][first * width : (first + len(rows)) * width].copy_to_device(padded.reshape(-1))

    def read(self, name: str) -> Iterator[Floats]:
        """Yield copies of a matrix, some rows at a time."""
        for first in range(0, self._shape[0], _ROWS):
            last = min(first + _ROWS, self._shape[0])
            with guarded("while vectors were copied from it"):
                rows = self._matrices[name][first * self._shape[1] : last * self._shape[1]].copy_to_host()
            yield rows.reshape(-1, self._shape[1])[:, : self.sizes.vector_size]

    def matrix(self, name: str) -> Floats:
        """Return a copy of a matrix, float32 (V, d)."""
        out = np.empty((self._shape[0], self.sizes.vector_size), np.float32)
        at = 0
        for rows in self.read(name):
            out[at : at + len(rows)] = rows
            at += len(rows)
        return out

    def moments(self, noise: NDArray[np.float64], shares: NDArray[np.float64]) -> Moments:
        """Return the moments of the outputs under the noise and of the inputs under the words' shares."""
        from .moments import DeviceMoments

        with _working("while moments were computed"):
            if self._moments is None:
                self._moments = DeviceMoments(self.sizes, self._shape[0])
                self._weights = tuple(self._to_device(each.astype(np.float32)) for each in (noise, shares))
            self.stream.synchronize()
            sides = self._matrices[self.names[-1]], self._matrices["input"]
            (mu, sigma), (nu, pi) = (self._moments.of(*each) for each in zip(sides, self._weights, strict=True))
        return mu, sigma, nu, pi

    def set_moments(self, mu: Floats, sigma: Floats, nu: Floats, pi: Floats, ratio: Floats, *norms: float) -> None:
        """Tell what exact negatives need; see `kernels.make_kernel`."""
        d, width = self.sizes.vector_size, self.sizes.width
        known = np.zeros(2 * width * (width + 1) + 2, np.float32)
        known[:d], known[width : width + d] = mu, nu
        known[2 * width : 2 * width + 2] = norms
        seconds = known[2 * width + 2 :].reshape(2, width, width)
        seconds[0, :d, :d], seconds[1, :d, :d] = sigma, pi
        with guarded("while moments were copied to it"):
            self._known.copy_to_device(known)
            self._ratio.copy_to_device(np.ascontiguousarray(ratio, np.float32))

    def train(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        epoch: int,
        first_chunk: int,
        last_chunk: int,
        alphas: Floats,
        n_workers: int,
        progress: Tick | None,
    ) -> None:
        """Train chunks of an epoch, as `_core.Trainer.train` does; `n_workers` is of no concern here.

        Raises
        ------
        DeviceError
            If the GPU fails; what is on it is then lost.
        KeyboardInterrupt
            After the launch in which Ctrl-C was pressed; `next_chunk` and `totals` tell how far it came.
        """
        sizes = self.sizes
        n_tokens = len(ids)
        with Patience() as patience, _working(f"in epoch {epoch + 1}"):
            feed = self._fed(ids, offsets)
            for _ in feed.prepare():
                patience.heed()
            chunk = first_chunk
            while chunk < last_chunk and not self.diverged:
                start = time.perf_counter()
                piece = feed.piece(epoch, chunk, self.stream)
                n = min(chunk + self.launch, last_chunk, piece.last) - chunk
                self._launch(self._draw, self._train, piece, n_tokens, chunk, alphas[chunk - first_chunk :][:n], epoch)
                feed.ahead(epoch, chunk)
                self._note(chunk, n)
                chunk += n
                seconds = time.perf_counter() - start
                if seconds < BRIEF:
                    self.launch = min(2 * self.launch, LAUNCH)
                elif seconds > LONG:
                    self.launch = max(self.launch // 2, 1)
                if progress is not None:
                    done = min(chunk * sizes.chunk, n_tokens) - first_chunk * sizes.chunk
                    progress(done, min(last_chunk * sizes.chunk, n_tokens) - first_chunk * sizes.chunk)
                patience.heed()

    def held_out_totals(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], epoch: int, n_workers: int, progress: Tick | None
    ) -> tuple[float, int]:
        """Return loss and pairs of the held-out positions that an epoch keeps."""
        loss, pairs = 0.0, 0
        n_chunks = -(-len(ids) // self.sizes.chunk)
        with _working("while the held-out loss was measured"):
            feed = self._fed(ids, offsets)
            chunk = 0
            while chunk < n_chunks:
                piece = feed.piece(epoch, chunk, self.stream)
                n = min(chunk + self.launch, piece.last) - chunk
                rates = np.zeros(n, np.float32)
                self._launch(self._draw_held_out, self._measure, piece, len(ids), chunk, rates, epoch)
                sums, counts = self._results(n)
                loss, pairs, chunk = loss + float(sums.sum()), pairs + int(counts[:, 2].sum()), chunk + n
        return loss, pairs

    def samples(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], epoch: int, n_workers: int = 1
    ) -> dict[str, NDArray[Any]]:
        """Return what an epoch would train on, in the form of `_core.Trainer.samples`."""
        from .samples import list_samples

        none = np.zeros((0, 2), np.int64)
        found: list[dict[str, NDArray[Any]]] = [
            {
                "centers": none[:, 0],
                "block": none[:, 0],
                "negatives": np.zeros((0, self.sizes.negatives), np.int32),
                "pairs": none,
            }
        ]
        n_chunks = -(-len(ids) // self.sizes.chunk)
        with _working("while samples were drawn"):
            feed = self._fed(ids, offsets)
            for chunk in range(n_chunks):
                piece = feed.piece(epoch, chunk, self.stream)
                line = self._draw_lines(self._draw, piece, len(ids), chunk, 1, epoch)
                found.append(list_samples(self.cuda, self.sizes, line, self._key(epoch), self._tables, self.stream))
        n_blocks = np.cumsum([0] + [len(each["negatives"]) for each in found])
        for each, before in zip(found, n_blocks, strict=False):
            each["block"] = each["block"] + before
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    def _fed(self, ids: NDArray[np.int32], offsets: NDArray[np.int64]) -> Feed:
        """Return the feed of a corpus, which is kept as long as it is the same."""
        if self._feed is None or self._feed.ids is not ids or self._feed.offsets is not offsets:
            self._feed = None
            n = min(LAUNCH, -(-len(ids) // self.sizes.chunk))
            if not self._lines or len(self._lines[0]) < n:
                self._lines = ()
                self._lines = self._new_lines(n)
            room = gpu.memory()[0] - RESERVE if self.room is None else self.room
            self._feed = Feed(
                self.cuda,
                ids,
                offsets,
                room,
                window=self.sizes.window,
                seed=self.seed,
                keep=self.keep,
                chunk=self.sizes.chunk,
            )
        return self._feed

    def _new_lines(self, n: int) -> tuple[Any, ...]:
        from .lines import COUNTS, line_length

        chunk, length = self.sizes.chunk, line_length(self.sizes)
        shapes = (((length, np.int32), (length, np.int64)) + ((chunk, np.int32),) * 3) + (
            (chunk + 1, np.int32),
            (COUNTS, np.int64),
        )
        return tuple(self.cuda.device_array((n, columns), dtype) for columns, dtype in shapes)

    def _bytes_of_buffers(self) -> int:
        return LAUNCH * (12 * (self.sizes.chunk + 2 * self.sizes.window) + 16 * self.sizes.chunk + 28)

    def _draw_lines(self, kernel: Any, piece: Any, n_tokens: int, chunk: int, n: int, epoch: int) -> tuple[Any, ...]:
        """Put the drawing of n chunks into the stream, and return where their lines will be."""
        kernel[n, self.threads, self.stream](
            piece.ids,
            piece.offsets,
            np.int64(piece.base),
            np.int64(n_tokens),
            np.int64(chunk),
            self._key(epoch),
            self._key(random.HELD_OUT_EPOCH),
            np.uint64(self.held_out),
            self._keep,
            *self._lines,
        )
        return self._lines

    def _parts(self, n: int) -> int:
        """Into how many units each of n chunks is divided."""
        return 1 if self.warps == 1 else min(-(-UNITS * self.warps // n), MOST_PARTS)

    def _launch(
        self, draw: Any, kernel: Any, piece: Any, n_tokens: int, chunk: int, alphas: Floats, epoch: int
    ) -> None:
        """Put the drawing and the training, or the measuring, of the chunks with these rates into the stream."""
        n = len(alphas)
        line, parts = self._draw_lines(draw, piece, n_tokens, chunk, n, epoch), self._parts(n)
        matrices = self._matrices["input"], self._matrices[self.names[-1]]
        self._rates[:n].copy_to_device(np.ascontiguousarray(alphas, np.float32), stream=self.stream)
        kernel[min(self.warps, n * parts), WARP, self.stream](
            *line,
            np.int32(n),
            np.int32(parts),
            self._rates,
            self._key(epoch),
            *self._tables,
            *matrices,
            *self._care,
            self._known,
            self._ratio,
            self._loss,
        )

    def _results(self, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Wait for n chunks, and return their losses (n,) and counts (n, 3)."""
        loss = self._loss[: n * self._parts(n)].copy_to_host(stream=self.stream)
        counts: NDArray[np.int64] = self._lines[6][:n].copy_to_host(stream=self.stream)
        self.stream.synchronize()
        return loss.reshape(-1, n).sum(axis=0, dtype=np.float64), counts

    def _note(self, chunk: int, n: int) -> None:
        """Add n chunks to what is done, once they are."""
        sums, counts = self._results(n)
        pairs = counts[:, 2]
        sound = np.abs(sums) < ABSURD_LOSS * (1 + self.negative) * np.maximum(pairs, 1)
        self.diverged = not sound.all()
        loss, n_pairs, words = self.totals()
        self.done = Done(chunk + n, loss + sums.sum(), n_pairs + int(pairs.sum()), words + int(counts[:, 1].sum()))

    def _key(self, epoch: int) -> np.uint64:
        return np.uint64(random.key(self.seed, epoch))

    def _to_device(self, array: NDArray[Any]) -> Any:
        return self.cuda.to_device(np.ascontiguousarray(array))
