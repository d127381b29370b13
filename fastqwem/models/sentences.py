"""Restartable sources of sentences: files as iterables of word lists, read anew on every pass."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from typing import IO, Any

from ..text.sources import Source, read_chunks, resolve

__all__ = ["MAX_WORDS_IN_BATCH", "BrownCorpus", "LineSentence", "PathLineSentences", "Text8Corpus"]

PathLike = str | os.PathLike[str]

MAX_WORDS_IN_BATCH = 10_000
"""Into pieces of so many words the sources below cut longer lines. Training itself has no such limit."""

_CHUNK = 1 << 20  # bytes

logger = logging.getLogger(__name__)


def _text_lines(source: Source) -> Iterator[bytes]:
    """Yield the lines of a file, archives decompressed; the last may lack its newline."""
    rest = b""
    for chunk, _ in read_chunks(source, _CHUNK):
        if not chunk:
            continue
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def _pieces(lines: Iterable[str | bytes], longest: int) -> Iterator[list[str]]:
    """Yield the words of each line, at most `longest` at a time; lines without words yield nothing."""
    for line in lines:
        words = (line if isinstance(line, str) else str(line, "utf-8")).split()
        for at in range(0, len(words), longest):
            yield words[at : at + longest]


class LineSentence:
    """One sentence per line, words separated by white space.

    Parameters
    ----------
    source : path or file
        Plain text or gzip, bzip2, xz or Zstandard, told apart by content, or a remote address; or an open file, read
        from its start on every pass.
    max_sentence_length : int
        Longer lines are cut into pieces.
    limit : int, optional
        Read only so many lines.

    Raises
    ------
    UnicodeDecodeError
        On iteration, if the text is not UTF-8.
    OSError, CorpusError
        On iteration, if the file cannot be read or an archive is damaged.
    """

    def __init__(
        self, source: PathLike | IO[Any], max_sentence_length: int = MAX_WORDS_IN_BATCH, limit: int | None = None
    ) -> None:
        self.source = source
        self.max_sentence_length = max_sentence_length
        self.limit = limit

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the sentences."""
        source = self.source
        if isinstance(source, str | os.PathLike):
            lines: Iterable[Any] = itertools.chain.from_iterable(map(_text_lines, resolve(source)))
        else:
            source.seek(0)
            lines = source
        yield from _pieces(itertools.islice(lines, self.limit), self.max_sentence_length)


class PathLineSentences:
    """Like `LineSentence`, for all files of a folder in the order of their names; folders in it are passed over.

    Parameters
    ----------
    source : path
        A folder, or one file.
    max_sentence_length : int
    limit : int, optional
        Read only so many lines of each file.

    Raises
    ------
    ValueError
        If there is no such file or folder.
    """

    def __init__(
        self, source: PathLike, max_sentence_length: int = MAX_WORDS_IN_BATCH, limit: int | None = None
    ) -> None:
        self.source = source
        self.max_sentence_length = max_sentence_length
        self.limit = limit
        if os.path.isfile(source):
            self.input_files = [os.fspath(source)]
        elif os.path.isdir(source):
            paths = (os.path.join(source, name) for name in sorted(os.listdir(source)))
            self.input_files = [path for path in paths if os.path.isfile(path)]
        else:
            raise ValueError(f"source must be a file or a folder, got {source!r}")

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the sentences."""
        for path in self.input_files:
            logger.info("reading file %s", path)
            yield from LineSentence(path, self.max_sentence_length, self.limit)


class Text8Corpus:
    """One text without lines, in pieces of `max_sentence_length` words, as of the file "text8".

    Parameters
    ----------
    fname : path
        Archives too, as for `LineSentence`.
    max_sentence_length : int
    """

    def __init__(self, fname: PathLike, max_sentence_length: int = MAX_WORDS_IN_BATCH) -> None:
        self.fname = fname
        self.max_sentence_length = max_sentence_length

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the pieces."""
        words: list[str] = []
        rest = b""
        for source in resolve(self.fname):
            for chunk, _ in read_chunks(source, _CHUNK):
                text = rest + chunk
                end = max(text.rfind(b" "), text.rfind(b"\n")) + 1  # what follows may be half a word
                rest = text[end:]
                words += str(text[:end], "utf-8").split()
                while len(words) >= self.max_sentence_length:
                    yield words[: self.max_sentence_length]
                    del words[: self.max_sentence_length]
        words += str(rest, "utf-8").split()
        for at in range(0, len(words), self.max_sentence_length):
            yield words[at : at + self.max_sentence_length]


class BrownCorpus:
    """The Brown corpus as NLTK ships it: words with their tags, ``the/at``, in lower case; punctuation is left out.

    Parameters
    ----------
    dirname : path
        The folder of its files.
    """

    def __init__(self, dirname: PathLike) -> None:
        self.dirname = dirname

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the sentences."""
        for name in sorted(os.listdir(self.dirname)):
            path = os.path.join(self.dirname, name)
            if not os.path.isfile(path):
                continue
            for tokens in LineSentence(path):
                pairs = [token.split("/") for token in tokens if token.count("/") == 1]
                words = [f"{word.lower()}/{tag[:2]}" for word, tag in pairs if tag[:2].isalpha()]
                if words:
                    yield words
