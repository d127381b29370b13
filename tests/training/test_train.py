"""The API: what is learnt, what is recorded, callbacks, warm starts, more epochs."""

from __future__ import annotations

import itertools
import logging
import math

import numpy as np
import pytest
from topics import topical

import fastqwem
from fastqwem import Corpus, WordVectors, count, solve, train
from fastqwem.training.moments import noise_moments

QUICK = {"vector_size": 16, "epochs": 3, "workers": 1, "alpha": 0.05, "progress": False}
KINDS = {
    "sgns": {},
    "sgns tied": {"tied": True},
    "cbow": {"architecture": "cbow"},
    "cbow sum": {"architecture": "cbow", "cbow_mean": False},
    "hs": {"hs": True, "negative": 0},
    "hs cbow": {"hs": True, "negative": 0, "architecture": "cbow"},
    "both": {"hs": True},
    "qwem": {"objective": "qwem"},
    "qwem tied": {"objective": "qwem", "tied": True},
    "qwem cbow": {"objective": "qwem", "architecture": "cbow"},
    "exact": {"objective": "qwem", "exact_negatives": True},
}


def purity(vectors):
    """Share of words whose five nearest are all of the own topic."""
    every = vectors.most_similar_batch(vectors.words, 5)
    pairs = zip(vectors.words, every, strict=True)
    return np.mean([all(other[:3] == word[:3] for other, _ in found) for word, found in pairs])


@pytest.mark.parametrize("kind", KINDS)
def test_topics_are_learnt(corpus, kind):
    """Words of one topic never meet the other's, so neighbours must be one's own: chance would be 0.01.

    So few words are updated so often that the rates of real text would be far too high.
    """
    model = train(corpus, **(QUICK | {"sample": 0, "epochs": 8, "alpha": 0.0025} | KINDS[kind]))
    assert purity(model.vectors) >= 0.9
    losses = [record.loss for record in model.history]
    assert all(np.isfinite(losses)) and model.loss == losses[-1]
    # Exact negatives measure against moments of a chunk's beginning, from which so few words have moved far by its end.
    assert losses[-1] < losses[0] or kind == "exact"
    assert model.vectors is model.vectors
    assert np.shares_memory(model.vectors.vectors, model.input_vectors)
    for name, matrix, rows in [
        ("input", model.input_vectors, 24),
        ("output", model.output_vectors, 24),
        ("nodes", model.node_vectors, 23),
    ]:
        assert (matrix is not None) == (name in model.options.matrices)
        if matrix is not None:
            assert matrix.shape == (rows, 16) and matrix.dtype == np.float32 and matrix.flags.c_contiguous
            assert not matrix.flags.writeable
            assert np.abs(matrix).max() > 0


def test_history(corpus, caplog):
    with caplog.at_level(logging.INFO, logger="fastqwem"):
        model = train(corpus, held_out=0.1, sample=0, **QUICK)
    assert [record.epoch for record in model.history] == [1, 2, 3] and model.done == (3, 0)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3 and lines[0].startswith("epoch 1 of 3: loss ")
    for record in model.history:
        assert f"loss {record.loss:.5f}, {record.held_out_loss:.5f} held out" in lines[record.epoch - 1]
        # About 0.9 of the 24,000 tokens are centers: 6 standard deviations of the binomial are 279.
        assert abs(record.words - 21_600) < 279
        # A reach is uniform on 1 .. 5, so 6 contexts on average; ends of sentences of 60 cost 2 * (1/5) * sum_{r=1..5}
        # (r (r + 1) / 2) / 60 = 0.233 of them. One center's number of contexts has deviation < 3: 6 deviations of the
        # sum over 21,600 are below 2,646.
        assert abs(record.pairs - record.words * (6 - 14 / 60)) < 2_646
        assert record.seconds > 0
        assert record.words_per_second == pytest.approx(24_000 / record.seconds)
    assert model.history[0].held_out_loss > model.history[2].held_out_loss
    # Nothing was learnt at first: every term of the loss is ln 2.
    assert model.history[0].loss < 6 * math.log(2)
    last_chunk = 2 * 24_000 + 2 * 8192
    assert model.history[2].alpha == np.float32(0.05 - (0.05 - 0.0002) * last_chunk / 72_000)
    assert train(corpus, **QUICK).history[0].held_out_loss is None


