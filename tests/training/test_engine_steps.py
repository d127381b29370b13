"""The engine's vectors, losses and counts against the specification's in float64, on every instruction set."""

from __future__ import annotations

import isas
import numpy as np
import pytest
import training_cases as cases

from fastqwem import _core
from fastqwem.training import spec
from fastqwem.training.spec import terms as spec_terms
from fastqwem.training.spec.huffman import huffman_tree
from fastqwem.training.spec.moments import center_share, moments, noise_share
from fastqwem.training.spec.terms import terms

UNIT = 2.0**-24  # relative rounding error of float32
POLYNOMIAL = 2e-6  # relative error asked of the sigmoid and of the logarithm
ALPHA = np.float32(0.01)

ISAS = isas.COMMON
OUTPUTS = {"negative": {}, "hs": {"negative": 0, "hs": True}, "both": {"hs": True}}
BAGS = {"skipgram": {}, "mean": {"architecture": "cbow"}, "sum": {"architecture": "cbow", "cbow_mean": False}}


def trainer_of(of, matrices):
    trainer = _core.Trainer(**vars(of))
    for name, matrix in matrices.items():
        trainer.matrix(name)[:] = matrix
    if of.exact_negatives:
        known = moments(matrices["input"], matrices["input" if of.tied else "output"], of)
        ratio = noise_share(of) / center_share(of)
        norms = [float(np.linalg.eigvalsh(second)[-1]) for second in (known.sigma, known.pi)]
        trainer.set_moments(known.mu, known.sigma, known.nu, known.pi, ratio.astype(np.float32), *norms)
    return trainer


