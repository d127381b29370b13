"""Bad input ends in one clear error, odd input in a right answer; never in a crash, a hang or NaN."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from topics import topical

from fastqwem import Corpus, TrainedModel, Vocab, storage, train
from fastqwem.errors import CorpusError, DivergedError

QUICK = {"vector_size": 8, "epochs": 2, "workers": 1, "sample": 0, "progress": False}


def made(sentences, words=None):
    """A corpus of ids, with vocabulary w0, w1, ..."""
    ids = np.concatenate([np.asarray(s, dtype=np.int32) for s in sentences] or [np.zeros(0, np.int32)])
    n = int(ids.max(initial=-1)) + 1 if words is None else words
    offsets = np.cumsum([0] + [len(s) for s in sentences]).astype(np.int64)
    return Corpus(Vocab([f"w{i}" for i in range(n)], np.bincount(ids, minlength=n)), ids, offsets)


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (made([], words=3), "the corpus is empty"),
        (made([[], []], words=3), "the corpus is empty"),
        (made([], words=0), "at least two words, the vocabulary has 0"),
        (made([[0, 0, 0]]), "at least two words, the vocabulary has 1"),
        (made([[0], [1], [], [2]]), "no training pairs: every sentence has fewer than two tokens"),
        (Corpus(Vocab(["a", "b"], [0, 0]), np.array([0, 1], np.int32), np.array([0, 2])), "has no counts"),
    ],
)
def test_nothing_to_learn_from(corpus, message):
    with pytest.raises(CorpusError, match=message):
        train(corpus, **QUICK)


def test_no_pairs_after_subsampling():
    """A word that is nearly all of the text is kept with probability 1e-5: no sentence keeps two."""
    corpus = made([[0, 0]] * 50 + [[1]])
    with pytest.raises(CorpusError, match="no training pairs: after subsampling"):
        train(corpus, **(QUICK | {"sample": 1e-10}))


@pytest.mark.parametrize("corpus", [None, "text.txt", [["a", "b"]], np.arange(3)])
def test_no_corpus(corpus):
    with pytest.raises(TypeError, match="corpus must be a Corpus"):
        train(corpus)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tied": True},
        {"objective": "qwem"},
        {"objective": "qwem", "exact_negatives": True},
        {"hs": True, "negative": 0},
        {"architecture": "cbow"},
        {"workers": 2},
    ],
)
def test_divergence(corpus, options, tmp_path):
    """A rate of a million: an error that names epoch and rate; QWEM's steps are damped and stay finite."""
    path = tmp_path / "c.fqm"
    options = QUICK | {"alpha": 1e6} | options
    if options.get("objective") == "qwem":
        model = train(corpus, **options)
        assert np.isfinite(model.vectors.vectors).all() and np.isfinite(model.loss)
        return
    with pytest.raises(DivergedError) as caught:
        train(corpus, **options, checkpoint=path)
    error = caught.value
    assert error.epoch in (1, 2) and 1e6 * 0.004 <= error.alpha <= 1e6
    assert f"diverged in epoch {error.epoch} at the learning rate" in str(error)
    assert "lower alpha (it began with 1e+06)" in str(error)
    assert isinstance(error, ArithmeticError) and isinstance(error.model, TrainedModel)
    # No checkpoint of what is broken; one of an earlier epoch is left as it was.
    assert path.exists() == (error.epoch == 2)


@pytest.mark.parametrize("n_tokens", [1_000_000])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_one_sentence_of_a_million_words(n_tokens, architecture):
    ids = np.random.default_rng(0).integers(0, 50, n_tokens)
    model = train(made([ids]), **(QUICK | {"epochs": 1, "architecture": architecture}))
    assert model.history[0].words == n_tokens and np.isfinite(model.vectors.vectors).all()
    if architecture == "skipgram":
        # 6 contexts on average, fewer only at the two ends; the deviation of one is below 3.
        assert abs(model.history[0].pairs - 6 * n_tokens) < 6 * 3 * n_tokens**0.5


