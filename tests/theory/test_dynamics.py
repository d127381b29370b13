"""Learning curves and exact evolution: against the differential equation, and against each other."""

from __future__ import annotations

import naive_theory as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tables import cooccurrence, random_table
from topics import topical

from fastqwem import Corpus, Target, count, solve, train, train_full_batch
from fastqwem.counts.pair_weights import PairWeights
from fastqwem.spectral.growth import squared_modes
from fastqwem.theory import (
    Clock,
    early_growth,
    evolve,
    evolve_values,
    expected_seeds,
    half_height_times,
    learning_curves,
    loss_plateaus,
    normalised,
    sgd_time,
    stability_edge,
    true_seeds,
)
from fastqwem.training.objectives import QwemObjective

SEPARATED = np.array(naive.SEPARATED)


def singular_values(w):
    return np.linalg.svd(w, compute_uv=False)


# --- the sigmoid ----------------------------------------------------------------------------------------------------


def test_aligned_start_follows_the_differential_equation():
    """Item 6: 1e-6 of the largest singular value; modes that cannot be learned decay."""
    values = np.array([30.0, 20.0, 8.0, 0.0, -3.0])
    matrix, spectrum = naive.made(np.r_[values, np.linspace(-4, -9, 20)])
    seeds = np.array([1e-3, 2e-3, 1e-3, 0.5, 0.7])
    times = np.linspace(0, 2.5, 40)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    truth = naive.flow(matrix, spectrum.eigenvectors[:, :5] * seeds @ turn, times)
    curves = learning_curves(spectrum, times, init=seeds)
    got = np.array([np.linalg.norm(w.T @ spectrum.eigenvectors[:, :5], axis=0) for w in truth])
    np.testing.assert_allclose(curves.s, got, atol=1e-6 * np.sqrt(values[0]))
    losses = [(np.square(w @ w.T - matrix).sum() - np.square(matrix).sum()) / 4 for w in truth]
    np.testing.assert_allclose(curves.loss, losses, atol=1e-6 * abs(losses[-1]))


@given(
    value=st.floats(-1e3, 1e3),
    seed=st.floats(0, 10).filter(lambda x: x == 0 or x > 1e-150),
    times=arrays(np.float64, 4, elements=st.floats(0, 1e4)),
)
def test_sigmoid_is_the_solution_whatever_the_numbers(value, seed, times):
    """Bounded, monotone, starting at the seed, and satisfying ds^2/dt = s^2 (lambda - s^2) by its addition law:
    to go on from the value at t1 over t2 is to go to t1 + t2."""
    times = np.sort(times)
    squares = squared_modes([value], [seed], times)[:, 0]
    ceiling = max(value, seed**2)
    assert np.isfinite(squares).all() and (squares >= 0).all() and (squares <= ceiling * (1 + 1e-12)).all()
    assert squared_modes([value], [seed], 0.0)[0] == pytest.approx(seed**2, rel=1e-12)
    rises = np.diff(squares) * np.sign(value - seed**2)
    assert (rises >= -1e-12 * ceiling).all()
    if squares[1] > 1e-200:
        step = float(times[2])
        further = squared_modes([value], [np.sqrt(squares[1])], step)[0]
        direct = squared_modes([value], [seed], float(times[1]) + step)[0]
        # an exponent of size x is rounded by x eps, which moves the result by as much, relative
        error = 1e-15 * (10 + abs(value) * (times[1] + step))
        assert further == pytest.approx(direct, rel=min(error, 0.5), abs=1e-290)


def test_half_height():
    """Item 9 for the formula: at tau, s^2 = lambda / (2 - s^2(0) / lambda)."""
    values, seeds = np.array([50.0, 3.0, 0.0, -1.0, 2.0, 2.0]), np.array([1e-3, 1e-8, 1.0, 1.0, 0.0, 5.0])
    tau = half_height_times(values, seeds)
    at_tau = [squared_modes(values[k : k + 1], seeds[k : k + 1], tau[k])[0] for k in (0, 1)]
    np.testing.assert_allclose(at_tau, values[:2] / (2 - seeds[:2] ** 2 / values[:2]), rtol=1e-12)
    assert np.isinf(tau[2:5]).all()  # not positive, or no seed
    assert tau[5] == 0  # higher than its end from the start