def engine_epoch(corpus, of, matrices, alpha=ALPHA, n_workers=1, epoch=0):
    """({name: trained matrix}, (loss, pairs, words)) of one epoch."""
    ids, offsets, _ = corpus
    trainer = trainer_of(of, matrices)
    n_chunks = -(-len(ids) // spec.CHUNK)
    rates = np.full(n_chunks, alpha, np.float32)
    trainer.train(ids, offsets, epoch, 0, n_chunks, rates, n_workers, progress=None)
    assert trainer.next_chunk == n_chunks and not trainer.diverged
    return {name: trainer.matrix(name).copy() for name in matrices}, trainer.totals()


def spec_epoch(corpus, of, matrices, alpha=ALPHA, epoch=0):
    """The specification's EpochResult in float64; moments as the engine has them, in float32."""
    ids, offsets, _ = corpus
    known = None
    if of.exact_negatives:
        known = moments(matrices["input"], matrices["input" if of.tied else "output"], of)
    rates = np.full(-(-len(ids) // spec.CHUNK), alpha, np.float32)
    return spec.train_epoch(ids, offsets, epoch, of, matrices, rates, np.float64, 0, known)


def rounding(corpus, of, states):
    """Errors that single updates make, added up for the row that gets most; `states` are start and end of the epoch.

    One update adds ``alpha m pull w`` to an entry for each pair, |pull| <= 1 + |x| at the score x, w being an entry
    of the other side. Its relative error is that of the sigmoid and a few roundings, one more for each of: the pairs
    of a row, the words of a window, the d products of a score (absolute, of |x|) and those of a length that damps.
    It is added to the entry with one rounding.
    """
    tree = huffman_tree(of.counts) if of.hs else None
    large = {name: np.maximum(*(np.abs(state[name]) for state in states)) for name in states[0]}
    errors = {name: np.zeros(len(matrix)) for name, matrix in large.items()}
    for _, block in spec.epoch_blocks(corpus[0], corpus[1], 0, of):
        for term in terms(block, corpus[0], of, tree):
            rows, o = large["input"][term.input_words], large[term.output_matrix][term.output_rows]
            x = rows if term.mix is None else term.mix @ rows
            m = np.abs(term.weights) * (1.0 + of.negative if term.exact else 1.0)
            pairs = max(m.sum(axis=1).max(initial=0), m.sum(axis=0).max(initial=0))
            relative = POLYNOMIAL + (2 * of.vector_size + pairs + 2 * of.window + 8) * UNIT
            wrong = ALPHA * m * (1 + x @ o.T) * relative
            of_inputs = wrong @ o.max(axis=1)
            of_rows = of_inputs if term.spread is None else term.spread @ of_inputs
            held = 1 if term.spread is None else (term.spread != 0).sum(axis=1)
            np.add.at(errors["input"], term.input_words, of_rows + held * UNIT * rows.max(axis=1))
            np.add.at(errors[term.output_matrix], term.output_rows, wrong.T @ x.max(axis=1) + UNIT * o.max(axis=1))
    return max(error.max() for error in errors.values())


def tolerance(corpus, of, matrices, result):
    """How far float32 may be from float64 after an epoch, in an entry of a matrix.

    A row's error e changes each later update by less than ``alpha sum |m| (1 + |x|) e``, which would compound without
    end in the worst case; `carried` says how much it does.
    """
    return rounding(corpus, of, (matrices, result.matrices)) * carried(corpus, of, matrices, result)


def carried(corpus, of, matrices, result):
    """How many times as large the largest difference between two starts becomes in an epoch; at least 1."""
    random = np.random.default_rng(0)
    moved = {name: matrix + 2.0**-10 * random.choice([-1, 1], matrix.shape) for name, matrix in matrices.items()}
    other = spec_epoch(corpus, of, moved)
    return max(1.0, *(np.abs(other.matrices[name] - result.matrices[name]).max() * 2**10 for name in matrices))


def check(corpus, of):
    matrices = cases.random_matrices(of, scale=0.5 / np.sqrt(of.vector_size) + 0.05)
    truth = spec_epoch(corpus, of, matrices)
    allowed = tolerance(corpus, of, matrices, truth)
    for name, matrix in truth.matrices.items():
        # Small against what the epoch does, or the comparison says nothing.
        assert allowed < np.abs(matrix - matrices[name]).max() / 20
    for isa in ISAS:
        _core.force_isa(isa)
        try:
            made, (loss, pairs, words) = engine_epoch(corpus, of, matrices)
        finally:
            _core.force_isa("")
        assert (pairs, words) == (truth.pairs, truth.words)
        for name, matrix in truth.matrices.items():
            np.testing.assert_allclose(made[name], matrix, rtol=0, atol=allowed, err_msg=f"{isa}, {name}")
        # The loss of a pair, and of each of its negatives, changes by at most 10 times what its vectors do.
        np.testing.assert_allclose(loss, truth.loss, rtol=0, atol=truth.pairs * (1 + of.negative) * 10 * allowed)
    return matrices, truth, allowed


def small_corpus(seed=0):
    return cases.random_corpus(seed, 120, 12, longest=25)


# Sizes below, at and above the width of a register, each with some T.
SIZES = [(1, 4), (3, 1), (16, 8), (17, 3), (100, 4)]


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("bag", BAGS)
@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("tied", [False, True])
def test_an_epoch(objective, bag, outputs, tied):
    corpus = small_corpus()
    changes = {**BAGS[bag], **OUTPUTS[outputs], "objective": objective, "tied": tied}
    for vector_size, shared_negatives in SIZES:
        check(corpus, cases.settings(corpus[2], 0.3, **changes, **shape(vector_size, shared_negatives)))


@pytest.mark.parametrize("tied", [False, True])
def test_exact_negatives(tied):
    corpus = small_corpus()
    changes = {"objective": "qwem", "exact_negatives": True, "tied": tied}
    for vector_size, shared_negatives in SIZES:
        check(corpus, cases.settings(corpus[2], 0.3, **changes, **shape(vector_size, shared_negatives)))


def shape(vector_size, shared_negatives):
    return {"vector_size": vector_size, "shared_negatives": shared_negatives}


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("negative", [1, 5, 15])
@pytest.mark.parametrize("window", [1, 5, 40])
def test_sizes_of_blocks(objective, negative, window):
    """One output or many, windows wider than any sentence, full windows, positions that are held out."""
    corpus = cases.random_corpus(1, 60, 12, longest=25)
    for shared_negatives in (2, 5, 7):
        of = cases.settings(
            corpus[2],
            objective=objective,
            negative=negative,
            window=window,
            shrink_windows=False,
            shared_negatives=shared_negatives,
            held_out=2**30,
            vector_size=20,
        )
        check(corpus, of)


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("bag", BAGS)
def test_the_tolerance_sees_one_wrong_pair(objective, bag, monkeypatch):
    """The specification with one wrong weight in one block differs by more than the tolerance."""
    corpus = small_corpus()
    of = cases.settings(corpus[2], 0.3, **BAGS[bag], objective=objective, vector_size=17)
    matrices, truth, allowed = check(corpus, of)
    for wrong in (0, -1):  # a pair dropped, and one with the other sign
        right, done = spec_terms._against_negatives, []

        def once(block, ids, settings, right=right, done=done, wrong=wrong):
            term = right(block, ids, settings)
            if not done and term.pairs:
                done.append(term)
                at = np.argwhere(term.weights == 1)[0]
                term.weights[tuple(at)] = wrong
            return term

        with monkeypatch.context() as patch:
            patch.setattr(spec_terms, "_against_negatives", once)
            other = spec_epoch(corpus, of, matrices)
        assert done
        away = max(np.abs(other.matrices[name] - truth.matrices[name]).max() for name in matrices)
        assert away > 2 * allowed


def test_chunks_have_their_rates(isa):
    """Two chunks at different rates, trained in one call or in two."""
    corpus = cases.random_corpus(2, spec.CHUNK + 500, 200, longest=60)
    of = cases.settings(corpus[2], objective="sgns", vector_size=8, shared_negatives=4)
    matrices, rates = cases.random_matrices(of, scale=0.1), np.array([0.001, 0.0], np.float32)
    once, twice, first = (trainer_of(of, matrices) for _ in range(3))
    once.train(corpus[0], corpus[1], 0, 0, 2, rates, 1, progress=None)
    for chunk in (0, 1):
        twice.train(corpus[0], corpus[1], 0, chunk, chunk + 1, rates[chunk : chunk + 1], 1, progress=None)
    first.train(corpus[0], corpus[1], 0, 0, 1, rates[:1], 1, progress=None)
    assert once.totals() == twice.totals() != first.totals()
    for name in matrices:
        np.testing.assert_array_equal(once.matrix(name), twice.matrix(name))
        np.testing.assert_array_equal(once.matrix(name), first.matrix(name))
        assert (once.matrix(name) != matrices[name]).any()


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_one_worker_repeats_its_bits(isa, objective):
    corpus = cases.random_corpus(3, 20_000, 100)
    of = cases.settings(corpus[2], objective=objective, vector_size=33, shared_negatives=4, hs=True)
    matrices = cases.random_matrices(of, scale=0.1)
    (first, totals), (second, again) = (engine_epoch(corpus, of, matrices) for _ in range(2))
    assert totals == again
    for name in matrices:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("bag", BAGS)
def test_workers_count_the_same_pairs(isa, bag):
    corpus = cases.random_corpus(4, 60_000, 100)
    of = cases.settings(corpus[2], 0.05, **BAGS[bag], vector_size=8, hs=True)
    matrices = cases.random_matrices(of, scale=0.1)
    _, one = engine_epoch(corpus, of, matrices, n_workers=1)
    for n_workers in (2, 5):
        _, several = engine_epoch(corpus, of, matrices, n_workers=n_workers)
        assert several[1:] == one[1:]
        # Chunks see each other's updates in another order: the loss per pair is the same within its noise.
        assert several[0] == pytest.approx(one[0], rel=0.05)


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
@pytest.mark.parametrize("bag", BAGS)
@pytest.mark.parametrize("outputs", OUTPUTS)
def test_held_out_loss(isa, objective, bag, outputs):
    check_held_out({**BAGS[bag], **OUTPUTS[outputs], "objective": objective})


def test_held_out_loss_of_exact_negatives(isa):
    check_held_out({"objective": "qwem", "exact_negatives": True})


def check_held_out(changes):
    """Nothing is trained, so errors are those of single scores: products and logarithm."""
    corpus = cases.random_corpus(5, 2_000, 30)
    of = cases.settings(corpus[2], 0.1, **changes, vector_size=17, held_out=2**30)
    matrices = cases.random_matrices(of)
    trainer = trainer_of(of, matrices)
    truth, pairs = spec.held_out_loss(corpus[0], corpus[1], 2, of, matrices)
    for n_workers in (1, 3):
        loss, counted = trainer.held_out_totals(corpus[0], corpus[1], 2, n_workers, progress=None)
        assert counted == pairs > 0
        assert loss == pytest.approx(truth, rel=2e-5)
    for name, matrix in matrices.items():
        np.testing.assert_array_equal(trainer.matrix(name), matrix)


@pytest.mark.parametrize("word", [0, 1])
def test_sigmoid_and_logarithm(isa, word):
    """Relative accuracy for every score in [-30, 30], by hierarchical softmax on two words: one node, code 0 or 1.

    The inputs are (1, 0) and the node (s, 1), so that the score is s and the first update of an input's second entry,
    zero before, is the pull itself. The sentence holds the word twice: the second pair's score is s + alpha pull s^2
    + ..., rounded to float32, which moves loss and pull by up to |s| UNIT of themselves (twice 30 UNIT with the
    product). `spec` rounds nothing.
    """
    alpha = np.float32(2.0**-10)
    corpus = (np.array([word, word], np.int32), np.array([0, 2], np.int64), np.array([2, 2], np.int64))
    of = cases.settings(corpus[2], vector_size=2, window=1, negative=0, hs=True, shared_negatives=1)
    worst = 4 * 30 * UNIT + POLYNOMIAL
    for score in np.linspace(-30, 30, 601, dtype=np.float32):
        matrices = {
            "input": np.array([[1, 0], [1, 0]], np.float32),
            "nodes": np.array([[score, 1]], np.float32),
        }
        truth = spec_epoch(corpus, of, matrices, alpha)
        made, totals = engine_epoch(corpus, of, matrices, alpha)
        assert totals[0] == pytest.approx(truth.loss, rel=worst), score
        assert made["input"][word, 1] == pytest.approx(truth.matrices["input"][word, 1], rel=worst), score


def test_scores_beyond_all_bounds(isa):
    """Scores whose exponential float32 does not hold: the losses are right and nothing becomes NaN."""
    corpus = (np.array([0, 1], np.int32), np.array([0, 2], np.int64), np.array([1, 1], np.int64))
    of = cases.settings(corpus[2], vector_size=2, window=1, negative=0, hs=True, shared_negatives=1)
    for score in (-95.0, -89.0, 89.0, 95.0):
        matrices = {"input": np.array([[1, 0], [1, 0]], np.float32), "nodes": np.array([[score, 0]], np.float32)}
        truth = spec_epoch(corpus, of, matrices, 1e-6)
        made, totals = engine_epoch(corpus, of, matrices, 1e-6)
        assert totals[0] == pytest.approx(truth.loss, rel=1e-4)
        assert all(np.isfinite(matrix).all() for matrix in made.values())
