"""Files of word vectors: which format a file has, reading any, writing any.

=========  ==================================  =========================  ==============================
format     suffix                              carries                    words it cannot carry
=========  ==================================  =========================  ==============================
"fqv"      .fqv                                words, vectors, counts,    none but lone surrogates
                                               how they were made
"text"     .txt .vec (.gz .bz2 .xz .zst)       words, vectors             with white space
"binary"   .bin (.gz .bz2 .xz .zst)            words, vectors             with white space
"npy"      .npy beside a .vocab.txt            words, vectors, counts     with tabs or line breaks
"tsv"      .tsv beside a .metadata.tsv (.gz    words, vectors, counts     with tabs or line breaks
           .bz2 .xz .zst); only written
=========  ==================================  =========================  ==============================

"fqv" is ours: a checksummed safetensors file with the entries ``words`` (UTF-8, one behind the other), ``word_ends``
(where each ends), ``vectors`` and, if known, ``counts``. "text" and "binary" are word2vec's. ``name.vocab.txt`` holds
one word per line in the order of the rows of ``name.npy``, and if counts are known a tab and the count. "tsv" is for
TensorBoard's embedding projector: see `fastqwem.vectors.projector`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import storage
from ..checks import check_choice
from ..errors import FormatError
from .projector import write_metadata, write_table
from .streams import bare_name, open_reader, open_writer
from .word2vec import (
    check_bare_words,
    looks_binary,
    looks_text,
    read_binary,
    read_text,
    write_binary,
    write_text,
)
from .word_vectors import WordVectors

__all__ = ["FORMATS", "WRITTEN", "check_target", "check_words", "detect", "format_of", "load", "save"]

PathLike = str | os.PathLike[str]

FORMATS = ("fqv", "text", "binary", "npy")
"""Those that are read, and written."""
WRITTEN = (*FORMATS, "tsv")

KIND, VERSION = "vectors", 1

_SUFFIXES = {".fqv": "fqv", ".txt": "text", ".vec": "text", ".bin": "binary", ".npy": "npy", ".tsv": "tsv"}
_COMPRESSIBLE = ("text", "binary", "tsv")
_SEEN = 1 << 16  # bytes looked at to recognise a file


def format_of(path: PathLike) -> str | None:
    """Return the format that the suffix of a path stands for, or None."""
    name, compression = bare_name(path)
    found = _SUFFIXES.get(Path(name).suffix.lower())
    return None if compression and found not in _COMPRESSIBLE else found


def check_target(path: PathLike, format: str | None = None) -> str:
    """Return the format in which `save` would write `path`; judge it before long work is done for it.

    Raises
    ------
    ValueError
        If the format is not known, or the suffix asks for a compression that it lacks.
    OSError
        If the folder does not exist or cannot be written to, or the path is a directory.
    """
    if format is None:
        format = format_of(path)
        if format is None:
            known = ", ".join(_SUFFIXES)
            raise ValueError(
                f"{os.fspath(path)}: the suffix must tell the format ({known}; .txt.gz and the like), "
                f"unless format names it"
            )
    check_choice("format", format, WRITTEN)
    if bare_name(path)[1] and format not in _COMPRESSIBLE:
        raise ValueError(f"{os.fspath(path)}: format {format!r} is not written compressed")
    storage.check_writable(path)
    return format


def check_words(words: Sequence[str], format: str) -> None:
    """Raise ValueError naming the first word that a format cannot carry."""
    if format == "fqv":
        check_bare_words(words, "an .fqv file", "", empty=True)
    elif format in ("npy", "tsv"):
        check_bare_words(words, "a vocabulary file" if format == "npy" else "a projector's file", "\t\n\r")
    else:
        check_bare_words(words, f"word2vec {format}")


def detect(path: PathLike) -> str:
    """Return the format of a file, from its content.

    Raises
    ------
    FormatError
        If it is empty, or no file of vectors that we know.
    OSError
        If it cannot be read.
    """
    with open_reader(path) as file:
        start = file.read(_SEEN)
    if not start:
        raise FormatError(f"{os.fspath(path)}: the file is empty")
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if start[4:9] == b"\0\0\0\0{":  # the length of a container's header, below 4 GB, then JSON
        storage.peek(path)
        return "fqv"
    if format_of(path) == "tsv" and _metadata_path(path).is_file():  # else its first numbers would pass for words
        raise FormatError(f"{os.fspath(path)}: a table for the projector, which is not read again")
    if looks_text(start):
        return "text"
    if looks_binary(start):
        return "binary"
    raise FormatError(f"{os.fspath(path)}: not a file of word vectors (known: {', '.join(FORMATS)})")


def load(path: PathLike, format: str | None = None, *, errors: str = "strict") -> WordVectors:
    """Read word vectors from a file of any known format.

    Parameters
    ----------
    path : path
    format : {"fqv", "text", "binary", "npy"}, optional
        Taken from the content of the file if not given.
    errors : {"strict", "replace", "ignore"}
        What to do with words that are not UTF-8, in the word2vec formats.

    Raises
    ------
    FormatError
        If the file is foreign, truncated, damaged, or holds NaN or a word twice; says where.
    OSError
        If it cannot be read.
    """
    check_choice("errors", errors, ("strict", "replace", "ignore"))
    if format is None:
        format = detect(path)
    check_choice("format", format, FORMATS)
    where = os.fspath(path)
    try:
        return _LOADERS[format](path, errors)
    except FormatError:
        raise
    except ValueError as error:  # what WordVectors says about words and values
        raise FormatError(f"{where}: {error}") from None


def save(vectors: WordVectors, path: PathLike, format: str | None = None) -> None:
    """Write word vectors to a file; an older file of that name stays whole until the new one is complete.

    Parameters
    ----------
    vectors : WordVectors
    path : path
        A suffix .gz, .bz2, .xz or .zst compresses the word2vec formats and "tsv".
    format : {"fqv", "text", "binary", "npy", "tsv"}, optional
        Taken from the suffix if not given.

    Raises
    ------
    ValueError
        If the format is not known, or cannot carry one of the words, which is named.
    OSError
        If the file cannot be written.
    """
    if not isinstance(vectors, WordVectors):
        raise TypeError(f"vectors must be WordVectors, got {type(vectors).__name__}")
    format = check_target(path, format)
    check_words(vectors.words, format)
    _SAVERS[format](vectors, path)


def _load_fqv(path: PathLike, errors: str) -> WordVectors:
    header, arrays = storage.read_container(path, KIND, VERSION)
    for name, dtype in (("words", np.uint8), ("vectors", np.float32), ("counts", np.int64)):
        if name in arrays and arrays[name].dtype != dtype:
            raise FormatError(f"{os.fspath(path)}: damaged, {name} are {arrays[name].dtype}")
    try:
        words = storage.unpack_words(arrays)
        return WordVectors(words, arrays["vectors"], arrays.get("counts"), header["metadata"])
    except KeyError as error:
        raise FormatError(f"{os.fspath(path)}: damaged, no entry {error}") from None
    except TypeError as error:
        raise FormatError(f"{os.fspath(path)}: damaged, {error}") from None


def _plain(value: object) -> object:
    """Return what JSON can hold for NumPy's numbers and arrays, paths and whatever else was noted."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def _save_fqv(vectors: WordVectors, path: PathLike) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {
        **storage.pack_words(vectors.words),
        "vectors": vectors.vectors,
    }
    if vectors.counts is not None:
        arrays["counts"] = vectors.counts
    metadata = json.loads(json.dumps(vectors.metadata, default=_plain))
    storage.write_container(path, KIND, VERSION, {"metadata": metadata}, arrays)


