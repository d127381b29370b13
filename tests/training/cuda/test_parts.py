"""What surrounds the kernels: sizes, care for crowded rows, pieces of a corpus, moments, Ctrl-C held back."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest
import training_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st
from truths import UNIT, sizes_of, trainer_of

from fastqwem.training import moments as on_host
from fastqwem.training import spec
from fastqwem.training.cuda import crowd, sizes
from fastqwem.training.cuda.feed import piece_bounds
from fastqwem.training.cuda.patience import Patience


def shaped(**changes):
    usual = {
        "vector_size": 100, "objective": "sgns", "window": 5, "negative": 5, "shared_negatives": 2,
        "shrink_windows": True, "exact_negatives": False, "held_out": 0.0,
    }  # fmt: skip
    return sizes.Sizes.of(**{**usual, **changes})


@given(st.integers(1, 1200), st.integers(1, 60), st.integers(1, 40), st.integers(1, 16), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_tiles_cover_everything(vector_size, window, negative, shared_negatives, exact, gaps):
    of = shaped(
        vector_size=vector_size, window=window, negative=negative, shared_negatives=shared_negatives,
        objective="qwem", exact_negatives=exact, held_out=0.1 * gaps,
    )  # fmt: skip
    assert of.width % 32 == 0 and 0 <= of.width - vector_size < 32
    assert of.outputs == shared_negatives + (0 if exact else negative * (2 if shared_negatives > 1 else 1))
    for tile in (of.score_tile, of.update_tile):
        assert of.outputs <= tile * -(-of.outputs // tile) <= of.output_rows
    assert of.score_tile <= of.dots and of.score_tile * of.columns <= max(sizes.ROW_REGISTERS, of.columns)
    assert of.update_tile * of.slab <= sizes.ROW_REGISTERS and of.slab * -(-of.columns // of.slab) >= of.columns
    assert (of.problem is None) == (of.shared_bytes <= sizes.SHARED_LIMIT)
    if of.problem:
        assert f"{of.shared_bytes:,} bytes" in of.problem


@pytest.mark.parametrize(
    "changes",
    [
        {"vector_size": 300},
        {"vector_size": 300, "window": 10},
        {"vector_size": 300, "held_out": 0.01},
        {"vector_size": 300, "exact_negatives": True, "objective": "qwem", "shared_negatives": 8},
        {"vector_size": 100, "window": 10, "negative": 15},
    ],
)
def test_usual_settings_fit(changes):
    assert shaped(**changes).problem is None


def test_touches_are_those_of_blocks():
    """The means that the care for rows rests on, against the specification's blocks."""
    corpus = cases.random_corpus(0, 20_000, 30, longest=2_000)
    ids, offsets, counts = corpus
    of = cases.settings(counts, 0.0, window=5, negative=3, shared_negatives=2)
    shares, noise = spec.epoch.center_share(of), spec.epoch.noise_share(of)
    truth, blocks = np.zeros((2, len(counts))), 0
    for _, block in spec.epoch_blocks(ids, offsets, 0, of, 0, 1):
        blocks += 1
        np.add.at(truth[0], ids[block.inputs], 1)
        np.add.at(truth[1], np.concatenate([ids[block.centers], block.negatives]), 1)
    for made, seen in zip(crowd.touches(sizes_of(of), shares, noise), truth / blocks, strict=True):
        # Sentences of 1,000 words on average lose few of their windows; 4,000 blocks know the touches of a word to some
        # percent, and have the counts of their own chunk.
        np.testing.assert_allclose(made[:6].sum(), seen[:6].sum(), rtol=0.03)


def test_care():
    shares, qwem = np.array([0.5, 0.3, 0.15, 0.05]), shaped(objective="qwem")
    for warps in (1, 2, 100):
        for each, touch in zip(
            crowd.crowds(warps, qwem, shares, shares), crowd.touches(qwem, shares, shares), strict=True
        ):
            np.testing.assert_allclose(each, (warps - 1) * touch)
    assert crowd.care(np.zeros(4), qwem).tolist() == [1] and crowd.care(np.zeros(4), shaped()).tolist() == [0]
    many = np.array([40.0, 0.0, 2.0, 0.01])
    np.testing.assert_allclose(crowd.care(many, qwem), [41, 1, 3])
    np.testing.assert_allclose(crowd.care(many, shaped()), [10, 0, 0.5])


