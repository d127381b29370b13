"""KeyedVectors held to brute force, and where gensim's are wrong to what they should do."""

from __future__ import annotations

import copy
import itertools
import logging
import math
import pickle
import subprocess
import sys

import naive_vectors as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.models import KeyedVectors
from fastqwem.models.keyedvectors import CompatVocab, prep_vectors, pseudorandom_weak_vector

# Sums of 7 products in float32 are off by at most 7 half-ulps of 1, 4e-7, twice (product and norm).
CLOSE = 1e-6


def make(n=60, d=7, seed=1, **options):
    kv = KeyedVectors(d, **options)
    kv.add_vectors([f"w{i}" for i in range(n)], np.random.default_rng(seed).standard_normal((n, d)))
    return kv


@pytest.fixture
def kv():
    return make()


def check(kv):
    """What must hold of the parts of a table among each other."""
    assert len(kv.index_to_key) == len(kv) == len(kv.vectors)
    assert kv.key_to_index == {key: row for row, key in enumerate(kv.index_to_key)}
    assert all(len(values) == len(kv) for values in kv.expandos.values())
    kv.fill_norms()
    np.testing.assert_allclose(kv.norms, np.linalg.norm(kv.vectors.astype(float), axis=1), rtol=CLOSE)


def same(found, expected):
    assert [key for key, _ in found] == [key for key, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=CLOSE)


class TestLooking:
    def test_one_key_gives_a_view_that_cannot_be_written(self, kv):
        assert kv["w3"].shape == (7,) and np.shares_memory(kv["w3"], kv.vectors)
        with pytest.raises(ValueError, match="read-only"):
            kv["w3"][0] = 1
        kv.vectors[3] = 5
        assert (kv["w3"] == 5).all()

    @pytest.mark.parametrize("keys", [["w3", "w1"], ("w3", "w1"), [3, np.int64(1)], np.array([3, 1])])
    def test_several_keys_give_a_copy(self, kv, keys):
        assert np.array_equal(kv[keys], kv.vectors[[3, 1]]) and not np.shares_memory(kv[keys], kv.vectors)

    def test_integers_are_rows_unless_they_are_keys(self, kv):
        assert 59 in kv and 60 not in kv and -1 not in kv
        kv.add_vectors([5, ("a", "tuple"), b"bytes"], np.eye(3, 7))
        assert kv.get_index(5) == 60 and kv.get_index(6) == 6
        assert ("a", "tuple") in kv and kv.get_index(b"bytes") == 62

    @pytest.mark.parametrize("key", ["none", 60, -1])
    def test_unknown(self, kv, key):
        with pytest.raises(KeyError, match=f"Key '{key}' not present"):
            kv[key]
        with pytest.raises(KeyError, match="not present"):
            kv[["w1", key]]
        assert kv.get_index(key, 7) == 7 and key not in kv

    def test_no_keys(self, kv):
        with pytest.raises(ValueError, match="at least one key"):
            kv[[]]

    def test_iterating_gives_the_keys(self, kv):
        assert list(kv) == kv.index_to_key

    def test_text(self, kv):
        assert str(kv) == "KeyedVectors<vector_size=7, 60 keys>"

    def test_a_subclass_may_make_vectors(self):
        class Maker(KeyedVectors):
            def get_vector(self, key, norm=False):
                return super().get_vector(key, norm) if self.has_index_for(key) else np.ones(self.vector_size)

            def __contains__(self, key):
                return True

        made = Maker(2)
        made.add_vectors(["a"], [[0, 3]])
        assert made[["a", "b"]].tolist() == [[0, 3], [1, 1]]
        assert made.most_similar("b", topn=1) == [("a", pytest.approx(math.sqrt(0.5)))]
        assert made.vectors_for_all(["a", "b"]).index_to_key == ["a", "b"]
        assert made.vectors_for_all(["a", "b"], allow_inference=False).index_to_key == ["a"]

    @pytest.mark.parametrize("name", ["vocab", "index2word", "index2entity", "vectors_norm"])
    def test_names_of_gensim_3_say_what_to_use(self, kv, name):
        assert not hasattr(kv, name)
        with pytest.raises(AttributeError, match=f"no attribute '{name}' since gensim 4: use"):
            getattr(kv, name)
        setattr(kv, name, list("abc"))
        if name.startswith("index2"):
            assert kv.index_to_key == list("abc")

    def test_the_dictionary_can_be_taken_apart(self, kv):
        other = KeyedVectors(1)
        other.__dict__ = dict(kv.__dict__)
        assert other.most_similar("w1") == kv.most_similar("w1")
        kv.add_vector("x", np.zeros(7))
        kv.add_vector("y", np.ones(7))
        twin = KeyedVectors(1)
        twin.__dict__ = {**kv.__dict__, "index_to_key": list(kv.index_to_key), "key_to_index": dict(kv.key_to_index)}
        kv.add_vector("mine", np.full(7, 2.0))
        twin.add_vector("its", np.full(7, 3.0))
        assert (kv["mine"] == 2).all() and (twin["its"] == 3).all()  # they share no room to grow in


