"""Descent on exact objectives: against definitions entry by entry, and against what theory says of its course."""

from __future__ import annotations

import naive_full_batch as naive
import naive_spectral
import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import Target, WordVectors, solve, train_full_batch
from fastqwem.counts.pair_weights import PairWeights
from fastqwem.errors import DivergedError, TrainingInterrupted
from fastqwem.training.descent import gradient_steps
from fastqwem.training.objectives import QwemObjective, SgnsObjective, TargetObjective

N = 12
OPTIONS = {"negative": 3.0, "ns_exponent": 0.75, "sample": 0.05}


def factors(n, d, tied, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    return tuple(scale * rng.standard_normal((n, d)) for _ in range(1 if tied else 2))


def exact_objective(name, tied, n=N):
    """The objective, and the dense A and B that it stands for."""
    counts = cooccurrence(random_table(n))
    weights = PairWeights(counts, **OPTIONS)
    dense = naive.pair_weights(random_table(n), counts.vocab.counts, **OPTIONS)
    # memory for five rows at a time: blocks whose last is shorter
    made = QwemObjective(weights, tied) if name == "qwem" else SgnsObjective(weights, tied, 5 * 40 * n)
    return made, dense


# --- losses and gradients: specification item 5 ---------------------------------------------------------------------


def test_weights_equal_definition():
    counts = cooccurrence(random_table(N))
    weights = PairWeights(counts, **OPTIONS)
    seen, drawn = naive.pair_weights(random_table(N), counts.vocab.counts, **OPTIONS)
    np.testing.assert_allclose(weights.seen(slice(2, 9)).todense(), seen[2:9], rtol=1e-13)
    np.testing.assert_allclose(weights.negative * np.outer(weights.rows, weights.noise), drawn, rtol=1e-13)
    assert (weights.keep < 1).any() and (weights.keep[-1] > weights.keep[0])


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["qwem", "sgns"])
def test_loss_and_gradient_equal_definition(name, tied):
    objective, (seen, drawn) = exact_objective(name, tied)
    point = objective.at(factors(N, 3, tied))
    w, c = point.factors[0], point.factors[-1]
    assert point.loss == pytest.approx(naive.loss(seen, drawn, w, c, name), rel=1e-12)
    truth = naive.gradients(seen, drawn, w, c, name)
    truth = (truth[0] + truth[1],) if tied else truth
    for got, expected in zip(point.gradients, truth, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12 * abs(expected).max())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["qwem", "sgns", "target"])
def test_gradient_equals_finite_differences(name, tied):
    if name == "target":
        objective = TargetObjective(Target(cooccurrence(random_table(N))), tied)
    else:
        objective, _ = exact_objective(name, tied)
    start = factors(N, 3, tied)
    gradients = objective.at(start).gradients
    for side in range(len(start)):

        def loss(x, side=side):
            return objective.at((*start[:side], x, *start[side + 1 :])).loss

        difference = naive_spectral.gradient(loss, start[side])
        np.testing.assert_allclose(gradients[side], difference, atol=1e-6 * abs(difference).max())


@pytest.mark.parametrize("tied", [True, False])
def test_target_loss_equals_definition(tied):
    """An asymmetric matrix where the vectors are not tied: both of its sides are met."""
    matrix = np.random.default_rng(3).standard_normal((N, N))
    matrix = matrix + matrix.T if tied else matrix
    point = TargetObjective(matrix, tied).at(factors(N, 3, tied))
    w, c = point.factors[0], point.factors[-1]
    assert point.loss == pytest.approx(naive.target_loss(matrix, w, c), rel=1e-12)
    residual = w @ c.T - matrix
    truth = (residual @ w,) if tied else (residual @ c / 2, residual.T @ w / 2)
    for got, expected in zip(point.gradients, truth, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12 * abs(expected).max())


@pytest.mark.parametrize("tied", [True, False])
def test_target_agrees_with_its_own_loss_and_gradient(tied):
    target = Target(cooccurrence(random_table(N)))
    w = factors(N, 3, True)[0]
    point = TargetObjective(target, tied).at((w,) if tied else (w, w))
    assert point.loss + target.frobenius_norm() ** 2 / 4 == pytest.approx(target.loss(w), rel=1e-11)
    np.testing.assert_allclose(sum(point.gradients), target.gradient(w), atol=1e-11)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["qwem", "target"])
