"""word2vec's keep probability, which counts and training share."""

from __future__ import annotations

import naive_training as naive
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastqwem.counts.subsampling import keep_probabilities
from fastqwem.training import spec
from fastqwem.training.sampling import keep_limits

COUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any).map(lambda c: np.array(c, np.int64))
SAMPLES = st.one_of(st.just(0.0), st.floats(1e-12, 1))


@given(COUNTS, SAMPLES)
def test_keep_probabilities(counts, sample):
    kept = keep_probabilities(counts, sample)
    truth = [naive.keep_probability(int(count), int(counts.sum()), sample) for count in counts]
    assert kept.dtype == np.float64
    np.testing.assert_allclose(kept, truth, rtol=1e-15)  # the same few operations, each rounded to 2^-53


@given(COUNTS, SAMPLES)
def test_thresholds_of_the_engine_are_those_of_the_specification(counts, sample):
    limits, truth = keep_limits(counts, sample), spec.keep_table(counts, sample)
    assert limits.dtype == truth.dtype
    np.testing.assert_array_equal(limits, truth)
