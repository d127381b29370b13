"""The operator against the definition, entry by entry."""

from __future__ import annotations

import math

import naive_spectral as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator
from tables import cooccurrence, random_table

from fastqwem.spectral import Target

OPTIONS = [
    {"kind": "qwem"},
    {"kind": "qwem", "negative": 5},
    {"kind": "qwem", "negative": 2, "ns_exponent": 0.75},
    {"kind": "qwem", "negative": 0.3, "ns_exponent": -0.5, "smoothing": 0.2},
    {"kind": "qwem", "smoothing": 1.5, "weight_exponent": 0.5},
    {"kind": "qwem", "negative": 2, "ns_exponent": 0.75, "smoothing": 0.1, "weight_exponent": -0.3},
    {"kind": "pmi"},
    {"kind": "pmi", "negative": 3, "ns_exponent": 0.75, "smoothing": 0.4, "weight_exponent": 0.5},
    {"kind": "ppmi"},
    {"kind": "ppmi", "ns_exponent": 0.75, "smoothing": 0.3},
    {"kind": "sppmi", "negative": 5},
    {"kind": "sppmi", "negative": 0.1, "smoothing": 0.5, "weight_exponent": 0.5},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_dense_equals_definition(options):
    table = random_table(40)
    target = Target(cooccurrence(table), **options)
    truth = naive.target(table, **options)
    scale = abs(truth).max()
    np.testing.assert_allclose(target.todense(), truth, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(target.todense(), target.todense().T, rtol=0, atol=1e-14 * scale)
    assert target.frobenius_norm() == pytest.approx(np.linalg.norm(truth), rel=1e-12)
    single = target.multiply(np.eye(40, dtype=np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, truth, rtol=0, atol=1e-6 * scale)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 9),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["qwem", "pmi", "sppmi"]),
    negative=st.floats(0.05, 20),
    ns_exponent=st.floats(-2, 2),
    smoothing=st.sampled_from([0.0, 1e-3, 0.5, 10.0]),
    weight_exponent=st.floats(-1, 1),
)
def test_any_options(n, seed, kind, negative, ns_exponent, smoothing, weight_exponent):
    half = np.triu(np.random.default_rng(seed).integers(0, 4, (n, n)))
    table = half + half.T
    table[0, 1] = table[1, 0] = 3
    if kind != "qwem":
        ns_exponent = abs(ns_exponent)
    options = {
        "kind": kind,
        "negative": negative,
        "ns_exponent": ns_exponent,
        "smoothing": smoothing,
        "weight_exponent": weight_exponent,
    }
    truth = naive.target(table, **options)
    got = Target(cooccurrence(table), **options).todense()
    np.testing.assert_allclose(got, truth, rtol=0, atol=1e-11 * max(1, abs(truth).max()))


def test_probabilities_and_tanh():
    """Specification item 2: M* within [-2, 2], -2 where unseen, 2 tanh(PMI / 2) where seen."""
    table = random_table(60)
    joint = table / table.sum()
    assert joint.sum() == pytest.approx(1, abs=1e-12)
    unigram = joint.sum(axis=1)
    dense = Target(cooccurrence(table)).todense()
    assert dense.min() >= -2 and dense.max() <= 2
    assert (table == 0).any()
    np.testing.assert_array_equal(dense[table == 0], -2.0)
    pmi = np.log(joint[table > 0] / np.outer(unigram, unigram)[table > 0])
    np.testing.assert_allclose(dense[table > 0], 2 * np.tanh(pmi / 2), atol=1e-12)
    for k in (2, 7.5):
        shifted = Target(cooccurrence(table), negative=k).todense()
        np.testing.assert_allclose(shifted[table > 0], 2 * np.tanh((pmi - math.log(k)) / 2), atol=1e-12)
        np.testing.assert_array_equal(shifted[table == 0], -2.0)


def test_defaults_reduce_to_plain():
    """Specification item 23: exactly, not nearly."""
    counts = cooccurrence(random_table(30))
    plain = Target(counts).todense()
    full = Target(counts, negative=1, ns_exponent=1.0, smoothing=0.0, weight_exponent=0.0)
    np.testing.assert_array_equal(full.todense(), plain)
    np.testing.assert_array_equal(full.gamma, 1.0)
    assert full.unseen == -2.0
    ppmi, sppmi = Target(counts, "ppmi"), Target(counts, "sppmi", negative=1)
    np.testing.assert_array_equal(ppmi.todense(), sppmi.todense())
    assert Target(counts, smoothing=0.5).unseen == pytest.approx(-2 / (1 + 2 * 0.5), rel=1e-15)