# --- random starts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sigma", "tolerance"), [(1e-2, 0.05), (1e-4, 0.002), (1e-8, 1e-4)])
def test_random_start_with_its_true_seeds(sigma, tolerance):
    """Items 8 and 9: the error vanishes with sigma, and so does that of the half-height times."""
    _, spectrum = naive.separated(400)
    errors, late = [], []
    for seed in range(4):
        w0 = sigma * np.random.default_rng(seed).standard_normal((400, 6))
        tau = learning_curves(spectrum, 0.0, init=w0).tau
        times = np.linspace(0, 1.3 * tau.max(), 400)
        curves = learning_curves(spectrum, times, init=w0)
        measured = np.array([singular_values(evolve(spectrum, w0, t)) for t in times])
        errors.append(np.abs(measured - -np.sort(-curves.s, axis=1)).max() / np.sqrt(SEPARATED[0]))
        half = [np.interp(v / 2, np.square(measured[:, k]), times) for k, v in enumerate(SEPARATED)]
        late.append(np.abs(half / tau - 1).max())
    assert np.mean(errors) <= tolerance  # the specification's figures are means over starts
    assert sigma > 1e-4 or max(late) <= 0.02


def test_singular_values_of_the_start_are_the_wrong_seeds():
    """Why seeds are R_kk: with svd(W(0)) the error does not vanish with sigma (specification 2.3: 0.66)."""
    _, spectrum = naive.separated(400)
    w0 = 1e-8 * np.random.default_rng(0).standard_normal((400, 6))
    times = np.linspace(0, 5.0, 400)
    measured = np.array([singular_values(evolve(spectrum, w0, t)) for t in times])
    error = {
        name: np.abs(measured - -np.sort(-learning_curves(spectrum, times, init=init).s, axis=1)).max()
        for name, init in (("true", w0), ("svd", singular_values(w0)))
    }
    assert error["svd"] > 0.4 * np.sqrt(SEPARATED[0]) > 1000 * error["true"]


def test_expected_seeds_are_the_mean_of_the_true_ones():
    _, spectrum = naive.made(np.arange(60, 0, -1.0))
    rng = np.random.default_rng(0)
    squares = [np.square(true_seeds(spectrum, 0.3 * rng.standard_normal((60, 5)))) for _ in range(400)]
    # the square of a seed is 0.09 chi^2 with n degrees of freedom, of variance 2 n: 400 of them, four standard errors
    freedom = np.arange(5, 0, -1)
    assert np.all(np.abs(np.mean(squares, axis=0) - 0.09 * freedom) <= 4 * 0.09 * np.sqrt(2 * freedom / 400))
    np.testing.assert_allclose(np.square(expected_seeds(0.3, 5)), 0.09 * freedom)


# --- exact evolution ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.3, 1e-6])
def test_evolution_equals_the_differential_equation(scale):
    """Item 7: 1e-8 of W W^T, from a large and from a small start, with eigenvalues of both signs."""
    matrix, spectrum = naive.made(np.r_[12.0, 11.5, 7, 3, 0, -2, -5, np.linspace(1, -6, 40)])
    w0 = scale * np.random.default_rng(0).standard_normal((47, 4))
    times = np.array([0, 0.005, 0.02, 0.1, 0.5, 2.0, 6.0])
    for t, truth in zip(times, naive.flow(matrix, w0, times, atol=1e-18), strict=True):
        got = evolve(spectrum, w0, t)
        product = truth @ truth.T
        np.testing.assert_allclose(got @ got.T, product, atol=1e-8 * np.linalg.norm(product))


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(np.float64, 7, elements=st.floats(-20, 20)),
    a0=arrays(np.float64, (7, 3), elements=st.sampled_from([0.0, 0.0, 1e-5, 0.3, -1.0])),
    first=st.floats(0, 3),
    second=st.floats(0, 3),
)
def test_evolution_adds_up(values, a0, first, second):
    """Whatever the order and signs of the values, and whatever the rank of the start: from the state at t1 over t2 is
    the state at t1 + t2, and the slope at 0 is that of the flow."""
    halfway = evolve_values(values, a0, first)
    further, direct = evolve_values(values, halfway, second), evolve_values(values, a0, first + second)
    assert np.isfinite(direct).all()
    product = direct @ direct.T
    # rounding of 1e-16, relative, in what is far smaller than the rest may grow by exp(20 * 3) of it: where a mode has
    # died out below what the others round to, it may come back from noise. So only starts that keep their pivots.
    kept = np.linalg.matrix_rank(halfway, tol=1e-6) == np.linalg.matrix_rank(a0, tol=1e-12)
    if kept and np.linalg.norm(values, np.inf) * second < 15:
        np.testing.assert_allclose(further @ further.T, product, atol=1e-6 * (1 + np.linalg.norm(product)))
    tiny = 1e-7
    moved = evolve_values(values, a0, tiny)
    p = a0 @ a0.T
    slope = (np.diag(values) @ p + p @ np.diag(values)) / 2 - p @ p
    np.testing.assert_allclose(moved @ moved.T, p + tiny * slope, atol=1e-10)


