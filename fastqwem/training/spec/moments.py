"""What exact negatives know of the whole vocabulary: first and second moments of its vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import Settings

__all__ = ["Moments", "center_share", "moments", "noise_share"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Moments:
    """Moments of the outputs under the noise distribution q, and of the inputs under the centres' distribution p.

    Attributes
    ----------
    mu : array, shape (d,)
        ``sum_j q_j o_j``.
    sigma : array, shape (d, d)
        ``sum_j q_j o_j o_j^T``.
    nu : array, shape (d,)
        ``sum_j p_j x_j``.
    pi : array, shape (d, d)
        ``sum_j p_j x_j x_j^T``.
    """

    mu: Array
    sigma: Array
    nu: Array
    pi: Array


def noise_share(settings: Settings) -> NDArray[np.float64]:
    """q: the probability of every word as a negative, shape (V,)."""
    share: NDArray[np.float64] = settings.noise / settings.noise.sum()
    return share


def center_share(settings: Settings) -> NDArray[np.float64]:
    """p: every word's expected share of the kept tokens, shape (V,)."""
    expected = (settings.keep + 1.0) * settings.counts
    share: NDArray[np.float64] = expected / expected.sum()
    return share


def moments(inputs: Array, outputs: Array, settings: Settings) -> Moments:
    """The moments of two matrices of shape (V, d), in their dtype."""
    q = noise_share(settings).astype(outputs.dtype)
    p = center_share(settings).astype(inputs.dtype)
    return Moments(q @ outputs, (outputs.T * q) @ outputs, p @ inputs, (inputs.T * p) @ inputs)
