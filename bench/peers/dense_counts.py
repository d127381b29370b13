"""Co-occurrence as research code writes it: one thread, a double loop over the text, a dense matrix."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit
def dense_counts(ids: np.ndarray, offsets: np.ndarray, vocab_size: int, window: int) -> np.ndarray:
    """Return linear-weighted symmetric counts, float32 of shape (V, V), as such code usually stores them."""
    counts = np.zeros((vocab_size, vocab_size), np.float32)
    for s in range(len(offsets) - 1):
        for i in range(offsets[s], offsets[s + 1]):
            for d in range(1, min(window, offsets[s + 1] - 1 - i) + 1):
                counts[ids[i], ids[i + d]] += window + 1 - d
                counts[ids[i + d], ids[i]] += window + 1 - d
    return counts
