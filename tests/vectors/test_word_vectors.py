from __future__ import annotations

import pickle

import naive_vectors as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.text.vocab import Vocab
from fastqwem.vectors import UnknownWordError, WordVectors, ranking


@pytest.fixture
def wv():
    rng = np.random.default_rng(1)
    return WordVectors([f"w{i}" for i in range(300)], rng.standard_normal((300, 7), dtype=np.float32))


def same(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=2e-6)


class TestConstruction:
    def test_attributes(self):
        wv = WordVectors(["a", "b c"], [[1, 2, 3], [4, 5, 6]], [7, 8], {"window": 16})
        assert wv.words == ["a", "b c"] and wv.index == {"a": 0, "b c": 1} and wv.vector_size == 3
        assert wv.vectors.dtype == np.float32 and wv.counts.dtype == np.int64 and wv.metadata == {"window": 16}
        assert len(wv) == 2 and "a" in wv and "z" not in wv and 3 not in wv
        assert repr(wv) == "<WordVectors: 2 words, 3 dimensions>"

    def test_vocab_brings_counts(self):
        wv = WordVectors(Vocab(["a", "b"], [5, 3]), np.eye(2))
        assert wv.counts.tolist() == [5, 3]

    def test_float32_is_not_copied_and_not_changed(self):
        rows = np.eye(3, dtype=np.float32)
        wv = WordVectors(list("abc"), rows)
        assert np.shares_memory(wv.vectors, rows) and rows.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            wv.vectors[0, 0] = 2

    @pytest.mark.parametrize(
        ("words", "vectors", "message"),
        [
            (["a", "b", "a"], np.eye(3), r"words must be distinct, 'a' is in rows 0 and 2"),
            (["a"], np.eye(2), "one row per word, got 2 rows for 1 words"),
            (["a"], np.ones(3), r"real matrix \(V, d\), got float64 of shape \(3,\)"),
            (["a"], [["x"]], "real matrix"),
            (["a", "b"], [[0, 1], [np.nan, 1]], r"finite float32, row 1 \('b'\) is not"),
            (["a", "b"], [[0, 1], [0, 1e39]], r"finite float32, row 1 \('b'\) is not"),
            ([], np.empty((0, 3)), "at least one word"),
            (["a"], np.empty((1, 0)), "at least one word"),
        ],
    )
    def test_bad_values(self, words, vectors, message):
        with pytest.raises(ValueError, match=message):
            WordVectors(words, vectors)

    def test_bad_types(self):
        with pytest.raises(TypeError, match="got one str"):
            WordVectors("abc", np.eye(3))
        with pytest.raises(TypeError, match="words must be str, got 3"):
            WordVectors(["a", 3], np.eye(2))
        with pytest.raises(ValueError, match=r"counts must have shape \(2,\), got \(3,\)"):
            WordVectors(["a", "b"], np.eye(2), [1, 2, 3])
        with pytest.raises(TypeError, match="counts must be integers, got float64"):
            WordVectors(["a", "b"], np.eye(2), [1.5, 2])


class TestLookup:
    def test_one_and_many(self, wv):
        np.testing.assert_array_equal(wv["w3"], wv.vectors[3])
        np.testing.assert_array_equal(wv[["w3", "w1"]], wv.vectors[[3, 1]])
        assert wv[[]].shape == (0, 7)

    def test_unknown_word_suggests(self):
        wv = WordVectors(["king", "kind", "zebra"], np.eye(3))
        with pytest.raises(KeyError) as caught:
            wv["kingg"]
        assert isinstance(caught.value, UnknownWordError) and caught.value.word == "kingg"
        assert str(caught.value) == "'kingg' is not among the 3 words; did you mean 'king' or 'kind'?"
        assert "did you mean 'king'?" in str(UnknownWordError("KING", wv.words))
        assert str(UnknownWordError("xylophone", wv.words)) == "'xylophone' is not among the 3 words"
        assert "''" in str(UnknownWordError("", wv.words))
        assert pickle.loads(pickle.dumps(caught.value)).word == "kingg"

    @pytest.mark.parametrize("key", [3, None, [3], 2.5])
    def test_wrong_key(self, wv, key):
        with pytest.raises(TypeError, match="a word or a list of words"):
            wv[key]

    def test_unit(self):
        wv = WordVectors(list("abcd"), np.array([[3, 4], [0, 0], [1e-44, 0], [3e38, 3e38]], np.float32))
        np.testing.assert_allclose(wv.unit, [[0.6, 0.8], [0, 0], [1, 0], [0.5**0.5] * 2], rtol=1e-6)
        assert wv.unit is wv.unit and wv.similarity("a", "b") == 0


