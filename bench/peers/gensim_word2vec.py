"""gensim's Word2Vec on a text file."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .program import Measured, Settings


def available() -> bool:
    """Whether gensim is installed."""
    return find_spec("gensim") is not None


def build_vocab(text: Path) -> Any:
    """Scan the file and build the vocabulary, nothing else."""
    from gensim.models import Word2Vec

    model = Word2Vec(min_count=5, workers=2)
    model.build_vocab(corpus_file=str(text))
    return model


def train(text: Path, vector_size: int = 200, workers: int = 2, **options: Any) -> Any:
    """Skip-gram with negative sampling from the file, window 5, 5 epochs, sample 1e-4."""
    from gensim.models import Word2Vec

    settings = {"window": 5, "negative": 5, "epochs": 5, "sample": 1e-4, "min_count": 5, "sg": 1, "seed": 1}
    return Word2Vec(corpus_file=str(text), vector_size=vector_size, workers=workers, **(settings | options))


def measure(text: Path, settings: Settings, scratch: Path, n_tokens: int) -> Measured:
    """Train by `corpus_file`, its fastest way, with the vocabulary built beforehand; vectors in the binary format."""
    from gensim.models import Word2Vec

    s = settings
    model = Word2Vec(
        vector_size=s.vector_size, window=s.window, negative=s.negative, sample=s.sample, workers=s.threads,
        sg=int(not s.cbow), min_count=s.min_count, epochs=s.epochs, seed=1,
    )  # fmt: skip
    model.build_vocab(corpus_file=str(text))
    start = time.perf_counter()
    model.train(
        corpus_file=str(text), total_examples=model.corpus_count, total_words=model.corpus_total_words, epochs=s.epochs
    )
    seconds = time.perf_counter() - start
    assert int(sum(model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key)) == n_tokens
    model.wv.save_word2vec_format(str(scratch / "gensim.bin"), binary=True)
    return Measured(n_tokens * s.epochs / seconds, scratch / "gensim.bin")
