"""KeyedVectors with gensim's face: keys, their vectors, questions to them, and files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from . import gensim_files, keyed_evaluation, keyed_files
from .keyed_queries import KeyedQueries
from .keyed_rows import REAL, Array, prep_vectors, pseudorandom_weak_vector

__all__ = [
    "REAL", "CompatVocab", "Doc2VecKeyedVectors", "EuclideanKeyedVectors", "KeyedVectors", "Vocab",
    "Word2VecKeyedVectors", "load_word2vec_format", "prep_vectors", "pseudorandom_weak_vector",
]  # fmt: skip

logger = logging.getLogger(__name__)

PathLike = keyed_files.PathLike


class _AlsoGensims(type):
    """Lets ``isinstance(vectors, KeyedVectors)`` hold for gensim's own, such as those of its FastText."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        name = ("gensim.models.keyedvectors", cls.__name__)
        return any((base.__module__, base.__name__) == name for base in type(instance).__mro__)


def _gone(name: str, instead: str, now: str | None = None) -> Any:
    """Make a property for an attribute of gensim 3: reading it says what to use, setting it sets `now` if any."""

    def read(self: KeyedVectors) -> Any:
        raise AttributeError(f"KeyedVectors have no attribute {name!r} since gensim 4: use {instead}")

    def write(self: KeyedVectors, value: Any) -> None:
        if now is not None:
            setattr(self, now, value)

    return property(read, write)


def _deprecated(instead: str) -> None:
    warnings.warn(f"deprecated: use {instead}", DeprecationWarning, stacklevel=3)


