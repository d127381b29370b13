"""How many warps may train at once, and how careful they are with the rows that many of them change.

A step reads rows, and adds to them a little later; meanwhile the steps of other warps have read the same. With F warps,
the steps in flight that change the row of word w are, on average and beside one's own,

    n_w = (F - 1) c f_w              inputs:  c inputs in a block, f the words' shares of the kept tokens
    n_w = (F - 1) (T f_w + N q_w)    outputs: T centres and N negatives in a block, q the noise distribution.

They add up as if they were one step n_w + 1 times as long, which for the most frequent words would overshoot. So,
with ``crowd = 1 + n_w``,

- SGNS multiplies the change of a row by ``min(1, CROWD / crowd)``: a sum of n steps of learning rate a is stable while
  ``a n |x|^2 / 4 < 2`` or so, which CROWD keeps for the lengths that vectors reach;
- QWEM, which damps every row by `spec.objective.damping` of the mass of its block, uses ``crowd`` times that mass: the
  bound that holds for the steps of one word within a block then holds for those in flight.

One warp has crowds of 1, and does what the specification does. Small vocabularies, where every row is crowded, get fewer
warps instead: see `warps_for`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .sizes import Sizes

__all__ = ["CROWD", "care", "crowds", "touches", "warps_for"]

Floats = NDArray[np.float64]

CROWD = 32
"""Steps in flight on a row that SGNS takes at full length."""
MEAN_CROWD = 16
"""Steps in flight on the row of a word as it comes, at most, on either side."""


def touches(sizes: Sizes, shares: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return how often a block changes the input row and the output row of each word on average, shape (V,) each."""
    reach = (sizes.window + 1) / 2 if sizes.shrink else sizes.window
    inputs = 2 * reach + sizes.centers - 1
    return inputs * shares, sizes.centers * shares + sizes.negatives * noise


def warps_for(available: int, sizes: Sizes, shares: Floats, noise: Floats) -> int:
    """Return how many of the warps that the device has room for are to be used.

    So many that a row that a block touches is touched by `MEAN_CROWD` others in flight, on the average over touches.
    """
    worst = max(float((touch * touch).sum() / touch.sum()) for touch in touches(sizes, shares, noise))
    return max(1, min(available, int(MEAN_CROWD / worst)))


def crowds(warps: int, sizes: Sizes, shares: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return ``1 + n_w`` of the inputs and of the outputs, shape (V,) each."""
    inputs, outputs = touches(sizes, shares, noise)
    return 1 + (warps - 1) * inputs, 1 + (warps - 1) * outputs


def care(crowd: Floats, sizes: Sizes) -> NDArray[np.float32]:
    """Return what the kernel is told of the first words, as many as it concerns, and of at least one.

    For SGNS the factor of a row's change, for QWEM of its mass; all other words have 1.
    """
    values = np.minimum(1.0, CROWD / crowd) if sizes.objective == "sgns" else np.where(crowd > 1.125, crowd, 1.0)
    concerned = np.flatnonzero(values != 1.0)
    return values[: concerned[-1] + 1 if len(concerned) else 1].astype(np.float32)
