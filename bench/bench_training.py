"""Epochs of stochastic gradient descent on the sample corpus; asserts that each learns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fastqwem import Corpus, train

NEGATIVE = 5


@pytest.fixture(scope="module")
def corpus(sample):
    return Corpus.from_text(sample, progress=False)


# The loss per pair of vectors that know nothing, all logits zero: what an epoch must improve on.
@pytest.mark.parametrize(
    ("objective", "blank"), [("sgns", (1 + NEGATIVE) * math.log(2)), ("qwem", 0.0)], ids=["sgns", "qwem"]
)
@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_epoch(benchmark, corpus, architecture, objective, blank):
    options = {"architecture": architecture, "objective": objective, "negative": NEGATIVE, "epochs": 1}
    model = benchmark.pedantic(train, (corpus,), options | {"progress": False}, rounds=3, warmup_rounds=1)
    (epoch,) = model.history
    benchmark.extra_info["words_per_second"] = epoch.words_per_second
    assert epoch.loss < blank
    assert 0 < epoch.words < len(corpus.ids)  # some are subsampled
    assert np.isfinite(model.vectors.vectors).all()
