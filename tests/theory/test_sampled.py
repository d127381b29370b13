"""Sampled descent: its pairs have the right law, its gradients the right expectation, its course that of theory."""

from __future__ import annotations

import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import Target, solve
from fastqwem.errors import DivergedError, TrainingInterrupted
from fastqwem.theory import PairSampler, run_and_compare, train_sampled


def test_pairs_are_uniform_and_labels_have_the_mean_of_the_target():
    """Item 12 for the sampler: |z| < 5 in each of 36 cells (chance 2e-5), a word without counts included."""
    table = random_table(6, mass=30.0)
    table[4] = table[:, 4] = 0
    target = Target(cooccurrence(table), negative=2)
    n = 400_000
    row, column, labels = PairSampler(target, seed=1).draw(n)
    assert (np.diff(row) >= 0).all() and set(np.unique(labels)) <= {-1.0, 1.0}
    cell = row * 6 + column
    drawn = np.bincount(cell, minlength=36)
    assert np.abs(drawn - n / 36).max() < 5 * np.sqrt(n / 36)
    mean = np.bincount(cell, labels, minlength=36) / drawn
    expected = target.todense().ravel() / 2
    assert (np.abs(mean - expected) <= 5 * np.sqrt((1 - expected**2) / drawn) + 1e-6).all()  # values are float32
    assert expected.min() == -1 and expected.max() > 0.3


def test_gradient_is_unbiased():
    """Item 12: |z| < 4 of its projection on fixed directions, at a point where both terms matter."""
    target = Target(cooccurrence(random_table(40)))
    rng = np.random.default_rng(0)
    w = rng.standard_normal((40, 3))
    sampler = PairSampler(target, seed=2)
    directions = np.linalg.qr(rng.standard_normal((120, 5)))[0]
    estimates = np.array([sampler.gradient(w, 500).ravel() @ directions for _ in range(2000)])
    exact = target.gradient(w).ravel() @ directions
    z = (estimates.mean(axis=0) - exact) / (estimates.std(axis=0) / np.sqrt(len(estimates)))
    assert np.abs(z).max() < 4
    assert np.abs(exact).max() > 5 * np.abs(estimates.std(axis=0) / np.sqrt(len(estimates))).max()  # it could fail


def test_course_is_that_of_theory():
    """Items 9, 10 and 13 for SGD on counts: tau within 5 %, plateaus within 1 % of the drop, overlap above .995."""
    target = Target(cooccurrence(random_table(60, seed=4, topics=4, mass=300.0)))
    spectrum = solve(target, 12)
    assert -np.diff(spectrum.values[:4]).min() > 0.15 * spectrum.values[0]  # modes that are told apart
    found = run_and_compare(
        target, spectrum, 6, trainer="sampled", init_scale=1e-4, edge=0.05, modes=3, top=3, batch=5_000, settle=6,
    )  # fmt: skip
    assert np.abs(found.tau_error[:3]).max() < 0.05
    assert found.overlap > 0.995 and found.angles[-1] < 6
    assert found.course.overlap[0] < 0.5
    np.testing.assert_allclose(found.course.modes[-1, :3], np.sqrt(spectrum.values[:3]), rtol=0.05)
    assert np.isfinite(found.plateau_error[:4]).all() and np.abs(found.plateau_error[:4]).max() < 0.01


def test_steps_records_and_repeatability():
    target = Target(cooccurrence(random_table(30)))
    seen = []
    options = {"step": [0.01, 0.02, 0.03, 0.04], "max_steps": 3, "batch": 100, "seed": 4, "dtype": np.float64}
    result = train_sampled(target, 2, record=lambda *row: seen.append(row), record_every=2, **options)
    np.testing.assert_allclose(result.times, [0, 0.01, 0.03, 0.06])
    assert [(step, time) for step, time, _ in seen] == [(0, 0.0), (2, 0.03), (3, 0.06)]
    assert result.input_vectors is seen[-1][2] and result.vocab is target.vocab
    np.testing.assert_array_equal(train_sampled(target, 2, **options).input_vectors, result.input_vectors)
    again = train_sampled(target, init=seen[0][2], **options)
    np.testing.assert_array_equal(again.input_vectors, result.input_vectors)


def test_interruption_keeps_what_there_is():
    def stop(step, time, w):
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted) as caught:
        train_sampled(Target(cooccurrence(random_table(10))), 2, step=0.01, max_steps=9, record=stop)
    assert len(caught.value.model.times) == 3


def test_bad_input():
    target = Target(cooccurrence(random_table(10)))
    with pytest.raises(TypeError, match="target must be a Target, got ndarray"):
        train_sampled(np.eye(3), 2, step=0.1, max_steps=1)
    for options in ({"kind": "ppmi"}, {"weight_exponent": 0.5}):
        with pytest.raises(ValueError, match="target must be of kind 'qwem' and without weights"):
            train_sampled(Target(cooccurrence(random_table(10)), **options), 2, step=0.1, max_steps=1)
    for options, message in [
        ({"step": 0}, "step must be greater than 0"),
        ({"max_steps": -1}, "max_steps must be at least 0"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"record_every": 0}, "record_every must be at least 1"),
        ({"dtype": np.int32}, "dtype must be float32 or float64"),
        ({"init": np.ones((9, 2))}, r"init must be a finite array of shape \(10, d\), got \(9, 2\)"),
        ({"vector_size": 0}, "vector_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            train_sampled(target, **({"vector_size": 2, "step": 0.1, "max_steps": 1} | options))
    with pytest.raises(DivergedError, match=r"not finite after step \d+ of size 1e\+06: take a smaller step"):
        train_sampled(target, 2, step=1e6, max_steps=100, init_scale=1.0)
