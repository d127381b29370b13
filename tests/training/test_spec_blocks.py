"""The specification's blocks against loops over tokens in Python's integers."""

from __future__ import annotations

import itertools

import naive_training as naive
import numpy as np
import training_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.training import spec
from fastqwem.training.spec import blocks


def sentences_of(ids, offsets):
    return [ids[begin:end].tolist() for begin, end in itertools.pairwise(offsets)]


def check(ids, offsets, epoch, of, chunk=spec.CHUNK):
    table = spec.alias_table(of.noise)
    truth = naive.samples(sentences_of(ids, offsets), epoch, of, *table, chunk)
    made = [block for _, block in spec.epoch_blocks(ids, offsets, epoch, of)]
    # Blocks come chunk by chunk and, within one, sentence by sentence: by position.
    assert [block.centers.tolist() for block in made] == [centers for centers, _, _ in truth]
    for block, (_, negatives, pairs) in zip(made, truth, strict=True):
        assert block.negatives.tolist() == negatives
        at = np.argwhere(block.windows.T)
        assert [(block.centers[t], block.inputs[c]) for t, c in at] == pairs


@given(cases.corpora(longest=25), st.integers(0, 3), st.data())
@settings(max_examples=100, deadline=None)
def test_blocks_equal_brute_force(corpus, epoch, data):
    ids, offsets, counts = corpus
    check(ids, offsets, epoch, data.draw(cases.sampling_settings(counts)))


@given(cases.corpora(longest=25), st.data())
@settings(max_examples=30, deadline=None)
def test_exact_negatives_are_not_drawn(corpus, data):
    ids, offsets, counts = corpus
    of = data.draw(cases.sampling_settings(counts))
    of = cases.settings(**{**vars(of), "objective": "qwem", "exact_negatives": True})
    check(ids, offsets, 0, of)
    assert all(block.negatives.shape == (0,) for _, block in spec.epoch_blocks(ids, offsets, 0, of))


@given(cases.corpora(longest=25), st.integers(1, 20), st.data())
@settings(max_examples=100, deadline=None)
def test_small_chunks_equal_brute_force(corpus, chunk, data):
    """Chunks far shorter than sentences: blocks end at their borders, windows do not."""
    ids, offsets, counts = corpus
    of = data.draw(cases.sampling_settings(counts))
    blocks.CHUNK, whole = chunk, blocks.CHUNK
    try:
        check(ids, offsets, 0, of, chunk)
    finally:
        blocks.CHUNK = whole


def test_spans_of_chunks_are_the_epoch():
    ids, offsets, counts = cases.random_corpus(0, 3 * spec.CHUNK, 30, longest=20_000)
    of = cases.settings(counts, sample=0.05, window=30)
    whole = [(chunk, block.centers.tolist()) for chunk, block in spec.epoch_blocks(ids, offsets, 1, of)]
    spans = [(0, 1), (1, 1), (1, 4)]
    parts = [
        (chunk, block.centers.tolist())
        for first, last in spans
        for chunk, block in spec.epoch_blocks(ids, offsets, 1, of, first, last)
    ]
    assert len({chunk for chunk, _ in whole}) >= 3
    assert parts == whole


def test_held_out_positions_are_those_never_trained():
    """Kept positions are centres of training or of the held-out loss: never of both, in any epoch."""
    ids, offsets, counts = cases.random_corpus(1, 2_000, 30)
    of = cases.settings(counts, sample=0.05, held_out=2**30)
    ever_trained, ever_held = set(), set()
    for epoch in range(4):
        trained = np.concatenate([b.centers for _, b in spec.epoch_blocks(ids, offsets, epoch, of)])
        held = [block.centers.tolist() for block in spec.held_out_blocks(ids, offsets, epoch, of)]
        assert all(len(centers) == 1 for centers in held)
        without = cases.settings(counts, sample=0.05, shared_negatives=1)
        every = [b.centers[0] for _, b in spec.epoch_blocks(ids, offsets, epoch, without)]
        assert sorted([*trained.tolist(), *(c for (c,) in held)]) == every
        ever_trained.update(trained.tolist())
        ever_held.update(c for (c,) in held)
    assert ever_held and not ever_trained & ever_held


def test_learning_rates():
    n = 2 * spec.CHUNK + 100
    rates = spec.learning_rates(0.025, 0.001, 1, 4, n)
    done = np.array([n, n + spec.CHUNK, n + 2 * spec.CHUNK]) / (4 * n)
    assert rates.dtype == np.float32
    np.testing.assert_array_equal(rates, (0.025 - 0.024 * done).astype(np.float32))
    assert spec.learning_rates(0.025, 0.001, 0, 1, n)[0] == np.float32(0.025)
    assert spec.learning_rates(0.001, 0.002, 0, 1, n).tolist() == [np.float32(0.002)] * 3
    assert len(spec.learning_rates(0.025, 0.001, 0, 1, 0)) == 0