class TestEditing:
    def test_norms_are_never_stale(self, kv):
        """gensim's next query after add_vectors fails, and after an assignment is wrong."""
        kv.most_similar("w1")
        kv.add_vectors(["new"], [kv["w1"] * 9])
        assert kv.most_similar("w1", topn=1)[0] == ("new", pytest.approx(1))
        kv.vectors = kv.vectors[:, ::-1] * 3
        check(kv)
        kv["w1"] = np.full(7, 4.0)
        check(kv)
        kv.vectors[5] *= 2
        kv.fill_norms(force=True)
        check(kv)

    def test_a_key_twice_in_one_call(self):
        kv = KeyedVectors(1)
        kv.add_vectors(["a", "b", "a"], [[1], [2], [3]])
        assert kv.index_to_key == ["a", "b"] and kv.vectors.tolist() == [[1], [2]]
        kv.add_vectors(["a", "c", "a"], [[4], [5], [6]], replace=True)
        assert kv.vectors.tolist() == [[6], [2], [5]]
        check(kv)

    def test_extras(self):
        kv = KeyedVectors(1)
        kv.add_vectors(["a", "b"], [[1], [2]], extras={"count": np.array([7, 8])})
        kv.add_vectors(["b", "c"], [[3], [4]], extras={"count": np.array([1, 2])})
        assert [kv.get_vecattr(key, "count") for key in "abc"] == [7, 8, 2]
        kv.add_vectors(["d"], [[5]])
        assert kv.get_vecattr("d", "count") == 0
        kv.add_vectors(["a"], [[9]], extras={"count": np.array([3])}, replace=True)
        assert kv.get_vecattr("a", "count") == 3
        check(kv)

    def test_rows_made_in_advance_are_filled_first(self):
        kv = KeyedVectors(2, count=3)
        assert kv.add_vector("a", [1, 2]) == 0
        kv.add_vectors(["b", "c", "d"], np.ones((3, 2)))
        assert kv.index_to_key == ["a", "b", "c", "d"] and kv.add_vector("e", [5, 6]) == 4
        check(kv)

    @given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 12), min_size=1, max_size=5)), max_size=20))
    @settings(deadline=None)
    def test_any_order_of_edits(self, edits):
        kv, truth = KeyedVectors(1), {}
        for number, (replace, keys) in enumerate(edits):
            values = [number * 10.0 + i for i in range(len(keys))]
            kv.add_vectors([str(key) for key in keys], np.array(values)[:, None], replace=replace)
            for key, value in zip(keys, values, strict=True):
                if replace or str(key) not in truth:
                    truth[str(key)] = value
        assert {key: kv[key][0] for key in kv} == truth
        check(kv)

    def test_growing_one_by_one_is_not_quadratic(self):
        kv = KeyedVectors(100)
        rooms = set()
        for i in range(5000):
            kv.add_vector(str(i), np.full(100, i))
            rooms.add(id(kv.vectors.base))
        assert len(rooms) < 40 and kv.vectors[:, 0].tolist() == list(range(5000))

    @pytest.mark.parametrize(
        ("keys", "weights", "extras", "message"),
        [
            (["a", "b"], np.zeros((1, 7)), None, r"weights must have shape \(2, 7\).*got \(1, 7\)"),
            (["a"], np.zeros((1, 6)), None, r"weights must have shape \(1, 7\)"),
            ("a", np.zeros(6), None, r"weights must have shape \(1, 7\)"),
            (["a"], np.zeros((1, 7)), {"count": [1, 2]}, r"extras\['count'\] must have a value per key, got 2 for 1"),
        ],
    )
    def test_bad_shapes_change_nothing(self, kv, keys, weights, extras, message):
        with pytest.raises(ValueError, match=message):
            kv.add_vectors(keys, weights, extras)
        assert len(kv) == 60 and not kv.expandos
        check(kv)

    def test_attributes(self, kv):
        kv.set_vecattr("w1", "count", 5)
        assert kv.expandos["count"].dtype == np.int64 and kv.get_vecattr("w1", "count") == 5
        assert isinstance(kv.get_vecattr("w1", "count"), np.int64)
        with pytest.raises(TypeError, match="attribute 'count' has type int64, which cannot hold float64"):
            kv.set_vecattr("w1", "count", 0.5)
        kv.set_vecattr("w2", "name", "x")
        assert kv.expandos["name"].dtype == object
        with pytest.raises(KeyError):
            kv.get_vecattr("w1", "none")
        kv.add_vector("new", np.zeros(7))
        check(kv)

    def test_sorting(self, kv, caplog):
        kv.expandos["count"] = np.arange(60) // 2
        before = {key: kv[key].copy() for key in kv}
        kv.fill_norms()
        kv.sort_by_descending_frequency()
        assert kv.index_to_key[:4] == ["w59", "w58", "w57", "w56"]  # of equal counts the later first
        assert all(np.array_equal(kv[key], before[key]) for key in kv)
        assert "sorting after the vectors were made" in caplog.text
        check(kv)

    def test_sorting_needs_counts(self, kv):
        with pytest.raises(ValueError, match="'count'"):
            kv.sort_by_descending_frequency()
        KeyedVectors(3).sort_by_descending_frequency()

    def test_resizing(self):
        kv = KeyedVectors(4)
        kv.index_to_key = list("abc")
        kv.resize_vectors(seed=3)
        first = kv.vectors.copy()
        assert first.shape == (3, 4) and np.abs(first).max() <= 0.25 and len(np.unique(first)) == 12
        kv.index_to_key = list("abcd")
        kv.resize_vectors(seed=3)
        assert np.array_equal(kv.vectors[:3], first) and kv.vectors.dtype == np.float32
        assert prep_vectors((4, 4), kv.vectors) is kv.vectors

    def test_weak_vectors(self):
        assert np.array_equal(pseudorandom_weak_vector(9, "a", len), pseudorandom_weak_vector(9, "b", len))
        assert not np.array_equal(pseudorandom_weak_vector(9), pseudorandom_weak_vector(9))
        assert np.abs(pseudorandom_weak_vector(9)).max() <= 0.5 / 9

    @pytest.mark.parametrize(
        ("size", "count", "error"), [(-1, 0, ValueError), (2.5, 0, TypeError), (2, -1, ValueError)]
    )
    def test_bad_sizes(self, size, count, error):
        with pytest.raises(error, match=r"vector_size|count"):
            KeyedVectors(size, count)


