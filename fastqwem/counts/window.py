"""Weights of a context word by its distance: integers, so that counts are exact and add."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..checks import check_choice, check_integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_WINDOW", "WEIGHTINGS", "window_weights"]

WEIGHTINGS = ("linear", "uniform", "harmonic")
MAX_WINDOW = 65_535
FIXED_POINT = 1 << 20


def window_weights(window: int, weighting: str) -> tuple[NDArray[np.uint32], int]:
    """Return the weight of each distance and what a weight of one stands for.

    "linear" is ``window + 1 - d``, the expectation of word2vec's random window times `window`; "uniform" is 1;
    "harmonic" is GloVe's 1 / d in fixed point, ``round(scale / d)``. Its scale is the least common multiple of
    1 .. window, so that the weights are exact, as long as that is at most 2^20 (windows up to 16), and 2^20 above.

    Returns
    -------
    weights : array of uint32, shape (window,)
        For distances 1 .. window.
    scale : int
    """
    check_integer("window", window, 1, MAX_WINDOW)
    check_choice("weighting", weighting, WEIGHTINGS)
    distance = np.arange(1, window + 1)
    if weighting == "linear":
        return (window + 1 - distance).astype(np.uint32), 1
    if weighting == "uniform":
        return np.ones(window, np.uint32), 1
    scale = math.lcm(*range(1, window + 1)) if window <= 16 else FIXED_POINT
    return np.rint(scale / distance).astype(np.uint32), scale
