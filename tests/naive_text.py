"""The obvious truth about text: split, Counter, sorted, dict; and the archives it may come in."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections import Counter

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
}

WHITE_SPACE = " \t\r\v\f"


def split_text(text: str) -> list[list[str]]:
    """Lines with at least one token, as lists of tokens."""
    for character in WHITE_SPACE:
        text = text.replace(character, " ")
    lines = ([token for token in line.split(" ") if token] for line in text.split("\n"))
    return [tokens for tokens in lines if tokens]


def choose_words(sentences: list[list[str]], min_count: int, max_vocab: int | None = None) -> list[tuple[str, int]]:
    """(word, count) by falling count, ties by the bytes of the word."""
    counts = Counter(token for tokens in sentences for token in tokens)
    kept = [(word, n) for word, n in counts.items() if n >= min_count]
    return sorted(kept, key=lambda pair: (-pair[1], pair[0].encode("utf-8")))[:max_vocab]


def encode(sentences: list[list[str]], words: list[str]) -> tuple[list[int], list[int]]:
    """(ids, offsets) of sentences that all have tokens."""
    index = {word: i for i, word in enumerate(words)}
    ids: list[int] = []
    offsets = [0]
    for tokens in sentences:
        ids += [index[token] for token in tokens if token in index]
        offsets.append(len(ids))
    return ids, offsets
