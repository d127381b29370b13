import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastqwem.text import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, Vocab


def test_words_counts_and_lookup():
    vocab = Vocab(["x", "a"], [3, 1])
    assert vocab.words == ["x", "a"] and vocab.counts.dtype == np.int64
    assert len(vocab) == 2 and vocab["a"] == 1 and "x" in vocab and "y" not in vocab
    assert vocab.total == 4 and vocab.index == {"x": 0, "a": 1}
    assert repr(vocab) == "Vocab(2 words, 4 tokens)"
    with pytest.raises(KeyError):
        vocab["y"]


def test_equality_is_of_words_and_counts():
    assert Vocab(["a"], [1]) == Vocab(["a"], [1])
    assert Vocab(["a"], [1]) != Vocab(["a"], [2])
    assert Vocab(["a"], [1]) != Vocab(["b"], [1])
    assert Vocab(["a"], [1]) != ["a"]


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 5)), st.integers(0, 4))
def test_order_is_count_then_code_points(table, min_count):
    vocab = Vocab.from_frequencies(table, min_count=min_count)
    kept = {word: n for word, n in table.items() if n >= min_count}
    assert vocab.words == sorted(kept, key=lambda word: (-kept[word], word.encode()))
    assert vocab.counts.tolist() == [kept[word] for word in vocab.words]


def test_from_frequencies_takes_pairs_and_limits():
    assert Vocab.from_frequencies([("b", 1), ("a", 2), ("c", 1)], max_vocab=2) == Vocab(["a", "b"], [2, 1])
    assert len(Vocab.from_frequencies({})) == 0
    with pytest.raises(ValueError, match="distinct, got 'b' twice"):
        Vocab.from_frequencies([("b", 1), ("b", 2)])


def test_trim_rule():
    asked = []
    answers = {"a": RULE_DISCARD, "b": RULE_KEEP, "c": RULE_DEFAULT, "d": False, "e": True, "f": None}
    table = {"a": 9, "b": 1, "c": 9, "d": 9, "e": 1, "f": 1}

    def rule(word, count, min_count):
        asked.append((word, count, min_count))
        return answers[word]

    assert Vocab.from_frequencies(table, min_count=2, trim_rule=rule).words == ["c", "b", "e"]
    assert asked == [(word, count, 2) for word, count in table.items()]


@pytest.mark.parametrize("answer", [3, -1, "keep"])
def test_trim_rule_with_an_unknown_answer(answer):
    with pytest.raises(ValueError, match="trim_rule must return RULE_KEEP"):
        Vocab.from_frequencies({"a": 1}, trim_rule=lambda *_: answer)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("abc", [1, 1, 1]), TypeError, "words must be a list of str"),
        ((["a", 2], [1, 1]), TypeError, r"words\[1\] must be a str, got int"),
        ((["a"], [1, 2]), ValueError, "one entry for each of 1 words"),
        ((["a"], [1.5]), TypeError, "counts must be integers"),
        ((["a"], [-1]), ValueError, "counts must be at least 0, got -1"),
        ((["a", "a"], [1, 1]), ValueError, "distinct, got 'a' twice"),
    ],
)
def test_bad_vocabularies(arguments, error, message):
    with pytest.raises(error, match=message):
        Vocab(*arguments)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_count": -1}, ValueError, "min_count must be at least 0, got -1"),
        ({"min_count": 1.5}, TypeError, "min_count must be an integer"),
        ({"max_vocab": 0}, ValueError, "max_vocab must be at least 1, got 0"),
        ({"trim_rule": "keep"}, TypeError, "trim_rule must be callable"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        Vocab.from_frequencies({"a": 1}, **options)
