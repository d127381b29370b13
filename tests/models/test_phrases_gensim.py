"""Phrases beside an installed gensim: the same counts, scores, phrases and files.

Two differences are meant and kept out of the way: empty sentences do not prune again, and an empty word that follows
a phrase is kept.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.models.phrases import FrozenPhrases, Phrases, npmi_scorer, original_scorer

gensim_phrases = pytest.importorskip("gensim.models.phrases", reason="gensim is not installed")

# Words that hold the delimiter, or some of it, join to the texts of other pairs.
WORDS = ["a", "b", "c", "of", "in", "a_b", "b_c", "_", "__", "a_", "_c", "\u00e9", "a long word of more than fifteen"]
CONNECTORS = st.sampled_from([frozenset(), frozenset({"of"}), frozenset({"of", "in", "_"})])
TEXT = [
    ["new", "york", "is", "in", "the", "state", "of", "new", "york"],
    ["the", "bank", "of", "england", "is", "in", "london"],
    ["new", "york", "has", "no", "bank", "of", "england"],
]


@pytest.mark.parametrize(("scoring", "threshold"), [("default", 0.2), ("npmi", 0.1)])
@given(
    parts=st.lists(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), min_size=1, max_size=12),
        min_size=1,
        max_size=3,
    ),
    connectors=CONNECTORS,
    max_size=st.sampled_from([12, 10**6]),
)
@settings(max_examples=40)
def test_gensim_finds_the_same(scoring, threshold, parts, connectors, max_size):
    options = {"min_count": 1, "threshold": threshold, "scoring": scoring, "connector_words": connectors}
    ours, theirs = (kind(max_vocab_size=max_size, **options) for kind in (Phrases, gensim_phrases.Phrases))
    for part in parts:
        ours.add_vocab(part)
        theirs.add_vocab(part)
    assert list(ours.vocab.items()) == list(theirs.vocab.items())
    assert (ours.corpus_word_count, ours.min_reduce) == (theirs.corpus_word_count, theirs.min_reduce)
    assert ours.export_phrases() == theirs.export_phrases()
    sentences = [sentence for part in parts for sentence in part]
    assert list(ours._join_all(sentences)) == [theirs[sentence] for sentence in sentences]
    assert ours.find_phrases(sentences) == theirs.find_phrases(sentences)
    assert list(ours.freeze()._join_all(sentences)) == [theirs.freeze()[sentence] for sentence in sentences]


@given(*[st.integers(1, 10**9)] * 4)
def test_gensim_scores_the_same(a, b, ab, n):
    for ours, theirs in ((original_scorer, gensim_phrases.original_scorer), (npmi_scorer, gensim_phrases.npmi_scorer)):
        if ab == n and ours is npmi_scorer:
            continue  # log 1
        assert ours(a, b, ab, n, 3, n) == theirs(a, b, ab, n, 3, n)


@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_gensims_files(tmp_path, scoring):
    theirs = gensim_phrases.Phrases(TEXT, min_count=1, threshold=0.3, scoring=scoring, connector_words={"of"})
    theirs.save(str(tmp_path / "phrases"))
    theirs.freeze().save(str(tmp_path / "frozen"))
    ours, frozen = Phrases.load(tmp_path / "phrases"), FrozenPhrases.load(tmp_path / "frozen")
    assert ours.export_phrases() == theirs.export_phrases() == frozen.phrasegrams
    assert [ours[sentence] for sentence in TEXT] == [theirs[sentence] for sentence in TEXT]
    with pytest.raises(AttributeError, match=r"FrozenPhrases\.load"):
        Phrases.load(tmp_path / "frozen")
    with pytest.raises(AttributeError, match=r"Phrases\.load"):
        FrozenPhrases.load(tmp_path / "phrases")