def _load_text(path: PathLike, errors: str) -> WordVectors:
    with open_reader(path) as file:
        return WordVectors(*read_text(file, os.fspath(path), errors))


def _save_text(vectors: WordVectors, path: PathLike) -> None:
    with open_writer(path) as file:
        write_text(file, vectors.words, vectors.vectors)


def _load_binary(path: PathLike, errors: str) -> WordVectors:
    with open_reader(path) as file:
        return WordVectors(*read_binary(file, os.fspath(path), errors))


def _save_binary(vectors: WordVectors, path: PathLike) -> None:
    with open_writer(path) as file:
        write_binary(file, vectors.words, vectors.vectors)


def _vocabulary_path(path: PathLike) -> Path:
    return Path(path).with_suffix(".vocab.txt")


def _load_npy(path: PathLike, errors: str) -> WordVectors:
    vocabulary = _vocabulary_path(path)
    try:
        # Mapped first: a header that lies about the shape is then refused before anything is allocated.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # the header is parsed as Python: damage can raise nearly anything
        raise FormatError(f"{os.fspath(path)}: damaged or no .npy array: {error}") from None
    words, counts = _read_vocabulary(vocabulary)
    if array.ndim == 2 and len(array) != len(words):
        raise FormatError(f"{vocabulary}: {len(words)} words for the {len(array)} rows of {os.fspath(path)}")
    return WordVectors(words, np.array(array, dtype=np.float32) if array.dtype.kind in "fiu" else array, counts)


def _read_vocabulary(path: Path) -> tuple[list[str], list[int] | None]:
    """Return words and counts; either every line has a count or none."""
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 at byte {error.start}") from None
    if lines[-1] == "":
        lines.pop()
    pairs = [line.removesuffix("\r").split("\t") for line in lines]
    if pairs and all(len(pair) == 1 for pair in pairs):
        return [pair[0] for pair in pairs], None
    for number, pair in enumerate(pairs, 1):
        if len(pair) != 2 or not (pair[1].isascii() and pair[1].isdigit() and len(pair[1]) < 19):
            raise FormatError(f"{path}:{number}: expected a word, a tab and a count, as on other lines")
    return [pair[0] for pair in pairs], [int(pair[1]) for pair in pairs]


def _save_npy(vectors: WordVectors, path: PathLike) -> None:
    tails = [""] * len(vectors) if vectors.counts is None else [f"\t{count}" for count in vectors.counts.tolist()]
    lines = "".join(f"{word}{tail}\n" for word, tail in zip(vectors.words, tails, strict=True))
    # Both are complete before either takes its name.
    with storage.atomic_write(path) as rows, storage.atomic_write(_vocabulary_path(path)) as vocabulary:
        vocabulary.write(lines.encode())
        np.lib.format.write_array(rows, vectors.vectors, allow_pickle=False)


def _metadata_path(path: PathLike) -> Path:
    name, compression = bare_name(path)
    return Path(path).with_name(f"{Path(name).stem}.metadata.tsv{compression}")


def _save_tsv(vectors: WordVectors, path: PathLike) -> None:
    counts = None if vectors.counts is None else vectors.counts.tolist()
    # Both are complete before either takes its name.
    with open_writer(path) as rows, open_writer(_metadata_path(path)) as names:
        write_metadata(names, vectors.words, counts)
        write_table(rows, vectors.vectors)


_LOADERS: dict[str, Callable[[PathLike, str], WordVectors]] = {
    "fqv": _load_fqv, "text": _load_text, "binary": _load_binary, "npy": _load_npy,
}  # fmt: skip
_SAVERS: dict[str, Callable[[WordVectors, PathLike], None]] = {
    "fqv": _save_fqv, "text": _save_text, "binary": _save_binary, "npy": _save_npy,
    "tsv": _save_tsv,
}  # fmt: skip
