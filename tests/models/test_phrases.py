"""Phrases: counts, scores and what is found, held to a dict filled by hand and to gensim where it is installed."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_phrases import NaivePhrases

from fastqwem import Corpus
from fastqwem.counts import phrase_counts
from fastqwem.errors import FormatError
from fastqwem.models.phrases import (
    ENGLISH_CONNECTOR_WORDS,
    FrozenPhrases,
    Phraser,
    Phrases,
    npmi_scorer,
    original_scorer,
)

# Words that hold the delimiter, or some of it, join to the texts of other pairs.
WORDS = ["a", "b", "c", "of", "in", "a_b", "b_c", "_", "__", "a_", "_c", "", "é", "a long word of more than fifteen"]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), max_size=12)
DELIMITERS = st.sampled_from(["_", "__", " ", "o"])
CONNECTORS = st.sampled_from([frozenset(), frozenset({"of"}), frozenset({"of", "in", "_"})])

TEXT = [
    ["new", "york", "is", "in", "the", "state", "of", "new", "york"],
    ["the", "bank", "of", "england", "is", "in", "london"],
    ["new", "york", "has", "no", "bank", "of", "england"],
]


def constant(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    """A scorer of this module, so that a file can name it."""
    return 1.0


@pytest.fixture(params=[1, 3, 1 << 17], ids="block{}".format)
def blocks(request, monkeypatch):
    """Sentences fall into blocks in all ways."""
    monkeypatch.setattr(phrase_counts, "_BLOCK", request.param)


def both(parts, delimiter="_", connectors=frozenset(), max_size=10**9, **options):
    """The same sentences, read in the same parts, by ours and by hand."""
    naive = NaivePhrases(delimiter, connectors, max_size)
    ours = Phrases(delimiter=delimiter, connector_words=connectors, max_vocab_size=max_size, **options)
    for part in parts:
        naive.learn(part)
        ours.add_vocab(part)
    return naive, ours


def check_counts(naive, ours):
    assert list(ours.vocab.items()) == list(naive.counts.items())  # in the same order, too
    assert (ours.corpus_word_count, ours.min_reduce) == (naive.n_words, naive.min_reduce)


@pytest.mark.usefixtures("blocks")
@given(st.lists(SENTENCES, max_size=3), DELIMITERS, CONNECTORS)
def test_counts(parts, delimiter, connectors):
    check_counts(*both(parts, delimiter, connectors))


@pytest.mark.usefixtures("blocks")
@given(st.lists(SENTENCES, max_size=3), CONNECTORS, st.integers(1, 20))
def test_pruning(parts, connectors, max_size):
    check_counts(*both(parts, "_", connectors, max_size))


def test_pruning_many():
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(400)])
    parts = [
        [list(words[np.minimum(rng.zipf(1.3, 30), 400) - 1]) for _ in range(200)] for _ in range(2)
    ]  # thousands of different pairs, so batches, pruning and growing tables meet
    check_counts(*both(parts, connectors=frozenset({"w3"}), max_size=1500))
    check_counts(*both(parts))


# Scores: of the same counts, in the same order of operations, so equal to the last bit.
@pytest.mark.parametrize(("scoring", "threshold"), [("default", 0.2), ("default", 2.0), ("npmi", 0.1), ("npmi", -1)])
@given(sentences=SENTENCES, query=SENTENCES, delimiter=DELIMITERS, connectors=CONNECTORS)
@settings(max_examples=50)
def test_phrases_found(scoring, threshold, sentences, query, delimiter, connectors):
    naive, ours = both([sentences], delimiter, connectors, min_count=1, threshold=threshold, scoring=scoring)

    def score(*candidate):
        return getattr(naive, scoring)(*candidate, 1)

    expected = [naive.analyze(sentence, score, threshold) for sentence in [*sentences, *query]]
    assert [list(ours.analyze_sentence(sentence)) for sentence in [*sentences, *query]] == expected
    texts = [[text for text, _ in sentence] for sentence in expected]
    assert [ours[sentence] for sentence in [*sentences, *query]] == texts
    assert list(ours._join_all([*sentences, *query])) == texts
    found = {text: value for sentence in expected for text, value in sentence if value is not None}
    assert ours.find_phrases([*sentences, *query]) == found

    exported = naive.export(score, threshold)
    assert list(ours.export_phrases().items()) == list(exported.items())
    frozen = ours.freeze()
    assert frozen.phrasegrams == exported

    def known(*candidate):
        return exported.get(naive.join(*candidate))

    expected = [naive.analyze(sentence, known, threshold) for sentence in query]
    assert [list(frozen.analyze_sentence(sentence)) for sentence in query] == expected
    assert list(frozen._join_all(query)) == [[text for text, _ in sentence] for sentence in expected]


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 10**9))
def test_original_scorer_is_the_formula(a, b, ab, size):
    """Three roundings, so within 3 * 2^-53 of the exact quotient."""
    score = original_scorer(a, b, ab, size, 5, 0)
    if not a * b:
        assert score == -np.inf
    else:
        assert score == pytest.approx((ab - 5) * size / (a * b), rel=4e-16 * 2)


def test_npmi_scorer():
    assert npmi_scorer(4, 4, 4, 0, 1, 100) == 1  # always together
    assert npmi_scorer(10, 10, 1, 0, 1, 100) == pytest.approx(0, abs=1e-15)  # as chance has it
    assert npmi_scorer(10, 10, 3, 0, 4, 100) == -np.inf
    assert npmi_scorer(10, 10, 0, 0, 0, 100) == -np.inf


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("min_count", [1, 2])
@given(sentences=SENTENCES.filter(lambda sentences: any(map(any, sentences))))
@settings(max_examples=30)
def test_a_corpus_counts_as_its_words_do(min_count, sentences):
    kept = Corpus.from_sentences(sentences, min_count=1)
    if min_count > 1 and kept.vocab.counts.max() < min_count:
        return
    corpus = Corpus.from_sentences(sentences, min_count=min_count)
    words = [[corpus.vocab.words[i] for i in sentence] for sentence in corpus]
    mine, plain = (Phrases(source, connector_words={"of"}, min_count=1) for source in (corpus, words))
    assert mine.vocab == plain.vocab
    assert mine.corpus_word_count == plain.corpus_word_count
    mine.add_vocab(words)  # the ids of the corpus are not those of the words met before
    plain.add_vocab(corpus)
    assert mine.vocab == plain.vocab


def test_a_mapped_corpus(tmp_path):
    Corpus.from_sentences(TEXT, min_count=1).save(tmp_path / "text.fqc")
    assert Phrases(Corpus.load(tmp_path / "text.fqc")).vocab == Phrases(TEXT).vocab


def test_the_readme_example():
    phrases = Phrases(TEXT, min_count=1, threshold=1, connector_words=ENGLISH_CONNECTOR_WORDS)
    assert phrases[["the", "bank", "of", "england", "in", "new", "york"]] == [
        "the",
        "bank_of_england",
        "in",
        "new_york",
    ]
    longer = Phrases(phrases[TEXT], min_count=1, threshold=1, connector_words=ENGLISH_CONNECTOR_WORDS)
    assert longer.vocab["bank_of_england"] == 2


def test_one_sentence_or_many():
    phrases = Phrases(TEXT, min_count=1, threshold=1)
    joined = ["is", "new_york"]
    for one in (
        ["is", "new", "york"],
        ("is", "new", "york"),
        iter(["is", "new", "york"]),
        np.array(["is", "new", "york"]),
    ):
        assert phrases[one] == joined
    assert phrases[[]] == []
    assert phrases[iter(())] == []
    many = phrases[[["is", "new", "york"], []]]
    assert list(many) == list(many) == [joined, []]
    assert len(many) == 2
    assert list(phrases[iter([["is", "new", "york"], []])]) == [joined, []]


def test_a_later_threshold_and_scorer():
    phrases = Phrases(TEXT * 3, min_count=1, threshold=0.5)
    frozen = phrases.freeze()
    few = sorted(frozen.phrasegrams.values())[-2]
    phrases.threshold = frozen.threshold = few
    assert phrases.export_phrases() == {t: s for t, s in frozen.phrasegrams.items() if s > few}
    assert list(frozen[TEXT]) == [frozen[sentence] for sentence in TEXT]
    phrases.scoring, phrases.threshold = constant, 0.5
    assert set(phrases.export_phrases().values()) == {1.0}
    assert list(phrases[TEXT]) == [phrases[sentence] for sentence in TEXT]


def test_a_subclass_that_scores_itself():
    class Own(Phrases):
        def score_candidate(self, word_a, word_b, in_between):
            return ("NY", 7.0) if (word_a, word_b) == ("new", "york") else (None, None)

    assert list(Own(TEXT)[[["in", "new", "york"]]]) == [["in", "NY"]]


@pytest.mark.parametrize("scoring", ["default", "npmi", constant])
def test_save_and_load(tmp_path, scoring):
    phrases = Phrases(TEXT, min_count=1, threshold=0.1, scoring=scoring, connector_words={"of"}, progress_per=7)
    for model in (phrases, phrases.freeze()):
        model.save(tmp_path / "phrases")
        copies = [type(model).load(tmp_path / "phrases"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        for again in copies:
            assert str(again) == str(model)
            assert again.scoring is model.scoring
            assert list(again[TEXT]) == list(model[TEXT])
            assert [list(again.analyze_sentence(s)) for s in TEXT] == [list(model.analyze_sentence(s)) for s in TEXT]
    again = copy.deepcopy(phrases)
    again.add_vocab(TEXT)
    phrases.add_vocab(TEXT)
    assert again.vocab == phrases.vocab
    assert again.export_phrases() == phrases.export_phrases()


def test_a_file_runs_nothing(tmp_path, monkeypatch):
    phrases = Phrases(TEXT, scoring=constant)
    phrases.save(tmp_path / "phrases")
    monkeypatch.delitem(sys.modules, constant.__module__)
    with pytest.raises(FormatError, match=r"constant.*import .* first"):
        Phrases.load(tmp_path / "phrases")
    assert constant.__module__ not in sys.modules
    phrases.scoring = lambda **counts: 1.0
    with pytest.raises(TypeError, match="scoring cannot be saved"):
        phrases.save(tmp_path / "other")
    with pytest.raises(AttributeError, match="holds Phrases"):
        FrozenPhrases.load(tmp_path / "phrases")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_count": 0}, ValueError, "min_count must be greater than 0, got 0"),
        ({"min_count": "5"}, TypeError, "min_count must be a number"),
        ({"threshold": 0}, ValueError, "threshold must be positive"),
        ({"threshold": 1.5, "scoring": "npmi"}, ValueError, "between -1 and 1"),
        ({"threshold": float("nan")}, ValueError, "threshold must be finite"),
        ({"scoring": "pmi"}, ValueError, "scoring must be .* got 'pmi'"),
        ({"scoring": 3}, TypeError, "scoring must be"),
        ({"scoring": lambda a: 1}, ValueError, "with the parameters worda_count"),
        ({"max_vocab_size": 0}, ValueError, "max_vocab_size must be at least 1"),
        ({"delimiter": b"_"}, TypeError, "delimiter must be a str"),
        ({"connector_words": "of"}, TypeError, "connector_words must be a set or list"),
        ({"progress_per": 0}, ValueError, "progress_per must be at least 1"),
        ({"sentences": "abc"}, TypeError, r"sentences\[0\] must be a list of tokens"),
        ({"sentences": [["a"], "new york"]}, TypeError, r"sentences\[1\] must be a list of tokens"),
        ({"sentences": [["a", 3]]}, TypeError, r"sentences\[0\]\[1\] must be a str"),
        ({"sentences": 3}, TypeError, "not iterable"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        Phrases(**options)


def test_bad_queries():
    phrases = Phrases(TEXT, min_count=1, threshold=1)
    with pytest.raises(TypeError, match="must be a list of words, got 'new york'"):
        phrases["new york"]
    with pytest.raises(TypeError, match="words must be str, got 3"):
        phrases[[3]]
    with pytest.raises(TypeError, match=r"sentences\[0\] must be a list of words"):
        phrases.find_phrases(["new", "york"])
    with pytest.raises(TypeError, match="phrases_model must be Phrases"):
        Phraser(phrases.freeze())
    with pytest.raises(ValueError, match="delimiter must not be empty"):
        Phrases(TEXT, delimiter="").export_phrases()


def test_sentences_that_fail_are_not_counted():
    def broken():
        yield ["a", "b"]
        raise RuntimeError("no more")

    phrases = Phrases(TEXT)
    before = phrases.vocab
    with pytest.raises(RuntimeError, match="no more"):
        phrases.add_vocab(broken())
    assert phrases.vocab == before
    assert phrases.corpus_word_count == sum(map(len, TEXT))


def test_compiled_arguments_are_checked():
    from fastqwem import _core

    words = _core.PhraseWords("_")
    words.add(["a", "b"], np.zeros(2, bool))
    table = _core.PhraseTable(words, 10)
    ids, ends = np.array([0, 1], np.int32), np.array([2], np.uint32)
    with pytest.raises(ValueError, match="ids must be"):
        table.feed(ids + 1, ends)
    with pytest.raises(ValueError, match="ends must not fall"):
        table.feed(ids, np.array([3], np.uint32))
    with pytest.raises(ValueError, match="ids must be a contiguous"):
        table.feed(ids.astype(np.int64), ends)
    with pytest.raises(ValueError, match="one flag for each word"):
        words.add(["c"], np.zeros(2, bool))
    with pytest.raises(ValueError, match="tables of the same words"):
        table.absorb(_core.PhraseTable(_core.PhraseWords("_"), 10))
    with pytest.raises(IndexError):
        table.texts(np.array([0]))
    with pytest.raises(ValueError, match="ends must not fall or exceed"):
        table.add_packed(np.zeros(2, np.uint8), np.array([3]), np.array([1]))