@pytest.mark.parametrize("b", [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 100, 129])
@pytest.mark.parametrize("workers", [1, 3])
def test_products_every_isa(isa, b, workers):
    """All tiles and remainders, float32, float64 and mixed, against the dense product."""
    table = random_table(150, seed=b)
    target = Target(cooccurrence(table, dtype=np.int32), negative=2, ns_exponent=0.75, weight_exponent=0.5)
    target.workers = workers
    truth = naive_dense(table)
    x = np.random.default_rng(b).standard_normal((150, b))
    bound = np.abs(truth) @ np.abs(x)  # the sum of the magnitudes of what is added up
    np.testing.assert_array_less(np.abs(target.multiply(x) - truth @ x), 1e-13 * bound)
    single = x.astype(np.float32)
    wide = truth @ single.astype(np.float64)
    np.testing.assert_array_less(np.abs(target.multiply(single, exact=True) - wide), 1e-13 * bound)
    # rounding of the value, of each product and of at most 150 additions in float32
    np.testing.assert_array_less(np.abs(target.multiply(single) - wide), (150 + 3) * 2.0**-24 * bound)


@pytest.mark.parametrize("b", [32, 64, 160, 40])
def test_rough_products(isa, b):
    """x with 8 binary digits in the sparse share; where b is no multiple of 32 nothing is rounded."""
    table = random_table(150, seed=b)
    target = Target(cooccurrence(table, dtype=np.int32), negative=2, ns_exponent=0.75, weight_exponent=0.5)
    target.workers = 2
    truth = naive_dense(table)
    x = np.random.default_rng(b).standard_normal((150, b)).astype(np.float32)
    got = target.multiply(x, rough=True)
    if b % 32:
        np.testing.assert_array_equal(got, target.multiply(x))
        return
    exponent = np.exp2(np.floor(np.log2(np.abs(x))) - 7)
    near = np.rint(x / exponent) * exponent
    assert (np.abs(near - x) > 0).mean() > 0.9
    constant = -2 * np.outer(target.gamma, target.gamma)  # of unseen pairs
    expected = (truth - constant) @ near + constant @ x
    bound = (np.abs(truth) + 2 * np.abs(constant)) @ np.abs(x)
    np.testing.assert_array_less(np.abs(got - expected), (150 + 3) * 2.0**-24 * bound)


_DENSE = {}


def naive_dense(table):
    key = table.tobytes()
    if key not in _DENSE:
        joint = table / table.sum()
        p = joint.sum(axis=1)
        q = np.zeros(len(p))
        q[p > 0] = p[p > 0] ** 0.75 / (p[p > 0] ** 0.75).sum()
        r = (np.outer(p, q) + np.outer(q, p)) / 2
        with np.errstate(invalid="ignore"):
            matrix = np.where(r > 0, 2 * (joint - 2 * r) / (joint + 2 * r), 0.0)
        g = np.sqrt(p / p.mean()) ** 0.5
        _DENSE[key] = matrix * np.outer(g, g)
    return _DENSE[key]


def test_long_rows_and_many_pieces():
    """Rows longer than the blocks of the kernels, and more rows than one piece of work holds."""
    n = 5000
    table = np.zeros((n, n), np.int64)
    table[0, :] = table[:, 0] = np.arange(1, n + 1)
    table[np.arange(n), np.arange(n)] += 2
    counts = cooccurrence(table)
    target = Target(counts)
    joint = table / table.sum()
    p = joint.sum(axis=1)
    x = np.random.default_rng(0).standard_normal((n, 19))
    expected = np.outer(p, p)
    truth = (2 * (joint - expected) / (joint + expected)) @ x
    np.testing.assert_allclose(target.multiply(x), truth, atol=1e-11 * abs(truth).max())
    np.testing.assert_allclose(target.multiply(x.astype(np.float32)), truth, atol=1e-6 * abs(truth).max())
    one = target.multiply(x.astype(np.float32))
    target.workers = 5
    np.testing.assert_array_equal(target.multiply(x.astype(np.float32)), one)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_integer_widths(dtype, index):
    table = random_table(25)
    got = Target(cooccurrence(table, dtype, index))
    np.testing.assert_array_equal(got.todense(), Target(cooccurrence(table)).todense())


