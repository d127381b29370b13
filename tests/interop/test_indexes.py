"""Approximate neighbours by word: an exact index answers as exact search does, the others nearly so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fastqwem import WordVectors
from fastqwem.interop import WordIndex, to_faiss, to_usearch

WORDS = [f"w{i}" for i in range(500)]


@pytest.fixture(scope="module")
def vectors():
    return WordVectors(WORDS, np.random.default_rng(1).standard_normal((500, 16)))


def faiss_index(vectors, **options):
    pytest.importorskip("faiss")
    return to_faiss(vectors, workers=1, **options)


def usearch_index(vectors, **options):
    pytest.importorskip("faiss")  # before usearch: see to_faiss
    pytest.importorskip("usearch.index")
    return to_usearch(vectors, workers=1, **options)


def check_near(found, expected):
    """At least nine tenths are the true neighbours, and cosines are those of float32 products of 16 terms."""
    true = [dict(neighbours) for neighbours in expected]
    right = sum(word in words for near, words in zip(found, true, strict=True) for word, _ in near)
    assert right >= 0.9 * sum(map(len, expected))
    for near, words in zip(found, true, strict=True):
        scores = [score for _, score in near]
        assert scores == sorted(scores, reverse=True)
        for word, score in near:
            assert score == pytest.approx(words.get(word, score), abs=1e-5)


@pytest.mark.parametrize("make", [faiss_index, usearch_index])
def test_near_words(make, vectors):
    index = make(vectors)
    assert isinstance(index, WordIndex)
    assert len(index) == 500
    check_near(index.most_similar_batch(WORDS[:100], topn=7), vectors.most_similar_batch(WORDS[:100], topn=7))
    check_near([index.most_similar("w5")], [vectors.most_similar("w5")])
    assert "w5" not in dict(index.most_similar("w5"))
    raw = vectors.vectors[:3] * 2
    check_near(index.nearest(raw, topn=4), vectors.nearest(raw, topn=4))
    assert [near[0][0] for near in index.nearest(raw)] == WORDS[:3]
    assert len(index.nearest(raw[0])) == 1
    assert index.most_similar_batch([]) == []


def test_an_exact_index_is_exact(vectors):
    found = faiss_index(vectors, description="Flat").most_similar_batch(WORDS, topn=5)
    expected = vectors.most_similar_batch(WORDS, topn=5)
    assert [[word for word, _ in near] for near in found] == [[word for word, _ in near] for near in expected]


def test_an_index_that_is_trained(vectors):
    index = faiss_index(vectors, description="IVF4,Flat")
    assert dict(index.most_similar("w5", topn=3))


@pytest.mark.parametrize("make", [faiss_index, usearch_index])
def test_fewer_words_than_asked_for(make):
    index = make(WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]))
    assert [word for word, _ in index.most_similar("a", topn=50)] == ["b", "c"]
    assert [word for word, _ in index.nearest([[1.0, 0.1]], topn=50)[0]] == ["a", "b", "c"]


def test_bad_arguments(vectors):
    index = faiss_index(vectors)
    with pytest.raises(KeyError, match="'nothing' is not among the 500 words"):
        index.most_similar("nothing")
    with pytest.raises(TypeError, match="use most_similar"):
        index.most_similar_batch("w1")
    with pytest.raises(ValueError, match="topn must be at least 1"):
        index.most_similar("w1", topn=0)
    with pytest.raises(ValueError, match="16 dimensions"):
        index.nearest([1.0, 2.0])
    with pytest.raises(ValueError, match="description must be an index that faiss makes, got 'Nonsense'"):
        to_faiss(vectors, "Nonsense")
    with pytest.raises(TypeError, match="got list"):
        to_faiss([1])


@pytest.mark.parametrize(("make", "module"), [(to_faiss, "faiss"), (to_usearch, "usearch.index")])
def test_without_the_library(make, module, monkeypatch, vectors):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "usearch", raising=False)
    with pytest.raises(ImportError, match=r"needs (faiss-cpu|usearch): pip install .* 'fastqwem\[ann\]'"):
        make(vectors)


def test_usearch_before_faiss_is_an_error_and_no_crash():
    pytest.importorskip("faiss")
    pytest.importorskip("usearch.index")
    program = """
import numpy as np
from usearch.index import Index
from fastqwem import WordVectors
from fastqwem.interop import to_faiss
try:
    to_faiss(WordVectors(["a", "b"], np.eye(2)))
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert "import faiss first" in done.stdout, done.stderr
