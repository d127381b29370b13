"""Runs beside theory: what is measured equals its definition, and what is compared agrees where theory is exact."""

from __future__ import annotations

from types import SimpleNamespace

import naive_theory as naive
import numpy as np
import pytest
from tables import cooccurrence, random_table
from topics import topical

from fastqwem import Corpus, Target, WordVectors, count, solve, train, train_full_batch
from fastqwem.spectral.growth import squared_modes
from fastqwem.text.vocab import Vocab
from fastqwem.theory import Recorder, align, compare, fit_tau, run_and_compare
from fastqwem.theory.compare import _schedule

SEPARATED = np.array(naive.SEPARATED)


def rotation(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


# --- alignment ------------------------------------------------------------------------------------------------------


def test_alignment_of_a_plane_turned_by_a_known_angle():
    _, spectrum = naive.separated(30)
    v = spectrum.eigenvectors
    angle = np.radians(25)
    turned = np.stack([v[:, 0], np.cos(angle) * v[:, 1] + np.sin(angle) * v[:, 9]], axis=1)
    found = align(spectrum, turned * [3.0, 2.0] @ rotation(2), top=2)
    np.testing.assert_allclose(found.angles, [0, 25], atol=1e-5)
    assert found.overlap == pytest.approx((1 + np.cos(angle) ** 2) / 2)
    np.testing.assert_allclose(found.cosines, np.diag([1, np.cos(angle) ** 2]), atol=1e-12)
    np.testing.assert_allclose(found.singular_values, [3, 2])


def test_alignment_of_the_closed_form_and_of_models_with_two_factors():
    target = Target(cooccurrence(random_table(60)))
    spectrum = solve(target, 8, tol=1e-10)
    assert align(spectrum, spectrum.matrix()).overlap == pytest.approx(1, abs=1e-6)
    # two factors in different coordinates: only their product counts
    turn = np.random.default_rng(0).standard_normal((8, 8))
    w, c = spectrum.matrix() @ turn, spectrum.matrix() @ np.linalg.inv(turn).T
    model = SimpleNamespace(input_vectors=w, output_vectors=c, vocab=spectrum.vocab)
    found = align(spectrum, model)
    assert found.overlap == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found.singular_values, np.sqrt(spectrum.values), rtol=1e-5)


def test_weighted_targets_are_compared_in_their_own_coordinates():
    """A model's vectors get the weights; a result of full-batch descent has them already."""
    target = Target(cooccurrence(random_table(60)), weight_exponent=0.5)
    spectrum = solve(target, 6, tol=1e-10)
    model = SimpleNamespace(input_vectors=spectrum.matrix(), output_vectors=None, vocab=spectrum.vocab)
    assert align(spectrum, model).overlap == pytest.approx(1, abs=1e-6)
    run = train_full_batch(target, 6, tied=True, tol=1e-8)
    assert align(spectrum, run).overlap == pytest.approx(1, abs=1e-4)


# --- half-height times ----------------------------------------------------------------------------------------------


def test_fit_of_sigmoids_is_exact_between_sparse_checkpoints():
    values, seeds = np.array([50.0, 20.0, 5.0, -1.0]), np.full(4, 1e-6)
    times = np.linspace(0, 5, 30)  # modes rise within one to five of them
    tau = fit_tau(times, squared_modes(values, seeds, times), values)
    expected = np.log(values[:2] / 1e-12) / values[:2]
    np.testing.assert_allclose(tau[:2], expected, rtol=5e-3)  # a checkpoint may lie where s^2 is within 1e-3 of its end
    assert np.isnan(tau[2:]).all()  # not reached; not learnable
    dense = np.linspace(0, 8, 3000)
    tau = fit_tau(dense, squared_modes(values, seeds, dense), values)
    np.testing.assert_allclose(tau[:3], np.log(values[:3] / 1e-12) / values[:3], rtol=1e-6)


# --- full-batch runs ------------------------------------------------------------------------------------------------


