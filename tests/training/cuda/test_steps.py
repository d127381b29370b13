"""One warp's vectors, losses and counts against the specification's in float64, for every branch of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
import training_cases as cases
from truths import check_epoch, device_epoch, spec_epoch, trainer_of

from fastqwem.training import spec
from fastqwem.training.cuda import crowd

ALPHA = np.float32(0.02)


def small_corpus(seed=0, n_tokens=24, words=7):
    return cases.random_corpus(seed, n_tokens, words, longest=12)


def check(corpus, of, **tuning):
    matrices = cases.random_matrices(of, scale=0.5 / np.sqrt(of.vector_size) + 0.05)
    alphas = np.full(-(-len(corpus[0]) // spec.blocks.CHUNK), ALPHA, np.float32)
    return check_epoch(corpus, of, matrices, alphas, device_epoch(corpus, of, matrices, alphas, **tuning))


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shared_negatives", [1, 2])
def test_an_epoch(objective, tied, shared_negatives):
    corpus = small_corpus()
    check(
        corpus,
        cases.settings(corpus[2], 0.3, objective=objective, tied=tied, shared_negatives=shared_negatives, window=2),
    )


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("vector_size", [3, 33])
def test_exact_negatives(tied, vector_size):
    corpus = small_corpus()
    changes = {"objective": "qwem", "exact_negatives": True, "tied": tied, "vector_size": vector_size}
    check(corpus, cases.settings(corpus[2], 0.3, shared_negatives=3, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"vector_size": 70, "negative": 7, "shared_negatives": 4},  # tiles of scores, slabs of columns, uneven ones
        {"vector_size": 1, "negative": 40, "window": 1},  # tiles of updates
        {"window": 9, "shrink_windows": False, "shared_negatives": 5},  # windows wider than sentences
    ],
    ids=["many columns", "many negatives", "wide windows"],
)
def test_tiles(changes):
    corpus = small_corpus(1, n_tokens=14)
    check(corpus, cases.settings(corpus[2], objective="qwem", **changes))


@pytest.mark.parametrize("shared_negatives", [1, 3])
def test_positions_held_out(shared_negatives):
    """Centres of a block with gaps between them, inputs that are in no window."""
    corpus = small_corpus(2, n_tokens=30)
    of = cases.settings(corpus[2], held_out=2**31, window=1, shared_negatives=shared_negatives)
    blocks = [block for _, block in spec.epoch_blocks(*corpus[:2], 0, of)]
    assert shared_negatives == 1 or any((~block.windows.any(axis=1)).any() for block in blocks)
    check(corpus, of)


def test_held_out_loss():
    corpus = small_corpus(2, n_tokens=40)
    for changes in ({}, {"objective": "qwem", "tied": True}, {"objective": "qwem", "exact_negatives": True}):
        of = cases.settings(corpus[2], 0.3, held_out=2**30, **changes)
        matrices = cases.random_matrices(of)
        trainer = trainer_of(of, matrices)
        loss, pairs = trainer.held_out_totals(*corpus[:2], 0, 1, None)
        truth, number = spec.held_out_loss(*corpus[:2], 0, of, matrices)
        assert pairs == number > 0
        np.testing.assert_allclose(loss, truth, rtol=1e-5)
        for name, matrix in matrices.items():
            np.testing.assert_array_equal(trainer.matrix(name), matrix)


def test_chunks_have_their_rates_and_go_on_where_they_stopped(monkeypatch):
    """Two calls do what one does; the specification has a rate for each chunk, and so has the kernel."""
    monkeypatch.setattr(spec.blocks, "CHUNK", 8)
    corpus = small_corpus(n_tokens=30)
    of = cases.settings(corpus[2], window=2)
    matrices = cases.random_matrices(of)
    alphas = np.array([0.05, 0.01, 0.03, 0.02], np.float32)[: -(-len(corpus[0]) // 8)]
    trainer = device_epoch(corpus, of, matrices, alphas)
    check_epoch(corpus, of, matrices, alphas, trainer)
    again = trainer_of(of, matrices)
    again.begin(0)
    again.train(*corpus[:2], 0, 0, 1, alphas[:1], 1, None)
    assert again.next_chunk == 1
    again.train(*corpus[:2], 0, 1, len(alphas), alphas[1:], 1, None)
    assert again.totals()[1:] == trainer.totals()[1:]
    for name in matrices:
        np.testing.assert_array_equal(again.matrix(name), trainer.matrix(name))


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_pieces_train_like_the_whole(monkeypatch, objective):
    """The very same numbers: what is streamed is only where the ids lie."""
    monkeypatch.setattr(spec.blocks, "CHUNK", 8)
    corpus = small_corpus(n_tokens=30)
    of = cases.settings(corpus[2], 0.3, objective=objective)
    matrices = cases.random_matrices(of)
    alphas = np.full(-(-len(corpus[0]) // 8), ALPHA, np.float32)
    whole, pieces = (device_epoch(corpus, of, matrices, alphas, room=room) for room in (None, 0))
    assert whole._feed.is_resident and not pieces._feed.is_resident and pieces._feed.size == 1
    for name in matrices:
        np.testing.assert_array_equal(pieces.matrix(name), whole.matrix(name))


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_warps_that_share_no_rows(monkeypatch, objective):
    """Several warps train chunks of different words at once: what each does is what it does alone.

    The simulator runs them one after the other, so this holds the division of the work, not the absence of races.
    """
    from fastqwem.training.cuda import trainer as module

    monkeypatch.setattr(spec.blocks, "CHUNK", 8)
    monkeypatch.setattr(module, "crowds", lambda *_: (np.zeros(13), np.zeros(13)))
    # Sentence s, a chunk of its own, has the words 4 s .. 4 s + 3; each negative is a word that no sentence has.
    sentences = [[4 * s + i for i in (0, 1, 2, 3, 0, 2, 1, 3)] for s in range(3)]
    ids = np.array([word for sentence in sentences for word in sentence], np.int32)
    corpus = ids, np.arange(0, 25, 8), np.full(13, 2, np.int64)
    of = cases.settings(corpus[2], noise=np.eye(13)[12], objective=objective, negative=1)
    matrices = cases.random_matrices(of)
    matrices["output"][12] = 0  # the one row that all change: its change is of the order of alpha
    alphas = np.full(3, 1e-3, np.float32)
    alone, together = (device_epoch(corpus, of, matrices, alphas, warps=warps) for warps in (1, 5))
    assert together.totals()[1:] == alone.totals()[1:]
    truth = spec_epoch(corpus, of, matrices, alphas)
    for name in matrices:
        # Order matters to second order in alpha only, by way of word 12; 24 centres change it in turn.
        np.testing.assert_allclose(together.matrix(name), truth.matrices[name], rtol=0, atol=100 * 1e-3**2)
        assert np.abs(truth.matrices[name] - matrices[name]).max() > 5e-4


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_crowded_rows_take_shorter_steps(objective):
    """With warps that others are thought to share, rows move less, by what `crowd` says."""
    counts = np.array([1, 1])
    corpus = np.array([0, 1], np.int32), np.array([0, 2]), counts
    of = cases.settings(
        counts, shared_negatives=1, window=1, negative=1, noise=np.array([0.0, 1.0]), objective=objective
    )
    matrices = cases.random_matrices(of, scale=1.0)
    one, many = (device_epoch(corpus, of, matrices, np.full(1, ALPHA), warps=warps) for warps in (1, 1000))
    # The first of the two blocks has the input 1, the centre 0, and the negative 1.
    x, o = matrices["input"][1], matrices["output"]
    mass = (o * o).sum()
    n = 999 * crowd.touches(one.sizes, np.full(2, 0.5), np.array([0.0, 1.0]))[0][1]
    wanted = {"sgns": 1 / (1 + ALPHA * n / 4 * mass), "qwem": (1 + ALPHA * mass) / (1 + ALPHA * (1 + n) * mass)}
    assert wanted[objective] < 0.1
    moved = [each.matrix("input")[1] - x for each in (one, many)]
    np.testing.assert_allclose(moved[1], wanted[objective] * moved[0], rtol=1e-4, atol=1e-7)
