"""How often two words stand within a window of each other: exact integers, stored sparsely."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from ..checks import check_choice, check_integer
from ..errors import FormatError
from ..places import is_remote
from ..storage import pack_words, read_container, release_pages, unpack_words, write_container
from ..text.vocab import Vocab
from .window import WEIGHTINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cooccurrence", "Part"]

_KIND, _VERSION = "counts", 1
_INT32_MAX = np.iinfo(np.int32).max


class Part(NamedTuple):
    """Some rows of co-occurrence counts.

    Attributes
    ----------
    first_row, last_row : int
        Rows [first_row, last_row).
    matrix : scipy.sparse.csr_array of int32 or int64, shape (last_row - first_row, V)
    """

    first_row: int
    last_row: int
    matrix: Any


class Cooccurrence:
    """Symmetric window co-occurrence counts of a corpus; `count` makes them.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of int32 or int64, shape (V, V)
        ``matrix[i, j]`` = sum over all ordered pairs of positions of i and j at distance d <= window, in the same
        sentence, of the weight of d. So it is symmetric, and two positions that hold the same word count
        twice on the diagonal. Columns are sorted within each row.
    vocab : Vocab
    window : int
    weighting : str
        "linear" (weight window + 1 - d), "uniform" (1) or "harmonic" (`scale` / d, rounded).
    scale : int
        What a weight of one stands for: 1, but for harmonic weights in fixed point (see
        `fastqwem.counts.window.window_weights`). ``matrix / scale`` are the weights in their own unit.

    Examples
    --------
    >>> counts = count(corpus, window=5)
    >>> counts["king", "queen"], counts.marginals.sum() == counts.total
    (412, True)
    """

    def __init__(self, matrix: Any, vocab: Vocab, window: int, weighting: str, scale: int = 1) -> None:
        if matrix.shape != (len(vocab), len(vocab)):
            raise ValueError(f"matrix must be {len(vocab)} by {len(vocab)} for this vocabulary, got {matrix.shape}")
        self.matrix: sp.csr_array[Any, Any] = matrix
        self.vocab = vocab
        self.window = check_integer("window", window, 1)
        self.weighting = check_choice("weighting", weighting, WEIGHTINGS)
        self.scale = check_integer("scale", scale, 1)

    @classmethod
    def from_matrix(
        cls, matrix: Any, words: Vocab | Sequence[str], window: int = 1, weighting: str = "uniform", scale: int = 1
    ) -> Cooccurrence:
        """Take counts that were made elsewhere.

        Parameters
        ----------
        matrix : sparse or dense array of integers, shape (V, V)
            Symmetric, not negative.
        words : Vocab or sequence of str
            A bare sequence of words gets the row sums as its counts.
        window, weighting, scale
            What the counts were made with, for the record.

        Raises
        ------
        ValueError
            If the matrix is not square, not symmetric, or holds negative or fractional values.
        """
        csr: Any = sp.csr_array(matrix)
        if csr.ndim != 2 or csr.shape[0] != csr.shape[1]:
            raise ValueError(f"matrix must be square, got shape {csr.shape}")
        if len(words) != csr.shape[0]:
            raise ValueError(f"matrix must be {len(words)} by {len(words)} for these words, got shape {csr.shape}")
        whole = csr.astype(np.int64)
        if not np.array_equal(whole.data, csr.data):
            raise ValueError("matrix must hold whole numbers")
        whole.sum_duplicates()
        whole.eliminate_zeros()
        if whole.nnz and whole.data.min() < 0:
            raise ValueError(f"matrix must not hold negative counts, got {whole.data.min()}")
        if (whole != whole.T).nnz:
            raise ValueError("matrix must be symmetric")
        if not isinstance(words, Vocab):
            words = Vocab(words, np.asarray(whole.sum(axis=1)).ravel())
        return cls(_narrow(whole), words, window, weighting, scale)

    @property
    def parts(self) -> Sequence[Part]:
        """The rows in parts that follow each other without gaps: one here, one a file for counts in a folder.

        Work that goes over the rows part by part never needs all counts in memory.
        """
        return (Part(0, len(self.vocab), self.matrix),)

    def parts_between(self, first_row: int, last_row: int) -> Sequence[Part]:
        """Return the parts that hold any of these rows; the others are not opened."""
        return self.parts

    @cached_property
    def marginals(self) -> NDArray[np.int64]:
        """Row sums, int64 of shape (V,): the weight of all pairs that hold each word."""
        return row_sums(self.matrix.indptr, self.matrix.data)

    @cached_property
    def total(self) -> int:
        """The sum of all entries."""
        return int(self.marginals.sum())

    @property
    def nnz(self) -> int:
        """The number of pairs (i, j) that were seen."""
        return len(self.matrix.indices)

    def __getitem__(self, pair: tuple[str, str]) -> int:
        """Return the count of a pair of words, 0 if never seen; KeyError for a word outside the vocabulary."""
        row, column = self.vocab[pair[0]], self.vocab[pair[1]]
        start, end = int(self.matrix.indptr[row]), int(self.matrix.indptr[row + 1])
        at = start + int(np.searchsorted(self.matrix.indices[start:end], column))
        return int(self.matrix.data[at]) if at < end and self.matrix.indices[at] == column else 0

    def __add__(self, other: Cooccurrence) -> Cooccurrence:
        """Return the counts of both corpora together: exactly what counting them as one gives.

        Encode new text with the old vocabulary, ``Corpus.from_text(..., vocab=counts.vocab)``; the sum has the
        vocabulary of the left side, word counts included.

        Raises
        ------
        ValueError
            If vocabulary, window or weighting differ.
        """
        if not isinstance(other, Cooccurrence):
            return NotImplemented
        for name in ("window", "weighting", "scale"):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(
                    f"counts add only with the same {name}, got {getattr(self, name)!r} and {getattr(other, name)!r}"
                )
        if self.vocab.words != other.vocab.words:
            raise ValueError("counts add only over the same vocabulary: encode both corpora with one Vocab")
        largest = sum(int(part.matrix.data.max(initial=0)) for part in (self, other))
        dtype = np.int32 if largest <= _INT32_MAX else np.int64
        matrix = self.matrix.astype(dtype, copy=False) + other.matrix.astype(dtype, copy=False)
        return Cooccurrence(_narrow(matrix), self.vocab, self.window, self.weighting, self.scale)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to one file (by convention ``.fqn``), atomically.

        A container of `fastqwem.storage` of kind "counts": int64 ``indptr`` (V + 1), int32 ``indices`` and int32
        or int64 ``data`` (nonzeros), the words and their counts; window, weighting and scale in its header.
        """
        header = {"window": self.window, "weighting": self.weighting, "scale": self.scale}
        arrays: dict[str, NDArray[Any]] = {
            "indptr": self.matrix.indptr.astype(np.int64),
            "indices": self.matrix.indices.astype(np.int32, copy=False),
            "data": self.matrix.data,
            **pack_words(self.vocab.words),
            "word_counts": self.vocab.counts,
        }
        write_container(path, _KIND, _VERSION, header, arrays)

    def save_shards(self, folder: str | os.PathLike[str], nonzeros: int = 1 << 27) -> None:
        """Write to a new or empty folder, as files of at most so many nonzeros (or one row) and a manifest.

        `load` reads it; `parts` then goes over the files one by one. See `fastqwem.counts.shards`.
        """
        from .shards import save_shards

        save_shards(self, folder, nonzeros)

    @classmethod
    def load(cls, path: str | os.PathLike[str], mmap: bool = False) -> Cooccurrence:
        """Read what `save` or `save_shards` wrote; with ``mmap=True`` the counts stay on disk until they are used.

        Raises
        ------
        FormatError
            If the file is not such a file, or truncated or damaged.
        OSError
            If it cannot be read.
        """
        if os.path.isdir(path) or is_remote(path):
            from .shards import load_shards

            return load_shards(path, mmap)
        header, arrays = read_container(path, _KIND, _VERSION, mmap=mmap)
        try:
            vocab = Vocab(unpack_words(arrays), arrays["word_counts"])
            indptr, indices, data = arrays["indptr"], arrays["indices"], arrays["data"]
            sound = (
                indptr.shape == (len(vocab) + 1,)
                and indptr[0] == 0
                and indptr[-1] == len(indices) == len(data)
                and bool(np.all(np.diff(indptr) >= 0))
                and (mmap or not len(indices) or 0 <= indices.min() <= indices.max() < len(vocab))
            )
            if sound:
                return cls(_csr(indptr, indices, data), vocab, header["window"], header["weighting"], header["scale"])
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise FormatError(f"{os.fspath(path)}: incomplete counts ({error})") from None
        raise FormatError(f"{os.fspath(path)}: counts whose parts do not fit together")

    def __repr__(self) -> str:
        return (
            f"Cooccurrence({len(self.vocab):,} words, {self.nnz:,} nonzeros, window={self.window}, "
            f"weighting={self.weighting!r}, total={self.total:,})"
        )