def test_loss_along_a_line_is_its_polynomial(name, tied):
    if name == "target":
        objective = TargetObjective(Target(cooccurrence(random_table(N))), tied)
    else:
        objective, _ = exact_objective(name, tied)
    point = objective.at(factors(N, 3, tied))
    direction = factors(N, 3, tied, seed=1)
    line = objective.along(point, direction)
    for size in (-1.3, 0.0, 0.4, 2.0):
        moved = tuple(x + size * y for x, y in zip(point.factors, direction, strict=True))
        truth = objective.at(moved)
        scale = np.abs(line.coefficients) @ np.abs(size) ** np.arange(5)
        assert np.polynomial.polynomial.polyval(size, line.coefficients) == pytest.approx(truth.loss, abs=1e-13 * scale)
        if line.images:
            images = tuple(x + size * y for x, y in zip(point.images, line.images, strict=True))
            again = objective.at(moved, images)
            np.testing.assert_allclose(again.gradients[0], truth.gradients[0], atol=1e-11)


def test_asymmetric_weights_symmetrise():
    """Tied vectors see only A + B made symmetric: specification 1.6."""
    objective, (seen, drawn) = exact_objective("qwem", True)
    assert abs(drawn - drawn.T).max() > 0.1 * drawn.max()
    point = objective.at(factors(N, 3, True))
    w = point.factors[0]
    drawn = (drawn + drawn.T) / 2
    weights, matrix = seen + drawn, 2 * (seen - drawn) / (seen + drawn)
    x = w @ w.T
    assert point.loss == pytest.approx(0.25 * (weights * ((x - matrix) ** 2 - matrix**2)).sum(), rel=1e-11)
    np.testing.assert_allclose(point.gradients[0], (weights * (x - matrix)) @ w, atol=1e-13)
    np.testing.assert_allclose(objective.masses[0], weights.sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("tied", [True, False])
def test_near_zero_the_qwem_loss_is_twice_the_sgns_loss(tied):
    """Specification 1.3. log(1 + e^x) has no cubic term, so what is left is of fourth order in x."""
    start = factors(N, 3, tied, scale=1e-3)
    qwem, sgns = exact_objective("qwem", tied)[0].at(start), exact_objective("sgns", tied)[0].at(start)
    # x is about 1e-6, so the differences that remain are 1e-12 relative to the gradient
    for a, b in zip(qwem.gradients, sgns.gradients, strict=True):
        np.testing.assert_allclose(a, 2 * b, atol=1e-9 * abs(a).max())


# --- the pass over the counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 3, 8, 16, 17, 31, 64, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [np.int32, np.int64])
def test_pass_equals_definition_on_every_isa(isa, d, dtype, count):
    n = 70
    weights = PairWeights(cooccurrence(random_table(n), dtype=count), **OPTIONS)
    dense = weights.seen(slice(0, n)).todense()
    w, c, dw, dc = (x.astype(dtype) for seed in (0, 1) for x in factors(n, d, False, seed))
    wide = [x.astype(np.float64) for x in (w, c, dw, dc)]
    eps = np.finfo(dtype).eps
    bound = np.abs(wide[0]) @ np.abs(wide[1]).T  # the sum of the magnitudes of what a dot product adds up
    out, first, second = weights.gather(w, c, 0.5, -1.0)
    truth, first_truth, second_truth = naive.gather(dense, wide[0], wide[1], 0.5, -1.0)
    # rounding of d + n additions, of two products and of the value itself
    error = (d + n + 4) * eps * (dense * (0.5 * bound + 1)) @ np.abs(wide[1])
    assert np.all(np.abs(out - truth) <= error)
    assert first == pytest.approx(first_truth, abs=(d + 4) * eps * (dense * bound).sum())
    assert second == pytest.approx(second_truth, abs=2 * (d + 4) * eps * (dense * bound**2).sum())
    linear, square = weights.line(w, dw, c, dc)
    x = np.array([wide[0] @ wide[1].T, wide[2] @ wide[1].T + wide[0] @ wide[3].T, wide[2] @ wide[3].T])
    largest = np.abs(np.hstack([wide[0], wide[2]])) @ np.abs(np.hstack([wide[1], wide[3]])).T * 2
    np.testing.assert_allclose(
        linear, [(dense * part).sum() for part in x], rtol=0, atol=(d + 4) * eps * (dense * largest).sum()
    )
    terms = [x[0] ** 2, 2 * x[0] * x[1], x[1] ** 2 + 2 * x[0] * x[2], 2 * x[1] * x[2], x[2] ** 2]
    np.testing.assert_allclose(
        square, [(dense * part).sum() for part in terms], rtol=0, atol=8 * (d + 4) * eps * (dense * largest**2).sum()
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pass_is_the_same_for_any_number_of_workers(isa, dtype):
    """More rows than one piece of work holds, and one row longer than a segment."""
    n = 3000
    table = np.zeros((n, n), np.int64)
    table[0, :] = table[:, 0] = np.arange(1, n + 1)
    table[np.arange(n), np.arange(n)] += 2
    counts = cooccurrence(table)
    w, c = (x.astype(dtype) for x in factors(n, 5, False))
    results = []
    for workers in (1, 2, 5):
        weights = PairWeights(counts, **OPTIONS, workers=workers)
        results.append((*weights.gather(w, c, 0.5, -1.0), *weights.line(w, c, c, w)))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    dense = weights.seen(slice(0, n)).todense()
    truth = naive.gather(dense, w.astype(np.float64), c.astype(np.float64), 0.5, -1.0)[0]
    np.testing.assert_allclose(results[0][0], truth, atol=1e4 * np.finfo(dtype).eps * abs(truth).max())


def test_pass_refuses_what_does_not_fit():
    weights = PairWeights(cooccurrence(random_table(N)))
    x = np.ones((N, 2))
    with pytest.raises(ValueError, match="c must be a C-contiguous array of float64"):
        weights.gather(x, x.astype(np.float32), 0.5, -1.0)
    with pytest.raises(ValueError, match="one row per word"):
        weights.gather(x, np.ones((N, 3)), 0.5, -1.0)
    outside = cooccurrence(random_table(N))
    outside.matrix.indices[0] = N
    with pytest.raises(ValueError, match="not in the vocabulary"):
        PairWeights(outside)


# --- the course of descent, from the specification's section 7 ------------------------------------------------------

VALUES = np.array([50.0, 40, 31, 23, 16, 10])
"""Learnable eigenvalues; the rest of the spectrum lies within [-2, 2] (specification 2.3)."""


def separated(n=80, seed=0):
    bulk = np.random.default_rng(seed).uniform(-2, 2, n - len(VALUES))
    return naive_spectral.with_spectrum(np.r_[VALUES, np.sort(bulk)[::-1]], seed)


def test_aligned_start_follows_the_sigmoid():
    """Item 6: relative error of W W^T about dt lambda_1 / 4, so 1 % at 0.04, and a quarter of that at 0.01."""
    matrix, q = separated()
    start = 1e-2
    errors = []
    for edge in (0.04, 0.01):
        worst = 0.0

        def look(step, time, w):
            nonlocal worst
            truth = naive.sigmoid_modes(VALUES, start, time)
            got = np.square(np.linalg.norm(w.T @ q[:, :6], axis=0))
            worst = max(worst, np.linalg.norm(got - truth) / VALUES[0])

        train_full_batch(
            matrix, tied=True, method="gd", step=edge / VALUES[0], max_steps=int(40 / edge), tol=0,
            init=q[:, :6] * np.sqrt(start), record=look,
        )  # fmt: skip
        errors.append(worst)
    # x/4 late, relative, over the time ln(lambda/start)/lambda, where the slope of s^2 is at most lambda^2/4; half as
    # much again for the modes that move at the same time
    assert errors[0] <= 1.5 * np.log(VALUES[0] / start) * 0.04 / 16
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.15)  # first order in dt


def test_random_start_follows_theory_half_heights_and_plateaus():
    """Items 8, 9, 10: seeds R_kk, half-height times tau_k, and the loss between two of them."""
    matrix, q = separated()
    sigma = 1e-4
    w0 = sigma * np.random.default_rng(1).standard_normal((80, 6))
    seeds = np.square(np.diag(np.linalg.qr(w0.T @ q)[1]))
    tau = np.log(VALUES / seeds) / VALUES
    times, modes, losses = [], [], []

    def look(step, time, w):
        times.append(time)
        modes.append(np.square(np.linalg.norm(w.T @ q[:, :6], axis=0)))

    # Euler steps grow a mode by (1 + x/2)^2 instead of e^x a step, x = dt lambda: it is late by x/4, relative
    dt = 0.01 / VALUES[0]
    result = train_full_batch(
        matrix, tied=True, method="gd", step=dt, max_steps=int(1.3 * tau[-1] / dt), tol=0, init=w0, record=look
    )
    times, modes, losses = np.array(times), np.array(modes), result.losses
    theory = np.array([naive.sigmoid_modes(VALUES, seeds, t) for t in times])
    error = np.abs(np.sqrt(modes) - np.sqrt(theory)).max() / np.sqrt(VALUES[0])
    # the seed is worth .002; lateness moves the steepest part, of slope lambda s / 3.5, by tau dt lambda / 4
    assert error <= 0.002 + np.max(tau * dt * VALUES / 4 * VALUES / 3.5)
    np.testing.assert_allclose(times, result.times)
    for k, value in enumerate(VALUES):
        half = times[np.argmax(modes[:, k] >= value / 2)]
        assert half == pytest.approx(tau[k], rel=0.02)
    for k in range(len(VALUES) - 1):
        plateau = -np.square(VALUES[: k + 1]).sum() / 4
        between = (times > tau[k]) & (times < tau[k + 1])
        assert np.abs(losses[between] - plateau).min() <= 0.01 * VALUES[k] ** 2 / 4


@pytest.mark.parametrize(("edge", "settles"), [(1.9, True), (2.1, False)])
def test_edge_of_stability(edge, settles):
    """Item 11: a mode with dt lambda above 2 never settles."""
    matrix, q = separated()
    result = train_full_batch(
        matrix, tied=True, method="gd", step=edge / VALUES[0], max_steps=2000, tol=1e-9, init=0.9 * q[:, :6]
    )
    assert result.converged == settles
    assert (abs(result.loss + np.square(VALUES).sum() / 4) < 1e-9 * VALUES[0] ** 2) == settles


def test_divergence_is_an_error_with_the_last_sound_result():
    matrix, q = separated()
    with pytest.raises(DivergedError, match=r"not finite after step \d+ of size 0\.2: take a smaller step") as caught:
        train_full_batch(matrix, tied=True, method="gd", step=0.2, max_steps=2000, init=q[:, :6])
    assert caught.value.alpha == 0.2 and caught.value.epoch == caught.value.model.steps + 1
    assert np.isfinite(caught.value.model.losses).all()


@pytest.mark.parametrize("method", ["gd", "accelerated"])
def test_rotations_of_the_start_change_nothing(method):
    """Item 16: loss, scores and singular values, at every step."""
    matrix, _ = separated()
    rng = np.random.default_rng(2)
    w0 = 0.1 * rng.standard_normal((80, 4))
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    plain, turned = (
        train_full_batch(matrix, tied=True, method=method, init=w, max_steps=8, tol=0) for w in (w0, w0 @ turn)
    )
    np.testing.assert_allclose(turned.losses, plain.losses, rtol=1e-10)
    np.testing.assert_allclose(turned.input_vectors, plain.input_vectors @ turn, atol=1e-9)


def test_tied_learns_positive_modes_and_untied_the_largest_of_either_sign():
    """Item 18, specification 2.6."""
    values = np.r_[30.0, 20, 10, np.linspace(1, -1, 36), -25]
    matrix, q = naive_spectral.with_spectrum(values)
    tied = train_full_batch(matrix, 3, tied=True, tol=1e-9)
    untied = train_full_batch(matrix, 3, tied=False, tol=1e-9)
    assert tied.converged and untied.converged
    product = tied.input_vectors @ tied.input_vectors.T
    np.testing.assert_allclose(product, (q[:, :3] * values[:3]) @ q[:, :3].T, atol=1e-6)
    both = [0, 1, len(values) - 1]
    product = untied.input_vectors @ untied.output_vectors.T
    np.testing.assert_allclose(product, (q[:, both] * values[both]) @ q[:, both].T, atol=1e-6)


def test_a_schedule_only_retimes():
    """Item 19: equal time, equal W W^T, up to the O(dt) error of Euler steps."""
    matrix, _ = separated()
    w0 = 0.1 * np.random.default_rng(3).standard_normal((80, 6))
    dt = 2e-3 / VALUES[0]
    even = [dt] * 2000
    falling = [2 * dt] * 500 + [0.5 * dt] * 2000
    runs = [train_full_batch(matrix, tied=True, method="gd", step=s, max_steps=4000, tol=0, init=w0)
            for s in (even, falling)]  # fmt: skip
    assert runs[0].steps == 2000 and runs[1].steps == 2500
    assert runs[0].times[-1] == pytest.approx(runs[1].times[-1], rel=1e-12)
    a, b = (r.input_vectors @ r.input_vectors.T for r in runs)
    # a step of x = dt lambda grows a mode by (1 + x/2)^2, not e^x: x/4 late, relative, over a time of 4 / lambda_1
    assert np.linalg.norm(a - b) <= 4 * (2e-3 + 4e-3) / 4 * np.linalg.norm(a)
    assert np.linalg.norm(a - w0 @ w0.T) > 0.5 * np.linalg.norm(a)


# --- the methods against each other and against the closed form -----------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tied_qwem_ends_in_the_subspace_of_the_spectrum(dtype):
    """Item 13, on a gap that separates what is learned: overlap (1/d) |V^T V*|^2 at least 0.995."""
    target = Target(cooccurrence(random_table(120, topics=5, mass=400)))
    dense = target.todense()
    values = np.linalg.eigvalsh(dense)[::-1]
    d = 1 + int(np.argmax(values[:8] - values[1:9]))
    result = train_full_batch(target, d, tied=True, tol=1e-5, dtype=dtype)
    assert result.converged and result.input_vectors.dtype == dtype
    spectrum = solve(target, d)
    basis = np.linalg.qr(result.input_vectors.astype(np.float64))[0]
    assert np.square(basis.T @ spectrum.eigenvectors).sum() / d >= 0.995
    assert result.loss == pytest.approx(-np.square(spectrum.values).sum() / 4, rel=1e-4)
    assert isinstance(result.vectors, WordVectors) and result.vectors.words == target.vocab.words


def test_a_weighted_target_gives_vectors_without_the_weights():
    target = Target(cooccurrence(random_table(60)), weight_exponent=0.5)
    result = train_full_batch(target, 3, tied=True, tol=1e-8)
    truth = solve(target, 3).matrix().astype(np.float64)
    got = result.vectors.vectors.astype(np.float64)
    np.testing.assert_allclose(got @ got.T, truth @ truth.T, atol=1e-4 * abs(truth @ truth.T).max())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ["qwem", "sgns"])