class TestMostSimilar:
    def test_against_naive(self, wv):
        rows = wv.vectors
        same(wv.most_similar("w5"), naive.neighbours(wv.words, rows, rows[5], 10, ["w5"]))
        query = naive.mean_of_units([(rows[1], 1), (rows[2], 1), (rows[3], -1)])
        expected = naive.neighbours(wv.words, rows, query, 4, ["w1", "w2", "w3"])
        same(wv.most_similar(["w1", "w2"], "w3", topn=4), expected)
        same(wv.analogy("w3", "w1", "w2", topn=4), expected)
        query = naive.mean_of_units([(rows[1], 0.5), (rows[9] * 100, 1), (rows[3], -2)])
        expected = naive.neighbours(wv.words, rows, query, 4, ["w1", "w3"])
        same(wv.most_similar([("w1", 0.5), rows[9] * 100], [("w3", 2)], topn=4), expected)

    def test_restrict_vocab(self, wv):
        expected = naive.neighbours(wv.words, wv.vectors, wv["w250"], 5, ["w250"], limit=40)
        same(wv.most_similar("w250", topn=5, restrict_vocab=40), expected)
        same(wv.most_similar_batch(["w250"], 5, restrict_vocab=40)[0], expected)
        assert len(wv.most_similar("w3", topn=10, restrict_vocab=4)) == 3

    def test_all(self, wv):
        found = wv.most_similar("w0", topn=None)
        same(found, naive.neighbours(wv.words, wv.vectors, wv["w0"], 300, ["w0"]))
        assert len(found) == 299 and found == wv.most_similar("w0", topn=5000)

    def test_batch_and_raw(self, wv, monkeypatch):
        monkeypatch.setattr(ranking, "_BLOCK", 900)  # three queries a block
        words = [f"w{i}" for i in range(0, 290, 13)]
        for word, found in zip(words, wv.most_similar_batch(words, topn=6), strict=True):
            same(found, naive.neighbours(wv.words, wv.vectors, wv[word], 6, [word]))
        for word, found in zip(words, wv.nearest(1e30 * wv[words].astype(float), 6), strict=True):
            same(found, naive.neighbours(wv.words, wv.vectors, wv[word], 6))
            assert found[0][0] == word
        assert wv.most_similar_batch([]) == []

    def test_nearest_of_extreme_vectors(self):
        wv = WordVectors(list("abc"), np.eye(3))
        assert [found[0][0] for found in wv.nearest([[1e300, 0, 0], [0, 1e-300, 0], [0, 0, 0]], 1)] == list("aba")
        assert wv.nearest([0, 0, 5], 1) == [[("c", 1.0)]]

    def test_ties_by_id(self):
        wv = WordVectors([f"w{i}" for i in range(500)], np.tile(np.eye(2, dtype=np.float32), (250, 1)))
        assert [w for w, _ in wv.most_similar("w100", topn=4)] == ["w0", "w2", "w4", "w6"]
        assert [w for w, _ in wv.nearest([0, 1], topn=3)[0]] == ["w1", "w3", "w5"]

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda wv: wv.most_similar(), ValueError, "positive or negative must hold"),
            (lambda wv: wv.most_similar([]), ValueError, "positive or negative must hold"),
            (lambda wv: wv.most_similar("w1", topn=0), ValueError, "topn must be at least 1, got 0"),
            (lambda wv: wv.most_similar("w1", topn=2.5), TypeError, "topn must be an integer"),
            (
                lambda wv: wv.most_similar("w1", restrict_vocab=0),
                ValueError,
                "restrict_vocab must be at least 1",
            ),
            (lambda wv: wv.most_similar(np.ones(3)), ValueError, "must have 7 dimensions"),
            (lambda wv: wv.most_similar([np.full(7, np.inf)]), ValueError, "must be finite"),
            (lambda wv: wv.most_similar([("w1", "w2")]), ValueError, r"must be \(word, weight\)"),
            (lambda wv: wv.most_similar("nobody"), KeyError, "nobody"),
            (lambda wv: wv.most_similar_batch("w1"), TypeError, "use most_similar"),
            (lambda wv: wv.similarity("w1", "nobody"), KeyError, "nobody"),
        ],
    )
    def test_bad_arguments(self, wv, call, error, message):
        with pytest.raises(error, match=message):
            call(wv)

    def test_similarity(self, wv):
        assert wv.similarity("w1", "w2") == pytest.approx(naive.cosine(wv["w1"], wv["w2"]), abs=1e-6)
        assert wv.similarity("w1", "w1") == pytest.approx(1, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_top_k_sorts(data):
    """Few distinct values make ties; widths around the fold of the scores exercise its remainder."""
    width = data.draw(st.integers(1, 700))
    k = data.draw(st.integers(0, min(width, 12)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    scores = rng.integers(0, data.draw(st.sampled_from([1, 5, 10_000])) + 1, (3, width)).astype(np.float32)
    scores[0, : width // 2] = -np.inf
    ids, values = ranking.top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_array_equal(values, np.take_along_axis(scores, expected, axis=1))
