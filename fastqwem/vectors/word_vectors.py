"""Words with their vectors: lookup, neighbours, analogies."""

from __future__ import annotations

import difflib
import numbers
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer
from ..errors import FastqwemError
from ..text.vocab import Vocab
from .ranking import Floats, nearest_rows, unit_rows

__all__ = ["Neighbours", "UnknownWordError", "WordVectors"]

Neighbours = list[tuple[str, float]]
"""Words with their cosine, best first."""

Term = str | npt.NDArray[Any] | tuple[Any, float]
"""What a query is made of: a word, a raw vector, or either with a weight."""

_SEARCHED = 50_000  # words looked through for near spellings
_COMPARED = 3_000  # of these, how many are compared letter by letter


def _near_spellings(word: str, words: Sequence[str]) -> list[str]:
    folded = word.casefold()
    same = [other for other in words[:_SEARCHED] if other.casefold() == folded]
    if same or not word:
        return same[:3]
    alike = [
        other
        for other in words[:_SEARCHED]
        if abs(len(other) - len(word)) <= 2 and other and (other[0] == word[0] or other[-1] == word[-1])
    ]
    return difflib.get_close_matches(word, alike[:_COMPARED], n=3, cutoff=0.6)


class UnknownWordError(FastqwemError, KeyError):
    """A word that the vocabulary lacks. Its text suggests words of a near spelling.

    Attributes
    ----------
    word : str
    """

    def __init__(self, word: str, words: Sequence[str] = ()) -> None:
        super().__init__(word)
        self.word = word
        self._words = words

    def __str__(self) -> str:  # made only when somebody looks: many callers catch and go on
        near = _near_spellings(self.word, self._words)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"{self.word!r} is not among the {len(self._words)} words{hint}"


def _as_matrix(words: Sequence[str], vectors: npt.ArrayLike) -> Floats:
    """Return the vectors as a read-only float32 matrix that has one finite row per word."""
    array = np.asarray(vectors)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ValueError(f"vectors must be a real matrix (V, d), got {array.dtype} of shape {array.shape}")
    if array.shape[0] != len(words):
        raise ValueError(f"vectors must have one row per word, got {array.shape[0]} rows for {len(words)} words")
    if 0 in array.shape:
        raise ValueError(f"vectors must hold at least one word and one dimension, got shape {array.shape}")
    with np.errstate(over="ignore"):
        matrix: Floats = np.ascontiguousarray(array, dtype=np.float32)
    for start in range(0, len(matrix), 1 << 14):
        sound = np.isfinite(matrix[start : start + (1 << 14)]).all(axis=1)
        if not sound.all():
            at = start + int(np.argmin(sound))
            raise ValueError(f"vectors must be finite float32, row {at} ({words[at]!r}) is not")
    matrix = matrix.view()
    matrix.flags.writeable = False
    return matrix