class TestNeighbours:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_brute_force(self, dtype):
        kv = make(dtype=dtype)
        expected = naive.neighbours(kv.index_to_key, kv.vectors, kv["w4"], 10, banned=["w4"])
        found = kv.most_similar("w4")
        assert all(type(key) is str and type(score) is float for key, score in found)
        # a float16 query and norm are rounded to 11 bits
        np.testing.assert_allclose(
            [s for _, s in found], [s for _, s in expected], atol=2e-3 if dtype == np.float16 else CLOSE
        )
        if dtype != np.float16:
            same(found, expected)

    @given(
        positive=st.lists(st.tuples(st.integers(0, 59), st.floats(0.1, 3)), min_size=1, max_size=4),
        negative=st.lists(st.tuples(st.integers(0, 59), st.floats(-3, 3)), max_size=3),
        topn=st.integers(1, 70),
        restrict=st.none() | st.integers(1, 70),
    )
    @settings(deadline=None, max_examples=60)
    def test_weights(self, positive, negative, topn, restrict):
        kv = make()
        terms = [*positive, *negative]
        rows = [row for row, _ in terms]
        query = naive.mean_of_units([(kv.vectors[row], weight) for row, weight in terms])
        if math.hypot(*query) < 1e-3:
            return  # nearly cancelled: the direction is rounding
        found = kv.most_similar(
            [(f"w{row}", weight) for row, weight in positive],
            [(f"w{row}", weight) for row, weight in negative],
            topn=topn,
            restrict_vocab=restrict,
        )
        banned = {f"w{row}" for row in rows}
        expected = naive.neighbours(kv.index_to_key, kv.vectors, query, topn, banned, restrict)
        # the query's terms, rounded to 6e-8 each, sum to at least 1e-3 of their size
        np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-4)
        assert not banned & {key for key, _ in found}

    def test_all_the_forms_of_a_query(self, kv):
        for form in ("w1", ["w1"], ("w1",), {"w1": 0}.keys(), 1, [1], [("w1", 1.0)], [np.int32(1)], np.array([1])[0]):
            assert kv.most_similar(form) == kv.most_similar(positive=["w1"])
        assert kv.most_similar("w1", "w2") == kv.most_similar(["w1"], ["w2"]) == kv.most_similar(["w1", ("w2", -1.0)])
        unit = kv.get_vector("w1", norm=True)
        found = kv.most_similar([unit], topn=11)
        assert found[0][0] == "w1" and found[1:] == kv.most_similar("w1")  # to the last bit
        assert kv.most_similar(unit, topn=11) == kv.similar_by_vector(unit, topn=11) == found
        assert kv.similar_by_word("w1") == kv.similar_by_key("w1") == kv.most_similar("w1")
        both = kv.get_vector("w1", norm=True), kv.get_vector("w2", norm=True)
        assert [key for key, _ in kv.most_similar(np.stack(both), topn=5)][:2] == [
            key for key, _ in kv.most_similar([*both], topn=5)
        ][:2]

    def test_no_topn_gives_all_cosines(self, kv):
        found = kv.most_similar("w1", topn=None)
        expected = [naive.cosine(row, kv["w1"]) for row in kv.vectors]
        np.testing.assert_allclose(found, expected, atol=CLOSE)
        assert len(kv.most_similar("w1", topn=None, restrict_vocab=5)) == 5
        assert kv.most_similar("w1", topn=0) == kv.most_similar("w1", topn=np.uint8(0)) == []

    @pytest.mark.parametrize("clips", [(0, None), (10, 20), (10, None), (0, 15), (50, 1000), (-10, None), (20, 10)])
    def test_clips(self, kv, clips):
        start, stop, _ = slice(*clips).indices(60)
        expected = naive.neighbours(kv.index_to_key[start:stop], kv.vectors[start:stop], kv["w4"], 60, banned=["w4"])
        same(kv.most_similar("w4", topn=60, clip_start=clips[0], clip_end=clips[1]), expected)

    def test_indexer(self, kv):
        class Index:
            def most_similar(self, vector, topn):
                return vector, topn

        vector, topn = kv.most_similar("w1", topn=4, indexer=Index())
        np.testing.assert_allclose(vector, naive.unit(kv["w1"]), atol=CLOSE)
        assert topn == 4

    @pytest.mark.parametrize(
        ("positive", "error", "message"),
        [
            ([], ValueError, "cannot compute mean with no input"),
            ("none", KeyError, "Key 'none' not present in vocabulary"),
            ([np.zeros(3)], ValueError, r"a vector must have shape \(7,\), got \(3,\)"),
            ([np.full(7, np.nan)], ValueError, "not finite"),
            ([("w1", "w2", "w3")], ValueError, "a term must be a key, a vector"),
            ([1.5], ValueError, "a term must be a key"),
        ],
    )
    def test_bad_queries(self, kv, positive, error, message):
        with pytest.raises(error, match=message):
            kv.most_similar(positive)

    def test_zero_and_broken_rows(self, kv):
        kv.vectors[2] = 0
        kv.vectors[3] = np.nan
        kv.vectors[4] = np.inf
        kv.fill_norms(force=True)
        found = dict(kv.most_similar("w1", topn=60))
        assert found["w2"] == 0 and "w3" not in found and "w4" not in found and len(found) == 57
        assert kv.similarity("w1", "w2") == 0 and kv.distances("w2")[7] == 1
        kv.vectors[4] = 1
        kv.fill_norms(force=True)
        assert not kv.get_vector("w2", norm=True).any() and not kv.get_normed_vectors()[2].any()

    def test_batches(self, kv):
        keys = ["w3", "w50", 7, "w3"]
        for found, key in zip(kv.most_similar_batch(keys, topn=5), keys, strict=True):
            same(found, kv.most_similar(key, topn=5))
        for found, key in zip(kv.most_similar_batch(keys, 5, restrict_vocab=10), keys, strict=True):
            same(found, kv.most_similar(key, topn=5, restrict_vocab=10))
        assert kv.most_similar_batch([]) == []
        with pytest.raises(KeyError, match="Key 'none' not present"):
            kv.most_similar_batch(["w1", "none"])

    def test_cosmul(self, kv):
        def shifted(key, row):
            return (1 + naive.cosine(kv[key], kv.vectors[row])) / 2

        scores = {
            f"w{row}": shifted("w1", row) * shifted("w2", row) / (shifted("w3", row) + 1e-6)
            for row in range(60)
            if row not in (1, 2, 3)
        }
        expected = sorted(scores.items(), key=lambda item: -item[1])[:10]
        found = kv.most_similar_cosmul(["w1", "w2"], "w3")
        assert [key for key, _ in found] == [key for key, _ in expected]
        # a denominator near 1e-6 would magnify rounding; it is above 0.05 here
        assert min(shifted("w3", row) for row in range(60)) > 0.05
        np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=1e-4)
        assert kv.most_similar_cosmul("w1")[:3] == kv.most_similar_cosmul([kv.get_vector("w1", norm=True)])[1:4]
        assert len(kv.most_similar_cosmul("w1", topn=None)) == 60
        assert kv.most_similar_cosmul("w1", topn=0) == []
        assert kv.most_similar_cosmul([5]) == kv.most_similar_cosmul("w5")
        assert {key for key, _ in kv.most_similar_cosmul("w9", restrict_vocab=4)} == {"w0", "w1", "w2", "w3"}
        with pytest.raises(ValueError, match="no input"):
            kv.most_similar_cosmul(negative="w1")
        with pytest.raises(KeyError, match="not present"):
            kv.most_similar_cosmul("none")


