"""Small corpora and settings for the tests of training."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from fastqwem.training import spec


def by_frequency(sentences, vocab_size):
    """Sentences renumbered so that counts fall, as arrays: (ids, offsets, counts); every word counts at least 1."""
    flat = np.array([word for sentence in sentences for word in sentence], np.int64)
    counts = np.bincount(flat, minlength=vocab_size)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(vocab_size, np.int64)
    rank[order] = np.arange(vocab_size)
    offsets = np.cumsum([0] + [len(s) for s in sentences]).astype(np.int64)
    return rank[flat].astype(np.int32), offsets, np.maximum(counts[order], 1).astype(np.int64)


def settings(counts, sample=0.0, ns_exponent=0.75, **changes):
    """Settings for a vocabulary with these counts."""
    values = {
        "vocab_size": len(counts),
        "vector_size": 4,
        "objective": "sgns",
        "architecture": "skipgram",
        "window": 3,
        "negative": 2,
        "shared_negatives": 2,
        "shrink_windows": True,
        "cbow_mean": True,
        "tied": False,
        "hs": False,
        "exact_negatives": False,
        "held_out": 0,
        "seed": 1,
        "keep": spec.keep_table(counts, sample),
        "noise": spec.noise_weights(counts, ns_exponent),
        "counts": counts,
    }
    return spec.Settings(**{**values, **changes})


def random_corpus(seed, n_tokens, vocab_size, longest=30):
    """A corpus with a few frequent words and many rare ones, in sentences of 0 .. longest tokens."""
    random = np.random.default_rng(seed)
    words = np.minimum(random.zipf(1.5, n_tokens) - 1, vocab_size - 1)
    sentences, done = [], 0
    while done < n_tokens:
        length = int(random.integers(0, longest + 1))
        sentences.append(words[done : done + length].tolist())
        done += length
    return by_frequency(sentences, vocab_size)


def random_matrices(of, seed=0, scale=0.5):
    """Starting vectors in float32, every matrix that the settings have."""
    random = np.random.default_rng(seed)
    return {
        name: (scale * random.standard_normal(shape)).astype(np.float32)
        for name, shape in spec.matrix_shapes(of).items()
    }


def list_samples(ids, offsets, epoch, of):
    """What `Trainer.samples` returns, from the specification's blocks; those without pairs do nothing, and go."""
    blocks = [block for _, block in spec.epoch_blocks(ids, offsets, epoch, of) if block.windows.any()]
    none = np.zeros((0, 2), np.int64)
    pairs = [np.argwhere(block.windows.T) for block in blocks]
    return {
        "centers": np.concatenate([*(b.centers for b in blocks), none[:, 0]]),
        "block": np.repeat(np.arange(len(blocks)), [len(block.centers) for block in blocks]),
        "negatives": np.array([block.negatives for block in blocks], np.int32).reshape(
            len(blocks), 0 if of.exact_negatives else of.negative * spec.blocks.draws_per_negative(of.shared_negatives)
        ),
        "pairs": np.concatenate(
            [
                none,
                *(np.stack([b.centers[at[:, 0]], b.inputs[at[:, 1]]], 1) for b, at in zip(blocks, pairs, strict=True)),
            ]
        ),
    }


@st.composite
def corpora(draw, longest=50, words=8):
    """(ids, offsets, counts): empty sentences, one-word ones and heavy repetition included."""
    vocab_size = draw(st.integers(2, words))
    word = st.one_of(st.integers(0, vocab_size - 1), st.integers(0, 1))
    sentences = draw(st.lists(st.lists(word, max_size=longest), min_size=1, max_size=8))
    return by_frequency(sentences, vocab_size)


@st.composite
def long_corpora(draw):
    """Corpora of a few sentences that are longer than a chunk, or end near its border."""
    seed = draw(st.integers(0, 2**32 - 1))
    vocab_size = draw(st.integers(2, 20))
    near = st.integers(spec.CHUNK - 3, spec.CHUNK + 3)
    lengths = draw(st.lists(st.one_of(near, st.integers(0, 40), st.integers(9_000, 20_000)), min_size=1, max_size=3))
    random = np.random.default_rng(seed)
    return by_frequency([random.integers(0, vocab_size, n).tolist() for n in lengths], vocab_size)


@st.composite
def sampling_settings(draw, counts):
    """Settings that decide which samples there are, all others at their default."""
    return settings(
        counts,
        sample=draw(st.sampled_from([0.0, 1e-3, 0.1, 1.0])),
        window=draw(st.sampled_from([1, 2, 5, 80])),
        negative=draw(st.integers(1, 6)),
        shared_negatives=draw(st.integers(1, 8)),
        shrink_windows=draw(st.booleans()),
        held_out=draw(st.sampled_from([0, 2**28, 2**31, 2**32 - 1])),
        seed=draw(st.one_of(st.integers(0, 10), st.integers(0, 2**64 - 1))),
    )