def test_full_batch_run_is_that_of_theory():
    """Items 9, 10, 13 on counts: GD is late by edge / 4, relative, plus 2 % for the flow."""
    target = Target(cooccurrence(random_table(60, seed=4, topics=4, mass=300.0)))
    spectrum = solve(target, 12)
    edge = 0.02
    found = run_and_compare(
        target, spectrum, 6, init_scale=1e-8, edge=edge, modes=3, top=3, dtype=np.float64, settle=20,
    )  # fmt: skip
    assert np.abs(found.tau_error[:3]).max() < 0.02 + edge / 4
    assert found.overlap > 0.9999 and found.angles[-1] < 1
    resting = found.plateau_error[:4]
    assert np.isfinite(resting).all() and np.abs(resting).max() < 0.01
    assert np.isnan(found.plateau_error[5:]).all()  # never reached
    assert found.curves.norm == target.frobenius_norm()
    lines = str(found).splitlines()
    assert len(lines) == 9 and lines[-2] == "overlap of the top 3: 1.0000" and "plateaus of the loss" in lines[-1]


def test_recorder_measures_what_it_says():
    matrix, spectrum = naive.separated(40)
    kept = []
    recorder = Recorder(spectrum, every=3, top=4, target=matrix)

    def both(step, time, w):
        kept.append((time, w.copy()))
        recorder(step, time, w)

    w0 = 0.1 * np.random.default_rng(0).standard_normal((40, 5))
    run = train_full_batch(matrix, tied=True, method="gd", max_steps=12, tol=0, init=w0, record=both)
    course = recorder.course()
    np.testing.assert_array_equal(course.steps, [0, 3, 6, 9, 12])
    np.testing.assert_allclose(course.times, run.times[::3])
    np.testing.assert_allclose(course.losses, run.losses[::3])
    for i, (_, w) in enumerate(kept[::3]):
        u, s, _ = np.linalg.svd(w, full_matrices=False)
        np.testing.assert_allclose(course.singular_values[i], s, rtol=1e-9)
        np.testing.assert_allclose(course.modes[i], np.linalg.norm(w.T @ spectrum.eigenvectors[:, :5], axis=0))
        inner = spectrum.eigenvectors[:, :4].T @ u[:, :4]
        assert course.overlap[i] == pytest.approx(np.square(inner).sum() / 4)
    assert np.isnan(Recorder(spectrum)._loss((w0,)))


def test_untied_run_from_two_random_starts():
    """What grows is the mean of both factors."""
    matrix, spectrum = naive.separated(60)
    rng = np.random.default_rng(0)
    starts = tuple(1e-5 * rng.standard_normal((60, 6)) for _ in range(2))
    recorder = Recorder(spectrum, every=4, target=matrix)
    train_full_batch(matrix, method="gd", step=0.02 / SEPARATED[0], max_steps=7000, tol=0, init=starts, record=recorder)
    found = compare(spectrum, recorder.course(), starts)
    assert not found.course.tied
    assert np.abs(found.tau_error).max() < 0.02 + 0.02 / 4
    assert found.overlap > 0.9999
    rough = compare(spectrum, recorder.course(), 1e-5)  # without the true seeds: right within their fluctuation
    assert np.abs(rough.tau_error).max() < 0.2 and np.abs(rough.tau_error).max() > np.abs(found.tau_error).max()


def test_spectrum_with_fewer_pairs_than_the_run_has_dimensions():
    matrix, spectrum = naive.separated(40)
    part = naive.spectrum_of(spectrum.values[:3], spectrum.eigenvectors[:, :3])
    w0 = 1e-6 * np.random.default_rng(0).standard_normal((40, 6))
    recorder = Recorder(part, every=5, top=3)
    train_full_batch(matrix, tied=True, method="gd", step=0.02 / 50, max_steps=4000, tol=0, init=w0, record=recorder)
    for init in (w0, 1e-6):
        found = compare(part, recorder.course(), init)
        assert found.tau_fitted.shape == (3,) and found.overlap > 0.999
        assert np.isnan(found.plateau_measured).all()