def test_accelerated_reaches_what_long_descent_does_in_a_tenth_of_the_steps(name, tied):
    counts = cooccurrence(random_table(60))
    options = {"objective": name, "tied": tied, "seed": 1, **OPTIONS}
    slow = train_full_batch(counts, 3, method="gd", max_steps=600, tol=0, **options)
    fast = train_full_batch(counts, 3, max_steps=60, tol=0, **options)
    assert fast.loss <= slow.loss + 1e-3 * (slow.losses[0] - slow.loss)
    for run in (slow, fast):  # monotone, up to the rounding that the line search allows
        assert np.all(np.diff(run.losses) <= 1e-13 * np.abs(run.losses[1:]))


@pytest.mark.parametrize("tied", [True, False])
def test_single_precision_reaches_the_same_loss(tied):
    counts = cooccurrence(random_table(60))
    runs = [train_full_batch(counts, 3, tied=tied, tol=1e-3, dtype=t, **OPTIONS) for t in (np.float32, np.float64)]
    assert runs[0].input_vectors.dtype == np.float32 and all(r.converged for r in runs)
    assert runs[0].loss == pytest.approx(runs[1].loss, rel=1e-3)


def test_plain_steps_divide_rows_by_their_weights():
    objective, (seen, drawn) = exact_objective("qwem", False)
    point = objective.at(factors(N, 3, False))
    (moved, size) = next(gradient_steps(objective, point, [0.25]))
    gradient = naive.gradients(seen, drawn, *point.factors, "qwem")
    weights = seen + drawn
    assert size == 0.25
    for x, y, g, axis in zip(moved.factors, point.factors, gradient, (1, 0), strict=True):
        np.testing.assert_allclose(x, y - 0.25 * g / weights.sum(axis=axis)[:, None], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", ["gd", "accelerated"])
def test_the_same_seed_gives_the_same_bits_for_any_workers(method):
    counts = cooccurrence(random_table(60))
    runs = [train_full_batch(counts, 3, method=method, max_steps=5, seed=4, workers=n) for n in (1, 1, 3)]
    for other in runs[1:]:
        np.testing.assert_array_equal(other.input_vectors, runs[0].input_vectors)
        np.testing.assert_array_equal(other.output_vectors, runs[0].output_vectors)
    different = train_full_batch(counts, 3, method=method, max_steps=5, seed=5)
    assert abs(different.input_vectors - runs[0].input_vectors).max() > 1e-3


# --- the face -------------------------------------------------------------------------------------------------------


def test_record_and_progress_see_every_step():
    seen, ticks = [], []
    result = train_full_batch(
        cooccurrence(random_table(20)), 2, max_steps=4, tol=0, record=lambda *a: seen.append(a),
        progress=lambda done, total: ticks.append((done, total)),
    )  # fmt: skip
    assert [step for step, *_ in seen] == [0, 1, 2, 3, 4] and ticks == [(n, 4) for n in (1, 2, 3, 4)]
    np.testing.assert_array_equal(seen[-1][2], result.input_vectors)
    np.testing.assert_array_equal(seen[-1][3], result.output_vectors)
    assert len(result.losses) == len(result.times) == len(result.seconds) == 5 and result.steps == 4
    assert not result.converged and "not converged" in repr(result)


def test_an_interrupt_carries_the_partial_result():
    def stop(step, time, *factors):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted) as caught:
        train_full_batch(cooccurrence(random_table(20)), 2, tol=0, record=stop)
    assert caught.value.model.steps == 3


