"""How often two words stand within a window of each other: exact integers, stored sparsely."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..text.vocab import Vocab

__all__ = ["Cooccurrence"]


class Cooccurrence:
    """Symmetric window co-occurrence counts of a corpus.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of int32 or int64, shape (V, V)
        ``matrix[i, j]`` = sum over all pairs of positions of i and j at distance d <= window, in the same
        sentence, of the weight of d. Both orders are counted, so it is symmetric; a pair of positions that
        hold the same word counts twice on the diagonal. Indices are sorted.
    vocab : Vocab
    window : int
    weighting : str
        "linear" (weight window + 1 - d), "uniform" (1) or "harmonic" (`scale` / d, rounded).
    scale : int
        What a weight of one stands for: 1 but for harmonic.
    """

    def __init__(self, matrix: Any, vocab: Vocab, window: int, weighting: str, scale: int = 1) -> None:
        self.matrix: sp.csr_array[Any, Any] = matrix
        self.vocab = vocab
        self.window = window
        self.weighting = weighting
        self.scale = scale

    @cached_property
    def marginals(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Row sums, int64 of shape (V,): the weight of all pairs that hold each word."""
        return np.asarray(self.matrix.sum(axis=1, dtype=np.int64)).ravel()

    @cached_property
    def total(self) -> int:
        """The sum of all entries."""
        return int(self.marginals.sum())