def test_long_times_settle_at_the_closed_form():
    """No overflow where exp(lambda t) is 1e+400 and beyond."""
    values = np.array([4e3, 2.5e3, 1e3, -2e3])
    end = evolve_values(values, 1e-6 * np.random.default_rng(0).standard_normal((4, 2)), 1e3)
    np.testing.assert_allclose(end @ end.T, np.diag([4e3, 2.5e3, 0, 0]), atol=1e-9)


def test_tied_eigenvalues_share_what_the_start_gives_them():
    """Two equal eigenvalues: their curves are each one's, their plane is learned as a whole."""
    matrix, spectrum = naive.made(np.r_[20.0, 20.0, 9.0, np.linspace(1, -2, 20)])
    w0 = 1e-4 * np.random.default_rng(0).standard_normal((23, 3))
    curves = learning_curves(spectrum, init=w0)
    assert curves.tied_groups == [range(2)]
    measured = np.array([singular_values(evolve(spectrum, w0, t)) for t in curves.times])
    np.testing.assert_allclose(measured[-1], curves.s[-1], atol=1e-3)
    late = np.array([curves.times[-1]])
    end, truth = evolve(spectrum, w0, late[0]), naive.flow(matrix, w0, np.r_[0, late])[-1]
    np.testing.assert_allclose(end @ end.T, truth @ truth.T, atol=1e-6 * SEPARATED[0])


# --- losses, steps, both factors ------------------------------------------------------------------------------------


def test_plateaus_and_their_normalisation():
    """Item 10: plateau K is 1 - (1 + k)/4 sum lambda_j^2 / |M|^2 in the normalisation of the paper's code."""
    _, spectrum = naive.separated()
    norm = float(np.sqrt(np.square(spectrum.values).sum()))
    for negative in (1.0, 2.0):
        curves = learning_curves(spectrum, vector_size=6, init=1e-9, norm=norm, negative=negative)
        explained = np.r_[0, np.cumsum(np.square(SEPARATED))] / norm**2
        np.testing.assert_allclose(curves.normalised_plateaus, 1 - (1 + negative) / 4 * explained, rtol=1e-12)
        drop = curves.normalised_loss[0] - curves.normalised_loss[-1]
        for k, (tau, after) in enumerate(zip(curves.tau[:-1], curves.tau[1:], strict=True)):
            between = (curves.times > tau) & (curves.times < after)
            distance = np.abs(curves.normalised_loss[between] - curves.normalised_plateaus[k + 1]).min()
            assert distance <= 0.01 * drop
    np.testing.assert_allclose(normalised(loss_plateaus(SEPARATED), 10.0), 1 + 2 * loss_plateaus(SEPARATED) / 100)


def test_effective_rank_counts_modes_past_half_height():
    _, spectrum = naive.separated()
    curves = learning_curves(spectrum, vector_size=6, init=1e-8)
    halves = (curves.squares > SEPARATED / 2 * (1 + 1e-9)).sum(axis=1)
    np.testing.assert_array_equal(curves.rank, halves)
    assert curves.rank[0] == 0 and curves.rank[-1] == 6


@pytest.mark.parametrize("tied", [True, False])
def test_clock_of_full_batch_descent(tied):
    """Item 19 and 2.5: steps of train_full_batch are the time, first order in dt; so are their losses."""
    matrix, spectrum = naive.separated(60)
    seeds = np.full(6, 1e-2)
    w0 = spectrum.eigenvectors[:, :6] * seeds
    errors = []
    for edge in (0.02, 0.01):
        clock = Clock.full_batch(edge / SEPARATED[0])
        run = train_full_batch(
            matrix, tied=tied, method="gd", step=clock.per_step, max_steps=int(60 / edge), tol=0,
            init=w0 if tied else (w0, w0),
        )  # fmt: skip
        curves = learning_curves(spectrum, steps=np.arange(run.steps + 1), clock=clock, init=w0, tied=tied)
        np.testing.assert_allclose(curves.times, run.times)
        errors.append(np.abs(curves.loss - run.losses).max() / -run.losses[-1])
    assert errors[0] < 0.02 and errors[1] == pytest.approx(errors[0] / 2, rel=0.1)


def test_clock_of_the_reference_and_of_any_loss():
    """8 c eta; the reference's loss is (1 + k)/(4 |M|^2) |W W^T - M|^2 up to a constant."""
    assert Clock.reference(0.3, norm=7.0, negative=2).per_step == pytest.approx(
        Clock.descent(0.3, factor=3 / (4 * 49)).per_step
    )
    clock = Clock.descent(0.1, factor=0.25)
    np.testing.assert_allclose(clock.steps(clock.time([0, 5, 9])), [0, 5, 9])