class WordVectors:
    """Words, a vector for each, and what one asks of them.

    Parameters
    ----------
    words : sequence of str, or Vocab
        V distinct words, most frequent first where that is known. A `Vocab` brings its counts along.
    vectors : array, shape (V, d)
        Kept as float32; not copied where it already is C-contiguous float32.
    counts : array of int, shape (V,), optional
        Occurrences of each word.
    metadata : mapping, optional
        How the vectors were made, as JSON values; kept by our own file format.

    Attributes
    ----------
    words : list of str
    vectors : float32, shape (V, d), read-only
    counts : int64, shape (V,), or None
    index : dict
        The row of each word.
    metadata : dict

    Raises
    ------
    ValueError
        If words repeat, shapes disagree, or a value is NaN, infinite or beyond float32.

    Examples
    --------
    >>> wv = WordVectors(["king", "queen", "tea"], [[1.0, 0.1], [0.9, 0.2], [0.0, 1.0]])
    >>> wv.most_similar("king", topn=1)[0][0]
    'queen'
    """

    def __init__(
        self,
        words: Sequence[str] | Vocab,
        vectors: npt.ArrayLike,
        counts: npt.ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(words, Vocab):
            counts = words.counts if counts is None else counts
            words = words.words
        if isinstance(words, str):
            raise TypeError("words must be a sequence of words, got one str")
        self.words = list(words)
        self.index = {word: row for row, word in enumerate(self.words)}
        if not all(isinstance(word, str) for word in self.index):
            wrong = next(word for word in self.index if not isinstance(word, str))
            raise TypeError(f"words must be str, got {wrong!r}")
        if len(self.index) != len(self.words):
            row, word = next((i, word) for i, word in enumerate(self.words) if self.index[word] != i)
            raise ValueError(f"words must be distinct, {word!r} is in rows {row} and {self.index[word]}")
        self.vectors = _as_matrix(self.words, vectors)
        self.counts: npt.NDArray[np.int64] | None = None
        if counts is not None:
            given = np.asarray(counts)
            if given.shape != (len(self.words),):
                raise ValueError(f"counts must have shape ({len(self.words)},), got {given.shape}")
            if given.dtype.kind not in "iu":
                raise TypeError(f"counts must be integers, got {given.dtype}")
            self.counts = np.ascontiguousarray(given, dtype=np.int64)
        self.metadata = dict(metadata or {})

    @property
    def vector_size(self) -> int:
        """The number of dimensions, d."""
        return int(self.vectors.shape[1])

    @cached_property
    def unit(self) -> Floats:
        """The vectors scaled to length one (zero rows stay zero), float32 (V, d); made once, then kept."""
        units = unit_rows(self.vectors)
        units.flags.writeable = False
        return units

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self.index

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self)} words, {self.vector_size} dimensions>"

    def row(self, word: str) -> int:
        """Return the row of a word.

        Raises
        ------
        UnknownWordError
            A `KeyError` that suggests near spellings.
        """
        try:
            return self.index[word]
        except KeyError:
            raise UnknownWordError(word, self.words) from None

    def __getitem__(self, words: str | Sequence[str]) -> Floats:
        """Return the vector (d,) of a word, or the matrix (n, d) of a list of words.

        Raises
        ------
        UnknownWordError
            A `KeyError`; it suggests near spellings.
        """
        if isinstance(words, str):
            vector: Floats = self.vectors[self.row(words)]
            return vector
        if not isinstance(words, Sequence | np.ndarray) or not all(isinstance(word, str) for word in words):
            raise TypeError(f"expected a word or a list of words, got {words!r}")
        matrix: Floats = self.vectors[np.array([self.row(word) for word in words], dtype=np.int64)]
        return matrix

    def most_similar(
        self,
        positive: Term | Sequence[Term] | None = None,
        negative: Term | Sequence[Term] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbours:
        """Find the words whose vectors point most nearly where the query does.

        The query is the mean of the unit vectors of `positive` and of the negated ones of `negative`.

        Parameters
        ----------
        positive, negative : word, vector, or list of these
            Vectors have shape (d,). In a list, ``(word, weight)`` weighs a term.
        topn : int or None
            How many words; None for all, in order.
        restrict_vocab : int, optional
            Look among the first so many (the most frequent) words only.

        Returns
        -------
        list of (str, float)
            Words and cosines, best first, equal ones in order of the vocabulary; no word of the query.

        Raises
        ------
        UnknownWordError
            A `KeyError`, if a word of the query is unknown.
        ValueError
            If the query is empty or a vector has the wrong shape.
        """
        query = np.zeros(self.vector_size, np.float64)
        rows: list[int] = []
        terms = [(term, 1.0) for term in _listed(positive)] + [(term, -1.0) for term in _listed(negative)]
        if not terms:
            raise ValueError("positive or negative must hold at least one word or vector")
        for term, sign in terms:
            if isinstance(term, tuple):
                term, weight = term
                sign *= float(weight)
            if isinstance(term, str):
                rows.append(self.row(term))
                query += sign * self.unit[rows[-1]].astype(np.float64)
            else:
                query += sign * self._raw(term)[0]
        count = len(self) if topn is None else check_integer("topn", topn, 1)
        return self._nearest(unit_rows(query[None, :]), count, restrict_vocab, [rows])[0]

    def most_similar_batch(
        self, words: Sequence[str], topn: int = 10, restrict_vocab: int | None = None
    ) -> list[Neighbours]:
        """Find the neighbours of many words at once, by one matrix product per block of words.

        Parameters
        ----------
        words : sequence of str
        topn, restrict_vocab : int
            As for `most_similar`.

        Returns
        -------
        list of list of (str, float)
            One per word, as `most_similar` gives it.
        """
        if isinstance(words, str):
            raise TypeError("words must be a sequence of words, got one str; use most_similar")
        rows = [self.row(word) for word in words]
        topn = check_integer("topn", topn, 1)
        return self._nearest(self.unit[rows], topn, restrict_vocab, [[row] for row in rows])

    def nearest(self, vectors: npt.ArrayLike, topn: int = 10, restrict_vocab: int | None = None) -> list[Neighbours]:
        """Find the words nearest, by cosine, to raw vectors, shape (n, d) or (d,); excludes no word.

        Returns
        -------
        list of list of (str, float)
            One per vector.
        """
        queries = unit_rows(self._raw(vectors))
        return self._nearest(queries, check_integer("topn", topn, 1), restrict_vocab, None)

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine between two words; 0 where one has a zero vector."""
        return float(np.dot(self.unit[self.row(a)].astype(np.float64), self.unit[self.row(b)]))

    def analogy(self, a: str, b: str, c: str, topn: int = 10, restrict_vocab: int | None = None) -> Neighbours:
        """Answer "`a` is to `b` as `c` is to ...": the words nearest to b - a + c but a, b, c (3CosAdd)."""
        return self.most_similar(positive=[b, c], negative=[a], topn=topn, restrict_vocab=restrict_vocab)

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """Write to a file, see `fastqwem.vectors.formats.save`; the suffix tells the format."""
        from . import formats

        formats.save(self, path, format)

    @staticmethod
    def load(path: str | os.PathLike[str], format: str | None = None) -> WordVectors:
        """Read any known file of vectors, see `fastqwem.vectors.formats.load`."""
        from . import formats

        return formats.load(path, format)

    def _raw(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return finite vectors of the right width as unit rows in float64."""
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
        if queries.ndim != 2 or queries.shape[1] != self.vector_size:
            raise ValueError(f"a vector must have {self.vector_size} dimensions, got shape {np.shape(vectors)}")
        if not np.isfinite(queries).all():
            raise ValueError("a vector must be finite, got NaN or infinity")
        largest = np.abs(queries).max(axis=1, keepdims=True, initial=0)
        queries = queries / np.where(largest == 0, 1, largest)  # squares can then neither overflow nor vanish
        norms = np.linalg.norm(queries, axis=1, keepdims=True)
        return np.asarray(queries / np.where(norms == 0, 1, norms))

    def _nearest(
        self, queries: Floats, topn: int, restrict_vocab: int | None, rows: list[list[int]] | None
    ) -> list[Neighbours]:
        units = self.unit
        if restrict_vocab is not None:
            units = units[: check_integer("restrict_vocab", restrict_vocab, 1)]
        if rows is not None:
            rows = [[row for row in banned if row < len(units)] for banned in rows]
        ids, values = nearest_rows(units, queries, topn, rows)
        words = self.words
        return [
            [(words[i], score) for i, score in zip(row, scores, strict=True) if score != -np.inf]
            for row, scores in zip(ids.tolist(), values.tolist(), strict=True)
        ]


def _listed(terms: Term | Sequence[Term] | None) -> list[Any]:
    """Return what a user gave as one term or several, always as a list."""
    if terms is None:
        return []
    if isinstance(terms, str):
        return [terms]
    if isinstance(terms, np.ndarray) and terms.ndim == 1 and terms.dtype.kind in "fiu":
        return [terms]
    for term in terms:
        if isinstance(term, tuple) and not (len(term) == 2 and isinstance(term[1], numbers.Real)):
            raise ValueError(f"a weighted term must be (word, weight), got {term!r}")
    return list(terms)
