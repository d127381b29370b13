"""The specification's steps against finite differences, closed forms and what damping promises."""

from __future__ import annotations

import itertools

import naive_spectral
import naive_training as naive
import numpy as np
import pytest
import training_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.training import spec
from fastqwem.training.spec import epoch as spec_epoch
from fastqwem.training.spec import objective as objectives
from fastqwem.training.spec.blocks import kept_positions
from fastqwem.training.spec.moments import Moments, center_share, moments, noise_share
from fastqwem.training.spec.random import key
from fastqwem.training.spec.step import exact_step, step
from fastqwem.training.spec.terms import terms

OBJECTIVES = ("sgns", "qwem")
TINY = 1e-9  # a learning rate at which steps neither meet each other nor are damped, but for 1e-9 of their size


def random_step(seed, c=5, o=4, d=3, scale=1.0):
    random = np.random.default_rng(seed)
    x, y = scale * random.standard_normal((c, d)), scale * random.standard_normal((o, d))
    return x, y, random.integers(-2, 3, (c, o)).astype(float)


def alone(x, o):
    """Of the arguments of a step: every row is a word of its own."""
    return np.eye(len(x)), np.eye(len(o))


def change(corpus, of, matrices, alpha=TINY, epoch=0, **more):
    """(what an epoch adds to each matrix over alpha, loss) in float64."""
    rates = np.full(-(-len(corpus[0]) // spec.CHUNK), alpha, np.float32)
    result = spec.train_epoch(corpus[0], corpus[1], epoch, of, matrices, rates, **more)
    rate = float(np.float32(alpha))
    return {name: (result.matrices[name] - matrices[name]) / rate for name in matrices}, result.loss


# ---------------------------------------------------------------- one score


@pytest.mark.parametrize("name", OBJECTIVES)
def test_one_score_is_the_array(name):
    """float32 with an exponential and a few operations; the pull is near zero where QWEM's z is near 2."""
    pull, loss = getattr(objectives, f"{name}_pull"), getattr(objectives, f"{name}_loss")
    for score, weight in itertools.product(np.linspace(-100, 100, 401, dtype=np.float32), np.float32([-2, 0, 1])):
        wide = np.array([score], np.float64), np.array([weight], np.float64)
        np.testing.assert_allclose(pull(score, weight), objectives.pull(name, *wide)[0], rtol=1e-6, atol=2e-38)
        np.testing.assert_allclose(loss(score, weight), objectives.loss(name, *wide)[0], rtol=1e-6, atol=2e-38)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_pull_is_minus_the_derivative(name):
    scores = np.linspace(-8, 8, 41)
    for weight in (-3.0, 1.0):
        weights = np.full_like(scores, weight)
        down, up = objectives.loss(name, scores - 1e-5, weights), objectives.loss(name, scores + 1e-5, weights)
        # Central differences: h^2 / 6 of the third derivative, and 1e-16 * loss / h of rounding.
        np.testing.assert_allclose(objectives.pull(name, scores, weights), (down - up) / 2e-5, rtol=0, atol=1e-8)


def test_qwem_is_twice_the_expansion_of_sgns():
    """2 (log(1 + e^-z) - log 2) = -z + z^2 / 4 + O(z^4 / 96)."""
    z = np.linspace(-0.1, 0.1, 21)
    twice = 2 * (objectives.loss("sgns", z, np.ones(21)) - np.log(2))
    np.testing.assert_allclose(objectives.loss("qwem", z, np.ones(21)), twice, rtol=0, atol=0.1**4 / 90)


def test_no_score_overflows():
    huge = np.array([-1e30, -800, 800, 1e30])
    assert objectives.pull("sgns", huge, np.ones(4)).tolist() == [1, 1, 0, 0]
    assert objectives.loss("sgns", huge, -np.ones(4)).tolist() == [0, 0, 800, 1e30]


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("alpha", [1e-3, 0.5, 30.0])
def test_a_step_descends_the_gradient(name, alpha):
    """Exactly -alpha dL/dX and -alpha dL/dO at any rate, once QWEM's damping is taken out."""
    x, o, m = random_step(0)
    done = step(x, o, m, alpha, name, *alone(x, o))
    to_x, to_o = done.inputs.copy(), done.outputs.copy()
    if name == "qwem":
        to_x *= 1 + alpha * (np.abs(m) @ (o**2).sum(axis=1))[:, None]
        to_o *= 1 + alpha * (np.abs(m).T @ (x**2).sum(axis=1))[:, None]
    np.testing.assert_allclose(
        to_x, -alpha * naive_spectral.gradient(lambda x: objectives.loss(name, x @ o.T, m).sum(), x), atol=alpha * 1e-7
    )
    np.testing.assert_allclose(
        to_o, -alpha * naive_spectral.gradient(lambda o: objectives.loss(name, x @ o.T, m).sum(), o), atol=alpha * 1e-7
    )
    assert done.loss == pytest.approx(objectives.loss(name, x @ o.T, m).sum(), rel=1e-13)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("negative", "hs"), [(2, False), (0, True), (2, True)])
@pytest.mark.parametrize("shared_negatives", [1, 3, 8])
def test_skipgram_descends_the_gradient(name, tied, negative, hs, shared_negatives):
    """Of the whole epoch's loss: repeated words, shared negatives, tied matrices, both kinds of outputs."""
    corpus = cases.by_frequency([[0, 1, 2, 1, 3, 0], [2], [4, 4, 1]], 5)
    of = cases.settings(
        corpus[2], objective=name, tied=tied, negative=negative, hs=hs, shared_negatives=shared_negatives
    )
    matrices = {name: m.astype(np.float64) for name, m in cases.random_matrices(of).items()}
    moved, _ = change(corpus, of, matrices)
    for which, matrix in matrices.items():
        slope = naive_spectral.gradient(
            lambda m, which=which: change(corpus, of, {**matrices, which: m}, alpha=1e-30)[1], matrix
        )
        # Differences of losses of about 30 over 2e-6, and 1e-16 of vectors over TINY.
        np.testing.assert_allclose(moved[which], -slope, rtol=0, atol=1e-6)
        assert np.abs(slope).max() > 0.1


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("cbow_mean", [False, True])
@pytest.mark.parametrize(("negative", "hs"), [(2, False), (0, True)])
def test_cbow_follows_the_custom(name, cbow_mean, negative, hs):
    """word2vec and gensim do not take the gradient through the mean, nor through the sum.

    With n words in a window, the mean's gradient in each is 1/n of that in the mean, and is applied n times as large;
    the sum's is that in the sum, and is applied n times as small. All windows have n = 2 words here. The outputs
    follow their gradient.
    """
    corpus = cases.by_frequency([[0, 1, 2], [3, 1, 0], [2, 2, 2]], 4)
    of = cases.settings(
        corpus[2], objective=name, architecture="cbow", cbow_mean=cbow_mean, negative=negative, hs=hs, window=2
    )
    of = cases.settings(**{**vars(of), "shrink_windows": False})
    matrices = {name: m.astype(np.float64) for name, m in cases.random_matrices(of).items()}
    moved, _ = change(corpus, of, matrices)
    for which, matrix in matrices.items():
        slope = naive_spectral.gradient(
            lambda m, which=which: change(corpus, of, {**matrices, which: m}, alpha=1e-30)[1], matrix
        )
        custom = (2 if cbow_mean else 0.5) if which == "input" else 1
        np.testing.assert_allclose(moved[which], -custom * slope, rtol=0, atol=1e-6)
        assert np.abs(slope).max() > 0.1


def test_cbow_and_skipgram_agree_on_windows_of_one():
    corpus = cases.by_frequency([[0, 1], [2, 1], [3, 0], [1, 1]], 4)
    results = []
    for architecture in ("skipgram", "cbow"):
        of = cases.settings(corpus[2], architecture=architecture, window=1, hs=True)
        results.append(change(corpus, of, cases.random_matrices(of), alpha=0.1))
    for name in results[0][0]:
        np.testing.assert_allclose(results[0][0][name], results[1][0][name], rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- expectations


def z_scores(samples, truth):
    """How many standard errors the means of samples (first axis) are from the truth; exact ones must be equal."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    away = samples.mean(axis=0) - truth
    exact = error < 1e-9
    np.testing.assert_allclose(away[exact], 0, atol=1e-6)
    return away[~exact] / error[~exact]


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("sample", [0.0, 0.05])
@pytest.mark.parametrize("shared_negatives", [1, 3, 4])
def test_expected_gradient_is_the_closed_form(name, sample, shared_negatives):
    """Mean over epochs against enumeration of every kept subset, radius and negative; |z| < 4 on fixed seeds.

    However many negatives a block draws, a pair expects three.
    33 numbers are compared: right ones exceed 4 with probability 0.002.
    """
    epochs = 1_000
    corpus = cases.by_frequency([[0, 1, 2, 1, 3, 0]], 4)
    of = cases.settings(corpus[2], sample, objective=name, shared_negatives=shared_negatives, negative=3)
    matrices = {name: m.astype(np.float64) for name, m in cases.random_matrices(of).items()}
    keep = [naive.keep_probability(c, corpus[2].sum(), sample) for c in corpus[2].tolist()]
    seen = naive.expected_pairs(corpus[0].tolist(), 4, of.window, keep)
    q = corpus[2] ** 0.75 / (corpus[2] ** 0.75).sum()
    # A negative equal to the centre counts for nothing.
    sampled = 3 * sum(seen[:, [t]] * np.where(np.arange(4) == t, 0, q) for t in range(4))
    loss, to_inputs, to_outputs = naive.mean_field(name, matrices["input"], matrices["output"], seen, sampled)
    runs = [change(corpus, of, matrices, epoch=epoch) for epoch in range(epochs)]
    samples = [np.concatenate([moved["input"].ravel(), moved["output"].ravel(), [lost]]) for moved, lost in runs]
    z = z_scores(np.array(samples), np.concatenate([to_inputs.ravel(), to_outputs.ravel(), [loss]]))
    assert len(z) == 33
    assert np.abs(z).max() < 4
    # The test would see one negative fewer.
    _, less, _ = naive.mean_field(name, matrices["input"], matrices["output"], seen, sampled * 2 / 3)
    assert np.abs(z_scores(np.array(samples)[:, :16], less.ravel())).max() > 8


def undamped(x, o, m, rho, of_words, negative, alpha=1e-3):
    """`exact_step` over alpha, its damping taken out."""
    done = exact_step(x, o, m, alpha, negative, rho, of_words, *alone(x, o))
    to_input, to_output = negative * m.sum(axis=1), negative * m.sum(axis=0) * rho
    mass_x = m @ (o**2).sum(axis=1) + to_input * np.linalg.eigvalsh(of_words.sigma)[-1]
    mass_o = m.T @ (x**2).sum(axis=1) + to_output * np.linalg.eigvalsh(of_words.pi)[-1]
    return (
        done.inputs * (1 + alpha * mass_x)[:, None] / alpha,
        done.outputs * (1 + alpha * mass_o)[:, None] / alpha,
        done.loss,
    )


def test_exact_negatives_are_the_expectation():
    """Over all pairs of a corpus, as a table A of words by words: B_ij = K q_j a_i, the centre itself included.

    A is symmetric, as windows are, so that p = a / sum(a) is the distribution of inputs and of centres.
    """
    random = np.random.default_rng(0)
    size, d, negative = 7, 3, 4
    x, o = random.standard_normal((2, size, d))
    seen = random.integers(0, 5, (size, size)).astype(float)
    seen += seen.T
    a = seen.sum(axis=1)
    p, q = a / a.sum(), random.dirichlet(np.ones(size))
    words = Moments(q @ o, (o.T * q) @ o, p @ x, (x.T * p) @ x)
    sampled = negative * q * a[:, None]
    loss, to_x, to_o = naive.mean_field("qwem", x, o, seen, sampled)
    exact = undamped(x, o, seen, q / p, words, negative)
    np.testing.assert_allclose(exact[0], to_x, rtol=0, atol=1e-11)
    np.testing.assert_allclose(exact[1], to_o, rtol=0, atol=1e-11)
    assert exact[2] == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("tied", [False, True])
def test_exact_inputs_are_the_mean_of_sampled_ones(tied, monkeypatch):
    """In a corpus: the inputs' updates and the loss; |z| < 4. (The outputs' only where no sentence has ends.)

    Sampling leaves out negatives equal to the centre, the expectation does not: here they are put back.
    """
    corpus = cases.by_frequency([[0, 1, 2, 1, 3, 0]], 4)
    sampled = cases.settings(corpus[2], objective="qwem", negative=3, shrink_windows=False)
    exact = cases.settings(corpus[2], objective="qwem", negative=3, shrink_windows=False, exact_negatives=True)
    start = {name: m.astype(np.float64) for name, m in cases.random_matrices(sampled).items()}
    if tied:  # the same numbers in both matrices; a tied run moves them by the sum of both changes
        start["output"] = start["input"]
    moved, loss = change(corpus, exact, start)
    truth = np.append(moved["input"], loss)

    def runs():
        made = [change(corpus, sampled, start, epoch=epoch) for epoch in range(1_000)]
        return np.array([[*m["input"].ravel(), lost] for m, lost in made])

    assert np.abs(z_scores(runs(), truth)).max() > 8  # the test would see them left out
    monkeypatch.setattr(spec_epoch, "terms", with_all_negatives)
    assert np.abs(z_scores(runs(), truth)).max() < 4
    if tied:
        of = cases.settings(**{**vars(exact), "tied": True})
        together, _ = change(corpus, of, {"input": start["input"]})
        np.testing.assert_allclose(together["input"], moved["input"] + moved["output"], rtol=0, atol=1e-6)


def with_all_negatives(block, ids, of, tree):
    """`terms` of skip-gram whose negatives count against every pair."""
    for term in terms(block, ids, of, tree):
        n = len(block.centers)
        if not term.exact:
            pairs = term.weights[:, :n].sum(axis=1, keepdims=True)
            term.weights[:, n:] = -pairs / spec.blocks.draws_per_negative(of.shared_negatives)
        yield term


def test_shares_of_words():
    """q is the alias table's distribution; p the share of kept tokens, over 200 epochs within 4 standard errors."""
    ids, _, counts = cases.random_corpus(3, 1_000, 10)
    of = cases.settings(counts, sample=0.05)
    np.testing.assert_allclose(noise_share(of), counts**0.75 / (counts**0.75).sum(), rtol=1e-14)
    keys = [key(of.seed, epoch) for epoch in range(200)]
    kept = sum(np.bincount(ids[kept_positions(ids, k, of.keep)], minlength=10) for k in keys)
    expected = center_share(of) * kept.sum()
    assert (np.abs(kept - expected) < 4 * np.sqrt(expected)).all()
    assert (np.abs(kept - kept.sum() * counts / counts.sum()) > 8 * np.sqrt(expected)).any()


def test_moments():
    of = cases.settings(np.array([5, 3, 1]))
    x, o = np.random.default_rng(0).standard_normal((2, 3, 4))
    made, q, p = moments(x, o, of), noise_share(of), center_share(of)
    np.testing.assert_allclose(made.mu, sum(q[j] * o[j] for j in range(3)), rtol=1e-12)
    np.testing.assert_allclose(made.sigma, sum(q[j] * np.outer(o[j], o[j]) for j in range(3)), rtol=1e-12)
    np.testing.assert_allclose(made.nu, sum(p[j] * x[j] for j in range(3)), rtol=1e-12)
    np.testing.assert_allclose(made.pi, sum(p[j] * np.outer(x[j], x[j]) for j in range(3)), rtol=1e-12)


# ---------------------------------------------------------------- damping

rates = st.floats(-6, 6).map(lambda e: 10.0**e)
sizes = st.floats(-3, 3).map(lambda e: 10.0**e)


def exact_problem(seed, scale):
    """Arguments of `exact_step` whose moments are those of its own words, as they are right after a refresh."""
    random = np.random.default_rng(seed)
    x, o = scale * random.standard_normal((2, 5, 3))
    m, q = random.integers(0, 3, (5, 5)).astype(float), random.dirichlet(np.ones(5))
    p = random.dirichlet(np.ones(5))
    return x, o, m, q / p, Moments(q @ o, (o.T * q) @ o, p @ x, (x.T * p) @ x)


@given(st.integers(0, 2**32 - 1), sizes, rates)
@settings(max_examples=200)
def test_damped_rows_contract(seed, scale, alpha):
    """With the other side fixed, any rate: the loss of a block never rises, and two states never part.

    Rounding: 1e-13 of the size of what is compared.
    """
    x, o, m = random_step(seed, scale=scale)
    other = x + np.random.default_rng(seed).standard_normal(x.shape)
    done = step(x, o, m, alpha, "qwem", *alone(x, o))
    before, after = (np.abs(objectives.loss("qwem", rows @ o.T, m)).sum() for rows in (x, x + done.inputs))
    assert step(x + done.inputs, o, m, alpha, "qwem", *alone(x, o)).loss <= done.loss + 1e-13 * (before + after)
    assert step(x, o + done.outputs, m, alpha, "qwem", *alone(x, o)).loss <= done.loss + 1e-13 * (before + after)
    apart = (x + done.inputs) - (other + step(other, o, m, alpha, "qwem", *alone(x, o)).inputs)
    assert (np.linalg.norm(apart, axis=1) <= np.linalg.norm(x - other, axis=1) + 1e-13 * (scale + 1)).all()


@given(st.integers(0, 2**32 - 1), sizes, rates)
@settings(max_examples=200)
def test_damped_rows_grow_slowly(seed, scale, alpha):
    """A row's length rises by less than sqrt(alpha sum |m|) / 2 a step, whatever the rate and the vectors."""
    x, o, m = random_step(seed, scale=scale)
    done = step(x, o, m, alpha, "qwem", *alone(x, o))
    for rows, added, mass in ((x, done.inputs, np.abs(m).sum(axis=1)), (o, done.outputs, np.abs(m).sum(axis=0))):
        length = np.linalg.norm(rows, axis=1)
        assert (np.linalg.norm(rows + added, axis=1) <= length + np.sqrt(alpha * mass) / 2 + 1e-13 * length).all()


@given(st.integers(0, 2**32 - 1), sizes, rates)
@settings(max_examples=200)
def test_exact_steps_contract(seed, scale, alpha):
    """The same of exact negatives with moments that are up to date: the inputs' expected loss never rises."""
    x, o, m, rho, words = exact_problem(seed, scale)
    done = exact_step(x, o, m, alpha, 3, rho, words, *alone(x, o))
    moved = x + done.inputs
    after = exact_step(moved, o, m, alpha, 3, rho, words, *alone(x, o)).loss
    size = 20 * sum(np.abs(rows @ o.T).sum() + ((rows @ o.T) ** 2).sum() for rows in (x, moved))
    assert after <= done.loss + 1e-13 * size


@given(st.integers(0, 2**32 - 1), sizes, rates, st.sampled_from(["skipgram", "mean", "sum"]), st.integers(1, 8))
@settings(max_examples=300, deadline=None)
def test_repeated_words_contract(seed, scale, alpha, kind, shared_negatives):
    """Blocks of few words, most of them one: with the other side fixed no step of a whole epoch raises the loss.

    The loss that a side descends is that of the block; for the inputs of CBOW windows count by their size n, n times
    (mean) or 1/n times (sum): see `test_cbow_follows_the_custom`. Rounding: 1e-12 of the size of what is compared.
    """
    random = np.random.default_rng(seed)
    words = np.where(random.random(24) < 0.8, 0, random.integers(0, 3, 24)).tolist()
    corpus = cases.by_frequency([words[:14], words[14:]], 3)
    of = cases.settings(
        corpus[2],
        objective="qwem",
        architecture="skipgram" if kind == "skipgram" else "cbow",
        cbow_mean=kind == "mean",
        shared_negatives=shared_negatives,
        negative=3,
    )
    state = {name: m.astype(np.float64) for name, m in cases.random_matrices(of, seed % 97, scale).items()}
    for _, block in spec.epoch_blocks(corpus[0], corpus[1], 0, of):
        for term in terms(block, corpus[0], of, None):
            after_both = {}
            n = 1.0 if term.mix is None else (term.spread != 0).sum(axis=0)[:, None]
            for side, per_row in (("input", n if kind != "sum" else 1 / np.maximum(n, 1)), ("output", 1.0)):
                moved = side_moved(term, state, alpha, side)
                before, after = (weighted_loss(term, s, per_row) for s in (state, moved))
                assert after[0] <= before[0] + 1e-12 * (before[1] + after[1])
                length, mass = np.linalg.norm(state[side]), (np.abs(term.weights) * np.maximum(n, 1)).sum()
                assert np.linalg.norm(moved[side]) <= length * (1 + 1e-12) + 3 * np.sqrt(alpha * mass) / 2
                after_both[side] = moved[side]
            state = after_both


def side_moved(term, state, alpha, side):
    """The matrices after the step of one side alone."""
    rows = state["input"][term.input_words]
    x = rows if term.mix is None else term.mix @ rows
    o = state["output"][term.output_rows]
    done = step(x, o, term.weights, alpha, "qwem", term.meet_inputs, term.meet_outputs)
    moved = {name: matrix.copy() for name, matrix in state.items()}
    if side == "input":
        np.add.at(moved["input"], term.input_words, done.inputs if term.spread is None else term.spread @ done.inputs)
    else:
        np.add.at(moved["output"], term.output_rows, done.outputs)
    return moved


def weighted_loss(term, state, per_row):
    """(loss with every input row's part times `per_row`, the same of absolute values)."""
    rows = state["input"][term.input_words]
    x = rows if term.mix is None else term.mix @ rows
    losses = per_row * objectives.loss("qwem", x @ state["output"][term.output_rows].T, term.weights)
    return losses.sum(), np.abs(losses).sum() + np.abs(per_row * term.weights).sum()


def test_undamped_steps_part():
    """What damping is for: the same step without it overshoots, and grows without end."""
    x, o, m = random_step(1)
    m = np.abs(m)
    alpha = 10.0
    lengths = {}
    for damped in (True, False):
        a, b = x.copy(), o.copy()
        for _ in range(4):
            done = step(a, b, m, alpha, "qwem", *alone(a, b))
            grow_a = 1 if damped else 1 + alpha * (m @ (b**2).sum(axis=1))[:, None]
            grow_b = 1 if damped else 1 + alpha * (m.T @ (a**2).sum(axis=1))[:, None]
            a, b = a + done.inputs * grow_a, b + done.outputs * grow_b
        lengths[damped] = np.linalg.norm(a)
    assert lengths[True] < 1e3
    assert lengths[False] > 1e30


# ---------------------------------------------------------------- whole epochs


def test_float32_is_float64_but_for_rounding():
    ids, offsets, counts = cases.random_corpus(2, 400, 20)
    for name in OBJECTIVES:
        of = cases.settings(counts, objective=name)
        start, rates = cases.random_matrices(of), np.array([0.02], np.float32)
        wide, narrow = (
            spec.train_epoch(ids, offsets, 0, of, start, rates, dtype) for dtype in (np.float64, np.float32)
        )
        assert narrow.pairs == wide.pairs and narrow.words == wide.words == len(ids)
        assert narrow.loss == pytest.approx(wide.loss, rel=1e-5)
        for which, matrix in wide.matrices.items():
            assert narrow.matrices[which].dtype == np.float32
            # 400 updates of a row at most, each rounded to 6e-8 of entries up to 2.
            np.testing.assert_allclose(narrow.matrices[which], matrix, rtol=0, atol=400 * 2 * 6e-8)
            assert np.abs(matrix - start[which]).max() > 0.05


def test_held_out_loss_is_that_of_training_on_them():
    """Held-out centres, one by one, cost what they would in training at rate 0 without the others."""
    ids, offsets, counts = cases.random_corpus(4, 300, 12)
    for changes in ({}, {"hs": True}, {"architecture": "cbow"}, {"objective": "qwem", "exact_negatives": True}):
        of = cases.settings(counts, **changes)
        start = cases.random_matrices(of)
        losses = []
        for share in (0, 2**30):
            one_by_one = cases.settings(**{**vars(of), "held_out": share, "shared_negatives": 1})
            result = spec.train_epoch(ids, offsets, 0, one_by_one, start, np.zeros(1, np.float32))
            losses.append((result.loss, result.pairs))
        some = cases.settings(**{**vars(of), "held_out": 2**30})
        loss, pairs = spec.held_out_loss(ids, offsets, 0, some, start)
        assert pairs == losses[0][1] - losses[1][1] > 0
        assert loss == pytest.approx(losses[0][0] - losses[1][0], rel=1e-10)
