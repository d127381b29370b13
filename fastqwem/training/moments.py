"""First and second moments of the vectors, from which the expectation of QWEM's negative term follows exactly.

The term of a negative with logit s is ``s + s^2/4``; its expected gradient for an input x is ``mu + Sigma x / 2``, with
mu and Sigma of the output vectors under the noise distribution, and the other way around.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .state import Moments

__all__ = ["noise_moments"]

_ROWS = 1 << 12  # rows at a time: the scaled copy of a block stays in a cache


def _moments(matrix: NDArray[np.float32], weights: NDArray[np.float64]) -> tuple[Any, Any]:
    """Return ``sum_j w_j x_j`` (d,) and ``sum_j w_j x_j x_j^T`` (d, d) as float32, added up in float64."""
    d = matrix.shape[1]
    first, second = np.zeros(d), np.zeros((d, d))
    for at in range(0, len(matrix), _ROWS):
        block = matrix[at : at + _ROWS]
        scaled = block * weights[at : at + _ROWS, None].astype(np.float32)
        first += scaled.sum(axis=0, dtype=np.float64)
        second += scaled.T @ block
    return first.astype(np.float32), second.astype(np.float32)


def noise_moments(
    matrices: Mapping[str, NDArray[np.float32]], noise: NDArray[np.float64], shares: NDArray[np.float64]
) -> Moments:
    """Return (mu, Sigma) of the outputs under the noise and (nu, Pi) of the inputs under their share of kept tokens."""
    outputs = matrices.get("output", matrices["input"])
    return (*_moments(outputs, noise), *_moments(matrices["input"], shares))
