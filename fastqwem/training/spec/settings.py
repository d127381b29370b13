"""What a training run is: the arguments that every backend takes, under the same names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """The settings of a run; nothing here is checked.

    Attributes
    ----------
    vocab_size, vector_size : int
    objective : {"sgns", "qwem"}
    architecture : {"skipgram", "cbow"}
    window : int
        Most words on either side.
    negative : int
        K: negatives that every pair counts; 0 for none.
    shared_negatives : int
        T: most centres in a block, which share K s negatives of weight 1/s, s being 2 if T > 1, else 1.
    shrink_windows : bool
        Radii uniform on 1 .. window rather than all `window`.
    cbow_mean : bool
        Mean rather than sum of the window's vectors.
    tied : bool
        Centres and negatives from the matrix of the inputs.
    hs : bool
        Hierarchical softmax, beside the negatives if there are any.
    exact_negatives : bool
        Expectation over the negatives in place of samples (QWEM skip-gram only).
    held_out : int
        Share of positions that are no centres, times 2^32.
    seed : int
        Below 2^64.
    keep : uint32 array, shape (V,)
        From `keep_table`.
    noise : float64 array, shape (V,)
        From `noise_weights`.
    counts : int64 array, shape (V,)
        Occurrences of the words, descending.
    """

    vocab_size: int
    vector_size: int
    objective: str
    architecture: str
    window: int
    negative: int
    shared_negatives: int
    shrink_windows: bool
    cbow_mean: bool
    tied: bool
    hs: bool
    exact_negatives: bool
    held_out: int
    seed: int
    keep: NDArray[np.uint32]
    noise: NDArray[np.float64]
    counts: NDArray[np.int64]
