"""The counts object: sums, look-ups, files."""

from __future__ import annotations

import naive
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.counts import Cooccurrence, count
from fastqwem.errors import FormatError

SENTENCES = st.lists(st.lists(st.integers(0, 9), max_size=20), max_size=8)


@given(SENTENCES, SENTENCES, st.integers(1, 6), st.sampled_from(["linear", "uniform", "harmonic"]))
@settings(max_examples=60, deadline=None)
def test_partial_counts_add(first, second, window, weighting):
    parts = [count(naive.encoded(s, 10), window, weighting) for s in (first, second)]
    whole = count(naive.encoded(first + second, 10), window, weighting)
    both = parts[0] + parts[1]
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(both.matrix, name), getattr(whole.matrix, name))
    assert both.matrix.data.dtype == whole.matrix.data.dtype
    assert both.vocab is parts[0].vocab


def test_sums_that_pass_32_bits():
    big = Cooccurrence.from_matrix(np.full((2, 2), 2**31 - 1), ["a", "b"])
    assert big.matrix.data.dtype == np.int32
    both = big + big
    assert both.matrix.data.dtype == np.int64
    assert both["a", "b"] == 2**32 - 2
    assert both.total == 4 * (2**32 - 2)


def test_adding_what_does_not_fit():
    corpus = naive.encoded([[0, 1]], 2)
    counts = count(corpus, 3)
    with pytest.raises(ValueError, match="same window, got 3 and 4"):
        counts + count(corpus, 4)
    with pytest.raises(ValueError, match="same weighting"):
        counts + count(corpus, 3, "uniform")
    with pytest.raises(ValueError, match="same vocabulary"):
        counts + count(naive.encoded([[0, 1]], 3), 3)
    with pytest.raises(TypeError):
        counts + 1


def test_lookup():
    counts = count(naive.encoded([[0, 1, 2], [0, 1]], 4), 2)
    assert counts["w0", "w1"] == 4
    assert counts["w0", "w2"] == 1
    assert counts["w3", "w3"] == 0
    with pytest.raises(KeyError, match="absent"):
        counts["absent", "w0"]
    assert counts.nnz == 6
    assert "4 words, 6 nonzeros, window=2" in repr(counts)


@pytest.mark.parametrize("mmap", [False, True])
def test_round_trip(tmp_path, mmap):
    random = np.random.default_rng(0)
    counts = count(naive.encoded([list(random.integers(0, 50, 500))], 50), 4, "harmonic")
    counts.save(tmp_path / "c.fqn")
    loaded = Cooccurrence.load(tmp_path / "c.fqn", mmap=mmap)
    assert (loaded.matrix != counts.matrix).nnz == 0
    assert loaded.vocab.words == counts.vocab.words
    assert (loaded.window, loaded.weighting, loaded.scale) == (4, "harmonic", 12)
    assert loaded.total == counts.total
    assert [path.name for path in tmp_path.iterdir()] == ["c.fqn"]


@pytest.mark.parametrize("keep", [0, 4, 100, 2_000, -1])
def test_truncated_files(tmp_path, keep):
    path = tmp_path / "c.fqn"
    count(naive.encoded([list(range(50)) * 3], 50), 4).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    for mmap in (False, True):
        with pytest.raises(FormatError, match=r"c\.fqn"):
            Cooccurrence.load(path, mmap=mmap)


def test_a_damaged_file(tmp_path):
    path = tmp_path / "c.fqn"
    count(naive.encoded([list(range(50)) * 3], 50), 4).save(path)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="checksum"):
        Cooccurrence.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Cooccurrence.load(tmp_path / "absent.fqn")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), "square"),
        (np.array([[0, 1], [2, 0]]), "symmetric"),
        (np.array([[0, 0.5], [0.5, 0]]), "whole"),
        (np.array([[0, -1], [-1, 0]]), "negative"),
        (np.eye(3, dtype=int), "must be 2 by 2 for these words"),
    ],
)
def test_matrices_from_elsewhere_are_judged(matrix, message):
    with pytest.raises(ValueError, match=message):
        Cooccurrence.from_matrix(matrix, ["a", "b"])


def test_a_matrix_from_elsewhere():
    counts = Cooccurrence.from_matrix(sp.coo_array(([3, 3], ([0, 1], [1, 0])), shape=(2, 2)), ["a", "b"])
    assert counts["a", "b"] == 3
    np.testing.assert_array_equal(counts.marginals, [3, 3])
    np.testing.assert_array_equal(counts.vocab.counts, [3, 3])
