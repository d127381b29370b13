"""Alternating least squares: against dense normal equations, and against what must hold of every run."""

from __future__ import annotations

import naive_factorize as naive
import naive_full_batch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import cooccurrence, random_table

from fastqwem import Cooccurrence, SpectralStart, Target, Vocab, WordVectors, factorize, solve
from fastqwem.counts.window import window_weights

N, D = 40, 5
WEIGHTS = {"negative": 3.0, "ns_exponent": 0.75, "sample": 0.05}
QWEM = WEIGHTS | {"objective": "qwem", "ridge_exponent": 0.0}
NEAR = 5  # the linear window of `tables.cooccurrence`: weight of distance 1


def problem(table, ridge=2.0, exponent=0.0, dtype=np.int64):
    """Counts, and the dense A, B and ridges that they stand for."""
    counts = cooccurrence(table, dtype)
    dense = naive_full_batch.pair_weights(table, counts.vocab.counts, **WEIGHTS)
    return counts, (*dense, naive.ridges(table, counts.vocab.counts, WEIGHTS["sample"], NEAR, ridge, exponent))


def begin(n=N, d=D, seed=3):
    rng = np.random.default_rng(seed)
    return tuple((rng.standard_normal((n, d)) / 2).astype(np.float32) for _ in range(2))


def factors(result):
    w = result.input_vectors.astype(float)
    return w, w if result.output_vectors is None else result.output_vectors.astype(float)


# --- one half sweep: the normal equations ----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.0, 0.5])
@pytest.mark.parametrize("d", [1, 5, 16, 17, 48])
def test_conjugate_gradients_end_at_the_normal_equations(isa, d, exponent):
    """With many steps each half sweep is the exact minimiser for the other factor, whatever d is."""
    counts, (seen, drawn, ridge) = problem(random_table(N), exponent=exponent)
    w, c = begin(d=d)
    result = factorize(counts, d, **(QWEM | {"ridge_exponent": exponent}), ridge=2.0, sweeps=1, steps=200, start=(w, c))
    best_w = naive.best_rows(seen, drawn, c.astype(float), ridge)
    best_c = naive.best_rows(seen.T, drawn.T, best_w, ridge)
    got_w, got_c = factors(result)
    # float32 (6e-8) in systems whose condition is up to about 1e3
    np.testing.assert_allclose(got_w @ got_c.T, best_w @ best_c.T, atol=2e-4 * abs(best_w @ best_c.T).max())
    for at, rows in ((1, best_w), (2, best_c)):
        truth = naive.objective(seen, drawn, best_w, c.astype(float) if at == 1 else rows, ridge)
        assert result.history[at].objective == pytest.approx(truth, rel=1e-5)


# --- whole runs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_losses_equal_brute_force_and_fall(isa, tied, steps, dtype):
    counts, (seen, drawn, ridge) = problem(random_table(N), dtype=dtype)
    result = factorize(counts, D, **QWEM, ridge=2.0, sweeps=5, steps=steps, tol=0, tied=tied)
    objectives = [record.objective for record in result.history]
    assert len(objectives) == (6 if tied else 11)
    assert np.all(np.diff(objectives) < 0)
    assert [r.factor for r in result.history][:3] == (
        ["start", "both", "both"] if tied else ["start", "input", "output"]
    )
    w, c = factors(result)
    # sums over 1600 pairs of numbers of order one, each with the rounding of float32
    assert result.loss == pytest.approx(naive_full_batch.loss(seen, drawn, w, c, "qwem"), rel=1e-5)
    assert objectives[-1] == pytest.approx(naive.objective(seen, drawn, w, c, ridge), rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 30),
    d=st.integers(1, 20),
    seed=st.integers(0, 1000),
    mass=st.sampled_from([3.0, 40.0, 1e4]),
    ridge=st.sampled_from([0.0, 0.1, 30.0]),
    tied=st.booleans(),
)
def test_any_counts(n, d, seed, mass, ridge, tied):
    """Words without counts included: finite, never up, and the objective is what it says."""
    table = random_table(n, seed, mass=mass)
    if not table.sum():
        return
    counts, (seen, drawn, ridges) = problem(table, ridge)
    result = factorize(counts, d, **QWEM, ridge=ridge, sweeps=4, tol=0, tied=tied, start="random", seed=seed)
    w, c = factors(result)
    assert np.isfinite(w).all() and np.isfinite(c).all()
    objectives = np.array([record.objective for record in result.history])
    # float32 rounds x_ij by some 1e-7 of |w_i| |c_j|, and so every term of the sum by as much of what bounds it
    size = np.outer(np.linalg.norm(w, axis=1), np.linalg.norm(c, axis=1))
    scale = max(abs(objectives).max(), ((seen + drawn) * (size**2 / 4 + size)).sum())
    assert np.all(np.diff(objectives) <= 3e-6 * scale)
    assert objectives[-1] == pytest.approx(naive.objective(seen, drawn, w, c, ridges), abs=3e-6 * scale)


