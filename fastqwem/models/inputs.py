"""What may be given to Word2Vec as a corpus, judged before any work."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from ..checks import resolve_workers

__all__ = ["TEXT_WARNING", "PathLike", "check_corpus", "resolved_workers"]

PathLike = str | os.PathLike[str]

TEXT_WARNING = (
    "Each 'sentences' item should be a list of words (usually unicode strings). Item %d is a str instead, and each of "
    "its characters counts as a word: split it first."
)


def check_corpus(corpus_iterable: Any, corpus_file: Any, passes: int) -> None:
    """Raise TypeError unless there is one corpus, of a kind that can be walked `passes` times."""
    if corpus_file is None and corpus_iterable is None:
        raise TypeError("a corpus is missing: give corpus_iterable (sentences) or corpus_file")
    if corpus_file is not None and corpus_iterable is not None:
        raise TypeError("corpus_iterable (sentences) and corpus_file must not be given both")
    if corpus_file is not None:
        if not isinstance(corpus_file, str | os.PathLike) or not os.path.isfile(corpus_file):
            raise TypeError(f"corpus_file must be the path of a file, got {corpus_file!r}")
        return
    if not isinstance(corpus_iterable, Iterable):
        raise TypeError(f"corpus_iterable (sentences) must be an iterable of lists of words, got {corpus_iterable!r}")
    if isinstance(corpus_iterable, GeneratorType) and passes > 1:
        raise TypeError(
            f"Using a generator as corpus_iterable can't support {passes} passes: "
            "give a list, or an object whose __iter__ begins anew"
        )


def resolved_workers(workers: Any) -> int:
    """Return the number of threads; ValueError unless it is at least 1, or -1 for all cores."""
    number = int(workers)
    if number == -1:
        return resolve_workers(0)
    if number < 1:
        raise ValueError(f"workers must be at least 1, or -1 for all cores, got {workers!r}")
    return number