def test_small_vocabularies_get_fewer_warps():
    uniform = {v: np.full(v, 1 / v) for v in (2, 100, 10_000, 1_000_000)}
    warps = [crowd.warps_for(1500, shaped(), each, each) for each in uniform.values()]
    assert warps == sorted(warps) and warps[0] < 5 and warps[-1] == 1500
    for v, n in zip(uniform, warps, strict=True):
        touch = max(each[0] for each in crowd.touches(shaped(), uniform[v], uniform[v]))
        assert n == 1 or (n - 1) * touch <= crowd.MEAN_CROWD


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_careful_steps_do_not_overshoot(objective):
    """Many blocks from one state, as many warps take them, all added up: with care the loss falls, without it rises."""
    ids, offsets, counts = cases.random_corpus(1, 6_000, 200, longest=60)
    of = cases.settings(counts, 0.0, vector_size=16, window=5, negative=5, objective=objective, shared_negatives=2)
    shares, noise = spec.epoch.center_share(of), spec.epoch.noise_share(of)
    warps, alpha = 1000, 0.0375 if objective == "sgns" else 0.025
    blocks = [block for _, block in spec.epoch_blocks(ids, offsets, 0, of)][:warps]
    rows = [terms_of(block, ids, of) for block in blocks]
    alone = crowd.care_of_others(sizes_of(of))
    cared = [np.full(len(counts), alone, np.float32) for _ in range(2)]
    for to, each in zip(cared, crowd.crowds(warps, sizes_of(of), shares, noise), strict=True):
        values = crowd.care(each, sizes_of(of))
        to[: len(values)] = values
    losses = {}
    for name, care in (("careful", cared), ("bold", [np.full(len(counts), alone)] * 2)):
        matrices = {key: m.astype(np.float64) for key, m in cases.random_matrices(of, scale=0.7).items()}
        losses[name] = [together(rows, matrices, alpha, objective, care) for _ in range(12)]
    assert losses["careful"][-1] < 0.8 * losses["careful"][0]
    assert all(after < before for before, after in zip(losses["careful"][:-1], losses["careful"][1:], strict=True))
    assert not losses["bold"][-1] < losses["bold"][0]


def terms_of(block, ids, of):
    (term,) = spec.epoch.terms(block, ids, of, None)
    return term


def together(terms, matrices, alpha, objective, care):
    """Add to the matrices what all terms say of them as they are, and return the loss before."""
    change, total = {name: np.zeros_like(matrix) for name, matrix in matrices.items()}, 0.0
    for term in terms:
        x, o, m = matrices["input"][term.input_words], matrices["output"][term.output_rows], term.weights
        scores = x @ o.T
        g = alpha * spec.objective.pull(objective, scores, m)
        total += spec.objective.loss(objective, scores, m).sum()
        for side, own, other, weights, meet, pulls in (
            ("input", x, o, np.abs(m), term.meet_inputs, g),
            ("output", o, x, np.abs(m).T, term.meet_outputs, g.T),
        ):
            words = term.input_words if side == "input" else term.output_rows
            mass = meet @ (weights @ (other * other).sum(axis=1))
            factor = spec.objective.damping(alpha, care[side == "output"][words] * mass)
            np.add.at(change[side], words, factor[:, None] * (pulls @ other))
            assert len(own) == len(words)
    for name, matrix in matrices.items():
        matrix += change[name]
    return total


@given(cases.corpora(), st.data())
@settings(max_examples=100, deadline=None)
def test_pieces_hold_what_windows_reach(corpus, data):
    ids, offsets, counts = corpus
    n = len(ids)
    if n < 2:
        return
    begin = data.draw(st.integers(0, n - 1))
    end = data.draw(st.integers(begin + 1, n))
    of = cases.settings(counts, data.draw(st.sampled_from([0.0, 0.05])), window=data.draw(st.integers(1, 9)))
    key = spec.random.key(of.seed, 0)
    low, high = piece_bounds(ids, offsets, begin, end, of.window, key, of.keep)
    kept = spec.blocks.kept_positions(ids, key, of.keep)
    sentence = np.searchsorted(offsets, np.arange(n), "right")
    for edge, inside in ((begin, low), (end - 1, high - 1)):
        first, last = sorted((edge, inside))
        if first != last:
            assert (sentence[first : last + 1] == sentence[edge]).all()  # never beyond the sentence
        beyond = np.arange(0, low) if inside == low else np.arange(high, n)
        missed = beyond[(sentence[beyond] == sentence[edge]) & kept[beyond]]
        between = np.arange(low, begin) if inside == low and edge == begin else np.arange(end, high)
        assert len(missed) == 0 or kept[between].sum() >= of.window


@pytest.mark.parametrize("vector_size", [3, 40])
@pytest.mark.parametrize("tied", [False, True])
def test_moments(vector_size, tied, monkeypatch):
    monkeypatch.setattr("fastqwem.training.cuda.moments.SLABS", 3)
    corpus = cases.random_corpus(0, 500, 70)
    of = cases.settings(corpus[2], objective="qwem", exact_negatives=True, vector_size=vector_size, tied=tied)
    matrices = cases.random_matrices(of)
    shares, noise = spec.epoch.center_share(of), spec.epoch.noise_share(of)
    made = trainer_of(of, matrices).moments(noise, shares)
    truth = on_host.noise_moments(matrices, noise, shares)
    for ours, theirs in zip(made, truth, strict=True):
        assert ours.dtype == np.float32 and ours.shape == theirs.shape
        # A sum of 70 weighted products, weights adding up to 1, each rounded a few times and added 70 times.
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=80 * UNIT * max(np.square(m).max() for m in matrices.values())
        )


def test_patience_waits_for_the_end():
    reached = []
    with pytest.raises(KeyboardInterrupt), Patience():
        signal.raise_signal(signal.SIGINT)
        reached.append(True)
    assert reached and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_patience_heeds_when_asked():
    with pytest.raises(KeyboardInterrupt), Patience() as patience:
        patience.heed()
        signal.raise_signal(signal.SIGINT)
        patience.heed()
        raise AssertionError("not heeded")


def test_patience_lets_errors_pass():
    with pytest.raises(ZeroDivisionError), Patience():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_patience_in_another_thread():
    """Where no signal is handled, none is held back."""
    seen = []

    def work():
        with Patience():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
