"""The best of many scores: nearest rows by one matrix product per block, ties by id.

Finding the k best of V scores by sorting or `np.partition` costs several times the product itself. Instead
the scores are folded into groups whose maxima are taken in one vectorised pass: the k-th best of those maxima
is reached by k different scores, hence a lower bound of the k-th best score, and only the few scores that
reach it are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["nearest_rows", "row_norms", "top_k", "unit_rows"]

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
_FOLD = 32  # scores per group
_BLOCK = 1 << 24  # scores held at a time, 64 MB


def _wide_blocks(vectors: npt.NDArray[Any]) -> Iterator[tuple[slice, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Yield (rows, they in float64, their lengths): so no finite float32 row overflows or vanishes."""
    step = max(1, _BLOCK // (8 * max(1, vectors.shape[1])))
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step].astype(np.float64)
        yield slice(start, start + step), block, np.sqrt(np.einsum("ij,ij->i", block, block))


def unit_rows(vectors: npt.NDArray[Any]) -> Floats:
    """Return the rows scaled to length one, float32 of the same shape; rows of zeros stay zero."""
    units = np.empty(vectors.shape, np.float32)
    for rows, block, norms in _wide_blocks(vectors):
        norms[norms == 0] = 1
        units[rows] = block / norms[:, None]
    return units


def row_norms(vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the Euclidean lengths of the rows, shape (n,): float64 for float64 rows, else float32."""
    norms = np.empty(len(vectors), np.float64 if vectors.dtype == np.float64 else np.float32)
    with np.errstate(over="ignore"):
        for rows, _, lengths in _wide_blocks(vectors):
            norms[rows] = lengths
    return norms


def top_k(scores: Floats, k: int) -> tuple[Ids, Floats]:
    """Return ids and values of the `k` highest scores of each row, best first, equal ones by id.

    Parameters
    ----------
    scores : float32, shape (n, V)
        Without NaN; ``-inf`` is fine.
    k : int
        At most V.

    Returns
    -------
    ids : int64, shape (n, k)
    values : float32, shape (n, k)
    """
    rows, width = scores.shape
    if rows == 0 or k == 0:
        return np.empty((rows, k), np.int64), np.empty((rows, k), np.float32)
    groups = width // _FOLD
    if groups >= 2 * k:
        folded = scores[:, : groups * _FOLD].reshape(rows, _FOLD, groups).max(axis=1)
    else:
        folded, groups = scores, width
    bound = np.partition(folded, groups - k, axis=1)[:, groups - k]
    row, column = np.divmod(np.flatnonzero(scores >= bound[:, None]), width)  # nonzero in two dimensions is slow
    value = scores[row, column]
    order = np.lexsort((column, -value, row))
    first = np.searchsorted(row, np.arange(rows))  # row is sorted, before and after
    best = order[first[:, None] + np.arange(k)]
    return column[best].astype(np.int64, copy=False), value[best]


def nearest_rows(
    units: Floats,
    queries: Floats,
    k: int,
    exclude: Sequence[Sequence[int]] | None = None,
    norms: npt.NDArray[Any] | None = None,
) -> tuple[Ids, Floats]:
    """Return ids and products of the `k` rows of `units` with the highest product with each query.

    Parameters
    ----------
    units : float32, shape (V, d)
    queries : float32, shape (n, d)
    k : int
        Cut down to V.
    exclude : sequence of n sequences of int, optional
        Rows that each query must not find; they score ``-inf``.
    norms : float32, shape (V,), optional
        What to divide the products with each row by, for rows that are not of length one.

    Returns
    -------
    ids : int64, shape (n, min(k, V))
    values : float32, shape (n, min(k, V))
    """
    k = min(k, len(units))
    ids = np.empty((len(queries), k), np.int64)
    values = np.empty((len(queries), k), np.float32)
    step = max(1, _BLOCK // max(1, len(units)))
    for start in range(0, len(queries), step):
        stop = min(start + step, len(queries))
        scores = queries[start:stop] @ units.T
        if norms is not None:
            scores /= norms
        if exclude is not None:
            for i, banned in enumerate(exclude[start:stop]):
                scores[i, list(banned)] = -np.inf
        ids[start:stop], values[start:stop] = top_k(scores, k)
    return ids, values
