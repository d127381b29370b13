"""Evaluation through gensim's face: beside gensim's own answers, and on cases made by hand."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.models import KeyedVectors


@pytest.fixture(scope="module")
def data(gensim_keyed):
    return Path(gensim_keyed.__file__).parent.parent / "test" / "test_data"


@pytest.fixture(scope="module")
def both(gensim_keyed, data):
    path = str(data / "euclidean_vectors.bin")
    return [cls.load_word2vec_format(path, binary=True) for cls in (KeyedVectors, gensim_keyed.KeyedVectors)]


class TestBesideGensim:
    @pytest.mark.parametrize("dummy4unknown", [False, True])
    @pytest.mark.parametrize("restrict_vocab", [300000, 150])
    def test_analogies(self, both, data, dummy4unknown, restrict_vocab):
        path = str(data / "questions-words.txt")
        ours, theirs = (
            kv.evaluate_word_analogies(path, restrict_vocab=restrict_vocab, dummy4unknown=dummy4unknown) for kv in both
        )
        assert ours == theirs
        assert len(ours[1]) == 15 and ours[1][-1]["section"] == "Total accuracy"

    @pytest.mark.parametrize("dummy4unknown", [False, True])
    def test_pairs(self, both, data, dummy4unknown):
        ours, theirs = (
            kv.evaluate_word_pairs(str(data / "wordsim353.tsv"), dummy4unknown=dummy4unknown) for kv in both
        )
        for mine, other in zip(ours[:2], theirs[:2], strict=True):
            # one of a hundred cosines may be rounded over another: a rank apart
            assert mine[0] == pytest.approx(other[0], abs=1e-4) and mine[1] == pytest.approx(other[1], abs=1e-3)
        assert ours[2] == pytest.approx(theirs[2])

    words = st.sampled_from(["a", "A", "b", "B", "c", "C", "d", "D", "e", "f", "none"])

    @given(
        seed=st.integers(0, 99),
        questions=st.lists(st.tuples(words, words, words, words), min_size=1, max_size=12),
        insensitive=st.booleans(),
        restrict=st.none() | st.integers(4, 12),
    )
    @settings(deadline=None, max_examples=60)
    def test_spellings(self, gensim_keyed, tmp_path_factory, seed, questions, insensitive, restrict):
        """Among few words, many of which differ by case only."""
        path = tmp_path_factory.mktemp("questions") / "file"
        path.write_text(": one\n" + "".join(" ".join(question) + "\n" for question in questions) + ": two\n")
        vectors = np.random.default_rng(seed).standard_normal((10, 6), dtype=np.float32)
        outcomes = []
        for cls in (KeyedVectors, gensim_keyed.KeyedVectors):
            kv = cls(6)
            kv.add_vectors(["b", "A", "c", "B", "D", "a", "e", "C", "f", "d"], vectors)
            outcomes.append(kv.evaluate_word_analogies(str(path), restrict, insensitive)[1][0])
        for question in questions:
            folded = tuple(word.upper() for word in question) if insensitive else question
            # gensim looks at five neighbours only, and takes the last for an answer if all are a, b or c
            if folded[3] not in folded[:3] and len(set(folded[:3])) == 3:
                assert (folded in outcomes[0]["correct"]) == (folded in outcomes[1]["correct"])
                assert (folded in outcomes[0]["incorrect"]) == (folded in outcomes[1]["incorrect"])


@pytest.fixture
def kv():
    kv = KeyedVectors(3)
    # king - man + woman = queen
    words = ["king", "man", "woman", "queen", "tea", "Man"]
    kv.add_vectors(words, [[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [-1, -1, -1], [0.05, 0.9, 1]])
    return kv


class TestAnalogies:
    def test_sections(self, kv, tmp_path, caplog):
        path = tmp_path / "questions"
        path.write_text(
            ": royal\nman king woman queen\nman king woman tea\n: drinks\ntea coffee a b\nthree words only\n: none\n"
        )
        with caplog.at_level(logging.INFO):
            score, sections = kv.evaluate_word_analogies(path)
        assert score == 0.5
        right, wrong = [("MAN", "KING", "WOMAN", "QUEEN")], [("MAN", "KING", "WOMAN", "TEA")]
        assert sections == [
            {"section": "royal", "correct": right, "incorrect": wrong},
            {"section": "drinks", "correct": [], "incorrect": []},
            {"section": "none", "correct": [], "incorrect": []},
            {"section": "Total accuracy", "correct": right, "incorrect": wrong},
        ]
        for text in (
            "royal: 50.0% (1/2)",
            "Quadruplets with out-of-vocabulary words: 33.3%",
            "Skipping invalid line #5",
        ):
            assert text in caplog.text
        score, sections = kv.evaluate_word_analogies(path, dummy4unknown=True)
        assert score == 1 / 3 and sections[1]["incorrect"] == [("TEA", "COFFEE", "A", "B")]

    def test_no_spelling_of_a_question_word_answers(self, kv, tmp_path):
        """'Man' is nearer than 'queen' to what is asked for, but is 'man'."""
        path = tmp_path / "questions.gz"
        path.write_bytes(gzip.compress(b": royal\nman king woman queen\n"))
        assert kv.evaluate_word_analogies(path)[0] == 1
        kv["Man"] = kv["queen"] * 2
        assert kv.evaluate_word_analogies(path)[0] == 1
        assert kv.evaluate_word_analogies(path, restrict_vocab=3)[0] == 0
        kv["Men"] = kv["queen"] * 2
        kv.index_to_key[3], kv.index_to_key[6] = "Men", "queen"
        kv.key_to_index |= {"Men": 3, "queen": 6}
        assert kv.evaluate_word_analogies(path)[0] == 0  # of equal ones the first

    @pytest.mark.parametrize(
        ("content", "message"),
        [("a b c d\n", "Missing section header before line #0"), (": one\n", "no analogy questions")],
    )
    def test_bad_files(self, kv, tmp_path, content, message):
        path = tmp_path / "questions"
        path.write_text(content)
        with pytest.raises(ValueError, match=message):
            kv.evaluate_word_analogies(path)

    def test_logging_a_section(self, caplog):
        with caplog.at_level(logging.INFO):
            KeyedVectors.log_accuracy({"section": "one", "correct": [1], "incorrect": [2, 3, 4]})
        assert "one: 25.0% (1/4)" in caplog.text


class TestPairs:
    def test_by_hand(self, kv, tmp_path, caplog):
        path = tmp_path / "pairs"
        path.write_text(
            "# comment\nKing;man;9\nqueen;WOMAN;8\nking;tea;1\nking;coffee;5\nnonsense\nqueen;tea;x\na;b;1;2\n"
        )
        with caplog.at_level(logging.INFO):
            pearson, spearman, unknown = kv.evaluate_word_pairs(path, delimiter=";")
        cosines = [1 / np.sqrt(2), 1 / np.sqrt(2), -2 / np.sqrt(6)]
        assert unknown == 25 and pearson[0] == pytest.approx(np.corrcoef(cosines, [9, 8, 1])[0, 1], abs=1e-6)
        assert 0 < spearman[0] < 1
        assert "Pairs with unknown words ratio: 25.0%" in caplog.text and "Skipping invalid line #7" in caplog.text
        _, _, unknown = kv.evaluate_word_pairs(path, delimiter=";", dummy4unknown=True)
        assert unknown == 25
        assert kv.evaluate_word_pairs(path, ";", case_insensitive=False, dummy4unknown=True)[2] == 75

    def test_encoding(self, tmp_path):
        kv = KeyedVectors(2)
        kv.add_vectors(["é", "è", "à"], [[1, 0], [1, 1], [0, 1]])
        path = tmp_path / "pairs"
        path.write_bytes("é\tè\t5\nè\tà\t4\né\tà\t1\n".encode("latin-1"))
        assert kv.evaluate_word_pairs(path, encoding="latin-1")[1][0] > 0.5

    def test_none_is_known(self, kv, tmp_path):
        (tmp_path / "pairs").write_text("x\ty\t1\n")
        with pytest.raises(ValueError, match=r"no pair of .* is valid and in the vocabulary of KeyedVectors<"):
            kv.evaluate_word_pairs(tmp_path / "pairs")