class TestDistances:
    def test_similarity(self, kv):
        for a, b in itertools.product(["w1", "w2", 3], repeat=2):
            expected = naive.cosine(kv[a], kv[b])
            assert kv.similarity(a, b) == pytest.approx(expected, abs=CLOSE)
            assert isinstance(kv.similarity(a, b), np.float32)
            assert kv.distance(a, b) == pytest.approx(1 - expected, abs=CLOSE)
        assert all(kv.distance(key, key) == 0 for key in kv)
        assert kv.n_similarity(["w1"], ["w2"]) == kv.similarity("w1", "w2")

    def test_distances(self, kv):
        expected = [1 - naive.cosine(kv["w1"], row) for row in kv.vectors]
        np.testing.assert_allclose(kv.distances("w1"), expected, atol=CLOSE)
        np.testing.assert_allclose(kv.distances(kv["w1"]), expected, atol=CLOSE)
        np.testing.assert_allclose(kv.distances("w1", ["w5", "w2"]), [expected[5], expected[2]], atol=CLOSE)
        np.testing.assert_allclose(kv.cosine_similarities(kv["w1"], kv.vectors), 1 - np.array(expected), atol=CLOSE)
        with pytest.raises(KeyError):
            kv.distances("w1", ["none"])

    def test_ranks(self, kv):
        order = [key for key, _ in kv.most_similar("w1", topn=59)]
        assert kv.rank("w1", "w1") == 1 and kv.closer_than("w1", "w1") == []
        for place in (0, 5, 58):
            assert kv.rank("w1", order[place]) == place + 1
            assert set(kv.closer_than("w1", order[place])) == set(order[:place])

    def test_means(self, kv):
        a, b = kv["w1"].astype(float), kv["w2"].astype(float)
        np.testing.assert_allclose(kv.get_mean_vector(["w1", "w2"], pre_normalize=False), (a + b) / 2, atol=CLOSE)
        mean = kv.get_mean_vector(["w1", "none", "w2"], [1, 5, -3], pre_normalize=False)
        np.testing.assert_allclose(mean, (a - 3 * b) / 4, atol=CLOSE)
        unit = kv.get_mean_vector(["w1", b], post_normalize=True)
        np.testing.assert_allclose(unit, naive.unit(np.array(naive.unit(a)) + b), atol=CLOSE)
        assert not kv.get_mean_vector(["none"]).any()
        with pytest.raises(KeyError, match="Key 'none' not present in vocabulary"):
            kv.get_mean_vector(["none"], ignore_missing=False)
        with pytest.raises(ValueError, match="got 2 and 1"):
            kv.get_mean_vector(["w1", "w2"], [1])

    def test_groups(self, kv, caplog):
        kv.add_vectors(
            list("abcd"), [[1, 0, 0, 0, 0, 0, 0], [0.9, 0.1, 0, 0, 0, 0, 0], [1, 0.1, 0, 0, 0, 0, 0], [0] * 6 + [5]]
        )
        assert kv.doesnt_match("abcd") == "d" and kv.doesnt_match([*"abcd", "none"]) == "d"
        assert "vectors for words ['none'] are not present in the model" in caplog.text
        assert [key for _, key in kv.rank_by_centrality("abcd")][-1] == "d"
        with pytest.raises(ValueError, match="empty list"):
            kv.doesnt_match(["none"])
        assert kv.most_similar_to_given("a", ["w1", "b", "d"]) == "b"
        assert kv.n_similarity(["a", "d"], ["b", "c"]) == pytest.approx(
            naive.cosine([1, 5], [0.95 * 2 / 2, 0]), abs=0.01
        )
        with pytest.raises(ZeroDivisionError):
            kv.n_similarity([], ["a"])
        best = kv.most_similar("a", topn=2)
        assert kv.relative_cosine_similarity("a", "b", 2) == pytest.approx(
            kv.similarity("a", "b") / sum(score for _, score in best), rel=1e-5
        )
        with pytest.raises(ValueError, match="topn=0"):
            kv.relative_cosine_similarity("a", "b", 0)