class KeyedVectors(KeyedQueries, metaclass=_AlsoGensims):
    """A vector for each key, most often a word, and what one asks of them.

    Parameters
    ----------
    vector_size : int
    count : int
        Rows to make in advance.
    dtype : dtype
    mapfile_path : object
        Kept, not used.

    Examples
    --------
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["king", "queen", "tea"], [[1.0, 0.1], [0.9, 0.2], [0.0, 1.0]])
    >>> kv.most_similar("king", topn=1)[0][0]
    'queen'
    """

    _kind = "KeyedVectors"

    vectors_norm = _gone("vectors_norm", "get_normed_vectors()")
    index2word = _gone("index2word", "index_to_key", "index_to_key")
    index2entity = _gone("index2entity", "index_to_key", "index_to_key")
    vocab = _gone("vocab", "key_to_index, index_to_key, get_vecattr() and set_vecattr()")

    def vectors_for_all(
        self, keys: Iterable[Any], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return new vectors of the keys that are known, each once, in the order given.

        Parameters
        ----------
        keys : iterable of keys
        allow_inference : bool
            Whether keys for which a subclass makes vectors count as known.
        copy_vecattrs : bool
            Copy all attributes; otherwise ``count`` only falls from the number of keys.
        """
        known = self if allow_inference else self.key_to_index
        chosen = [key for key in dict.fromkeys(keys) if key in known]
        kv = KeyedVectors(self.vector_size, dtype=self.vectors.dtype)
        if not chosen:
            return kv
        kv.add_vectors(chosen, self[chosen])
        kv.expandos["count"] = np.arange(len(chosen), 0, -1)
        if copy_vecattrs:
            rows = [self.get_index(key) for key in chosen if self.has_index_for(key)]
            places = [place for place, key in enumerate(chosen) if self.has_index_for(key)]
            for name, values in self.expandos.items():
                kv.expandos.setdefault(name, np.zeros(len(chosen), values.dtype))[places] = values[rows]
        return kv

    # Evaluation

    def evaluate_word_analogies(
        self,
        analogies: PathLike,
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Answer analogy questions; see `keyed_evaluation.analogies`. `similarity_function` is not used."""
        return keyed_evaluation.analogies(self, analogies, restrict_vocab, case_insensitive, dummy4unknown)

    def evaluate_word_pairs(
        self,
        pairs: PathLike,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Compare similarities with human ratings; see `keyed_evaluation.pairs`."""
        return keyed_evaluation.pairs(self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown)

    @staticmethod
    def log_accuracy(section: dict[str, Any]) -> None:
        """Log how many questions of a section were answered rightly."""
        keyed_evaluation.log_section(section)

    @staticmethod
    def _log_evaluate_word_analogies(section: dict[str, Any]) -> float:
        return keyed_evaluation.log_section(section)

    @staticmethod
    def log_evaluate_word_pairs(pearson: Any, spearman: Any, oov: float, pairs: PathLike) -> None:
        """Log what `evaluate_word_pairs` found."""
        keyed_evaluation.log_pairs(pearson, spearman, oov, pairs)

    # word2vec's files

    def save_word2vec_format(
        self,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write word2vec's text or binary format, the bytes that gensim writes; see `keyed_files.save`."""
        keyed_files.save(self, fname, fvocab, binary, total_vec, write_header, prefix, append, sort_attr)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: npt.DTypeLike = REAL,
        no_header: bool = False,
    ) -> Self:
        """Read word2vec's text or binary format; see `keyed_files.load`."""
        loaded: Self = keyed_files.load(
            cls, fname, fvocab, binary, encoding, unicode_errors, limit, datatype, no_header
        )
        return loaded

    def intersect_word2vec_format(
        self,
        fname: PathLike,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Take over from a word2vec file the vectors of the keys that are present; see `keyed_files.intersect`."""
        keyed_files.intersect(self, fname, lockf, binary, encoding, unicode_errors)

    # Saving

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if state.get("key_to_index") == {key: row for row, key in enumerate(self.index_to_key)}:
            del state["key_to_index"]
        state["norms"] = None
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        self.__dict__.update(mapfile_path=None, norms=None, expandos={})
        self.__dict__.update(state)
        keys = self.index_to_key
        if "key_to_index" not in state:
            self.key_to_index = {key: row for row, key in enumerate(keys)}
        self.__dict__.setdefault("next_index", len(keys))

    @classmethod
    def _from_gensim(cls, found: Any) -> Self:
        made = object.__new__(cls)
        made._restore(gensim_files.keyed_state(found))
        return made

    # Spellings that gensim 4 keeps

    def init_sims(self, replace: bool = False) -> None:
        """Do `fill_norms`, or with `replace` `unit_normalize_all`: use these."""
        _deprecated("fill_norms() or unit_normalize_all()")
        self.fill_norms()
        if replace:
            self.unit_normalize_all()

    def word_vec(self, *args: Any, **kwargs: Any) -> Array:
        """Return `get_vector`: use that."""
        _deprecated("get_vector()")
        return self.get_vector(*args, **kwargs)

    def words_closer_than(self, word1: Any, word2: Any) -> list[Any]:
        """Return `closer_than`: use that."""
        _deprecated("closer_than()")
        return self.closer_than(word1, word2)

    def similarity_unseen_docs(self, *args: Any, **kwargs: Any) -> Any:
        """Raise NotImplementedError: documents are no part of this package."""
        raise NotImplementedError("similarity_unseen_docs is a method of gensim's Doc2Vec, which is not in fastqwem")


# The names that the class had.
Word2VecKeyedVectors = EuclideanKeyedVectors = Doc2VecKeyedVectors = KeyedVectors


class CompatVocab:
    """What gensim 3 knew of a word: attributes, of which ``count`` orders."""

    def __init__(self, **kwargs: Any) -> None:
        self.count = 0
        self.__dict__.update(kwargs)

    def __lt__(self, other: CompatVocab) -> bool:
        return self.count < other.count

    def __str__(self) -> str:
        shown = ", ".join(f"{name}:{self.__dict__[name]!r}" for name in sorted(self.__dict__) if name[:1] != "_")
        return f"{type(self).__name__}<{shown}>"


Vocab = CompatVocab


def load_word2vec_format(*args: Any, **kwargs: Any) -> KeyedVectors:
    """Return `KeyedVectors.load_word2vec_format`."""
    return KeyedVectors.load_word2vec_format(*args, **kwargs)


def _load_word2vec_format(cls: Any, fname: PathLike, binary_chunk_size: int = 1 << 22, **options: Any) -> Any:
    """Read into a new object of a class, so many bytes at a time."""
    return keyed_files.load(cls, fname, chunk=binary_chunk_size, **options)