def test_loss_of_an_untrained_model(corpus):
    """Outputs are zero, so each pair costs (1 + negative) ln 2 but for negatives that are the word itself."""
    model = train(corpus, **(QUICK | {"epochs": 1, "alpha": 1e-12, "negative": 3, "sample": 0}))
    # Of 24 about equally frequent words, a negative is the center in a share of 1/24: 6 deviations of the mean over
    # 6,000 blocks of shared negatives are 6 * ln 2 * sqrt(3/24/6000) = 0.019.
    assert model.loss == pytest.approx((1 + 3 * 23 / 24) * math.log(2), abs=0.019)


def test_one_worker_repeats_to_the_bit_and_seeds_differ(corpus):
    first, again, other = (train(corpus, **QUICK, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.input_vectors, again.input_vectors)
    np.testing.assert_array_equal(first.output_vectors, again.output_vectors)
    assert first.loss == again.loss
    assert np.abs(first.input_vectors - other.input_vectors).max() > 0


def test_workers(corpus):
    one, two = (train(corpus, **(QUICK | {"workers": n})) for n in (1, 2))
    assert [r.pairs for r in one.history] == [r.pairs for r in two.history]
    assert purity(two.vectors) >= 0.9


def test_callbacks(corpus):
    seen = []

    def look(model):
        assert model.is_live
        vectors = model.vectors
        seen.append((model.history[-1].epoch, model.done, vectors.vectors, vectors))
        assert not np.shares_memory(vectors.vectors, model.vectors.vectors)
        assert str(model.history[-1].epoch) in repr(model)
        with pytest.raises(ValueError, match="still being trained"):
            model.continue_training(corpus, 1)

    def stop(model):
        return len(model.history) == 2

    model = train(corpus, **QUICK, callbacks=[look, stop])
    assert [entry[:2] for entry in seen] == [(1, (1, 0)), (2, (2, 0))]
    assert not model.is_live and model.done == (2, 0)
    np.testing.assert_array_equal(seen[1][2], model.input_vectors)
    assert np.abs(seen[0][2] - seen[1][2]).max() > 0
    for bad in (look, [look, 3]):
        with pytest.raises(TypeError, match="callbacks must be"):
            train(corpus, **QUICK, callbacks=bad)


def test_a_callback_that_raises(corpus, tmp_path):
    kept = []

    def fail(model):
        kept.append(model)
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        train(corpus, **QUICK, callbacks=[fail], checkpoint=tmp_path / "c.fqm")
    assert kept[0].done == (1, 0) and kept[0].vectors.vectors.shape == (24, 16)  # still reachable
    assert fastqwem.TrainedModel.load(tmp_path / "c.fqm").done == (1, 0)


def test_progress(corpus):
    ticks = []
    train(corpus, **(QUICK | {"progress": lambda done, total: ticks.append((done, total))}))
    assert ticks[-1] == (72_000, 72_000)
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(ticks))


def test_the_bar(corpus, capsys):
    train(corpus, **(QUICK | {"progress": True, "epochs": 80, "sample": 0}))  # it is drawn again after 0.1 s
    shown = capsys.readouterr().err
    assert "training" in shown and "words/s" in shown and "loss " in shown


