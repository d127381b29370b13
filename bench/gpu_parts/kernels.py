"""Small kernels that measure the device: a copy, atomic additions to rows, and a sparse matrix times a block.

`cuda` is a global of the module, since the simulator replaces globals; importing this module needs Numba.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cuda, float32


@cache
def copy_kernel() -> Any:
    """Return a kernel (source, target, count): ``target[:count] = source[:count]``."""

    @cuda.jit
    def copy(source, target, count):
        step = cuda.gridDim.x * cuda.blockDim.x
        for i in range(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, count, step):
            target[i] = source[i]

    return copy


@cache
def add_rows_kernel() -> Any:
    """Return a kernel (table, turns, spread): blocks of 32 add one to a row, `turns` times, in turn over `spread`."""

    @cuda.jit
    def add_rows(table, turns, spread):
        lane = cuda.threadIdx.x
        for turn in range(turns):
            row = (cuda.blockIdx.x + turn * cuda.gridDim.x) % spread
            for column in range(lane, table.shape[1], 32):
                cuda.atomic.add(table, (row, column), float32(1.0))

    return add_rows


@cache
def product_kernel() -> Any:
    """Return a kernel (indptr, indices, values, x, y): ``y = A x``, A sparse; a warp has a row, a lane a column."""

    @cuda.jit
    def product(indptr, indices, values, x, y):
        row = cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y
        if row < len(indptr) - 1:
            for column in range(cuda.threadIdx.x, x.shape[1], 32):
                total = float32(0.0)
                for at in range(indptr[row], indptr[row + 1]):
                    total += values[at] * x[indices[at], column]
                y[row, column] = total

    return product
