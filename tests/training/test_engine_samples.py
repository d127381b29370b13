"""The engine's samples equal the specification's, integer for integer, for any workers and instruction set."""

from __future__ import annotations

import isas
import numpy as np
import pytest
import training_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import _core
from fastqwem.training import spec


def check(corpus, epoch, of, workers=(1, 2, 5)):
    ids, offsets, _ = corpus
    truth = cases.list_samples(ids, offsets, epoch, of)
    trainer = _core.Trainer(**vars(of))
    for n_workers in workers:
        made = trainer.samples(ids, offsets, epoch, n_workers)
        assert made.keys() == truth.keys()
        for name in truth:
            assert made[name].dtype == truth[name].dtype
            np.testing.assert_array_equal(made[name], truth[name], err_msg=name)


def test_a_chunk_is_a_chunk():
    assert _core.TRAINING_CHUNK == spec.CHUNK


@given(cases.corpora(), st.integers(0, 2**32 - 2), st.data())
@settings(max_examples=200, deadline=None)
def test_samples(corpus, epoch, data):
    check(corpus, epoch, data.draw(cases.sampling_settings(corpus[2])))


@given(cases.corpora(), st.data())
@settings(max_examples=50, deadline=None)
def test_samples_of_bags(corpus, data):
    """CBOW's windows are those of skip-gram."""
    of = data.draw(cases.sampling_settings(corpus[2]))
    check(corpus, 1, cases.settings(**{**vars(of), "architecture": "cbow"}))


@given(cases.corpora(), st.sampled_from(["skipgram", "cbow"]), st.booleans(), st.data())
@settings(max_examples=50, deadline=None)
def test_samples_with_hierarchical_softmax(corpus, architecture, negatives, data):
    """Beside negatives it adds no samples; alone, every centre is a block of its own."""
    of = data.draw(cases.sampling_settings(corpus[2]))
    changes = {"architecture": architecture, "hs": True}
    if not negatives:
        changes.update(negative=0, shared_negatives=1)
    check(corpus, 1, cases.settings(**{**vars(of), **changes}))


@given(cases.corpora(), st.data())
@settings(max_examples=50, deadline=None)
def test_samples_with_exact_negatives(corpus, data):
    """The expectation takes their place, so none is drawn; centres and pairs are those of sampled negatives."""
    of = data.draw(cases.sampling_settings(corpus[2]))
    exact = cases.settings(**{**vars(of), "objective": "qwem", "exact_negatives": True})
    check(corpus, 1, exact)
    made, sampled = (_core.Trainer(**vars(each)).samples(*corpus[:2], 1, 1) for each in (exact, of))
    assert made["negatives"].shape[1] == 0 < sampled["negatives"].shape[1]
    for name in ("centers", "block", "pairs"):
        np.testing.assert_array_equal(made[name], sampled[name])


@given(cases.long_corpora(), st.data())
@settings(max_examples=15, deadline=None)
def test_samples_of_sentences_longer_than_a_chunk(corpus, data):
    check(corpus, 0, data.draw(cases.sampling_settings(corpus[2])))


@pytest.mark.parametrize("isa", isas.COMMON)
def test_samples_of_every_instruction_set(isa):
    corpus = cases.random_corpus(0, 20_000, 300, longest=400)
    _core.force_isa(isa)
    try:
        for negative in (5, 30):  # draws that fill one group of vectors, and several
            check(corpus, 3, cases.settings(corpus[2], sample=0.01, window=5, negative=negative, shared_negatives=4))
    finally:
        _core.force_isa("")


def test_epochs_and_seeds_have_other_samples():
    ids, offsets, counts = cases.random_corpus(0, 1_000, 50)
    made = [
        _core.Trainer(**vars(cases.settings(counts, seed=seed))).samples(ids, offsets, epoch, 1)
        for seed, epoch in ((1, 0), (1, 1), (2, 0), (1 + 2**32, 0))
    ]
    for i in range(4):
        for j in range(i):
            assert (made[i]["negatives"] != made[j]["negatives"]).mean() > 0.3
            assert len(made[i]["pairs"]) != len(made[j]["pairs"])


@given(st.lists(st.one_of(st.floats(1e-3, 1e6), st.just(0.0)), min_size=2, max_size=60).filter(lambda w: sum(w) > 0))
@settings(max_examples=200, deadline=None)
def test_alias_table(weights):
    of = cases.settings(np.ones(len(weights), np.int64), noise=np.array(weights))
    made, truth = _core.Trainer(**vars(of)).alias_table(), spec.alias_table(of.noise)
    for a, b in zip(made, truth, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=60))
@settings(max_examples=200, deadline=None)
def test_huffman_tree(counts):
    """Small counts, so that there are many ties."""
    of = cases.settings(np.sort(np.array(counts, np.int64))[::-1].copy(), hs=True)
    made, truth = _core.Trainer(**vars(of)).huffman(), spec.huffman_tree(of.counts)
    for a, b in zip(made, (truth.ends, truth.points, truth.codes), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