def test_counts_beyond_32_bits():
    table = random_table(20) * 2**34
    np.testing.assert_allclose(
        Target(cooccurrence(table)).todense(), Target(cooccurrence(random_table(20))).todense(), atol=1e-14
    )


def test_is_a_linear_operator():
    table = random_table(30)
    target = Target(cooccurrence(table))
    dense = target.todense()
    assert isinstance(target, LinearOperator) and target.dtype == np.float64 and target.shape == (30, 30)
    x = np.arange(30.0)
    np.testing.assert_allclose(target @ x, dense @ x, atol=1e-10)
    np.testing.assert_allclose(target.matvec(x[:, None]), (dense @ x)[:, None], atol=1e-10)
    np.testing.assert_allclose(target.T @ x, dense @ x, atol=1e-10)
    np.testing.assert_allclose(target.H @ np.eye(30, order="F"), dense, atol=1e-12)
    np.testing.assert_allclose((2 * target) @ np.arange(30), 2 * dense @ x, atol=1e-10)
    assert "30 words" in repr(target)


def test_words_that_never_cooccur():
    table = random_table(20)
    table[7] = table[:, 7] = 0
    for options in OPTIONS:
        target = Target(cooccurrence(table), **options)
        dense = target.todense()
        assert np.isfinite(dense).all() and target.gamma[7] == 0
        assert not dense[7].any() and not dense[:, 7].any()


def test_stored_zeros_are_unseen():
    table = random_table(20)
    counts = cooccurrence(table)
    i, j = np.argwhere(table == 0)[0]
    marked = table.copy()
    marked[i, j] = marked[j, i] = 1
    stored = cooccurrence(marked)
    matrix = stored.matrix
    position = matrix.indptr[i] + np.searchsorted(matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]], j)
    mirror = matrix.indptr[j] + np.searchsorted(matrix.indices[matrix.indptr[j] : matrix.indptr[j + 1]], i)
    matrix.data[[position, mirror]] = 0
    for options in OPTIONS:
        np.testing.assert_array_equal(Target(stored, **options).todense(), Target(counts, **options).todense())


# --- loss and gradient: specification items 4 and 5 -----------------------------------------------------------------


@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[2], OPTIONS[5], OPTIONS[9]], ids=str)
def test_loss_and_gradient(options):
    table = random_table(18)
    target = Target(cooccurrence(table), **options)
    plain = naive.target(table, **{**options, "weight_exponent": 0.0})
    weights = target.gamma**2
    vectors = np.random.default_rng(1).standard_normal((18, 3)) * 0.5
    truth = naive.loss(plain, weights, vectors)
    assert target.loss(vectors) == pytest.approx(truth, rel=1e-10)
    difference = naive.gradient(lambda w: naive.loss(plain, weights, w), vectors)
    scale = abs(difference).max()
    np.testing.assert_allclose(target.gradient(vectors), difference, atol=1e-6 * scale)


def test_theorem_1():
    """With Psi = 1 / (P_ij + P_i P_j), the paper's loss is the distance to M* less its own square, over four."""
    table = random_table(15)
    target = Target(cooccurrence(table))
    joint = table / table.sum()
    p = joint.sum(axis=1)
    psi = 1 / (joint + np.outer(p, p))
    w = np.random.default_rng(2).standard_normal((15, 4)) * 0.3
    assert target.loss(w) - target.frobenius_norm() ** 2 / 4 == pytest.approx(
        naive.qwem_loss(joint, p, psi, psi, w), rel=1e-10
    )