def row_sums(indptr: NDArray[Any], data: NDArray[Any]) -> NDArray[np.int64]:
    """Return the sum of each row, a few at a time: the int64 copy stays small, and maps do not fill the memory."""
    sums = np.zeros(len(indptr) - 1, np.int64)
    cuts = np.searchsorted(indptr, np.arange(0, indptr[-1], 1 << 19))
    steps = np.unique(np.concatenate((cuts, [0, len(sums)])))
    for first, last in itertools.pairwise(steps.tolist()):
        start, end = int(indptr[first]), int(indptr[last])
        running = np.concatenate(([0], np.cumsum(data[start:end], dtype=np.int64)))
        bounds = indptr[first : last + 1] - start
        sums[first:last] = running[bounds[1:]] - running[bounds[:-1]]
        release_pages(data)
    return sums


def _narrow(matrix: Any) -> Any:
    """Return the matrix in the smallest of int32 and int64 that holds it, so that equal counts have equal types."""
    if matrix.data.max(initial=0) <= _INT32_MAX:
        matrix = matrix.astype(np.int32, copy=False)
    return _csr(matrix.indptr, matrix.indices, matrix.data)


def _csr(indptr: NDArray[Any], indices: NDArray[Any], data: NDArray[Any], n_columns: int | None = None) -> Any:
    """Return a CSR array around these buffers without reading them, as its constructor would; square by default.

    So a matrix on disk stays there. SciPy wants both index arrays of one type and would copy the indices to
    int64; their own int32 is kept as long as the number of nonzeros allows.
    """
    size = len(indptr) - 1
    matrix: Any = sp.csr_array((size, size if n_columns is None else n_columns), dtype=data.dtype)
    kind = np.int32 if indptr[-1] <= _INT32_MAX else np.int64
    matrix.indptr = np.asarray(indptr).astype(kind, copy=False)
    matrix.indices = indices if indices.dtype == np.int32 else indices.astype(np.int32)
    matrix.data = data
    matrix.has_canonical_format = True
    return matrix