@pytest.mark.parametrize(("objective", "tied"), [("sgns", False), ("qwem", False), ("qwem", True)])
def test_workers_do_not_matter(objective, tied):
    counts = cooccurrence(random_table(700))  # beyond what the start gives to LAPACK
    one = factorize(counts, 8, objective=objective, workers=1, tied=tied)
    for workers in (2, 5):
        other = factorize(counts, 8, objective=objective, workers=workers, tied=tied)
        assert np.array_equal(one.input_vectors, other.input_vectors)
        assert tied or np.array_equal(one.output_vectors, other.output_vectors)
        assert [r.objective for r in one.history] == [r.objective for r in other.history]


def test_more_sweeps_end_at_a_stationary_point():
    """Each factor is the minimiser for the other: nothing moves any more."""
    counts, (seen, drawn, ridge) = problem(random_table(N), ridge=20.0)
    result = factorize(counts, 2, **QWEM, ridge=20.0, sweeps=500, tol=1e-9)
    assert result.converged and result.sweeps < 500
    w, c = factors(result)
    np.testing.assert_allclose(naive.best_rows(seen, drawn, c, ridge) @ c.T, w @ c.T, atol=2e-3 * abs(w @ c.T).max())


def test_tol_stops():
    counts = cooccurrence(random_table(N))
    loose = factorize(counts, D, sweeps=50, tol=0.05)
    assert loose.converged and 1 <= loose.sweeps < 50
    last = loose.history[-1].objective
    assert loose.history[-3].objective - last <= 0.05 * abs(last)
    assert not factorize(counts, D, sweeps=2, tol=0).converged


def test_thinning():
    """The first sweeps look at fewer pairs, in the units of expected pairs; the others, and what they say, at all."""
    table = random_table(N)
    counts, (seen, drawn, ridge) = problem(table)
    options = QWEM | {"tol": 0, "ridge": 2.0, "start": begin(N, D), "precision": "single"}
    result = factorize(counts, D, **options, sweeps=3, thinning=(4, 0.0))
    assert [record.thinning for record in result.history] == [4.0] * 3 + [0.0] * 4
    assert result.options["thinning"] == [4.0, 0.0]
    w, c = factors(result)
    assert result.history[-1].objective == pytest.approx(naive.objective(seen, drawn, w, c, ridge), rel=1e-5)
    none = factorize(counts, D, **options, sweeps=1)
    tiny = factorize(counts, D, **options, sweeps=1, thinning=(1e-9,))
    assert np.array_equal(none.input_vectors, tiny.input_vectors) and none.options["thinning"] == []
    one, other, seeded = (
        factorize(counts, D, **options, sweeps=1, thinning=(4,), seed=s, workers=k) for s, k in ((0, 1), (0, 3), (1, 1))
    )
    assert np.array_equal(one.input_vectors, other.input_vectors)
    assert not np.array_equal(one.input_vectors, none.input_vectors)
    assert not np.array_equal(one.input_vectors, seeded.input_vectors)


def test_sweeps_that_thin_do_not_converge():
    counts = cooccurrence(random_table(N))
    result = factorize(counts, D, sweeps=6, tol=10.0, thinning=(1, 1))
    assert result.converged and result.sweeps == 3


def test_ridge_exponent_one_does_not_depend_on_the_length_of_the_corpus():
    table = random_table(N)
    short, long = (factorize(cooccurrence(k * table), D, ridge=0.1, ridge_exponent=1, sweeps=3) for k in (1, 50))
    np.testing.assert_allclose(short.loss, long.loss, rtol=1e-5)
    short, long = (factorize(cooccurrence(k * table), D, ridge=5, ridge_exponent=0, sweeps=3) for k in (1, 50))
    assert long.loss < short.loss - 0.01


