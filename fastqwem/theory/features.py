"""The features of vectors: orthonormal directions over words, in the order of their strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..spectral.spectrum import Spectrum
from ..vectors.word_vectors import WordVectors

__all__ = ["Features", "features_of", "orthonormal", "shared_rows"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Features:
    """Vectors taken apart: W = U S Y^T.

    Attributes
    ----------
    words : sequence of str
        Most frequent first.
    directions : float64 array, shape (V, d)
        U: orthonormal columns; the entry of largest magnitude of each is positive.
    strengths : float64 array, shape (d,)
        S^2, descending; eigenvalues, for a Spectrum.
    """

    words: Sequence[str]
    directions: Array
    strengths: Array


def features_of(source: Any) -> Features:
    """Return the features of a Spectrum, of WordVectors, or of anything whose `vectors` are such.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If a spectrum has no vocabulary.
    """
    if isinstance(source, Spectrum):
        if source.vocab is None:
            raise ValueError("source has no vocabulary: it was solved for a plain matrix")
        return Features(source.vocab.words, source.eigenvectors.astype(np.float64), source.values)
    vectors = source if isinstance(source, WordVectors) else getattr(source, "vectors", None)
    if not isinstance(vectors, WordVectors):
        raise TypeError(f"source must be a Spectrum, WordVectors or a model, got {type(source).__name__}")
    directions, strengths = orthonormal(vectors.vectors)
    return Features(vectors.words, directions, strengths)


def orthonormal(w: Array) -> tuple[Array, Array]:
    """Return U (V, r) and S^2 (r,) of W = U S Y^T, float64, r = min(V, d); directions of no strength are zero."""
    q, r = np.linalg.qr(np.asarray(w, np.float64))
    left, s, _ = np.linalg.svd(r)
    u = q @ left[:, : len(s)]
    u *= np.where(u.max(axis=0) >= -u.min(axis=0), 1.0, -1.0)
    u[:, s <= s[:1] * 1e-12] = 0.0
    return u, np.square(s)


def shared_rows(a: Sequence[str], b: Sequence[str]) -> tuple[Array, Array]:
    """Return the rows of the words that both have, int64, in the order of `a`; ValueError if there is none."""
    index = {word: row for row, word in enumerate(b)}
    rows = [(row, index[word]) for row, word in enumerate(a) if word in index]
    if not rows:
        raise ValueError(f"a and b must share words: none of {len(a)} is among the {len(b)} of the other")
    first, second = np.array(rows, dtype=np.int64).T
    return first, second