@pytest.mark.parametrize("cool", [1.0, 0.3, 0.02])
def test_schedule_of_a_run(cool):
    """The time is what was asked for, however steps shrink; the last is `cool` times the first."""
    sizes = _schedule(SEPARATED, learned=0.8, edge=0.01, settle=4.0, cool=cool)
    assert sizes[0] == pytest.approx(0.01 / 50) and (np.diff(sizes) <= 0).all()
    assert sizes.sum() == pytest.approx(0.8 + 4 / 10, rel=0.01)
    assert sizes[-1] == pytest.approx(cool * sizes[0], rel=0.01)


# --- runs of the engine ---------------------------------------------------------------------------------------------


def test_epochs_of_train():
    corpus = Corpus.from_sentences(topical(100))
    assert corpus.n_tokens < 8192
    spectrum = solve(Target(count(corpus, 3)), 6)
    recorder = Recorder(spectrum, top=2)
    model = train(
        corpus, "qwem", vector_size=6, window=3, alpha=0.01, min_alpha=0.002, epochs=3, tied=True, workers=1,
        callbacks=[recorder.epoch],
    )  # fmt: skip
    course = recorder.course()
    np.testing.assert_array_equal(course.steps, [1, 2, 3])
    pairs = [record.pairs for record in model.history]
    rates = 0.01 - 0.008 * np.arange(3) / 3  # one chunk of the corpus an epoch, so one rate
    np.testing.assert_allclose(course.times, 2 * np.cumsum(rates * pairs), rtol=1e-6)  # rates are float32
    np.testing.assert_allclose(course.singular_values[-1], align(spectrum, model, 2).singular_values, rtol=1e-6)


# --- arguments ------------------------------------------------------------------------------------------------------


def test_runs_that_do_not_fit():
    _, spectrum = naive.separated(40)
    with pytest.raises(
        ValueError, match=r"run must have the 40 words of the spectrum, one row each, got shape \(39, 6\)"
    ):
        align(spectrum, np.ones((39, 6)))
    other = SimpleNamespace(input_vectors=np.ones((40, 6)), vocab=Vocab([f"x{i}" for i in range(40)], np.ones(40, int)))
    with pytest.raises(ValueError, match=r"run must have the 40 words of the spectrum in the same order, got others"):
        align(spectrum, other)
    with pytest.raises(ValueError, match="run must hold finite vectors"):
        align(spectrum, np.full((40, 6), np.nan))
    with pytest.raises(ValueError, match="run must be one matrix or two, got 3"):
        align(spectrum, (np.ones((40, 6)),) * 3)
    with pytest.raises(ValueError, match="top must be at most 6, got 7"):
        align(spectrum, np.ones((40, 6)), top=7)
    with pytest.raises(ValueError, match="nothing was recorded"):
        Recorder(spectrum).course()
    with pytest.raises(TypeError, match="spectrum must be a Spectrum, got WordVectors"):
        Recorder(WordVectors(["a"], [[1.0]]))
    recorder = Recorder(spectrum)
    recorder.add(0.0, np.ones((40, 6)))
    course = recorder.course()
    for init, message in [
        (np.ones((40, 5)), "init must have the 6 dimensions of the run"),
        ((np.ones((40, 6)), np.ones((40, 6))), "init must be one start, not a tuple, for this run"),
    ]:
        with pytest.raises(ValueError, match=message):
            compare(spectrum, course, init)
    with pytest.raises(ValueError, match=r"squares must have shape \(3, 2\)"):
        fit_tau([0, 1, 2], np.ones((2, 2)), [1.0, 1.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trainer": "adam"}, "trainer must be one of 'full_batch', 'sampled', got 'adam'"),
        ({"edge": 2.5}, "edge must be at most 2, got 2.5"),
        ({"modes": 9}, "modes must be at most 4, got 9"),
        ({"init_scale": 0}, "init_scale must be greater than 0"),
        ({"cool": 0}, "cool must be greater than 0"),
    ],
)
def test_bad_options_of_a_run(options, message):
    target = Target(cooccurrence(random_table(20)))
    with pytest.raises(ValueError, match=message):
        run_and_compare(target, solve(target, 4), 4, top=2, **options)