def test_continue_training(corpus):
    model = train(corpus, **QUICK)
    before = model.input_vectors.copy()
    more = model.continue_training(corpus, 2, workers=1, progress=False)
    np.testing.assert_array_equal(model.input_vectors, before)
    assert [record.epoch for record in more.history] == [1, 2, 3, 4, 5] and model.done == (3, 0)
    assert more.options.alpha == 0.05 and more.options.epochs == 2
    # Fresh samples: with the very same vectors, epoch 4 has other pairs than epoch 1.
    start = (model.input_vectors.copy(), model.output_vectors.copy())
    anew = train(corpus, init=start, **(QUICK | {"epochs": 2}))
    assert anew.history[0].pairs != more.history[3].pairs
    gentle = model.continue_training(corpus, 1, alpha=1e-9, min_alpha=0.0, workers=1, progress=False)
    assert gentle.history[-1].alpha <= np.float32(1e-9)
    # A rate of 1e-9 cannot move entries of size 1 by more than their rounding, and moves those near 0 by little.
    np.testing.assert_allclose(gentle.input_vectors, before, rtol=1e-5, atol=1e-5)
    # A corpus of other sentences in the same words is welcome, one of other words is not.
    other = Corpus.from_sentences(topical(seed=5), vocab=corpus.vocab)
    assert model.continue_training(other, 1, workers=1, progress=False).done == (4, 0)
    strange = Corpus.from_sentences(topical(topics=("sea", "land")), min_count=1)
    with pytest.raises(ValueError, match=r"must have the model's 24 words.*vocab=model.vocab"):
        model.continue_training(strange, 1)
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        model.continue_training(corpus, 0)


class TestInit:
    """At a rate of 1e-30 nothing moves: float32 entries of any size that occurs here stay as they are."""

    def start(self, corpus, **options):
        quick = {"epochs": 1, "workers": 1, "progress": False, "alpha": 1e-30, "vector_size": 16}
        return train(corpus, **(quick | options))

    def test_default(self, corpus):
        model = self.start(corpus)
        vectors = model.input_vectors
        # 384 uniform numbers on [-1/16, 1/16): the largest of them is within 5 % of the end but for a chance of e^-19.
        assert 0.95 / 16 < np.abs(vectors).max() <= 1 / 16 and vectors.min() < 0 < vectors.max()
        assert np.abs(model.output_vectors).max() < 1e-25
        tied = self.start(corpus, tied=True)
        np.testing.assert_array_equal(tied.input_vectors, vectors)
        assert np.abs(self.start(corpus, hs=True).node_vectors).max() < 1e-25
        assert np.abs(self.start(corpus, seed=2).input_vectors - vectors).max() > 0

    @pytest.mark.parametrize(("init", "scale"), [("normal", 1.0), (("normal", 0.01), 0.01)])
    def test_normal(self, corpus, init, scale):
        model = self.start(corpus, init=init, vector_size=400)
        for matrix in (model.input_vectors, model.output_vectors):
            # The deviation of 9,600 numbers has itself a relative one of 1 / sqrt(2 * 9600) = 0.0072; six of these.
            assert matrix.std() == pytest.approx(scale / 20, rel=0.043)
        assert abs(np.corrcoef(model.input_vectors.ravel(), model.output_vectors.ravel())[0, 1]) < 6 / 9600**0.5
        zero = self.start(corpus, init=("normal", 0.0))
        assert not zero.input_vectors.any()

    def test_word_vectors(self, corpus):
        words = ["sky3", "unknown", "sea0"]
        given = WordVectors(words, np.arange(48, dtype=np.float32).reshape(3, 16) + 1)
        model, plain = self.start(corpus, init=given), self.start(corpus)
        for word in corpus.vocab.words:
            expected = given if word in given else plain.vectors
            np.testing.assert_array_equal(model.vectors[word], expected[word])
        assert model.options.init == "WordVectors"

    def test_spectrum(self, corpus):
        spectrum = solve(fastqwem.Target(count(corpus, 5)), 16)
        model = self.start(corpus, init=spectrum)
        matrix = spectrum.matrix(16)
        np.testing.assert_array_equal(model.input_vectors, matrix)
        np.testing.assert_array_equal(model.output_vectors, matrix)
        np.testing.assert_array_equal(self.start(corpus, init=spectrum, tied=True).input_vectors, matrix)
        with pytest.raises(ValueError, match="vector_size must be at most 16, got 20"):
            self.start(corpus, init=spectrum, vector_size=20)

    def test_arrays(self, corpus):
        a, b = (np.random.default_rng(i).normal(size=(24, 16)) for i in range(2))
        model = self.start(corpus, init=a)
        np.testing.assert_array_equal(model.input_vectors, a.astype(np.float32))
        assert np.abs(model.output_vectors).max() < 1e-25
        model = self.start(corpus, init=(a, b))
        np.testing.assert_array_equal(model.output_vectors, b.astype(np.float32))
        model = self.start(corpus, init=(None, b))
        np.testing.assert_array_equal(model.input_vectors, self.start(corpus).input_vectors)
        np.testing.assert_array_equal(model.output_vectors, b.astype(np.float32))

    @pytest.mark.parametrize(
        ("init", "error", "message"),
        [
            ("uniform", TypeError, "init must be None"),
            ([[1.0]], TypeError, "init must be None"),
            (("normal", -1.0), ValueError, "the scale of init must be at least 0, got -1"),
            ((None, None, None), ValueError, r"pair \(input, output\), got 3 items"),
            (np.zeros((23, 16)), ValueError, "a row for each of the 24 words, got 23"),
            (np.zeros((24, 15)), ValueError, "vector_size = 16 dimensions, got 15"),
            (np.zeros(24), ValueError, "must be a real matrix"),
            (np.zeros((24, 16), complex), ValueError, "must be a real matrix"),
            (WordVectors(["sea0"], [[1.0, 2.0]]), ValueError, "vector_size = 16 dimensions, got 2"),
        ],
    )
    def test_refused(self, corpus, init, error, message):
        with pytest.raises(error, match=message):
            self.start(corpus, init=init)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
    def test_not_finite(self, corpus, value):
        bad = np.zeros((24, 16))
        bad[7, 3] = value
        word = corpus.vocab.words[7]
        with pytest.raises(ValueError, match=rf"init \(input\) must be finite float32, row 7 \('{word}'\) is not"):
            self.start(corpus, init=bad)
        with pytest.raises(ValueError, match=rf"init \(output\) must be finite float32, row 7 \('{word}'\) is not"):
            self.start(corpus, init=(None, bad))

    def test_a_pair_needs_two_matrices(self, corpus):
        pair = (np.zeros((24, 16)), np.zeros((24, 16)))
        with pytest.raises(ValueError, match="with tied there is no output matrix"):
            self.start(corpus, init=pair, tied=True)
        with pytest.raises(ValueError, match="with negative=0 there is no output matrix"):
            self.start(corpus, init=pair, hs=True, negative=0)


