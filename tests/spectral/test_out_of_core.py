"""Counts on disk and small budgets: the same bits, little memory, clear errors, nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from planted import Planted, check_recovered

from fastqwem.counts.cooccurrence import Cooccurrence
from fastqwem.spectral import Target, factorize, solve, workspace
from fastqwem.text.vocab import Vocab

N = 20_000


def planted_counts(planted):
    indices, data = planted.rows(0, len(planted.groups))
    n = len(planted.groups)
    matrix = sp.csr_array((data, indices, planted.indptr.astype(np.int32)), shape=(n, n))
    return Cooccurrence(matrix, Vocab([f"w{i}" for i in range(n)], planted.weights), window=5, weighting="linear")


@pytest.fixture(scope="module")
def planted():
    return Planted.draw(N, 400)


@pytest.fixture(scope="module")
def counts(planted):
    return planted_counts(planted)


def test_the_planted_spectrum_is_that_of_the_target():
    """By LAPACK on the whole target of a small case."""
    small = Planted.draw(300, 12, head=4)
    counts = planted_counts(small)
    assert (counts.matrix != counts.matrix.T).nnz == 0
    dense = Target(counts).todense()
    values, per_group = small.top(13)
    truth = np.linalg.eigvalsh(dense)[::-1]
    positive = int((values > 0).sum())
    assert 0 < positive < 13  # the others are negative, and the lowest of all
    np.testing.assert_allclose(np.r_[truth[:positive], truth[positive - 13 :]], values, atol=1e-9)
    vectors = per_group[small.groups]
    np.testing.assert_allclose(dense @ vectors, vectors * values, atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(13), atol=1e-12)


def test_planted_pairs_are_recovered(planted, counts):
    spectrum = solve(Target(counts), 50)
    assert spectrum.certificate.converged
    check_recovered(planted, spectrum)
