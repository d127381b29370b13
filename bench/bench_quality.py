"""The split and the bootstrap by which ``bench/quality`` judges: small checks, nothing is timed."""

from __future__ import annotations

import numpy as np
import pytest
from quality import tune
from scipy.stats import spearmanr
from scoring import Measured, interval, measured, paired_interval, resamples, spearman, split_questions

from fastqwem import Corpus, WordVectors

SECTIONS = {
    "capitals": [(f"a{i}", f"b{i}", f"c{i}", f"d{i}") for i in range(11)],
    "gram1": [(f"e{i}", f"f{i}", f"g{i}", f"h{i}") for i in range(20)],
    "empty": [],
}


def test_split_is_disjoint_complete_and_by_section():
    tuning, held_out = split_questions(SECTIONS)
    assert list(tuning) == list(held_out) == list(SECTIONS)
    for name, quads in SECTIONS.items():
        assert not set(tuning[name]) & set(held_out[name])
        assert sorted(tuning[name] + held_out[name]) == sorted(quads)
        assert len(tuning[name]) == len(quads) // 2
    assert split_questions(SECTIONS) == (tuning, held_out)
    assert split_questions(SECTIONS, seed=1) != (tuning, held_out)


def test_a_repeated_question_is_on_one_side():
    repeated = {"s": SECTIONS["gram1"] * 2}
    tuning, held_out = split_questions(repeated)
    assert not set(tuning["s"]) & set(held_out["s"])
    assert len(tuning["s"]) == len(held_out["s"]) == 20


def test_interval_of_a_share():
    n, share = 4000, 0.3
    questions = Measured((np.arange(n) < share * n).astype(float))
    low, high = interval(questions)
    error = 1.96 * (share * (1 - share) / n) ** 0.5
    # a quantile of 1000 resamples has a standard error of 0.08 of the score's own, so 5 of them are 0.2 of `error`
    assert low == pytest.approx(share - error, abs=0.2 * error)
    assert high == pytest.approx(share + error, abs=0.2 * error)


def test_weighted_spearman_is_that_of_repeated_items():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 9, 40).astype(float), rng.integers(0, 9, 40).astype(float)  # with ties
    times = resamples(40)[:20]
    expected = [spearmanr(np.repeat(a, each), np.repeat(b, each)).statistic for each in times]
    np.testing.assert_allclose(spearman(a, b, times), expected, rtol=0, atol=1e-12)


def test_paired_difference():
    rng = np.random.default_rng(2)
    hits = rng.integers(0, 2, 500).astype(float)
    one = Measured(np.where(np.arange(500) < 10, np.nan, hits))
    assert paired_interval(one, one) == (0, 0, 0)
    better = Measured(np.where(np.arange(500) % 10 == 3, 1.0, hits))
    common = hits[10:], better.values[10:]
    difference, low, high = paired_interval(better, one)
    assert difference == pytest.approx(common[1].mean() - common[0].mean())
    assert 0 < low < difference < high
    cosines = rng.standard_normal(300)
    rated = Measured(cosines, cosines + rng.standard_normal(300))
    assert paired_interval(rated, rated) == (0, 0, 0)
    # paired: a hundredth of noise moves the difference far less than the score's own interval is wide
    low, high = paired_interval(Measured(cosines + 0.01 * rng.standard_normal(300), rated.ratings), rated)[1:]
    assert high - low < 0.1 * np.diff(interval(rated))[0]


def test_measured_agrees_with_evaluate(tmp_path):
    from fastqwem.vectors import evaluate

    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(30)]
    vectors = WordVectors(words, rng.standard_normal((30, 3)))
    quads = [tuple(rng.choice([*words, "unknown"], 4, replace=False).tolist()) for _ in range(200)]
    (tmp_path / "questions.txt").write_text(": s\n" + "\n".join(map(" ".join, quads)))
    (tmp_path / "similarity").mkdir()
    ratings = tmp_path / "similarity" / "EN-MEN-TR-3k.txt"
    ratings.write_text("\n".join(f"{a} {b} {i % 7}" for i, (a, b, *_) in enumerate(quads)))
    found = measured(vectors, {"s": quads}, tmp_path, ["MEN"])
    expected = evaluate.analogies(vectors, tmp_path / "questions.txt")
    assert 0 < expected.correct < expected.covered < 200
    assert found["analogies@10,000"].score() == pytest.approx(expected.accuracy)
    assert found["MEN"].score() == pytest.approx(evaluate.similarity(vectors, ratings).spearman)
    assert list(found) == ["analogies@10,000", "MEN"]  # one cut, for it holds the whole vocabulary


def test_settings_are_distinct_and_of_their_road():
    chosen = tune.settings({"road": ["solve", "sgns"], "sample": [0, 1e-4], "negative": [1, 5], "window": [5, 10]})
    assert len(chosen) == 2 * (2 + 2 * 2)  # windows by solve's negatives and sgns' pairs
    assert all(("sample" in each) == (each["road"] == "sgns") for each in chosen)
    windows = [each["window"] for each in chosen]
    assert windows == sorted(windows)  # one count each
    with pytest.raises(ValueError, match="got colour"):
        tune.settings({"colour": [1]})


def test_outputs():
    rng = np.random.default_rng(4)
    w, c = rng.standard_normal((2, 20, 3)).astype(np.float32)
    plain = {"output": "default", "centred": 0, "exponent": 1}
    np.testing.assert_array_equal(tune.finished(w, c, "sum", plain), w + c)
    np.testing.assert_array_equal(tune.finished(w, c, "sum", plain | {"output": 0.5}), w + np.float32(0.5) * c)
    rows = tune.finished(w, c, "input", plain | {"centred": 1, "exponent": 0.5})
    expected = np.sqrt(np.linalg.svd(w - w.mean(axis=0), compute_uv=False))
    # a float32 Gram matrix of well-conditioned rows: a few units of 6e-8, with room for 20 sums
    np.testing.assert_allclose(np.linalg.svd(rows, compute_uv=False), expected, rtol=1e-5)


@pytest.mark.parametrize("road", ["sgns", "qwem"])
def test_tune_finds_what_factorize_gives(sample, road):
    corpus = Corpus.from_text(sample, max_vocab=300, progress=False)
    (setting,) = tune.settings({"road": [road], "vector_size": [10], "window": [5], "sweeps": [1]})
    solutions = tune.Solutions(corpus)
    w, c, output, seconds = solutions(setting)
    direct = tune.factorize(tune.count(corpus, 5, progress=False), 10, objective=road, sweeps=1, progress=False)
    np.testing.assert_array_equal(tune.finished(w, c, output, setting), direct.matrix())
    assert seconds > 0 and solutions(setting)[0] is w  # solved once


def test_thinned(sample):
    corpus = Corpus.from_text(sample, max_vocab=300, progress=False)
    assert tune.thinned(corpus, 0) is corpus
    thin = tune.thinned(corpus, 1e-3)
    assert thin.vocab is corpus.vocab and len(thin) == len(corpus)
    seen = np.bincount(thin.ids, minlength=300)
    keep = tune.keep_probabilities(corpus.vocab.counts, 1e-3)
    expected, spread = corpus.vocab.counts * keep, np.sqrt(corpus.vocab.counts * keep * (1 - keep))
    assert (np.abs(seen - expected) <= 5 * spread).all()  # binomial: 5 sigma of 300 words
    sentences = (np.split(each.ids, each.offsets[1:-1]) for each in (corpus, thin))
    for before, after in zip(*sentences, strict=True):
        words = iter(before.tolist())
        assert all(word in words for word in after.tolist())  # in order, from the same sentence