class TestMoversDistance:
    def test_of_equally_many_different_words_is_the_best_matching(self, kv):
        one, other = ["w1", "w2", "w3", "w4"], ["w5", "w6", "w7", "w8"]
        costs = [[math.dist(naive.unit(kv[a]), naive.unit(kv[b])) for b in other] for a in one]
        best = min(sum(costs[i][j] for i, j in enumerate(order)) / 4 for order in itertools.permutations(range(4)))
        assert kv.wmdistance(one, other) == pytest.approx(best, abs=CLOSE)
        assert kv.wmdistance(other, [*one, "none"]) == pytest.approx(best, abs=CLOSE)

    def test_weights_and_ends(self, kv):
        far = math.dist(kv["w1"], kv["w2"])
        assert kv.wmdistance(["w1", "w1", "w2"], ["w1", "w2", "w2"], norm=False) == pytest.approx(far / 3, rel=1e-6)
        assert kv.wmdistance(["w1"], ["w2"], norm=False) == pytest.approx(far, rel=1e-6)
        assert kv.wmdistance(["w1", "w2"], ["w2", "w1"]) == 0 == kv.wmdistance(["w1"], ["w1"])
        assert kv.wmdistance(["none"], ["w1"]) == math.inf == kv.wmdistance(["w1"], [])


