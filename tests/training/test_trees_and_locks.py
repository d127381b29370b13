"""Trees of counts in any order, trees from elsewhere, and words whose steps are held back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import Corpus, _core
from fastqwem.training.engine import Engine
from fastqwem.training.options import Options
from fastqwem.training.spec.huffman import huffman_tree

CORPUS = Corpus.from_sentences([["a", "b", "a", "c", "d"], ["b", "a", "c"]] * 20, min_count=1)


def engine(**changes) -> Engine:
    """An engine for the corpus, its input random."""
    chosen = {
        "objective": "sgns", "architecture": "skipgram", "vector_size": 5, "window": 2, "negative": 3,
        "ns_exponent": 0.75, "sample": 0, "alpha": 0.1, "min_alpha": 0.1, "epochs": 1, "seed": 1, "tied": False,
        "hs": False, "device": "cpu", "shared_negatives": 2, "exact_negatives": False, "shrink_windows": True,
        "cbow_mean": True, "held_out": 0.0,
    }  # fmt: skip
    made = Engine(Options.judged(**{**chosen, **changes}), CORPUS.vocab)
    random = np.random.default_rng(0)
    for matrix in made.matrices().values():
        matrix[:] = random.standard_normal(matrix.shape) / 4
    return made


def trained(made: Engine) -> dict[str, np.ndarray]:
    """The matrices after an epoch."""
    made.trainer.train(CORPUS.ids, CORPUS.offsets, 0, 0, 1, np.full(1, 0.1, np.float32), 1, None)
    return made.take()


def paths(tree) -> list[list[tuple[int, int]]]:
    ends, points, codes = tree
    steps = list(zip(points.tolist(), codes.tolist(), strict=True))
    return [steps[a:b] for a, b in zip([0, *ends.tolist()], ends.tolist(), strict=False)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=30))
def test_a_tree_of_counts_in_any_order_is_that_of_the_sorted_ones(counts):
    counts = np.array(counts, np.int64)
    order = np.argsort(-counts, kind="stable")
    truth = huffman_tree(counts[order])
    expected = paths((truth.ends, truth.points, truth.codes))
    found = paths(_core.huffman_tree(counts))
    assert [found[word] for word in order] == expected


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_a_tree_from_elsewhere_is_used(architecture):
    own, given_back, other = (engine(hs=True, negative=0, architecture=architecture) for _ in range(3))
    ends, points, codes = own.trainer.huffman()
    given_back.trainer.set_huffman(ends, points, codes)
    other.trainer.set_huffman(ends, points, 1 - codes)
    plain, same, mirrored = trained(own), trained(given_back), trained(other)
    assert np.array_equal(plain["input"], same["input"])
    assert not np.array_equal(plain["input"], mirrored["input"])


def test_trees_that_do_not_fit():
    made = engine(hs=True, negative=0)
    ends, points, codes = made.trainer.huffman()
    with pytest.raises(ValueError, match="ends must have 4 entries"):
        made.trainer.set_huffman(ends[:-1], points, codes)
    with pytest.raises(ValueError, match="ends must rise"):
        made.trainer.set_huffman(ends[::-1].copy(), points, codes)
    with pytest.raises(ValueError, match="rows of the matrix of nodes"):
        made.trainer.set_huffman(ends, points + 1, codes)
    with pytest.raises(ValueError, match="points must have"):
        made.trainer.set_huffman(ends, points[:-1], codes)
    with pytest.raises(ValueError, match="has no tree"):
        engine().trainer.set_huffman(ends, points, codes)
    with pytest.raises(ValueError, match="at least two words"):
        _core.huffman_tree(np.ones(1, np.int64))


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_locks(objective, architecture):
    free, ones, locked = (engine(objective=objective, architecture=architecture) for _ in range(3))
    before = locked.matrices()["input"].copy()
    ones.trainer.set_locks(np.ones(4, np.float32))
    locked.trainer.set_locks(np.array([1, 0, 1, 0], np.float32))
    plain, same, held = trained(free), trained(ones), trained(locked)
    for name in plain:
        assert np.allclose(plain[name], same[name], rtol=0, atol=1e-7)  # a factor of 1 more, maybe fused otherwise
    assert np.array_equal(held["input"][[1, 3]], before[[1, 3]])
    assert (held["input"][[0, 2]] != before[[0, 2]]).any(axis=1).all()
    assert not np.array_equal(held["output"], plain["output"])
    with pytest.raises(ValueError, match="locks must have 4 entries"):
        locked.trainer.set_locks(np.ones(3, np.float32))
