"""Arithmetic that several layers need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["inverse_or_zero"]


def inverse_or_zero(values: NDArray[Any]) -> NDArray[Any]:
    """Return ``1 / x`` of what is positive, and 0 of the rest: a word without weight has the zero vector."""
    seen = values > 0
    return np.where(seen, 1.0 / np.where(seen, values, 1.0), 0.0)
