"""The corpus: a text as word ids, in memory or on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..checks import check_integer
from ..errors import FormatError
from ..progress import Progress
from .encode import Encoded, Options, encode_sentences, encode_sources
from .sources import PathLike, resolve
from .vocab import TrimRule, Vocab

__all__ = ["Corpus"]

_KIND, _VERSION = "corpus", 1
_CHECKED_AT_ONCE = 1 << 22  # ids


class Corpus:
    """A text as word ids, sentence by sentence; words outside of the vocabulary are left out.

    A sentence is one line of a file or one token list of an iterable. Each with at least one token makes one
    sentence here, which is empty if none of its tokens is in the vocabulary.

    Parameters
    ----------
    vocab : Vocab
    ids : ndarray of int32, shape (n_tokens,), C-contiguous
    offsets : ndarray of int64, shape (n_sentences + 1,), C-contiguous
        Sentence i is ``ids[offsets[i]:offsets[i + 1]]``.
    n_raw_tokens : int, optional
        How many tokens the text had, those outside of the vocabulary included; by default n_tokens.

    Attributes
    ----------
    vocab, ids, offsets, n_raw_tokens
        As above; corpora that fastqwem makes have read-only arrays.
    mapped : bool
        Whether the ids are a read-only map of a file rather than in memory.

    Raises
    ------
    TypeError
        If an array has another dtype.
    ValueError
        If an id is outside of the vocabulary, or offsets do not rise from 0 to n_tokens.

    Examples
    --------
    >>> corpus = Corpus.from_sentences([["a", "rose", "is", "a", "rose"], ["is", "it"]], min_count=2)
    >>> corpus.vocab.words, corpus.ids.tolist(), corpus.offsets.tolist()
    (['a', 'is', 'rose'], [0, 2, 1, 0, 2, 1], [0, 5, 6])
    """

    vocab: Vocab
    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    n_raw_tokens: int
    mapped: bool

    def __init__(
        self,
        vocab: Vocab,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        n_raw_tokens: int | None = None,
    ) -> None:
        if not isinstance(vocab, Vocab):
            raise TypeError(f"vocab must be a Vocab, got {type(vocab).__name__}")
        for name, array, dtype in (("ids", ids, np.int32), ("offsets", offsets, np.int64)):
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise TypeError(f"{name} must be a one-dimensional array of {np.dtype(dtype)}, got {array!r:.60}")
            if not array.flags.c_contiguous:
                raise ValueError(f"{name} must be C-contiguous")
        problem = _problem(ids, offsets, len(vocab))
        if problem:
            raise ValueError(problem)
        n_raw = len(ids) if n_raw_tokens is None else check_integer("n_raw_tokens", n_raw_tokens, len(ids))
        self.vocab, self.ids, self.offsets, self.n_raw_tokens = vocab, ids, offsets, n_raw
        self.mapped = isinstance(ids, np.memmap) and ids.mode == "r"

    @classmethod
    def _trusted(cls, parts: Encoded) -> Corpus:
        corpus = cls.__new__(cls)
        corpus.vocab, corpus.ids, corpus.offsets = parts.vocab, parts.ids, parts.offsets
        corpus.n_raw_tokens, corpus.mapped = parts.n_raw_tokens, parts.mapped
        return corpus

    @classmethod
    def from_text(
        cls,
        paths: PathLike | Iterable[PathLike],
        min_count: int = 5,
        max_vocab: int | None = None,
        vocab: Vocab | None = None,
        trim_rule: TrimRule | None = None,
        workers: int = 0,
        memory: int | str | None = None,
        scratch: PathLike | None = None,
        progress: Progress = None,
        *,
        _block: int | None = None,
    ) -> Corpus:
        r"""Read text files: UTF-8, one sentence per line, tokens separated by white space.

        White space is space, ``\t``, ``\r``, ``\v``, ``\f`` and, between sentences, ``\n``; any other
        character, NUL and non-ASCII spaces included, belongs to a token. A byte order mark at the start of a
        file is skipped. A file need not end with a newline; a sentence never runs from one file into the
        next. The result depends on the text alone, not on `workers` or `memory`.

        Parameters
        ----------
        paths : path, or iterable of paths
            Files, folders (all files below, in sorted order, without hidden ones), patterns such as
            ``"wiki/*.txt"``, or remote addresses such as ``"s3://bucket/file.gz"`` (needs ``pip install
            'fastqwem[remote]'``). Plain text or gzip, bzip2, xz or Zstandard, told apart by content, not by
            name.
        min_count : int
            Words that occur less often are left out.
        max_vocab : int, optional
            Keep only so many words, the most frequent.
        vocab : Vocab, optional
            Use this vocabulary, as it is, instead of making one; `min_count` then has no meaning, and
            `max_vocab` and `trim_rule` must be None.
        trim_rule : callable, optional
            Judges each word, see `Vocab.from_frequencies`.
        workers : int
            Threads that read plain files; 0 means all cores. Archives take two: one decompresses, one
            encodes.
        memory : int or str, optional
            Budget, such as ``"500MB"``, for buffers, hash tables (about 60 bytes per different word and
            worker) and ids (8 bytes per token). Ids beyond it go to files in `scratch`, and the arrays are
            then mapped from there. The strings of the final vocabulary are not included.
        scratch : path, optional
            Folder for these files, which vanish with the corpus; by default the system's temporary folder.
        progress : bool or callable, optional
            Show a bar; None: if standard error is a terminal. A callable gets (done, total) in bytes while
            reading, in tokens while encoding.

        Returns
        -------
        Corpus

        Raises
        ------
        CorpusError
            If the text is not UTF-8, an archive is truncated or damaged, a token is longer than 1 MiB, or no
            words are left. The message names the file and the place.
        OSError
            If a file is missing or unreadable (FileNotFoundError, PermissionError), or the disk is full.
        ValueError
            If an option is out of range, or `memory` does not hold the hash tables.
        """
        options = Options(min_count, max_vocab, vocab, trim_rule, workers, memory, scratch, progress, _block)
        return cls._trusted(encode_sources(resolve(paths), options))

    @classmethod
    def from_sentences(
        cls,
        sentences: Iterable[Iterable[str]],
        min_count: int = 5,
        max_vocab: int | None = None,
        vocab: Vocab | None = None,
        trim_rule: TrimRule | None = None,
        workers: int = 0,
        memory: int | str | None = None,
        scratch: PathLike | None = None,
        progress: Progress = None,
        *,
        _block: int | None = None,
    ) -> Corpus:
        """Encode any iterable of token lists, a generator for instance; it is walked exactly once.

        Tokens are taken as they are: they may be empty or hold white space.

        Parameters
        ----------
        sentences : iterable of iterables of str
        min_count, max_vocab, vocab, trim_rule, workers, memory, scratch, progress
            As for `from_text`; `workers` only translates ids, the walk itself is one thread's.

        Returns
        -------
        Corpus

        Raises
        ------
        TypeError
            If a sentence is a str instead of a list of them, or a token is no str; the message names the
            index.
        CorpusError
            If there are no tokens, no words are left, or a token holds a lone surrogate.
        Exception
            Whatever the iterable raises.
        """
        options = Options(min_count, max_vocab, vocab, trim_rule, workers, memory, scratch, progress, _block)
        return cls._trusted(encode_sentences(sentences, options))

    @property
    def n_tokens(self) -> int:
        """The number of ids, so of tokens in the vocabulary."""
        return len(self.ids)

    @property
    def n_sentences(self) -> int:
        """The number of sentences, empty ones included."""
        return len(self.offsets) - 1

    def __len__(self) -> int:
        return self.n_sentences

    def __getitem__(self, sentence: int) -> NDArray[np.int32]:
        """Return the ids of one sentence, without copying them."""
        position = range(self.n_sentences)[sentence]
        return self.ids[self.offsets[position] : self.offsets[position + 1]]

    def __repr__(self) -> str:
        return f"Corpus({self.n_tokens:,} tokens, {self.n_sentences:,} sentences, {len(self.vocab):,} words)"

    def save(self, path: PathLike) -> None:
        """Write the corpus to one file, by convention ``*.fqc``, atomically.

        The file is a safetensors container (see `fastqwem.storage`) of format ``fastqwem.corpus``, version 1,
        with

        - ``ids`` (I32) and ``offsets`` (I64), as described above;
        - ``counts`` (I64), the vocabulary's counts;
        - ``words`` (U8), the vocabulary's words in UTF-8, one behind the other, and ``word_ends`` (I64),
          where each ends;
        - ``n_raw_tokens`` in the header.

        Raises
        ------
        OSError
            If the file cannot be written; an older file of that name is then untouched.
        """
        arrays: dict[str, np.ndarray[Any, Any]] = {
            "ids": self.ids,
            "offsets": self.offsets,
            "counts": self.vocab.counts,
            **storage.pack_words(self.vocab.words),
        }
        storage.write_container(path, _KIND, _VERSION, {"n_raw_tokens": self.n_raw_tokens}, arrays)

    @classmethod
    def load(cls, path: PathLike, mmap: bool = True) -> Corpus:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
        mmap : bool
            Map the ids from the file instead of reading them into memory; the checksum is then not verified,
            but every id and offset is checked to be in range.

        Raises
        ------
        FormatError
            If the file is no corpus, or truncated or damaged.
        OSError
            If it cannot be read.
        """
        header, arrays = storage.read_container(path, _KIND, _VERSION, mmap=mmap)
        try:
            words = storage.unpack_words(arrays)
            vocab = Vocab(words, np.array(arrays["counts"]))
            ids, offsets = arrays["ids"], arrays["offsets"]
            ids.flags.writeable = offsets.flags.writeable = False
            return cls(vocab, ids, offsets, header["n_raw_tokens"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{os.fspath(path)}: a damaged corpus ({error})") from error


def _problem(ids: NDArray[np.int32], offsets: NDArray[np.int64], n_words: int) -> str | None:
    """Say what is wrong with a corpus; block by block, so that mapped arrays do not fill the memory."""
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(ids):
        return f"offsets must go from 0 to {len(ids):,}, the number of ids"
    for start in range(0, len(offsets), _CHECKED_AT_ONCE):
        if np.any(np.diff(offsets[start : start + _CHECKED_AT_ONCE + 1]) < 0):
            return "offsets must not fall"
    for start in range(0, len(ids), _CHECKED_AT_ONCE):
        block = ids[start : start + _CHECKED_AT_ONCE]
        if block.min() < 0 or block.max() >= n_words:
            return f"ids must be at least 0 and below {n_words:,}, the number of words"
        storage.release_pages(ids)
    return None