def test_moments_by_definition():
    rng = np.random.default_rng(0)
    x, o = (rng.normal(size=(5000, 7)).astype(np.float32) for _ in range(2))
    p, q = (w / w.sum() for w in rng.random((2, 5000)))
    found = noise_moments({"input": x, "output": o}, q, p)
    expected = [q @ o, (o * q[:, None]).T.astype(np.float64) @ o, p @ x, (x * p[:, None]).T.astype(np.float64) @ x]
    for a, b in zip(found, expected, strict=True):
        # Float32 products of weights that add up to 1: each block's sum errs by at most sqrt-ish of 4096 roundings
        # (6e-8 each) of numbers whose absolute sum is about 1.
        np.testing.assert_allclose(a, b, atol=64 * 6e-8 * 10)
    tied = noise_moments({"input": x}, q, p)
    np.testing.assert_array_equal(tied[0], noise_moments({"input": x, "output": x}, q, p)[0])


@pytest.mark.parametrize("alpha", [0.1, 1.0])
@pytest.mark.parametrize(
    "options",
    [
        {"shared_negatives": 8},
        {"shared_negatives": 8, "tied": True},
        {"shared_negatives": 8, "architecture": "cbow"},
        {"shared_negatives": 8, "architecture": "cbow", "tied": True},
        {"exact_negatives": True},
    ],
    ids=lambda options: "-".join(options),
)
def test_qwem_does_not_blow_up(options, alpha):
    """Rates at which the plain step diverges at once, on a corpus that is mostly one word."""
    random = np.random.default_rng(1)
    words = np.array(["the", "cat", "sat", "mat"])[random.choice(4, 20_000, p=[0.85, 0.05, 0.05, 0.05])]
    corpus = Corpus.from_sentences(words.reshape(-1, 20).tolist(), min_count=1)
    if options.get("tied"):
        options = {"init": ("normal", 0.1)} | options
    model = train(corpus, "qwem", vector_size=16, sample=0, alpha=alpha, epochs=3, workers=1, progress=False, **options)
    assert np.isfinite(model.vectors.vectors).all() and np.isfinite(model.loss)
