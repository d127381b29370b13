"""Vectors in an index for approximate neighbours: usearch or faiss, asked by word.

Exact search, `WordVectors.most_similar`, reads every vector for every question. An index reads a few hundred and
misses some neighbours; building it takes minutes for millions of words.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import check_integer, resolve_workers
from ..vectors.ranking import Floats, unit_rows
from ..vectors.word_vectors import Neighbours, WordVectors
from .gensim_objects import as_word_vectors

__all__ = ["WordIndex", "to_faiss", "to_usearch"]

Search = Callable[[Floats, int], tuple[npt.NDArray[np.int64], Floats]]
"""From unit vectors (n, d) and k to the rows found, (n, k), -1 where there are fewer, and their cosines."""


def _library(module: str, package: str, who: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{who} needs {package}: pip install {package} or 'fastqwem[ann]' ({error})") from error


def _refuse_to_crash() -> None:
    """Raise ImportError if usearch was imported before faiss: making an index would then end the process.

    Seen with usearch 2.26 and faiss-cpu 1.15; the other order is fine.
    """
    names = list(sys.modules)
    if "usearch" in names and ("faiss" not in names or names.index("usearch") < names.index("faiss")):
        raise ImportError("faiss crashes in a process that imported usearch before it: import faiss first")


class WordIndex:
    """An index of another library, asked by word.

    Parameters
    ----------
    vectors : WordVectors
    index : object
        The library's own index, of the unit vectors in their order.
    search : callable
        See `Search`.

    Attributes
    ----------
    vectors, index
        As above. To keep an index, save `index` with its library.
    """

    def __init__(self, vectors: WordVectors, index: Any, search: Search) -> None:
        self.vectors, self.index, self._search = vectors, index, search

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        return f"<WordIndex: {len(self)} words, {self.vectors.vector_size} dimensions, {type(self.index).__module__}>"

    def most_similar(self, word: str, topn: int = 10) -> Neighbours:
        """Return up to `topn` near words with their cosines, best first, without the word itself.

        Raises
        ------
        UnknownWordError
            A `KeyError` that suggests near spellings.
        """
        return self.most_similar_batch([word], topn)[0]

    def most_similar_batch(self, words: Sequence[str], topn: int = 10) -> list[Neighbours]:
        """Return for each word what `most_similar` does."""
        if isinstance(words, str):
            raise TypeError("words must be a sequence of words, got one str; use most_similar")
        rows = [self.vectors.row(word) for word in words]
        return self._near(self.vectors.unit[rows], check_integer("topn", topn, 1), rows)

    def nearest(self, vectors: npt.ArrayLike, topn: int = 10) -> list[Neighbours]:
        """Return up to `topn` words near each of raw vectors, shape (n, d) or (d,), with their cosines."""
        queries = unit_rows(self.vectors._raw(vectors))
        return self._near(queries, check_integer("topn", topn, 1), [-1] * len(queries))

    def _near(self, queries: Floats, topn: int, own: list[int]) -> list[Neighbours]:
        if not len(queries):
            return []
        rows, cosines = self._search(queries, min(topn + 1, len(self)))
        return [
            [(self.vectors.words[row], cosine) for row, cosine in found if row not in (-1, self_row)][:topn]
            for self_row, found in zip(own, map(zip, rows.tolist(), cosines.tolist()), strict=True)
        ]


def to_usearch(source: Any, workers: int = 0, **options: Any) -> WordIndex:
    """Put vectors into a usearch index (HNSW).

    Parameters
    ----------
    source : WordVectors, TrainedModel, or KeyedVectors
    workers : int
        Threads that build and search; 0 for all cores.
    **options
        Of ``usearch.index.Index``: `connectivity`, `expansion_add`, `expansion_search`, `dtype` ("f32", "f16", "i8").

    Returns
    -------
    WordIndex

    Raises
    ------
    ImportError
        If usearch is not installed.
    """
    vectors, threads = as_word_vectors(source), resolve_workers(workers)
    index = _library("usearch.index", "usearch", "to_usearch").Index(
        ndim=vectors.vector_size, **({"metric": "ip", "dtype": "f32"} | options)
    )
    index.add(np.arange(len(vectors)), vectors.unit, threads=threads)

    def search(queries: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
        found = index.search(queries, k, threads=threads)
        rows, cosines = np.atleast_2d(found.keys).astype(np.int64), 1 - np.atleast_2d(found.distances)
        counts = np.array(getattr(found, "counts", [rows.shape[1]]))  # one query comes without
        rows[np.arange(rows.shape[1]) >= counts[:, None]] = -1
        return rows, cosines

    return WordIndex(vectors, index, search)


def to_faiss(source: Any, description: str = "HNSW32", workers: int = 0) -> WordIndex:
    """Put vectors into a faiss index of inner products of unit vectors.

    Parameters
    ----------
    source : WordVectors, TrainedModel, or KeyedVectors
    description : str
        What ``faiss.index_factory`` makes: "HNSW32", "Flat" (exact), "IVF1024,Flat", ...; trained where need be.
    workers : int
        Threads that build and search, in the whole process; 0 for all cores.

    Returns
    -------
    WordIndex

    Raises
    ------
    ImportError
        If faiss is not installed, or usearch was imported before it.
    ValueError
        If faiss does not know the description.
    """
    vectors, threads = as_word_vectors(source), resolve_workers(workers)
    _refuse_to_crash()
    faiss = _library("faiss", "faiss-cpu", "to_faiss")
    faiss.omp_set_num_threads(threads)
    try:
        index = faiss.index_factory(vectors.vector_size, description, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise ValueError(f"description must be an index that faiss makes, got {description!r} ({error})") from None
    if not index.is_trained:
        index.train(vectors.unit)
    index.add(vectors.unit)

    def search(queries: Floats, k: int) -> tuple[npt.NDArray[np.int64], Floats]:
        cosines, rows = index.search(np.ascontiguousarray(queries), k)
        return rows, cosines

    return WordIndex(vectors, index, search)
