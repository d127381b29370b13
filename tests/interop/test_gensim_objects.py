"""Vectors and models handed to gensim and taken back: the same words, numbers and answers, and training goes on."""

from __future__ import annotations

import numpy as np
import pytest

from fastqwem import Corpus, TrainedModel, WordVectors, train
from fastqwem.interop import from_gensim, load_with_gensim, to_gensim
from fastqwem.models import KeyedVectors

gensim_models = pytest.importorskip("gensim.models", reason="gensim is not installed")

RNG = np.random.default_rng(3)
WORDS = [f"w{i}" for i in range(40)]
SENTENCES = [[WORDS[int(i)] for i in RNG.zipf(1.4, 12) % 40] for _ in range(300)]


@pytest.fixture(scope="module")
def vectors():
    return WordVectors(WORDS, RNG.standard_normal((40, 6)), np.arange(40, 0, -1))


@pytest.fixture(scope="module")
def corpus():
    return Corpus.from_sentences(SENTENCES, min_count=1)


def test_vectors_there_and_back(vectors):
    theirs = to_gensim(vectors)
    assert isinstance(theirs, gensim_models.KeyedVectors)
    assert theirs.index_to_key == WORDS
    assert np.array_equal(theirs.vectors, vectors.vectors)
    assert theirs.get_vecattr("w3", "count") == 37
    found, expected = theirs.most_similar("w1", topn=5), vectors.most_similar("w1", topn=5)
    assert [word for word, _ in found] == [word for word, _ in expected]
    # float32 cosines of 6 terms, each within a few roundings
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-6)
    again = from_gensim(theirs)
    assert (again.words, again.counts.tolist()) == (WORDS, vectors.counts.tolist())
    assert np.array_equal(again.vectors, vectors.vectors)
    theirs.vectors[0] = 0  # no memory is shared
    assert again.vectors[0].any() and vectors.vectors[0].any()
    assert from_gensim(to_gensim(WordVectors(WORDS, vectors.vectors))).counts is None


def test_our_own_keyed_vectors(vectors):
    kv = KeyedVectors(6)
    kv.add_vectors(WORDS, vectors.vectors)
    assert np.array_equal(from_gensim(kv).vectors, vectors.vectors)


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_a_model_there_and_back(corpus, architecture):
    model = train(corpus, architecture=architecture, vector_size=8, window=3, negative=4, epochs=1, workers=1, sample=0)
    theirs = to_gensim(model)
    assert theirs.sg == (architecture == "skipgram")
    assert (theirs.vector_size, theirs.window, theirs.negative, theirs.sample) == (8, 3, 4, 0)
    assert theirs.wv.index_to_key == corpus.vocab.words
    assert np.array_equal(theirs.wv.vectors, model.input_vectors)
    assert np.array_equal(theirs.syn1neg, model.output_vectors)
    again = from_gensim(theirs)
    assert isinstance(again, TrainedModel)
    assert again.vocab == model.vocab
    assert np.array_equal(again.input_vectors, model.input_vectors)
    assert np.array_equal(again.output_vectors, model.output_vectors)
    for name in ("architecture", "window", "negative", "sample", "ns_exponent", "alpha", "min_alpha", "seed"):
        assert getattr(again.options, name) == getattr(model.options, name)

    # Both can be trained on, and both move.
    further = again.continue_training(corpus, epochs=1, workers=1)
    assert not np.array_equal(further.input_vectors, again.input_vectors)
    theirs.train(SENTENCES, total_examples=theirs.corpus_count, epochs=1)
    assert not np.array_equal(theirs.wv.vectors, model.input_vectors)


def test_a_model_of_gensims(corpus):
    theirs = gensim_models.Word2Vec(SENTENCES, vector_size=8, min_count=2, epochs=1, seed=5, workers=1)
    model = from_gensim(theirs)
    assert np.array_equal(model.vectors["w3"], theirs.wv["w3"])
    assert model.vocab.counts.tolist() == [theirs.wv.get_vecattr(word, "count") for word in model.vocab.words]
    assert model.corpus["n_sentences"] == 300
    again = Corpus.from_sentences(SENTENCES, vocab=model.vocab)
    assert model.continue_training(again, epochs=1).history[-1].loss > 0


def test_what_cannot_be_handed_over(corpus):
    options = {"vector_size": 4, "epochs": 1, "workers": 1}
    for name, model in (
        ("hs", train(corpus, hs=True, **options)),
        ("tied", train(corpus, tied=True, **options)),
        ("objective", train(corpus, objective="qwem", **options)),
    ):
        with pytest.raises(ValueError, match=rf"{name} must be .* to_gensim\(model.vectors\)"):
            to_gensim(model)
        assert len(to_gensim(model.vectors)) == len(corpus.vocab)
    with pytest.raises(TypeError, match="source must be WordVectors or a TrainedModel, got list"):
        to_gensim([1])
    with pytest.raises(TypeError, match="source must be gensim's KeyedVectors or Word2Vec, got list"):
        from_gensim([1])
    with pytest.raises(ValueError, match="negative samples and without hs"):
        from_gensim(gensim_models.Word2Vec(SENTENCES, vector_size=4, hs=1, negative=0, epochs=1))
    numbers = gensim_models.KeyedVectors(2)
    numbers.add_vectors([7, 8], np.ones((2, 2)))
    with pytest.raises(TypeError, match="words must be str, got 7"):
        from_gensim(numbers)
    fasttext = gensim_models.FastText(SENTENCES, vector_size=4, epochs=1, bucket=50)
    with pytest.raises(TypeError, match=r"got FastText \(its words alone: its wv\)"):
        from_gensim(fasttext)
    assert from_gensim(fasttext.wv).words == fasttext.wv.index_to_key


def test_files_that_only_gensim_reads(tmp_path, corpus):
    path = str(tmp_path / "model")
    fasttext = gensim_models.FastText(SENTENCES, vector_size=4, epochs=1, bucket=50)
    fasttext.save(path)
    with pytest.raises(ValueError, match=r"trust must be True: gensim runs whatever .*model"):
        load_with_gensim(path)
    vectors = load_with_gensim(path, trust=True)
    assert np.array_equal(vectors["w3"], fasttext.wv["w3"])
    gensim_models.Word2Vec(SENTENCES, vector_size=4, epochs=1).wv.save(path)
    assert "w3" in load_with_gensim(path, trust=True)


def test_without_gensim(monkeypatch, vectors):
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(ImportError, match="to_gensim needs gensim: pip install gensim"):
        to_gensim(vectors)
