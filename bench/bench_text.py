"""Text to vocabulary and ids: ours, and gensim's build_vocab, which stops at the vocabulary.

FASTQWEM_BENCH_TEXT names the text to read; by default a small one is made up. Each benchmark asserts its
result.
"""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fastqwem.text import Corpus

WORKERS = 2
MIN_COUNT = 5


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("FASTQWEM_BENCH_TEXT")
    if named:
        return Path(named)
    random = np.random.default_rng(1)
    numbers = np.minimum(random.zipf(1.2, 500_000), 60_000)
    words = [f"word{number}" for number in numbers]
    path = tmp_path_factory.mktemp("bench") / "text.txt"
    path.write_text("\n".join(" ".join(words[i : i + 50]) for i in range(0, len(words), 50)))
    return path


@pytest.fixture(scope="module")
def counts(text: Path) -> dict[str, int]:
    with text.open(encoding="utf-8") as lines:
        counter = Counter(token for line in lines for token in line.split())
    return {word: n for word, n in counter.items() if n >= MIN_COUNT}


def is_right(corpus: Corpus, counts: dict[str, int]) -> bool:
    return dict(zip(corpus.vocab.words, corpus.vocab.counts.tolist(), strict=True)) == counts


def test_plain_text(benchmark, text, counts):
    corpus = benchmark(Corpus.from_text, text, MIN_COUNT, workers=WORKERS)
    assert is_right(corpus, counts)


def test_plain_text_one_worker(benchmark, text, counts):
    corpus = benchmark(Corpus.from_text, text, MIN_COUNT, workers=1)
    assert is_right(corpus, counts)


def test_plain_text_beyond_memory(benchmark, text, counts):
    corpus = benchmark(Corpus.from_text, text, MIN_COUNT, workers=WORKERS, memory="80MB")
    assert is_right(corpus, counts)


def test_gzip(benchmark, text, counts, tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(text.read_bytes(), 6))
    corpus = benchmark.pedantic(Corpus.from_text, (path, MIN_COUNT), rounds=3)
    assert is_right(corpus, counts)


def test_sentences(benchmark, text, counts):
    with text.open(encoding="utf-8") as lines:
        sentences = [line.split() for line in lines]
    corpus = benchmark.pedantic(Corpus.from_sentences, (sentences, MIN_COUNT), rounds=3)
    assert is_right(corpus, counts)


def test_gensim_vocabulary(benchmark, text, counts):
    word2vec = pytest.importorskip("gensim.models.word2vec")

    def build():
        model = word2vec.Word2Vec(min_count=MIN_COUNT, workers=WORKERS, vector_size=1)
        model.build_vocab(corpus_file=str(text))
        return model

    model = benchmark.pedantic(build, rounds=3)
    assert {word: model.wv.get_vecattr(word, "count") for word in model.wv.key_to_index} == counts
