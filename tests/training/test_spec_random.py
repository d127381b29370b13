"""The generator against its known answers, and what is drawn against the distributions it is defined by."""

from __future__ import annotations

import naive_training as naive
import numpy as np
import pytest
import training_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fastqwem.training import spec
from fastqwem.training.spec import blocks, compiled, objective, random, sampling

# Philox-2x32-10's published test vectors: counter, key, result.
KNOWN = [
    ((0x00000000, 0x00000000), 0x00000000, (0xFF1DAE59, 0x6CD10DF2)),
    ((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF, (0x2C3F628B, 0xAB4FD7AD)),
    ((0x243F6A88, 0x85A308D3), 0x13198A2E, (0xDD7CE038, 0xF62A4C12)),
]
# Tests of distributions run on fixed seeds; a right generator fails one of them with this probability.
CHANCE = 1e-6


def uint64(*values):
    return [np.uint64(value) for value in values]


def reject(observed, expected):
    """Whether a chi-square test at level `CHANCE` rejects; all expected counts must be large enough for it."""
    assert expected.min() > 20
    statistic = ((observed - expected) ** 2 / expected).sum()
    return statistic > stats.chi2.isf(CHANCE, len(expected) - 1)


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_known_answers(counter, key, result):
    assert random.philox(*uint64(*counter, key)) == result
    assert naive.philox(*counter, key) == result
    several = [np.full(3, value, np.uint64) for value in (*counter, key)]
    np.testing.assert_array_equal(random.philox(*several), np.transpose([result] * 3))


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**16 - 1)), min_size=1, max_size=5),
)
def test_bits_equal_python_integers(seed, epoch, places):
    """The whole range of every argument; as scalars and as arrays, without a warning of overflow."""
    key = random.key(seed, epoch)
    truth = [naive.bits(seed, epoch, position, draw) for position, draw in places]
    assert [random.bits(key, position, draw) for position, draw in places] == truth
    position, draw = np.array(places, np.int64).T
    np.testing.assert_array_equal(np.transpose(random.bits(key, position, draw)), truth)


def joint(first, second, bins=16):
    """Chi-square of independence and uniformity of the top bits of two sequences."""
    cells = (first >> np.uint64(28)) * np.uint64(bins) + (second >> np.uint64(28))
    observed = np.bincount(cells.astype(np.int64), minlength=bins * bins)
    return reject(observed, np.full(bins * bins, len(first) / bins**2))


def test_draws_are_independent():
    """Neighbours in every argument, and the two words of one draw: all 256 cells of their top bits are as full."""
    n = 100_000
    position = np.arange(n)
    key = random.key(7, 0)
    x0, x1 = random.bits(key, position, 0)
    others = {
        "the second word": x1,
        "the next position": random.bits(key, position + 1, 0)[0],
        "a position 2^32 further": random.bits(key, position + 2**32, 0)[0],
        "the next draw": random.bits(key, position, 1)[0],
        "the last draw": random.bits(key, position, 65_535)[0],
        "the next epoch": random.bits(random.key(7, 1), position, 0)[0],
        "the next seed": random.bits(random.key(8, 0), position, 0)[0],
        "a seed 2^32 further": random.bits(random.key(7 + 2**32, 0), position, 0)[0],
    }
    assert [name for name, other in others.items() if joint(x0, other)] == []
    assert joint(x0, x0)


def test_keys_of_epochs_differ():
    """1e5 keys of 32 bits: 1.2 collisions are expected, more than 12 have probability 1e-9 (Poisson)."""
    keys = random.key(1, np.arange(100_000))
    assert len(np.unique(keys)) >= 100_000 - 12


def test_keep_table_is_the_definition():
    counts = np.array([10**9, 10**6, 10**4, 10, 1, 0])
    for sample in (1e-5, 1e-3, 0.5):
        truth = [naive.keep_probability(c, counts.sum(), sample) for c in counts.tolist()]
        # Rounded down to a multiple of 2^-32, and one multiple more since the threshold itself is kept.
        np.testing.assert_allclose((spec.keep_table(counts, sample) + 1.0) / 2**32, truth, atol=2**-32, rtol=1e-15)
    assert (spec.keep_table(counts, 0) == 2**32 - 1).all()


