"""What the tests of counting share."""

from __future__ import annotations

import naive
import numpy as np


def assert_same(a, b):
    """The same counts, integer for integer, of the same types and settings."""
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(a.matrix, name), getattr(b.matrix, name))
        assert getattr(a.matrix, name).dtype == getattr(b.matrix, name).dtype
    np.testing.assert_array_equal(a.marginals, b.marginals)
    assert (a.vocab, a.window, a.weighting, a.scale) == (b.vocab, b.window, b.weighting, b.scale)


def zipf(seed=2, n=40_000, vocab_size=300):
    """Return a corpus of sentences of 50 words."""
    random = np.random.default_rng(seed)
    ids = (random.zipf(1.3, n) - 1).clip(0, vocab_size - 1).astype(np.int32)
    corpus = naive.encoded([[]], vocab_size)
    corpus.ids, corpus.offsets = ids, np.arange(0, n + 1, 50, dtype=np.int64)
    return corpus
