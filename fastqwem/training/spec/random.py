"""Counter-based random numbers: what is drawn is a function of where it is drawn, not of who drew before.

Philox-2x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11). The 64-bit counter
holds the position in the corpus and the number of the draw there, the key the seed and the epoch. All values travel as
uint64 below 2^32, whose products fit, so that the same source runs on NumPy scalars and arrays and under Numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["HELD_OUT_DRAW", "HELD_OUT_EPOCH", "NEGATIVE_DRAW", "POSITION_DRAW", "bits", "key", "philox"]

POSITION_DRAW = 0  # whether the position is kept, and its radius
NEGATIVE_DRAW = 1  # the first of the negatives
HELD_OUT_DRAW = 65_535
HELD_OUT_EPOCH = 0xFFFFFFFF  # its key draws the held-out positions, the same in every epoch

# NumPy scalars, since Numba makes a float of uint64 and a plain integer.
MULTIPLIER = np.uint64(0xD256D193)
WEYL = np.uint64(0x9E3779B9)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
DRAW_SHIFT = np.uint64(16)


def philox(c0: Any, c1: Any, k: Any) -> tuple[Any, Any]:
    """Ten rounds of Philox-2x32 on the counter (c0, c1) under the key `k`.

    Parameters
    ----------
    c0, c1, k : uint64 below 2^32, or arrays of it

    Returns
    -------
    x0, x1 : uint64 below 2^32, or arrays of it
    """
    for _ in range(10):
        product = MULTIPLIER * c0
        c0 = (product >> HALF) ^ k ^ c1
        c1 = product & LOW
        k = (k + WEYL) & LOW
    return c0, c1


def key(seed: Any, epoch: Any) -> Any:
    """The key of an epoch, from the seed (below 2^64) and the number of the epoch (below 2^32)."""
    s = np.uint64(seed)
    return philox(s & LOW, s >> HALF, np.uint64(epoch))[0]


def bits(k: Any, position: Any, draw: Any) -> tuple[Any, Any]:
    """Two words of 32 random bits.

    Parameters
    ----------
    k : uint64
        From `key`.
    position : integer below 2^48, or array of it
        In the corpus.
    draw : integer below 2^16, or array of it
        Number of the draw at that position.

    Returns
    -------
    x0, x1 : uint64 below 2^32, or arrays of it
    """
    p = np.uint64(position)
    return philox(p & LOW, (p >> HALF) | (np.uint64(draw) << DRAW_SHIFT), np.uint64(k))
