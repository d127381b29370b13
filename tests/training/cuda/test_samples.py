"""The samples that the GPU draws are the specification's, integer for integer."""

from __future__ import annotations

import numpy as np
import pytest
import training_cases as cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truths import sizes_of, trainer_of

from fastqwem import _core
from fastqwem.training import spec

QUICK = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(corpus, epoch, of, **tuning):
    ids, offsets, _ = corpus
    made, truth = trainer_of(of, **tuning).samples(ids, offsets, epoch), cases.list_samples(ids, offsets, epoch, of)
    assert made.keys() == truth.keys()
    for name in truth:
        assert made[name].dtype == truth[name].dtype, name
        np.testing.assert_array_equal(made[name], truth[name], err_msg=name)


@given(cases.corpora(longest=20), st.integers(0, 2**32 - 2), st.data())
@QUICK
def test_samples(corpus, epoch, data):
    of = data.draw(cases.sampling_settings(corpus[2]).filter(lambda of: sizes_of(of).problem is None))
    check(corpus, epoch, of)


@given(cases.corpora(longest=40), st.sampled_from([4, 16, 33]), st.data())
@QUICK
def test_samples_of_short_chunks(monkeypatch, corpus, chunk, data):
    """Sentences longer than a chunk, chunks within a sentence, windows over their borders."""
    of = data.draw(cases.sampling_settings(corpus[2]).filter(lambda of: sizes_of(of).problem is None))
    with monkeypatch.context() as patch:
        patch.setattr(spec.blocks, "CHUNK", chunk)
        check(corpus, 1, of)


def test_samples_of_a_chunk_of_the_usual_size():
    """Sentences that end near its border, and one that reaches over it."""
    random = np.random.default_rng(0)
    near = [random.integers(0, 9, n).tolist() for n in (8_150, 60, 41)]
    ids, offsets, counts = cases.by_frequency(near, 9)
    of = cases.settings(counts, 1e-3, window=5, held_out=2**27)
    check((ids, offsets, counts), 0, of)
    whole = _core.Trainer(**vars(of)).samples(ids, offsets, 0, 1)
    assert (whole["centers"] < spec.CHUNK).any() and (whole["centers"] >= spec.CHUNK).any()


@pytest.mark.parametrize("sample", [0.0, 0.02])
@pytest.mark.parametrize("room", [0, 400])
def test_samples_of_pieces(monkeypatch, sample, room):
    """A corpus that is streamed has the samples of one that is resident, whatever the pieces."""
    monkeypatch.setattr(spec.blocks, "CHUNK", 16)
    corpus = cases.random_corpus(3, 150, 6, longest=120)
    check(corpus, 2, cases.settings(corpus[2], sample, window=4), room=room)


def test_exact_negatives_draw_none():
    corpus = cases.random_corpus(0, 40, 6, longest=12)
    check(corpus, 0, cases.settings(corpus[2], objective="qwem", exact_negatives=True, shared_negatives=3))
