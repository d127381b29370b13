"""A text of a few sentences and evaluation sets about its words, for trials in the simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scoring import RATINGS, TRAINED

from fastqwem import Corpus

WORDS = 12


def corpus(sentences: int = 8, length: int = 5) -> Corpus:
    """Return sentences about one of two topics, each half of the words."""
    rng = np.random.default_rng(1)
    topics = np.arange(WORDS).reshape(2, -1)
    lines = [[f"w{word}" for word in rng.choice(topics[i % 2], length)] for i in range(sentences)]
    return Corpus.from_sentences(lines, min_count=1, progress=False)


def write_sets(folder: Path) -> Path:
    """Write questions and ratings in the format of the real sets, and return their folder."""
    sets = folder / "eval"
    (sets / "similarity").mkdir(parents=True)
    (sets / "questions-words.txt").write_text(
        ": all\n" + "".join(f"w{i} w{i + 1} w{i + 2} w{i + 3}\n" for i in range(8))
    )
    pairs = [(a, b) for a in range(6) for b in range(a + 1, 8)]
    lines = "".join(f"w{a} w{b} {10 - abs(a - b)}\n" for a, b in pairs)
    for name in TRAINED:
        (sets / "similarity" / f"EN-{RATINGS[name]}.txt").write_text(lines)
    return sets
