"""The moments of `fastqwem.training.moments`, computed where the vectors are."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import cuda, float32, int32, uint32, uint64
from numpy.typing import NDArray

from .sizes import WARP, Sizes

__all__ = ["DeviceMoments", "make_reduction", "make_sums", "reduction_signature", "sums_signature"]

ZERO = float32(0)
SLABS = 64
"""Parts that the rows of a matrix are divided into; more than sums of 1,000 rows in float32 lose nothing by it."""
i32, u32 = int32, uint32


def sums_signature() -> tuple[Any, ...]:
    """Return the types of the arguments of the kernel that `make_sums` makes."""
    return (float32[::1],) * 4


def reduction_signature() -> tuple[Any, ...]:
    """Return the types of the arguments of the kernel that `make_reduction` makes."""
    return (float32[::1],) * 2


@cache
def make_sums(sizes: Sizes) -> Any:
    """Return the kernel that adds up ``w_j x_j`` and ``w_j x_j x_j^T`` over slabs of rows.

    Thread blocks are warps; those of a grid (tiles ** 2, slabs) have a tile of 32 x 32 entries and a slab each.
    Arguments: matrix float32 (V * width,), weights float32 (V,), first (slabs * width,), second (slabs * width ** 2,).
    """
    width, tiles = sizes.width, sizes.columns
    wide, size_of_stage = uint64(width), WARP * WARP

    @cuda.jit(fastmath=True)
    def sums(matrix, weights, first, second):
        lane = u32(cuda.threadIdx.x)
        row_tile = u32(cuda.blockIdx.x) // tiles
        column_tile = cuda.blockIdx.x - row_tile * tiles
        slab, n_slabs = cuda.blockIdx.y, cuda.gridDim.y
        stage = cuda.shared.array(size_of_stage, float32)
        total = cuda.local.array(WARP, float32)
        for k in range(WARP):
            total[k] = ZERO
        mean = ZERO
        begin = i32(u32(len(weights) * slab) // u32(n_slabs))  # below 2^32 for 67 million words
        end = i32(u32(len(weights) * (slab + 1)) // u32(n_slabs))
        for at in range(begin, end, WARP):
            n = i32(min(WARP, end - at))
            for q in range(n):
                row = uint64(u32(at + q))
                value = matrix[row * wide + uint64(u32(row_tile * WARP + lane))]
                stage[u32(q * WARP + lane)] = weights[row] * value
            cuda.syncthreads()
            for q in range(n):
                row = uint64(u32(at + q))
                x = matrix[row * wide + uint64(u32(column_tile * WARP + lane))]
                mean += weights[row] * x
                base = uint64(u32(q * WARP))
                for k in range(WARP):
                    total[k] += stage[base + uint64(k)] * x
            cuda.syncthreads()
        for k in range(WARP):
            row = uint64(u32(slab * width + row_tile * WARP + k))
            second[row * wide + uint64(u32(column_tile * WARP + lane))] = total[k]
        if row_tile == 0:
            first[u32(slab * width + column_tile * WARP + lane)] = mean

    return sums


@cache
def make_reduction() -> Any:
    """Return the kernel that adds up slabs: ``to[i] = sum_s parts[s * n + i]``, one thread for each entry."""

    @cuda.jit
    def reduction(parts, to):
        i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        if i < len(to):
            total = ZERO
            n_slabs = i32(u32(len(parts)) // u32(len(to)))
            at = u32(i)
            for _ in range(n_slabs):
                total += parts[at]
                at = u32(at + len(to))
            to[i] = total

    return reduction


class DeviceMoments:
    """Computes moments of matrices of one shape."""

    def __init__(self, sizes: Sizes, vocab_size: int) -> None:
        self.sizes, self.slabs = sizes, min(SLABS, vocab_size)
        self._sums, self._reduction = make_sums(sizes), make_reduction()
        width = sizes.width
        self._parts = [cuda.device_array(self.slabs * n, np.float32) for n in (width, width * width)]
        self._totals = [cuda.device_array(n, np.float32) for n in (width, width * width)]

    def of(self, matrix: Any, weights: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``sum_j w_j x_j`` (d,) and ``sum_j w_j x_j x_j^T`` (d, d) of a matrix, both on the device."""
        d, width = self.sizes.vector_size, self.sizes.width
        self._sums[(self.sizes.columns**2, self.slabs), WARP](matrix, weights, *self._parts)
        for parts, totals in zip(self._parts, self._totals, strict=True):
            self._reduction[-(-len(totals) // WARP), WARP](parts, totals)
        first, second = (totals.copy_to_host() for totals in self._totals)
        return first[:d].copy(), second.reshape(width, width)[:d, :d].copy()
