"""Corpora by hand, and on disk."""

import numpy as np
import pytest

from fastqwem import storage
from fastqwem.errors import FormatError
from fastqwem.text import Corpus, Vocab

SENTENCES = [["é", "new york", "two\nlines", "\x00"], ["", "é"], ["é"]]


@pytest.fixture
def corpus():
    return Corpus.from_sentences(SENTENCES, 1)


@pytest.mark.parametrize("mmap", [True, False])
def test_round_trip(tmp_path, corpus, mmap):
    path = tmp_path / "corpus.fqc"
    corpus.save(path)
    loaded = Corpus.load(path, mmap=mmap)
    assert loaded.vocab == corpus.vocab and loaded.n_raw_tokens == corpus.n_raw_tokens
    assert np.array_equal(loaded.ids, corpus.ids) and loaded.ids.dtype == np.int32
    assert np.array_equal(loaded.offsets, corpus.offsets) and loaded.offsets.dtype == np.int64
    assert not loaded.ids.flags.writeable and isinstance(loaded.ids, np.memmap) == mmap
    assert list(tmp_path.iterdir()) == [path]


def test_sentences_by_number(corpus):
    words = corpus.vocab.words
    assert [[words[i] for i in sentence] for sentence in (corpus[k] for k in range(len(corpus)))] == SENTENCES
    assert corpus[-1].tolist() == corpus[2].tolist()
    with pytest.raises(IndexError):
        corpus[3]
    assert [len(sentence) for sentence in corpus] == [4, 2, 1]
    assert repr(corpus) == "Corpus(7 tokens, 3 sentences, 5 words)"


def test_a_corpus_whose_rare_words_are_gone(tmp_path):
    corpus = Corpus.from_sentences([["a", "b"], ["b"], ["a"]], 2, max_vocab=1)
    corpus.save(tmp_path / "c")
    loaded = Corpus.load(tmp_path / "c")
    assert loaded.offsets.tolist() == [0, 1, 1, 2] and loaded.n_raw_tokens == 4


@pytest.mark.parametrize("mmap", [True, False])
def test_a_truncated_file(tmp_path, corpus, mmap):
    path = tmp_path / "c"
    corpus.save(path)
    whole = path.read_bytes()
    for size in (0, 5, 200, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError, match="c: "):
            Corpus.load(path, mmap=mmap)


def test_a_file_of_another_kind(tmp_path):
    storage.write_container(tmp_path / "x", "vectors", 1, {}, {"ids": np.zeros(1, np.int32)})
    with pytest.raises(FormatError, match="holds vectors, expected corpus"):
        Corpus.load(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ids", np.array([99], np.int32)),
        ("ids", np.array([-1], np.int32)),
        ("offsets", np.array([0, 3, 1], np.int64)),
        ("offsets", np.array([1], np.int64)),
        ("words", np.array([255], np.uint8)),
        ("word_ends", np.array([5, 1], np.int64)),
        ("counts", np.array([1], np.int64)),
        ("counts", None),
    ],
)
def test_damage_that_a_mapped_file_cannot_hide(tmp_path, corpus, name, value):
    corpus.save(tmp_path / "c")
    header, arrays = storage.read_container(tmp_path / "c", "corpus", 1)
    if value is None:
        del arrays[name]
    elif name in ("counts", "offsets"):
        arrays[name] = value
    else:
        arrays[name] = np.concatenate([arrays[name][: -len(value)], value])
    storage.write_container(tmp_path / "d", "corpus", 1, header, arrays)
    with pytest.raises(FormatError, match="a damaged corpus"):
        Corpus.load(tmp_path / "d")


def test_by_hand():
    vocab = Vocab(["a", "b"], [2, 1])
    ids, offsets = np.array([0, 1, 0], np.int32), np.array([0, 2, 3], np.int64)
    corpus = Corpus(vocab, ids, offsets)
    assert corpus.n_raw_tokens == 3 and corpus[0].tolist() == [0, 1]
    for arguments, error, message in [
        ((["a"], ids, offsets), TypeError, "vocab must be a Vocab"),
        ((vocab, ids.astype(np.int64), offsets), TypeError, "ids must be a one-dimensional array of int32"),
        ((vocab, ids[::2], np.array([0, 2])), ValueError, "ids must be C-contiguous"),
        ((vocab, ids + 1, offsets), ValueError, "below 2"),
        ((vocab, ids, offsets[:2]), ValueError, "offsets must go from 0 to 3"),
        ((vocab, ids, np.array([0, 4, 3])), ValueError, "offsets must not fall"),
        ((vocab, ids, offsets, 2), ValueError, "n_raw_tokens must be at least 3, got 2"),
    ]:
        with pytest.raises(error, match=message):
            Corpus(*arguments)