def test_a_start_without_slope_is_converged():
    result = train_full_batch(np.eye(5), tied=True, init=np.zeros((5, 2)))
    assert result.converged and result.steps == 0


@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize("tied", [True, False])
def test_default_step_is_stable(n, tied):
    values = np.r_[9.0, 4, np.linspace(1, -20, n - 2)]
    matrix, _ = naive_spectral.with_spectrum(values)
    result = train_full_batch(matrix, 2, tied=tied, method="gd", tol=1e-8, max_steps=20000)
    assert result.converged
    kept = values[:2] if tied else values[np.argsort(-abs(values))[:2]]
    assert result.loss == pytest.approx(-np.square(kept).sum() / 4, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "glove"}, "objective must be one of 'qwem', 'sgns', got 'glove'"),
        ({"method": "newton"}, "method must be one of 'accelerated', 'gd', got 'newton'"),
        ({"step": 0.1}, "step must be None for method 'accelerated'"),
        ({"method": "gd", "step": 0}, "step must be greater than 0, got 0"),
        ({"method": "gd", "step": [0.1, -1]}, "step must be greater than 0, got -1"),
        ({"max_steps": -1}, "max_steps must be at least 0"),
        ({"tol": -1}, "tol must be at least 0"),
        ({"negative": 0}, "negative must be greater than 0"),
        ({"sample": -1}, "sample must be at least 0"),
        ({"vector_size": 0}, "vector_size must be at least 1"),
        ({"dtype": np.int32}, "dtype must be float32 or float64, got int32"),
        ({"init": np.ones((12, 2))}, "init must be a tuple of two arrays for tied=False"),
        ({"init": np.ones((11, 2)), "tied": True}, r"init must have shape \(12, d\), got \(11, 2\)"),
        ({"init": np.full((12, 2), np.nan), "tied": True}, "loss at the start must be finite"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        train_full_batch(cooccurrence(random_table(N)), **options)


def test_bad_targets():
    with pytest.raises(ValueError, match="objective must be 'qwem' for a target, got 'sgns'"):
        train_full_batch(np.eye(4), objective="sgns")
    with pytest.raises(ValueError, match=r"must be a square matrix with rows, got shape \(4, 3\)"):
        train_full_batch(np.ones((4, 3)))
    with pytest.raises(TypeError, match="must be a Cooccurrence or a Target, got str"):
        train_full_batch("counts")
    with pytest.raises(ValueError, match="counts hold no pairs"):
        train_full_batch(cooccurrence(np.zeros((4, 4))))
    with pytest.raises(ValueError, match="this result has no vocabulary"):
        _ = train_full_batch(np.eye(4), 2, max_steps=1).vectors
