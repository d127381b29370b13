"""What the device trains on, as lists: for comparison with the CPU's."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from ..spec import compiled, random
from .sizes import WARP, Sizes

__all__ = ["list_samples"]

NEGATIVE_DRAW = random.NEGATIVE_DRAW


@cache
def _make_draws() -> Any:
    """Return a kernel that draws the negatives of every block of one chunk, as the kernel that trains does."""
    scalars = compiled.compile_scalars(cuda.jit(device=True))
    bits, draw_negative = scalars.bits, scalars.negative

    @cuda.jit
    def draws(places, centers, starts, key, threshold, alias, negatives):
        for block in range(cuda.threadIdx.x, len(negatives), cuda.blockDim.x):
            place = places[0, centers[0, starts[0, block]]]
            for number in range(negatives.shape[1]):
                x0, x1 = bits(key, place, NEGATIVE_DRAW + number)
                negatives[block, number] = draw_negative(x0, x1, threshold, alias)

    return draws


def list_samples(
    module: Any, sizes: Sizes, line: tuple[Any, ...], key: np.uint64, tables: tuple[Any, ...], stream: Any
) -> dict[str, NDArray[Any]]:
    """Return the samples of the one chunk whose line has been drawn, blocks counted from 0, those without pairs gone.

    Keys and dtypes are those of `_core.Trainer.samples`: "centers" int64 (c,), "block" int64 (c,), "negatives" int32
    (blocks, n), "pairs" int64 (p, 2), positions of centre and input.
    """
    _, places, centers, low, high, starts, counts = line
    stream.synchronize()
    n_blocks, n_centers, _ = counts[:1].copy_to_host()[0]
    negatives = module.device_array((max(n_blocks, 1), max(sizes.negatives, 1)), np.int32)
    if n_blocks and sizes.negatives:
        _make_draws()[1, WARP](places, centers, starts, key, *tables, negatives)
    drawn = negatives.copy_to_host()[:n_blocks, : sizes.negatives]
    place, at, left, right, first = (
        each[:1].copy_to_host()[0].astype(np.int64) for each in (places, centers, low, high, starts)
    )
    at, left, right = at[:n_centers], left[:n_centers], right[:n_centers]
    block = np.repeat(np.arange(n_blocks), np.diff(first[: n_blocks + 1]))
    useful = np.bincount(block, right - left - 1, minlength=n_blocks) > 0
    pairs = [
        (place[center], place[other])
        for center, low_at, high_at in zip(at, left, right, strict=True)
        for other in range(low_at, high_at)
        if other != center
    ]
    return {
        "centers": place[at[useful[block]]],
        "block": (np.cumsum(useful) - 1)[block[useful[block]]],
        "negatives": drawn[useful],
        "pairs": np.array(pairs, np.int64).reshape(-1, 2),
    }