@pytest.mark.parametrize(("share", "settles"), [(0.95, True), (1.05, False)])
def test_edge_of_stability(share, settles):
    """Item 11."""
    matrix, spectrum = naive.separated(40)
    run = train_full_batch(
        matrix, tied=True, method="gd", step=share * stability_edge(spectrum.values), max_steps=2000, tol=1e-9,
        init=0.9 * spectrum.eigenvectors[:, :6],
    )  # fmt: skip
    assert run.converged == settles
    assert stability_edge([-1.0]) == np.inf


def test_untied_learns_the_largest_of_either_sign():
    """Item 18: the same sigmoid with |lambda|, from a start that is alike on both sides."""
    values = np.r_[30.0, 20, 10, np.linspace(1, -1, 20), -25]
    matrix, spectrum = naive.made(values)
    v, negative = spectrum.eigenvectors, len(values) - 1
    seeds = np.array([1e-2, 2e-2, 1e-2])
    chosen = v[:, [0, negative, 1]]
    times = np.linspace(0, 1.2, 50)
    truth = naive.untied_flow(matrix, chosen * seeds, chosen * seeds * [1, -1, 1], times)
    curves = learning_curves(-np.sort(-np.abs(spectrum.values)), times, init=seeds, tied=False)
    measured = np.array([singular_values(w @ c.T)[:3] for w, c in truth])
    np.testing.assert_allclose(-np.sort(-curves.squares, axis=1), measured, atol=1e-5)
    tied = learning_curves(spectrum, times[-1:], init=np.full(4, 1e-2))
    np.testing.assert_allclose(np.square(tied.s[0, :2]), [30, 20], rtol=1e-4)  # -25 is not among them


# --- training with word2vec's weights -------------------------------------------------------------------------------


def test_early_growth_is_the_gradient_at_a_tiny_start():
    """Specification 1.6: near zero the gradient of tied vectors is -(G * M*) W."""
    counts = cooccurrence(random_table(14))
    options = {"negative": 3.0, "ns_exponent": 0.75, "sample": 0.05}
    w = 1e-7 * np.random.default_rng(0).standard_normal((14, 3))
    gradient = QwemObjective(PairWeights(counts, **options), True).at((w,)).gradients[0]
    operator = early_growth(counts, **options)
    np.testing.assert_allclose(gradient, -operator @ w, atol=1e-12 * np.abs(gradient).max())
    np.testing.assert_allclose(operator @ w[:, 0], (operator @ w)[:, 0])
    dense = operator @ np.eye(14)
    np.testing.assert_allclose(dense, dense.T, atol=1e-15)
    assert solve(operator, 2).values[0] == pytest.approx(np.linalg.eigvalsh(dense)[-1])


@pytest.mark.parametrize("tied", [True, False])
def test_early_training_by_sgd_grows_as_its_operator_says(tied):
    """sgd_time: with exact negatives, the lengths along the top eigenvector grow as exp(lambda t / 2)."""
    corpus = Corpus.from_sentences(topical(300, seed=3))
    window, negative = 4, 2
    counts = count(corpus, window)
    spectrum = solve(early_growth(counts, negative, 1.0, 0.0), 1)
    rate, top = spectrum.values[0], spectrum.eigenvectors[:, 0]
    lengths, times = [], [0.0]

    def look(model):
        times.append(times[-1] + sgd_time(alpha, model.history[-1].pairs, tied))
        sides = [model.input_vectors] if tied else [model.input_vectors, model.output_vectors]
        lengths.append(np.linalg.norm(top @ sum(sides)))  # of two factors, the sum grows and the difference decays

    alpha, start = 1e-4, 1e-3 * np.random.default_rng(0).standard_normal((len(corpus.vocab), 4)).astype(np.float32)
    train(
        corpus, "qwem", vector_size=4, window=window, negative=negative, ns_exponent=1.0, sample=0.0, alpha=alpha,
        min_alpha=alpha, epochs=4, tied=tied, exact_negatives=True, init=start if tied else (start, start),
        callbacks=[look], workers=1,
    )  # fmt: skip
    grown, expected = np.log(lengths[-1] / lengths[0]), rate * (times[-1] - times[1]) / 2
    assert expected > 0.5
    # windows are drawn at random, about 3 n radius pairs each: a per cent; moments go stale within a chunk
    assert grown == pytest.approx(expected, rel=0.05)


# --- arguments ------------------------------------------------------------------------------------------------------


