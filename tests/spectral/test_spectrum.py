"""What is made of eigenpairs: vectors, their optimality, files."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem.errors import FormatError
from fastqwem.spectral import Spectrum, Target, solve

WEIGHTED = {"negative": 2, "ns_exponent": 0.75, "weight_exponent": 0.5}


@pytest.mark.parametrize("options", [{}, WEIGHTED], ids=["plain", "weighted"])
def test_stationary_and_minimal(options):
    """Specification items 5 and 20: no gradient at the solution, and nothing near it is better."""
    target = Target(cooccurrence(random_table(60)), **options)
    d = 5
    spectrum = solve(target, d, tol=1e-13)
    assert (spectrum.values > 0).all()
    rows = spectrum.eigenvectors * np.sqrt(spectrum.values) / target.gamma[:, None]
    weighted = target.gradient(rows) / target.gamma[:, None]  # the gradient with respect to Gamma W
    assert abs(weighted).max() <= 1e-9 * spectrum.values[0] ** 1.5
    best = target.loss(rows)
    rest = target.frobenius_norm() ** 2 - np.square(spectrum.values).sum()
    assert best == pytest.approx(rest / 4, rel=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert target.loss(rows + 1e-3 * rng.standard_normal(rows.shape)) > best
    np.testing.assert_allclose(spectrum.matrix(), rows, atol=1e-6 * abs(rows).max())


def test_permuting_words_permutes_vectors():
    table = random_table(500, topics=8)
    order = np.random.default_rng(0).permutation(500)
    one = solve(Target(cooccurrence(table)), 6, tol=1e-9).matrix()
    other = solve(Target(cooccurrence(table[np.ix_(order, order)])), 6, tol=1e-9).matrix()
    signs = np.sign((one[order] * other).sum(axis=0))
    np.testing.assert_allclose(other * signs, one[order], atol=1e-5 * abs(one).max())


def test_smaller_sizes_are_prefixes():
    """Specification item 17: of one solve exactly; of two, up to sign and rounding."""
    target = Target(cooccurrence(random_table(500, topics=8)))
    spectrum = solve(target, 12, tol=1e-12)
    for d in (1, 5, 12):
        np.testing.assert_array_equal(spectrum.matrix(d), spectrum.matrix()[:, :d])
    other = solve(target, 5, tol=1e-12, seed=3)
    gaps = -np.diff(spectrum.values[:6]) / spectrum.values[0]
    assert gaps.min() > 1e-3
    np.testing.assert_allclose(other.eigenvectors, spectrum.eigenvectors[:, :5], atol=1e-8)


def test_negative_eigenvalues_count_as_zero(caplog):
    spectrum = solve(-np.eye(4), 2)
    assert not spectrum.matrix().any()
    assert "2 of 2 eigenvalues are negative" in caplog.text


def test_words_that_never_cooccur_have_zero_vectors():
    table = random_table(40)
    table[7] = table[:, 7] = 0
    for options in ({}, WEIGHTED, {"weight_exponent": -0.5}):
        rows = solve(Target(cooccurrence(table), **options), 4).matrix()
        assert np.isfinite(rows).all() and abs(rows[7]).max() < 1e-12


def test_vectors(monkeypatch):
    made = {}

    def word_vectors(words, matrix):
        made.update(words=words, matrix=matrix)
        return made

    module = SimpleNamespace(WordVectors=word_vectors)
    monkeypatch.setitem(sys.modules, "fastqwem.vectors.word_vectors", module)
    spectrum = solve(Target(cooccurrence(random_table(30))), 6)
    assert spectrum.vectors(4) is made
    assert made["words"] is spectrum.vocab and made["matrix"].dtype == np.float32 and made["matrix"].shape == (30, 4)
    assert made["matrix"].flags.c_contiguous


def test_real_word_vectors():
    spectrum = solve(Target(cooccurrence(random_table(30))), 6)
    vectors = spectrum.vectors()
    assert list(vectors.words) == spectrum.vocab.words
    np.testing.assert_array_equal(vectors.vectors, spectrum.matrix())


def test_bad_sizes():
    spectrum = solve(np.diag([3.0, 2.0, 1.0]), 2)
    for size, message in [(0, "at least 1, got 0"), (3, "at most 2, got 3")]:
        with pytest.raises(ValueError, match=f"vector_size must be {message}"):
            spectrum.matrix(size)
    with pytest.raises(ValueError, match="no vocabulary"):
        spectrum.vectors()


def test_save_and_load(tmp_path):
    path = tmp_path / "s.fqs"
    spectrum = solve(Target(cooccurrence(random_table(500)), **WEIGHTED), 7)
    spectrum.save(path)
    loaded = Spectrum.load(path)
    for name in ("values", "eigenvectors", "gamma"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(spectrum, name))
        assert getattr(loaded, name).dtype == getattr(spectrum, name).dtype
    assert loaded.vocab.words == spectrum.vocab.words and loaded.target == spectrum.target
    assert str(loaded.certificate) == str(spectrum.certificate) and repr(loaded) == repr(spectrum)
    np.testing.assert_array_equal(loaded.certificate.residuals, spectrum.certificate.residuals)
    plain = solve(np.eye(3), 3)  # no vocabulary, and a probe that is NaN
    plain.save(path)
    assert Spectrum.load(path).vocab is None and np.isnan(Spectrum.load(path).certificate.probe)


def test_damaged_files(tmp_path):
    path = tmp_path / "s.fqs"
    solve(np.eye(5), 2).save(path)
    whole = path.read_bytes()
    for damage in (whole[:-9], whole[: len(whole) // 2], b"", b"not a container", whole[:-1] + b"\x55"):
        path.write_bytes(damage)
        with pytest.raises(FormatError):
            Spectrum.load(path)
    with pytest.raises(FileNotFoundError):
        Spectrum.load(tmp_path / "none")
    with pytest.raises(OSError):
        solve(np.eye(5), 2).save(tmp_path / "none" / "s.fqs")
