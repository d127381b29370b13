"""gensim's Word2Vec on a text file."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