@pytest.mark.parametrize("window", [10, 65_535])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_windows_longer_than_every_sentence(window, architecture):
    """With fixed reach each word sees all others of its sentence: n (n - 1) pairs, n for CBOW."""
    corpus = made([[0, 1, 2], [3, 4], [5]])
    options = QUICK | {"window": window, "shrink_windows": False, "architecture": architecture}
    model = train(corpus, **options)
    assert model.history[0].pairs == (8 if architecture == "skipgram" else 5)
    assert np.isfinite(model.vectors.vectors).all()


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_one_dimension(corpus, objective):
    model = train(corpus, **(QUICK | {"vector_size": 1, "objective": objective}))
    assert model.input_vectors.shape == (24, 1) and model.history[1].loss < model.history[0].loss


def test_two_words():
    for options in ({}, {"hs": True, "negative": 0}, {"architecture": "cbow"}):
        model = train(made([[0, 1, 0, 1, 1]] * 20), **QUICK, **options)
        assert np.isfinite(model.vectors.vectors).all() and np.isfinite(model.loss)


def test_words_that_never_occur(corpus):
    """They keep their initial vectors: neither centers, contexts nor negatives."""
    vocab = Vocab([*corpus.vocab.words, "ghost"], [*corpus.vocab.counts, 0])
    ghostly = Corpus(vocab, corpus.ids, corpus.offsets)
    start = np.random.default_rng(0).normal(size=(25, 8)).astype(np.float32)
    for exponent in (0.75, 0.0, -1.0):
        model = train(ghostly, init=(start, start), ns_exponent=exponent, **QUICK)
        np.testing.assert_array_equal(model.vectors["ghost"], start[24])
        np.testing.assert_array_equal(model.output_vectors[24], start[24])
    exact = train(ghostly, objective="qwem", exact_negatives=True, **QUICK)
    assert np.isfinite(exact.loss) and np.isfinite(exact.vectors.vectors).all()


def test_noise_that_overflows(corpus):
    with pytest.raises(ValueError, match="ns_exponent must leave the noise weights finite"):
        train(corpus, ns_exponent=500.0, **QUICK)


def test_all_held_out_positions_may_be_too_few(corpus):
    """Some share of a corpus of four tokens: no held-out pair is NaN, not an error."""
    model = train(made([[0, 1, 0, 1]]), held_out=1e-9, **QUICK)
    assert np.isnan(model.history[-1].held_out_loss) and np.isfinite(model.loss)


def test_a_mapped_corpus(corpus, tmp_path):
    corpus.save(tmp_path / "c.fqc")
    mapped = Corpus.load(tmp_path / "c.fqc")
    assert mapped.mapped
    np.testing.assert_array_equal(train(mapped, **QUICK).input_vectors, train(corpus, **QUICK).input_vectors)


def test_checkpoints_that_cannot_be_written(corpus, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        train(corpus, **QUICK, checkpoint=tmp_path / "none" / "c.fqm")
    with pytest.raises(IsADirectoryError):
        train(corpus, **QUICK, checkpoint=tmp_path)
    path = tmp_path / "c.fqm"
    train(corpus, **(QUICK | {"epochs": 1}), checkpoint=path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        train(corpus, **QUICK, checkpoint=path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["c.fqm"]


def test_workers(corpus):
    with pytest.raises(ValueError, match="workers must be at least 0, got -1"):
        train(corpus, workers=-1)
    many = train(made([[0, 1, 2]]), **(QUICK | {"workers": 64}))
    assert np.isfinite(many.loss)


def test_other_seeds_of_the_same_text_agree_in_kind():
    corpora = [Corpus.from_sentences(topical(seed=seed), min_count=1) for seed in range(2)]
    losses = [train(corpus, **QUICK).loss for corpus in corpora]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
