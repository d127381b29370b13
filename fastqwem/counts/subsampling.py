"""Subsampling of frequent words, as word2vec does it: one formula for counts and for training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["keep_at", "keep_probabilities"]


def keep_at(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``min(1, sqrt(x) + x)`` for x = t / f, threshold over frequency in one unit."""
    kept: NDArray[np.float64] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return kept


def keep_probabilities(counts: NDArray[Any], sample: float) -> NDArray[np.float64]:
    """Return the probability ``min(1, sqrt(t/f) + t/f)`` of keeping a token of each word, float64 (V,).

    f is a word's share of all tokens, t is `sample`; 0 keeps everything. Words that never occur have 1, and so never
    matter. The counts must not all be 0. Source: word2vec's code; the paper (arXiv 1310.4546, equation 5) has
    ``sqrt(t/f)`` alone.
    """
    if sample == 0:
        return np.ones(len(counts))
    with np.errstate(divide="ignore"):
        return keep_at(sample / (counts / counts.sum()))
