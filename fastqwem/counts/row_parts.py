"""Counts as the kernels take them: rows in parts, in memory or mapped from files, judged once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..storage import is_mapped, release_pages

__all__ = ["any_mapped", "kernel_parts"]

Array = np.ndarray[Any, np.dtype[Any]]
Part = tuple[Array, Array, Array, bool]
_BLOCK = 1 << 20  # counts looked at together


def kernel_parts(counts: Any) -> list[Part]:
    """Return (indptr int64, indices int32, counts int32 or int64, whether mapped) of each part, consecutive rows.

    Parameters
    ----------
    counts : Cooccurrence
        Used in place, not copied; what is mapped from files stays there.

    Raises
    ------
    TypeError
        If they are not counts of integers.
    ValueError
        If they are not square, or a count is negative.
    """
    return [_part(matrix) for matrix in _matrices(counts)]


def any_mapped(parts: list[Part]) -> bool:
    """Return whether some of the parts are maps of files."""
    return any(mapped for *_, mapped in parts)


def _matrices(counts: Any) -> Iterator[Any]:
    """Yield the CSR matrices of consecutive rows."""
    try:
        n_words = len(counts.vocab)
        parts = counts.parts
    except AttributeError:
        raise TypeError(f"counts must be a Cooccurrence, got {type(counts).__name__}") from None
    n_rows = 0
    for part in parts:
        matrix = part.matrix
        n_rows += matrix.shape[0]
        if matrix.ndim != 2 or matrix.shape[1] != n_words:
            raise ValueError(f"counts must be a square matrix, got shape {matrix.shape} for {n_words} words")
        yield matrix
    if n_rows != n_words:
        raise ValueError(f"counts must be a square matrix, got {n_rows} rows for {n_words} words")


def _part(matrix: Any) -> Part:
    data, indices = matrix.data, matrix.indices
    if data.dtype not in (np.dtype(np.int32), np.dtype(np.int64)):
        raise TypeError(f"counts must be int32 or int64, got {data.dtype}")
    lowest = 0
    for at in range(0, len(data), _BLOCK):
        lowest = min(lowest, int(data[at : at + _BLOCK].min()))
        release_pages(data)
    if lowest < 0:
        raise ValueError(f"counts must not be negative, got {lowest}")
    indices = np.ascontiguousarray(indices, dtype=np.int32)  # SciPy widens both index arrays beyond 2^31 nonzeros
    return np.ascontiguousarray(matrix.indptr, np.int64), indices, data, is_mapped(indices) and is_mapped(data)