@pytest.mark.parametrize(("d", "expected"), [(29, 2), (9, 5), (1, 8)])
def test_sweeps_follow_the_pairs_per_parameter(d, expected):
    table = random_table(N)
    pairs = table.sum() / NEAR  # nothing is dropped, and a neighbour counts one
    assert min(8, max(2, round(1.5 * pairs / (N * d)))) == expected
    counts = cooccurrence(table)
    result = factorize(counts, d, sample=0, tol=0, output="sum")
    assert result.sweeps == expected
    alone = factorize(counts, d, sample=0, tol=0)  # W is all that is wanted, and the last half sweep is not over it
    assert alone.sweeps == expected - 0.5 and len(alone.history) == 2 * expected
    got, truth = (x.input_vectors @ x.input_vectors.T for x in (alone, result))  # C's half sweep turns both
    np.testing.assert_allclose(got, truth, atol=1e-5 * abs(truth).max())
    assert (result.options["start"] == "spectral") == (expected < 5)  # else one of fewer passes, which is named
    assert result.options["thinning"] == ([1.0, 1.0, 0.5] if expected >= 5 else [])
    assert factorize(counts, d, sample=0, tol=0, objective="qwem").sweeps == 2
    assert factorize(counts, d, sample=0, tol=0, sweeps=1).sweeps == 1


def test_mapped_counts(tmp_path):
    counts = cooccurrence(random_table(N))
    counts.save(tmp_path / "c.fqn")
    mapped = Cooccurrence.load(tmp_path / "c.fqn", mmap=True)
    assert isinstance(mapped.matrix.data, np.memmap)
    assert np.array_equal(factorize(counts, D).input_vectors, factorize(mapped, D).input_vectors)


def test_mapped_counts_start_from_values_in_float64(tmp_path):
    """The start of many words differs in rounding only, amplified by what an iteration of a few passes leaves open."""
    counts = cooccurrence(random_table(700))
    counts.save(tmp_path / "c.fqn")
    mapped = Cooccurrence.load(tmp_path / "c.fqn", mmap=True)
    assert factorize(mapped, D).loss == pytest.approx(factorize(counts, D).loss, rel=1e-3)


def test_progress_counts_and_can_stop():
    counts = cooccurrence(random_table(N))
    seen = []
    factorize(counts, D, sweeps=2, tol=0, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4 * counts.nnz, 4 * counts.nnz) and seen == sorted(seen)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        factorize(counts, D, progress=stop)


def test_topics():
    """Words of a topic are near each other."""
    from topics import topical

    from fastqwem import Corpus, count

    vectors = factorize(count(Corpus.from_sentences(topical(), min_count=1), 5), 4, sample=0).vectors
    assert isinstance(vectors, WordVectors)
    for topic in ("sea", "sky"):
        assert all(word.startswith(topic) for word, _ in vectors.most_similar(f"{topic}3", topn=8))


# --- starts ----------------------------------------------------------------------------------------------------------


def test_starts():
    counts = cooccurrence(random_table(N))
    spectrum = solve(Target(counts), D)
    w, c = begin()
    for start, first in (
        (spectrum, (spectrum.matrix(), spectrum.matrix())),
        (w, (w, w)),
        ((w, spectrum), (w, spectrum.matrix())),
        ((w.astype(np.float64), c.tolist()), (w, c)),
    ):
        result = factorize(counts, D, start=start, sweeps=0)
        for got, expected in zip((result.input_vectors, result.output_vectors), first, strict=True):
            assert np.array_equal(got, expected) and got.dtype == np.float32
        assert result.history == [] and np.isnan(result.loss) and result.sweeps == 0
    w_before = w.copy()
    factorize(counts, D, start=(w, c))
    assert np.array_equal(w, w_before)


@pytest.mark.parametrize("n", [N, 700])
def test_spectral_start_is_the_closed_form(n):
    """Of few words exactly, else as well as its passes allow."""
    counts = cooccurrence(random_table(n))
    options = {"negative": 2.0, "ns_exponent": 0.75, "weight_exponent": 0.5}
    truth = solve(Target(counts, **options), D).matrix()
    start = SpectralStart(**options, block=10, passes=16)
    got = factorize(counts, D, objective="qwem", start=start, sweeps=0).input_vectors
    np.testing.assert_allclose(
        got @ got.T, truth @ truth.T, atol=(1e-4 if n == N else 0.02) * abs(truth @ truth.T).max()
    )


