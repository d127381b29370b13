"""Task vectors: synthetic families whose answer is known, and analogies against the evaluation's own."""

from __future__ import annotations

import itertools

import naive_theory as naive
import numpy as np
import pytest

from fastqwem import WordVectors
from fastqwem.theory import read_families, spike_fit, task_curve, task_vectors
from fastqwem.vectors import evaluate


def family(n_pairs=12, d=30, common=1.0, noise=0.1, extra=40, seed=0):
    """Vectors in which b - a is a common vector plus noise, and words that belong to no pair."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n_pairs, d))
    b = a + common * rng.standard_normal(d) + noise * rng.standard_normal((n_pairs, d))
    words = [f"a{i}" for i in range(n_pairs)] + [f"b{i}" for i in range(n_pairs)] + [f"x{i}" for i in range(extra)]
    vectors = np.concatenate([a, b, rng.standard_normal((extra, d))])
    return WordVectors(words, vectors), [(f"a{i}", f"b{i}") for i in range(n_pairs)]


# --- bulk and spike -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [128, 256, 512, 1024])
def test_independent_rows_with_a_mean_give_one_outlier_and_their_own_dimension(d):
    """Item 21: median of d_eff within 5 %, ones-ratio .996 at N = 30."""
    rng = np.random.default_rng(d)
    fits = []
    for _ in range(40):
        fits.append(spike_fit(0.3 * rng.standard_normal((30, d)) + 0.3 * rng.standard_normal(d)))
    assert np.median([fit.d_eff for fit in fits]) == pytest.approx(d, rel=0.05)
    assert np.mean([fit.ones_ratio for fit in fits]) > 0.99
    for fit in fits:
        assert fit.outlier > 2 * fit.upper
        # finite N: the largest of the bulk may pass the edge of the law by a little
        assert fit.bulk[0] < 1.15 * fit.upper and fit.bulk[-1] > 0.85 * fit.lower


def test_density_integrates_to_one_and_has_the_moments():
    fit = spike_fit(np.random.default_rng(0).standard_normal((40, 200)))
    x = np.linspace(fit.lower, fit.upper, 200_001)
    density = fit.density(x)
    step = x[1] - x[0]
    assert density.sum() * step == pytest.approx(1, abs=1e-4)
    assert (density * x).sum() * step == pytest.approx(fit.sigma2, rel=1e-4)
    variance = (density * (x - fit.sigma2) ** 2).sum() * step
    assert variance == pytest.approx(fit.gamma * fit.sigma2**2, rel=1e-3)
    assert not fit.density([fit.lower / 2, 2 * fit.upper, -1.0]).any()


def test_a_spike_that_is_not_the_mean_is_told_apart():
    rng = np.random.default_rng(0)
    signs = np.where(np.arange(30) % 2, 1.0, -1.0)[:, None]
    fit = spike_fit(rng.standard_normal((30, 200)) + signs * rng.standard_normal(200))
    assert fit.ones_ratio < 0.2


# --- one family -----------------------------------------------------------------------------------------------------


def test_numbers_of_a_family():
    vectors, pairs = family()
    found = task_vectors(vectors, [*pairs, ("a1", "unknown")], "made")
    wide = vectors.vectors.astype(np.float64)
    r = wide[12:24] - wide[:12]
    np.testing.assert_array_equal(found.matrix, r)
    assert found.pairs == pairs and found.asked == 13 and found.name == "made"
    gram = r @ r.T
    values = np.linalg.eigvalsh(gram)
    assert found.snr == pytest.approx(values[-1] * 12 / np.trace(gram), rel=1e-12)
    np.testing.assert_allclose(found.eigenvalues, values[::-1] / 30, atol=1e-12)
    mean = r.mean(axis=0)
    np.testing.assert_allclose(found.shares, mean**2 / (mean**2).sum(), rtol=1e-12)
    assert found.participation == pytest.approx(np.sum(mean**4) / np.sum(mean**2) ** 2)
    assert found.ones_ratio == pytest.approx(12 * np.square(mean).sum() * 12 / (12 * values[-1]))
    small = found.prefix(5)
    np.testing.assert_array_equal(small.matrix, r[:, :5])
    assert 1 <= small.snr <= 5  # the rank of five columns


def test_limits_of_participation_and_snr():
    words = ["a0", "a1", "b0", "b1"]
    same = np.array([[0.0, 0, 0], [0, 1, 0], [2, 0, 0], [2, 1, 0]])
    found = task_vectors(WordVectors(words, same), [("a0", "b0"), ("a1", "b1")])
    assert found.snr == 1 and found.participation == 1 and found.ones_ratio == pytest.approx(1)  # rank one
    still = task_vectors(WordVectors(words, np.ones((4, 3))), [("a0", "b0"), ("a1", "b1")])
    assert np.isnan(still.snr) and np.isnan(still.participation) and np.isnan(still.ones_ratio)


# --- as vectors grow ------------------------------------------------------------------------------------------------


def naive_answers(w, pairs, index):
    """Top-1, mean cosine and mean ratio, question by question."""
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    right, cosine, ratio = [], [], []
    for a, b in pairs:
        for c, x in pairs:
            i, j, k, m = index[a], index[b], index[c], index[x]
            if (a, b) == (c, x) or m in (i, j, k):
                continue
            target = unit[k] + unit[j] - unit[i]
            target /= np.linalg.norm(target)
            others = [v for v in range(len(w)) if v not in (i, j, k)]
            right.append(max(others, key=lambda v, t=target: unit[v] @ t) == m)
            cosine.append(target @ unit[m])
            ratio.append(cosine[-1] / max(unit[v] @ unit[m] for v in others if v != m))
    return np.mean(right), np.mean(cosine), np.mean(ratio)


def test_answers_equal_their_definition():
    vectors, pairs = family(n_pairs=7, d=9, common=0.8, noise=0.6)
    pairs = [*pairs, ("a0", "b1"), ("b2", "a3")]  # words in two pairs: some questions hold their own answer
    curve = task_curve(vectors, pairs, sizes=[2, 5, 9])
    for i, d in enumerate((2, 5, 9)):
        truth = naive_answers(vectors.vectors[:, :d].astype(np.float64), pairs, vectors.index)
        got = curve.accuracy[i], curve.cosine[i], curve.cosine_ratio[i]
        np.testing.assert_allclose(got, truth, rtol=1e-5)  # cosines are float32
        assert curve.snr[i] == pytest.approx(task_vectors(vectors, pairs).prefix(d).snr)
    assert curve.accuracy[0] < 1 and curve.n_pairs == curve.asked == 9


def test_accuracy_is_that_of_the_evaluation(tmp_path):
    vectors, pairs = family(common=0.7, noise=0.7)
    questions = tmp_path / "q.txt"
    lines = [f"{a} {b} {c} {x}" for (a, b), (c, x) in itertools.pairwise(pairs)]
    questions.write_text("\n".join([": made", *lines]))
    assert read_families(questions) == {"made": pairs}
    expected = evaluate.analogies(vectors, questions, protocol="regenerated").accuracy
    assert 0 < expected < 1
    assert task_curve(vectors, pairs, sizes=[30]).accuracy[0] == pytest.approx(expected)


def test_over_the_time_of_training():
    """Early everything lies along the first feature; at the end it is the closed form; scale does not matter."""
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((60, 8)))[0]
    spectrum = naive.spectrum_of(np.geomspace(40, 5, 8), q)
    pairs = [(f"w{i}", f"w{i + 1}") for i in range(0, 12, 2)]
    curve = task_curve(spectrum, pairs, times=[0.6, 1e3], init=1e-9)
    assert curve.participation[0] > 0.99  # only mode 1 has grown
    end = task_curve(spectrum, pairs)
    for name in ("snr", "participation", "accuracy", "cosine", "d_eff"):
        assert getattr(curve, name)[1] == pytest.approx(getattr(end, name)[-1], rel=1e-5)
    np.testing.assert_array_equal(end.sizes, [4, 5, 8])
    begin = task_curve(spectrum, pairs, times=[0.0], init=1e-30)
    assert np.isfinite(begin.snr).all()


def test_bad_input():
    vectors, pairs = family()
    with pytest.raises(ValueError, match="two or more that the 64 words cover, got 1 of 2 of 'made'"):
        task_vectors(vectors, [pairs[0], ("no", "none")], "made")
    with pytest.raises(TypeError, match="source must be a Spectrum or WordVectors, got dict"):
        task_vectors({}, pairs)
    with pytest.raises(ValueError, match="times must come with a Spectrum"):
        task_curve(vectors, pairs, times=[1.0])
    with pytest.raises(ValueError, match="sizes must be at most 30, got 31"):
        task_curve(vectors, pairs, sizes=[31])
    with pytest.raises(ValueError, match="at least three task vectors, got shape"):
        spike_fit(np.ones((2, 5)))
    with pytest.raises(ValueError, match="all are the same"):
        spike_fit(np.ones((5, 5)))