class TestSubsets:
    def test_vectors_for_all(self, kv):
        kv.expandos["count"] = np.arange(60)
        found = kv.vectors_for_all(iter(["w9", "none", "w3", "w9"]), copy_vecattrs=True)
        assert found.index_to_key == ["w9", "w3"] and found.expandos["count"].tolist() == [9, 3]
        assert np.array_equal(found.vectors, kv.vectors[[9, 3]])
        assert kv.vectors_for_all(["w9", "w3"]).expandos["count"].tolist() == [2, 1]
        assert len(kv.vectors_for_all(["none"])) == 0
        check(found)

    def test_normalising(self, kv):
        units = kv.get_normed_vectors()
        np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=CLOSE)
        kv.unit_normalize_all()
        np.testing.assert_array_equal(kv.vectors, units)
        check(kv)

    def test_old_spellings(self, kv):
        with pytest.warns(DeprecationWarning, match="fill_norms"):
            kv.init_sims(replace=True)
        np.testing.assert_allclose(np.linalg.norm(kv.vectors, axis=1), 1, atol=CLOSE)
        with pytest.warns(DeprecationWarning, match="get_vector"):
            assert np.array_equal(kv.word_vec("w1"), kv["w1"])
        with pytest.warns(DeprecationWarning, match="closer_than"):
            assert kv.words_closer_than("w1", "w1") == []
        assert CompatVocab(count=1) < CompatVocab(count=2) and str(CompatVocab(count=1)) == "CompatVocab<count:1>"
        with pytest.raises(NotImplementedError):
            kv.similarity_unseen_docs()


class TestCopies:
    @pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, lambda kv: pickle.loads(pickle.dumps(kv))])
    def test_copies(self, kv, copier):
        kv.add_vector("x", np.ones(7))
        kv.set_vecattr("x", "count", 3)
        other = copier(kv)
        assert other.most_similar("w1") == kv.most_similar("w1") and other.get_vecattr("x", "count") == 3
        assert "_rooms" not in other.__dict__
        if copier is not copy.copy:
            other.add_vector("y", np.ones(7))
            assert "y" not in kv

    def test_lifecycle(self, kv, caplog):
        with caplog.at_level(logging.INFO):
            kv.add_lifecycle_event("made", what=3)
        assert kv.lifecycle_events[0]["event"] == "made" and kv.lifecycle_events[0]["what"] == 3
        assert "made" in caplog.text
        kv.lifecycle_events = None
        kv.add_lifecycle_event("again")
        assert kv.lifecycle_events is None


def test_importing_the_package_does_not_import_the_face():
    code = (
        "import sys, fastqwem; assert 'fastqwem.models' not in sys.modules; import fastqwem.models as m; m.KeyedVectors"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