def test_keep_rates():
    """Tokens of words of every frequency survive as often as they should."""
    counts = np.array([40_000, 20_000, 10_000, 3_000, 500])
    ids = np.random.default_rng(0).permutation(np.repeat(np.arange(5, dtype=np.int32), counts))
    keep = spec.keep_table(counts, 1e-2)
    probability = np.array([naive.keep_probability(c, counts.sum(), 1e-2) for c in counts.tolist()])
    assert probability[0] < 0.3 and probability[-1] == 1
    kept = np.bincount(ids[blocks.kept_positions(ids, random.key(3, 0), keep)], minlength=5)
    assert kept[-1] == counts[-1]
    expected, survive = counts * probability, probability < 1
    z = (kept - expected)[survive] / np.sqrt(expected * (1 - probability))[survive]
    assert np.abs(z).max() < stats.norm.isf(CHANCE)


@pytest.mark.parametrize("window", [1, 2, 5, 16, 100])
def test_radii_are_uniform(window):
    x1 = random.bits(random.key(1, 2), np.arange(200_000), 0)[1]
    radius = sampling.radius(x1, window).astype(np.int64)
    assert radius.min() == 1 and radius.max() == window
    assert not reject(np.bincount(radius)[1:], np.full(window, len(radius) / window))


@given(st.integers(1, 2**31), st.data())
def test_columns_are_equal_shares(vocab_size, data):
    """Column c begins at the smallest x0 with x0 * V / 2^32 >= c: widths differ by one at most."""
    c = data.draw(st.integers(0, vocab_size - 1))
    begin = -(-c * 2**32 // vocab_size)
    assert sampling.column(*uint64(begin), vocab_size) == c
    assert c == 0 or sampling.column(*uint64(begin - 1), vocab_size) == c - 1
    assert sampling.column(*uint64(2**32 - 1), vocab_size) == vocab_size - 1


def implied(threshold, alias):
    """The probabilities that an alias table gives, its columns being equally likely."""
    own = np.where(alias == np.arange(len(alias)), 1.0, threshold / 2**32)
    return (own + np.bincount(alias, 1 - own, len(alias))) / len(alias)


weights = st.one_of(st.just(0.0), st.floats(1e-3, 1e6), st.integers(1, 3).map(float))


@given(st.lists(weights, min_size=1, max_size=60).filter(lambda w: sum(w) > 0))
@settings(max_examples=300)
def test_alias_table_is_the_distribution(values):
    """Each of the V columns is cut at a multiple of 2^-32 below the exact place, so a word is wrong by 2^-32 at most.

    Besides, `scaled` is made of at most V sums of numbers up to V, each wrong by 2^-53 V.
    """
    array = np.array(values)
    threshold, alias = spec.alias_table(array)
    assert threshold.dtype == np.uint32 and alias.dtype == np.int32
    tolerance = 2.0**-32 + len(values) ** 2 * 2.0**-53
    np.testing.assert_allclose(implied(threshold, alias), array / array.sum(), rtol=0, atol=tolerance)


def test_alias_table_by_hand():
    """Weights 1, 2, 5, scaled 3/8, 6/8, 15/8: word 1 is filled up by 2, what 2 then has left, 13/8, fills up 0."""
    threshold, alias = spec.alias_table(np.array([1.0, 2.0, 5.0]))
    assert threshold.tolist() == [2**32 * 3 // 8, 2**32 * 6 // 8, 2**32 - 1]
    assert alias.tolist() == [2, 2, 2]


def test_negatives_follow_the_noise_distribution():
    counts = np.array([50_000, 9_000, 8_000, 500, 40, 7, 2])
    noise = spec.noise_weights(counts, 0.75)
    table = spec.alias_table(noise)
    key = random.key(5, 1)
    drawn = np.concatenate([blocks.draw_negatives(key, position, 5, table) for position in range(20_000)])
    expected = counts**0.75 / (counts**0.75).sum() * len(drawn)
    assert not reject(np.bincount(drawn, minlength=7), expected)
    assert reject(np.bincount(drawn, minlength=7), counts**0.7 / (counts**0.7).sum() * len(drawn))


def test_negatives_of_arrays_are_those_of_scalars():
    table = spec.alias_table(spec.noise_weights(np.array([9, 5, 2, 1]), 0.75))
    key = random.key(2**40, 3)
    for position in range(200):
        truth = [sampling.negative(*random.bits(key, position, 1 + k), *table) for k in range(4)]
        np.testing.assert_array_equal(blocks.draw_negatives(key, position, 4, table), truth)


def test_held_out_share_and_the_whole_range():
    n = 100_000
    for share in (0.0, 0.01, 0.5):
        out = blocks.held_out_positions(n, cases.settings(np.array([2, 1]), held_out=round(share * 2**32)))
        assert abs(out.sum() - n * share) <= stats.norm.isf(CHANCE) * np.sqrt(n * share * (1 - share))
    first, second = (
        blocks.held_out_positions(n, cases.settings(np.array([2, 1]), held_out=2**31, seed=s)) for s in (1, 2)
    )
    # Two seeds agree on half of the positions.
    assert abs((first == second).sum() - n / 2) < stats.norm.isf(CHANCE) * np.sqrt(n) / 2


def test_huffman_tree():
    """As short as Huffman codes are, and every word's codes lead from the root to it alone."""
    generator = np.random.default_rng(0)
    for size in (2, 3, 7, 100):
        counts = np.sort(generator.integers(1, 50, size))[::-1].copy()
        tree = spec.huffman_tree(counts)
        paths = [tree.path(word) for word in range(size)]
        lengths = [path.stop - path.start for path in paths]
        assert (counts * lengths).sum() == naive.huffman_cost(counts)
        codes = {tuple(tree.codes[path].tolist()) for path in paths}
        assert len(codes) == size
        assert not any(a != b and b[: len(a)] == a for a in codes for b in codes)
        assert all(tree.points[path.start] == size - 2 for path in paths)
        # The same beginning of the code stands at the same inner node.
        node = {}
        for path in paths:
            for depth, point in enumerate(tree.points[path]):
                assert node.setdefault(tuple(tree.codes[path][:depth].tolist()), point) == point
        assert sorted(node.values()) == list(range(size - 1))
    with pytest.raises(ValueError, match="at least 2 words, got 1"):
        spec.huffman_tree(np.array([3]))


def test_huffman_tree_by_hand():
    """Counts 4 2 1 1: (word 3, word 2) make node 4 of count 2, taken before word 1 of the same count; then word 0."""
    tree = spec.huffman_tree(np.array([4, 2, 1, 1]))
    assert tree.ends.tolist() == [1, 3, 6, 9]
    assert tree.points.tolist() == [2, 2, 1, 2, 1, 0, 2, 1, 0]
    assert tree.codes.tolist() == [1, 0, 1, 0, 0, 1, 0, 0, 0]


@pytest.fixture(scope="module")
def fast():
    """The functions of one draw and one score, compiled by Numba."""
    numba = pytest.importorskip("numba")
    return compiled.compile_scalars(numba.njit)


def test_compiled_draws(fast):
    generator = np.random.default_rng(0)
    threshold, alias = spec.alias_table(np.array([5.0, 1.0, 3.0]))
    for seed, epoch, position in generator.integers(0, 2**31, (50, 3)):
        seed, position = int(seed) << 31, int(position) << 16
        key = fast.key(np.uint64(seed), np.uint64(epoch))
        assert key == random.key(seed, epoch)
        x0, x1 = fast.bits(np.uint64(key), np.uint64(position), np.uint64(2))
        assert (x0, x1) == random.bits(random.key(seed, epoch), position, 2)
        x0, x1 = uint64(x0, x1)
        assert fast.radius(x1, np.int64(7)) == sampling.radius(x1, 7)
        assert fast.column(x0, np.int64(2**31)) == sampling.column(x0, 2**31)
        assert fast.negative(x0, x1, threshold, alias) == sampling.negative(x0, x1, threshold, alias)
        for other in (x1, x0):
            assert fast.keep(x0, other) == sampling.keep(x0, other)
            assert fast.held_out(x0, other) == sampling.held_out(x0, other)


def test_compiled_scores(fast):
    """Both stay in float32, and agree within the rounding of an exponential and four more operations."""
    for score in np.linspace(-100, 100, 401, dtype=np.float32):
        for weight in np.array([-3, -1, 0, 1], np.float32):
            for name in ("sgns_pull", "sgns_loss", "qwem_pull", "qwem_loss"):
                plain = getattr(objective, name)(score, weight)
                assert plain.dtype == np.float32
                # Below float32's normal numbers the compiled one may be anything as small.
                np.testing.assert_allclose(getattr(fast, name)(score, weight), plain, rtol=1e-6, atol=2e-38)


def test_compiled_types(fast):
    numba = pytest.importorskip("numba")
    fast.sgns_pull(np.float32(1), np.float32(1))
    assert fast.sgns_pull.nopython_signatures[0].return_type == numba.float32
    fast.damping(np.float32(1), np.float32(1))
    assert fast.damping.nopython_signatures[0].return_type == numba.float32
    fast.radius(np.uint64(1), np.int64(1))
    assert fast.radius.nopython_signatures[0].return_type == numba.uint64
