"""How many warps may train at once, and how careful they are with the rows that many of them change.

A step reads rows, and adds to them a little later; meanwhile the steps of other warps have read the same. With F warps,
the steps in flight that change the row of word w are, on average and beside one's own,

    n_w = (F - 1) c f_w              inputs:  c inputs in a block, f the words' shares of the kept tokens
    n_w = (F - 1) (T f_w + N q_w)    outputs: T centres and N negatives in a block, q the noise distribution.

They add up as if they were one step n_w + 1 times as long, which for the most frequent words would overshoot. As a
function of one row, the loss of a block has a Hessian of norm at most ``mass / 2`` for QWEM and ``mass / 4`` for SGNS,
with the mass of `spec.objective.damping`: sum |m| |other row|^2. So the change of a row is multiplied by

    1 / (1 + a mass (1 + n_w))       QWEM, whose steps are damped by 1 / (1 + a mass) anyway
    1 / (1 + a mass n_w / 4)         SGNS

at the learning rate a. Then n_w + 1 steps together go less than half of the way to the minimum in every direction for
QWEM, and less than 1 + a mass / 4 of it for SGNS, where 2 is the bound of stability. One warp has n = 0, and does what
the specification does. Small vocabularies, where every row is crowded, get fewer warps instead: see `warps_for`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .sizes import Sizes

__all__ = ["MEAN_CROWD", "care", "care_of_others", "crowds", "touches", "warps_for"]

Floats = NDArray[np.float64]

MEAN_CROWD = 16
"""Steps in flight on the row of a word as it comes, at most, on either side."""
_NEGLIGIBLE = 1 / 16


def touches(sizes: Sizes, shares: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return how often a block changes the input row and the output row of each word on average, shape (V,) each."""
    return _mean_inputs(sizes) * shares, sizes.centers * shares + sizes.negatives * noise


def _mean_inputs(sizes: Sizes) -> float:
    """The mean number of inputs of a block amid a long sentence, its centres in a row.

    The centres are at 0 .. T - 1, the radii r_t independent; the windows reach from the smallest t - r_t to the largest
    t + r_t, two numbers of the same distribution but for sign and shift.
    """
    if not sizes.shrink:
        reach = float(sizes.window)
    else:
        k, t = np.arange(sizes.window)[:, None], np.arange(sizes.centers)
        below = np.minimum((k + t) / sizes.window, 1).prod(axis=1)  # P(all r_t - t <= k)
        reach = float((1 - below).sum())
    return 2 * reach + (sizes.centers if sizes.centers > 1 else 0)


def warps_for(available: int, sizes: Sizes, shares: Floats, noise: Floats) -> int:
    """Return how many of the warps that the device has room for are to be used.

    So many that a row that a block touches is touched by `MEAN_CROWD` others in flight, on the average over touches.
    """
    worst = max(float((touch * touch).sum() / touch.sum()) for touch in touches(sizes, shares, noise))
    return max(1, min(available, int(MEAN_CROWD / worst)))


def crowds(warps: int, sizes: Sizes, shares: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return n_w of the inputs and of the outputs, shape (V,) each."""
    inputs, outputs = touches(sizes, shares, noise)
    return (warps - 1) * inputs, (warps - 1) * outputs


def care(crowd: Floats, sizes: Sizes) -> NDArray[np.float32]:
    """Return what the masses of the first words are multiplied by, of as many as it concerns and of at least one."""
    alone = care_of_others(sizes)
    values = 1 + crowd if sizes.objective == "qwem" else crowd / 4
    concerned = np.flatnonzero(crowd > _NEGLIGIBLE)
    return values[: concerned[-1] + 1].astype(np.float32) if len(concerned) else np.full(1, alone, np.float32)


def care_of_others(sizes: Sizes) -> float:
    """Return what the masses of all other words are multiplied by: nobody else is at their rows."""
    return 1.0 if sizes.objective == "qwem" else 0.0
