"""Counting, in memory and spilled, on the sample corpus; asserts that both agree."""

from __future__ import annotations

import numpy as np
import pytest

from fastqwem import Corpus, count
from fastqwem.counts import counting


@pytest.fixture(scope="module")
def corpus(sample):
    return Corpus.from_text(sample, max_vocab=10_000, progress=False)


@pytest.mark.parametrize("weighting", ["linear", "harmonic"])
def test_count(benchmark, corpus, weighting):
    counts = benchmark(count, corpus, 16, weighting, progress=False)
    assert counts.total == counts.marginals.sum() > 0
    assert counts.vocab.words[0] == "the"


def test_count_spilled(benchmark, corpus, tmp_path):
    budget = counting.resident() + (150 << 20)
    counts = benchmark(count, corpus, 16, memory=budget, scratch=tmp_path, progress=False)
    whole = count(corpus, 16, progress=False)
    np.testing.assert_array_equal(counts.matrix.data, whole.matrix.data)
