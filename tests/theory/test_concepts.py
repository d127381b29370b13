"""Concepts and their overlaps, on features put there by hand."""

from __future__ import annotations

import naive_theory as naive
import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import Target, WordVectors, solve
from fastqwem.spectral import Spectrum
from fastqwem.theory import concept_stability, concepts, feature_overlap


def planted(values=(9.0, 4.0, 1.0), n=40, seed=0, words=None):
    """A Spectrum of random features."""
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, len(values))))[0]
    q *= np.where(q.max(axis=0) >= -q.min(axis=0), 1.0, -1.0)
    return naive.spectrum_of(values, q, words)


def test_words_at_both_ends():
    """Against the definition: unit rows of W in its principal axes, sorted."""
    spectrum = planted()
    rows = spectrum.eigenvectors * np.sqrt(spectrum.values)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = concepts(spectrum, n=2, topn=3, restrict_vocab=25)
    assert [c.number for c in found] == [1, 2] and [c.strength for c in found] == [9.0, 4.0]
    for k, concept in enumerate(found):
        order = np.argsort(unit[:25, k])
        assert [word for word, _ in concept.positive] == [f"w{i}" for i in order[::-1][:3]]
        assert [word for word, _ in concept.negative] == [f"w{i}" for i in order[:3]]
        np.testing.assert_allclose([score for _, score in concept.negative], unit[order[:3], k])
    assert str(found[0]).startswith("PC 1 (9): w")


def test_vectors_in_any_rotation_have_the_concepts_of_their_spectrum():
    spectrum = planted()
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((3, 3)))[0]
    turned = WordVectors(spectrum.vocab, spectrum.matrix() @ turn)
    for one, other in zip(concepts(spectrum, restrict_vocab=None), concepts(turned, restrict_vocab=None), strict=True):
        assert [word for word, _ in one.positive] == [word for word, _ in other.positive]
        assert one.strength == pytest.approx(other.strength, rel=1e-5)  # vectors are float32
    np.testing.assert_allclose(feature_overlap(spectrum, turned, 3).matrix, np.eye(3), atol=1e-5)


def test_features_that_no_vectors_hold_and_words_without_vectors():
    spectrum = planted((3.0, 1.0, -2.0))
    assert len(concepts(spectrum)) == 2
    table = random_table(40)
    table[7] = table[:, 7] = 0
    found = concepts(solve(Target(cooccurrence(table)), 4), topn=100, restrict_vocab=None)
    assert all(np.isfinite(score) for c in found for _, score in c.positive + c.negative)
    assert all(word != "w7" for c in found for word, _ in c.positive + c.negative)


def test_overlap_is_the_square_of_the_inner_products():
    one, other = planted(seed=1), planted(seed=2)
    found = feature_overlap(one, other, 3)
    np.testing.assert_allclose(found.matrix, np.square(one.eigenvectors.T @ other.eigenvectors), rtol=1e-12)
    np.testing.assert_array_equal(found.strengths_b, other.values)
    assert found.n_words == 40


def test_overlap_over_shared_words():
    """The same vectors with words in another order, and one corpus knowing more words."""
    spectrum = planted(n=40)
    order = np.random.default_rng(0).permutation(40)
    words = [f"w{i}" for i in order]
    moved = WordVectors(words, spectrum.matrix()[order])
    found = feature_overlap(spectrum, moved, 3)
    assert found.n_words == 40
    np.testing.assert_allclose(found.matrix, np.eye(3), atol=1e-5)
    more = WordVectors([*words[:30], "other", "third"], spectrum.matrix()[np.r_[order[:30], 0, 1]])
    part = WordVectors(words[:30], spectrum.matrix()[order[:30]])
    found = feature_overlap(part, more, 3)
    assert found.n_words == 30
    np.testing.assert_allclose(found.matrix, np.eye(3), atol=1e-5)


def test_stability_finds_what_is_there_even_if_mixed():
    """Features 2 and 3 turned in their plane by 45 degrees; feature 4 replaced by another."""
    one = planted((9.0, 4.0, 3.9, 1.0, 0.5), n=60)
    v = one.eigenvectors.copy()
    v[:, 1:3] = v[:, 1:3] @ (np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2))
    fresh = np.random.default_rng(9).standard_normal(60)
    fresh -= one.eigenvectors @ (one.eigenvectors.T @ fresh)
    v[:, 3] = fresh / np.linalg.norm(fresh)
    found = concept_stability(one, naive.spectrum_of(one.values, v), 5, slack=1)
    np.testing.assert_allclose(found.overlap, [1, 0.5, 0.5, 0, 1], atol=1e-12)
    np.testing.assert_allclose(found.kept, [1, 1, 1, 0, 1], atol=1e-12)
    assert found.best[0] == 0 and found.best[4] == 4
    assert str(found).count("\n") == 5


def test_bad_input():
    spectrum = planted()
    with pytest.raises(TypeError, match="source must be a Spectrum, WordVectors or a model, got str"):
        concepts("spectrum")
    bare = Spectrum(spectrum.values, spectrum.eigenvectors, None, {}, spectrum.certificate)
    with pytest.raises(ValueError, match="source has no vocabulary"):
        concepts(bare)
    with pytest.raises(ValueError, match="n must be at most 3, got 64"):
        feature_overlap(spectrum, spectrum)
    with pytest.raises(ValueError, match="n must be at most 3, got 4"):
        concept_stability(spectrum, spectrum, 4)
    strangers = planted(words=[f"x{i}" for i in range(40)])
    with pytest.raises(ValueError, match="must share words: none of 40 is among the 40"):
        feature_overlap(spectrum, strangers, 2)
    with pytest.raises(ValueError, match="topn must be at least 1, got 0"):
        concepts(spectrum, topn=0)