def test_eigenvalue_exponent():
    counts = cooccurrence(random_table(N))
    plain, flat = (
        factorize(
            counts, D, objective="qwem", start=SpectralStart(weight_exponent=0, eigenvalue_exponent=p), sweeps=0
        ).input_vectors
        for p in (0.5, 0.0)
    )
    np.testing.assert_allclose(np.linalg.norm(flat), np.linalg.norm(plain), rtol=1e-5)
    lengths = np.linalg.norm(flat, axis=0)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-4)
    assert np.linalg.norm(plain, axis=0)[0] > 1.3 * np.linalg.norm(plain, axis=0)[-1]


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vector_size": 0}, "vector_size must be at least 1, got 0"),
        ({"negative": 0}, "negative must be greater than 0, got 0"),
        ({"ns_exponent": float("nan")}, "ns_exponent must be finite, got nan"),
        ({"sample": -1}, "sample must be at least 0, got -1"),
        ({"ridge": float("nan")}, "ridge must be finite, got nan"),
        ({"ridge": -1}, "ridge must be at least 0, got -1"),
        ({"ridge_exponent": -1}, "ridge_exponent must be at least 0, got -1"),
        ({"sweeps": -1}, "sweeps must be at least 0, got -1"),
        ({"sweeps": 1.3}, "sweeps must be a multiple of 0.5, got 1.3"),
        ({"sweeps": 1.5, "tied": True}, "sweeps must be whole for tied factors, got 1.5"),
        ({"thinning": (1, -1)}, "thinning must be at least 0, got -1"),
        ({"thinning": (1,), "tied": True}, "thinning must be empty for tied factors or a target"),
        ({"precision": "double"}, "precision must be one of 'byte', 'single', got 'double'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"tol": -1}, "tol must be at least 0, got -1"),
        ({"output": "both"}, "output must be one of 'sum', .* got 'both'"),
        ({"output": "concat", "tied": True}, "output must not be 'concat' for tied factors"),
        ({"workers": -1}, "workers must be at least 0, got -1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"start": "svd"}, "start must be 'spectral', 'random', .* got 'svd'"),
        ({"start": np.zeros((3, 2))}, r"start must have shape \(40, 5\), got \(3, 2\)"),
        ({"start": (np.zeros((40, 5)),)}, "start must be one array or a pair"),
        ({"start": np.full((40, 5), np.nan)}, "start must be finite"),
    ],
)
def test_bad_values(options, message):
    with pytest.raises(ValueError, match=message):
        factorize(cooccurrence(random_table(N)), **{"vector_size": D} | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vector_size": 2.5}, "vector_size must be an integer, got 2.5"),
        ({"ridge": "much"}, "ridge must be a number, got 'much'"),
        ({"thinning": 1.0}, "thinning must be a sequence of numbers, got 1.0"),
        ({"thinning": "11"}, "thinning must be a sequence of numbers, got '11'"),
        ({"start": {"a": 1}}, "start must be numbers, a Spectrum, .* got dict"),
    ],
)
def test_bad_types(options, message):
    with pytest.raises(TypeError, match=message):
        factorize(cooccurrence(random_table(N)), **{"vector_size": D} | options)


def test_bad_counts():
    with pytest.raises(TypeError, match="counts_or_target must be a Cooccurrence, a Target or a matrix, got str"):
        factorize("counts.fqn", 3)
    with pytest.raises(ValueError, match="counts hold no pairs"):
        factorize(cooccurrence(np.zeros((4, 4), int)), 3)
    with pytest.raises(ValueError, match="must be square and not empty"):
        factorize(np.ones((3, 4)), 2)
    with pytest.raises(ValueError, match="start must have shape"):
        factorize(cooccurrence(random_table(N)), D, start=solve(Target(cooccurrence(random_table(N))), D - 1))


def test_indices_out_of_range():
    counts = cooccurrence(random_table(N))
    counts.matrix.indices[3] = N
    with pytest.raises(ValueError, match="column index is not in the vocabulary"):
        factorize(counts, D)


@pytest.mark.parametrize("weighting", ["linear", "uniform", "harmonic"])
def test_a_neighbour_is_one_pair_for_the_ridge(weighting):
    """Whatever its weight in the counts, so that the ridge means the same for every window."""
    table = random_table(N)
    near = int(window_weights(4, weighting)[0][0])
    matrix = cooccurrence(near * table).matrix
    vocab = Vocab([f"w{i}" for i in range(N)], np.arange(N, 0, -1))
    result = factorize(Cooccurrence(matrix, vocab, 4, weighting), D, ridge=5)
    plain = factorize(Cooccurrence(cooccurrence(table).matrix, vocab, 4, "uniform"), D, ridge=5)
    assert result.loss == pytest.approx(plain.loss, rel=1e-5)
