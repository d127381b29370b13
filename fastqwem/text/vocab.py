"""The vocabulary: words in order of frequency, with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Vocab"]


class Vocab:
    """Words by falling count, ties by word; the position of a word is its id.

    Parameters
    ----------
    words : sequence of str
        In order of their ids.
    counts : array of int64, shape (V,)
        Occurrences of each word.
    """

    def __init__(self, words: Sequence[str], counts: Any) -> None:
        self.words = list(words)
        self.counts = np.asarray(counts, dtype=np.int64)

    @cached_property
    def index(self) -> dict[str, int]:
        """The id of each word."""
        return {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> int:
        return self.index[word]
