"""Brute-force truths: obvious, quadratic, and independent of the package. The fast code is held to these."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

# ---------------------------------------------------------------- counts


def weights(window: int, weighting: str) -> list[int]:
    """Weight of each distance 1 .. window."""
    if weighting == "linear":
        return [window + 1 - d for d in range(1, window + 1)]
    if weighting == "uniform":
        return [1] * window
    scale = math.lcm(*range(1, window + 1))
    if scale > 2**20:
        scale = 2**20
    return [round(scale / d) for d in range(1, window + 1)]


def cooccurrence(sentences: Sequence[Sequence[int]], vocab_size: int, window: int, weighting: str) -> np.ndarray:
    """Dense counts: every ordered pair of positions in a sentence, at most `window` apart."""
    counts = np.zeros((vocab_size, vocab_size), dtype=object)
    weight = weights(window, weighting)
    for sentence in sentences:
        for i, center in enumerate(sentence):
            for j, context in enumerate(sentence):
                if i != j and abs(i - j) <= window:
                    counts[center, context] += weight[abs(i - j) - 1]
    return counts.astype(np.int64)


def encoded(sentences: Sequence[Sequence[int]], vocab_size: int) -> SimpleNamespace:
    """What `count` needs of a corpus, made without the package's text layer."""
    from fastqwem.text import Vocab

    flat = [word for sentence in sentences for word in sentence]
    seen = Counter(flat)
    return SimpleNamespace(
        ids=np.array(flat, dtype=np.int32),
        mapped=False,
        offsets=np.cumsum([0] + [len(s) for s in sentences]).astype(np.int64),
        vocab=Vocab([f"w{i}" for i in range(vocab_size)], [seen[i] for i in range(vocab_size)]),
    )