def test_starts_and_ends():
    """t = 0 gives the seeds, times far beyond the last mode the end of training; the default grid has both."""
    _, spectrum = naive.separated()
    curves = learning_curves(spectrum, [0.0, 1e9], vector_size=6, init=1e-5)
    np.testing.assert_allclose(curves.s[0], expected_seeds(1e-5, 6), rtol=1e-12)
    np.testing.assert_allclose(curves.s[1], np.sqrt(SEPARATED), rtol=1e-12)
    curves = learning_curves(spectrum, init=1e-5)
    assert curves.times[0] == 0 and curves.times[-1] > curves.tau[np.isfinite(curves.tau)].max()
    assert np.isinf(curves.tau[curves.values <= 0]).all() and (curves.values < 0).any()
    assert (curves.s[-1, curves.values < 0] < curves.seeds[curves.values < 0]).all()
    nothing = learning_curves([-1.0, -2.0])
    assert nothing.times[-1] > 0 and (nothing.rank == 0).all()


def test_vectors_of_a_spectrum_at_a_time():
    target = Target(cooccurrence(random_table(60)))
    spectrum = solve(target, 6)
    curves = learning_curves(spectrum, [0.7], vector_size=4, init=1e-3)
    vectors = spectrum.vectors(4, time=0.7, init=1e-3)
    np.testing.assert_allclose(vectors.vectors, spectrum.eigenvectors[:, :4] * curves.s[0], rtol=1e-6)
    np.testing.assert_allclose(spectrum.matrix(time=1e6), spectrum.matrix(), rtol=1e-6)
    np.testing.assert_array_equal(spectrum.matrix(2, 0.0, [0.25, 0.5]), spectrum.matrix(2, 0.0, np.array([0.25, 0.5])))
    np.testing.assert_allclose(np.linalg.norm(spectrum.matrix(2, 0.0, [0.25, 0.5]), axis=0), [0.25, 0.5], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [-1.0]}, "times must be finite and at least 0, got -1"),
        ({"times": np.nan}, "times must be finite and at least 0, got nan"),
        ({"times": np.zeros((2, 2))}, r"times must be a number or an array \(T,\), got shape \(2, 2\)"),
        ({"init": 0.0}, "init must be greater than 0, got 0"),
        ({"init": [1.0, -1.0]}, "init must be singular values that are finite and at least 0"),
        ({"init": np.ones(3), "vector_size": 2}, r"init must be a number or 2 singular values, got shape \(3,\)"),
        ({"init": np.ones((7, 2))}, r"the start must have shape \(120, d\), a row for each word .* got \(7, 2\)"),
        ({"init": np.full((120, 2), np.inf)}, "the start must be finite"),
        ({"init": np.ones((120, 2)), "vector_size": 3}, "vector_size must be that of init, 2, got 3"),
        ({"vector_size": 121}, "vector_size must be at most 120, got 121"),
        ({"steps": [1, 2]}, "steps must come with the clock of their trainer"),
        ({"norm": 0.0}, "norm must be greater than 0"),
        ({"negative": 0.0}, "negative must be greater than 0"),
    ],
)
def test_bad_arguments(arguments, message):
    _, spectrum = naive.separated()
    with pytest.raises(ValueError, match=message):
        learning_curves(spectrum, **arguments)


def test_bad_spectra_and_clocks():
    for spectrum, message in [
        ([1.0, 2.0], "in descending order"),
        ([1.0, np.nan], "finite eigenvalues"),
        ([], "finite eigenvalues"),
    ]:
        with pytest.raises(ValueError, match=message):
            learning_curves(spectrum)
    with pytest.raises(ValueError, match="where no eigenvectors are given"):
        learning_curves([2.0, 1.0], init=np.ones((5, 2)))
    _, spectrum = naive.made([3.0, 1.0, -2.0])
    with pytest.raises(ValueError, match="where untied vectors learn negative eigenvalues"):
        learning_curves(spectrum, init=np.ones((3, 2)), tied=False)
    with pytest.raises(TypeError, match="spectrum must be a Spectrum, got list"):
        evolve([1.0], np.ones((1, 1)), 1.0)
    with pytest.raises(ValueError, match="per_step must be greater than 0, got -1"):
        Clock(-1.0)
    with pytest.raises(ValueError, match="norm must be given for a normalised loss"):
        _ = learning_curves([2.0, 1.0]).normalised_loss
    with pytest.raises(ValueError, match="alpha must be at least 0"):
        sgd_time(-1.0, 5, True)
    with pytest.raises(ValueError, match="a0 must have a row for each of the values"):
        evolve_values([1.0, 2.0], np.ones((3, 1)), 1.0)