def test_asymmetric_weights_symmetrise():
    """Word2vec's negatives (k P_j^a) on tied vectors: the target is the one made with symmetric r, weighted by G."""
    table = random_table(15)
    joint = table / table.sum()
    p = joint.sum(axis=1)
    k, q = 2.0, p**0.75 / (p**0.75).sum()
    dense = Target(cooccurrence(table), negative=k, ns_exponent=0.75).todense()
    positive, negative = np.ones((15, 15)), np.tile(k * q / p, (15, 1))
    w = np.random.default_rng(3).standard_normal((15, 4)) * 0.4
    x = w @ w.T
    g = joint + k * (np.outer(p, q) + np.outer(q, p)) / 2
    form = 0.25 * (g * ((x - dense) ** 2 - dense**2)).sum()
    assert form == pytest.approx(naive.qwem_loss(joint, p, positive, negative, w), rel=1e-10)


def test_invariances():
    """Specification item 16: rotations, permutations, and a corpus read twice."""
    table = random_table(22)
    target = Target(cooccurrence(table), negative=2, ns_exponent=0.75, weight_exponent=0.5)
    dense = target.todense()
    rng = np.random.default_rng(4)
    w = rng.standard_normal((22, 5))
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    assert target.loss(w @ turn) == pytest.approx(target.loss(w), rel=1e-10)
    order = rng.permutation(22)
    moved = Target(cooccurrence(table[np.ix_(order, order)]), negative=2, ns_exponent=0.75, weight_exponent=0.5)
    np.testing.assert_allclose(moved.todense(), dense[np.ix_(order, order)], atol=1e-10)
    twice = Target(cooccurrence(2 * table), negative=2, ns_exponent=0.75, weight_exponent=0.5)
    np.testing.assert_allclose(twice.todense(), dense, atol=1e-10)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "glove"}, "kind must be one of 'qwem', 'pmi', 'ppmi', 'sppmi', got 'glove'"),
        ({"negative": 0}, "negative must be greater than 0, got 0"),
        ({"negative": -1}, "negative must be greater than 0"),
        ({"negative": math.nan}, "negative must be finite, got nan"),
        ({"negative": math.inf}, "negative must be finite"),
        ({"ns_exponent": math.nan}, "ns_exponent must be finite"),
        ({"ns_exponent": -math.inf}, "ns_exponent must be finite"),
        ({"smoothing": -0.1}, "smoothing must be at least 0, got -0.1"),
        ({"smoothing": math.nan}, "smoothing must be finite"),
        ({"weight_exponent": math.nan}, "weight_exponent must be finite"),
        ({"weight_exponent": 400}, "weight_exponent must leave weights below 1e30"),
        ({"kind": "ppmi", "negative": 2}, "negative must be 1 for kind 'ppmi', got 2; kind 'sppmi'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        Target(cooccurrence(random_table(12)), **options)


def test_extreme_exponents_stay_finite():
    for exponent in (-300, 300):
        for kind in ("qwem", "pmi", "sppmi"):
            assert np.isfinite(Target(cooccurrence(random_table(12)), kind, ns_exponent=exponent).todense()).all()


def test_bad_counts():
    with pytest.raises(ValueError, match="counts hold no pairs"):
        Target(cooccurrence(np.zeros((4, 4))))
    with pytest.raises(TypeError, match="counts must be a Cooccurrence, got ndarray"):
        Target(np.eye(3))
    with pytest.raises(TypeError, match="negative must be a number, got 'two'"):
        Target(cooccurrence(random_table(5)), negative="two")
    negative = random_table(6)
    negative[0, 0] = -3
    with pytest.raises(ValueError, match="counts must not be negative, got -3"):
        Target(cooccurrence(negative))
    real = cooccurrence(random_table(6))
    real.matrix = real.matrix.astype(np.float64)
    with pytest.raises(TypeError, match="counts must be int32 or int64, got float64"):
        Target(real)
    outside = cooccurrence(random_table(6))
    outside.matrix.indices[0] = 6
    with pytest.raises(ValueError, match="not in the vocabulary"):
        Target(outside)


def test_bad_operands():
    target = Target(cooccurrence(random_table(10)))
    with pytest.raises(ValueError, match="one row per word"):
        target.multiply(np.zeros((9, 2)))
    with pytest.raises(ValueError, match="C-contiguous"):
        target.multiply(np.zeros((10, 2), np.int64))
    with pytest.raises(ValueError, match=r"vectors must have shape \(10, d\), got \(10,\)"):
        target.loss(np.zeros(10))
