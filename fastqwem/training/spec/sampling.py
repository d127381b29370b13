"""What the random bits decide: kept or not, how wide a window, which negative, held out or not.

The functions of one draw take uint64 (NumPy scalars, arrays, or under Numba); the tables are made once, in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["alias_table", "column", "held_out", "keep", "keep_table", "negative", "noise_weights", "radius"]

HALF = np.uint64(32)
ONE = np.uint64(1)
TWO_32 = 4294967296.0
ALWAYS = 0xFFFFFFFF  # as good as certain: missed once in 2^32


def keep(x0: Any, threshold: Any) -> Any:
    """Whether a position is kept, with probability ``(threshold + 1) / 2^32``; the threshold is the word's."""
    return x0 <= threshold


def radius(x1: Any, window: Any) -> Any:
    """Words that the window reaches on either side: uniform on 1 .. window, as in word2vec."""
    return ONE + ((x1 * np.uint64(window)) >> HALF)


def held_out(x0: Any, threshold: Any) -> Any:
    """Whether a position is held out, with probability ``threshold / 2^32``: none of them for 0."""
    return x0 < threshold


def column(x0: Any, vocab_size: Any) -> Any:
    """The column of the alias table that a negative falls on: uniform on 0 .. vocab_size - 1."""
    return (x0 * np.uint64(vocab_size)) >> HALF


def negative(x0: Any, x1: Any, threshold: Any, alias: Any) -> Any:
    """The negative word of one draw, from `alias_table`'s arrays (scalars only)."""
    c = column(x0, len(threshold))
    if x1 < threshold[c]:
        return np.int64(c)
    return np.int64(alias[c])


def keep_table(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32]:
    """Thresholds of `keep` for word2vec's subsampling of frequent words.

    A token of frequency f is kept with probability ``min(1, sqrt(t / f) + t / f)``, t being `sample`.

    Parameters
    ----------
    counts : array of integers, shape (V,)
    sample : float
        0 keeps everything.

    Returns
    -------
    array of uint32, shape (V,)
    """
    if sample == 0:
        return np.full(len(counts), ALWAYS, np.uint32)
    frequency = np.asarray(counts, np.float64) / np.sum(counts)
    ratio = np.divide(sample, frequency, out=np.ones(len(counts)), where=frequency > 0)
    probability = np.minimum(1.0, np.sqrt(ratio) + ratio)
    threshold: NDArray[np.uint32] = np.minimum(np.floor(probability * TWO_32), ALWAYS).astype(np.uint32)
    return threshold


def noise_weights(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """Weights that negatives are drawn by, not normalised: ``counts ** ns_exponent``, zero for words never seen."""
    seen = np.asarray(counts, np.float64)
    return np.power(seen, ns_exponent, out=np.zeros_like(seen), where=seen > 0)


def alias_table(weights: NDArray[np.float64]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Vose's alias table, by one exact order of operations, so that every maker gets the same integers.

    Column c, drawn uniformly, gives the word c if a second word of 32 bits is below ``threshold[c]``, and
    ``alias[c]`` otherwise (M. D. Vose, "A linear algorithm for generating random numbers with a given
    distribution", 1991). Columns that need no alias have themselves as one.

    Parameters
    ----------
    weights : array of float64, shape (V,)
        Not negative, with a positive sum.

    Returns
    -------
    threshold : array of uint32, shape (V,)
    alias : array of int32, shape (V,)
    """
    size = len(weights)
    total = 0.0
    for weight in weights.tolist():  # from left to right; NumPy's sum goes in pairs
        total += weight
    factor = size / total
    scaled = [weight * factor for weight in weights.tolist()]
    small = [word for word in range(size) if scaled[word] < 1]
    large = [word for word in range(size) if not scaled[word] < 1]
    threshold = np.full(size, ALWAYS, np.uint32)
    alias = np.arange(size, dtype=np.int32)
    while small and large:
        s, l = small.pop(), large.pop()
        threshold[s] = min(int(scaled[s] * TWO_32), ALWAYS)
        alias[s] = l
        scaled[l] = (scaled[l] + scaled[s]) - 1
        (small if scaled[l] < 1 else large).append(l)
    return threshold, alias
