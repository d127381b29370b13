from __future__ import annotations

import gzip
import math
import os
from pathlib import Path

import naive_vectors as naive
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.errors import FormatError
from fastqwem.vectors import WordVectors, evaluate

QUESTIONS = """: capitals
Athens Greece Oslo Norway
Athens Greece Rome Italy
Oslo Norway Rome Italy
Oslo Norway Paris France

: gram1-plural
cat cats dog dogs
"""
WORDS = [
    "athens",
    "Greece",
    "greece",
    "oslo",
    "norway",
    "Rome",
    "italy",
    "dog",
    "dogs",
    "cat",
    "cats",
    "x",
    "y",
]


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(QUESTIONS)
    return path


@pytest.fixture
def planar():
    """Vectors in which the words of every pair are one step apart, so that all analogies hold."""
    starts = {"athens": 0, "oslo": 1, "Rome": 2, "dog": 3, "cat": 4}
    ends = {"Greece": "athens", "norway": "oslo", "italy": "Rome", "dogs": "dog", "cats": "cat"}
    rows = np.random.default_rng(0).standard_normal((len(WORDS), 9)) * 0.01
    for i, word in enumerate(WORDS):
        if word in starts:
            rows[i, starts[word]] = 1
        elif word in ends:
            rows[i, starts[ends[word]]] = 1
            rows[i, 7 if word in ("dogs", "cats") else 8] = 1
    return WordVectors(WORDS, rows)


class TestAnalogies:
    def test_counts_and_table(self, planar, questions):
        result = evaluate.analogies(planar, questions)
        assert [(s.name, s.correct, s.total, s.asked) for s in result.sections] == [
            ("capitals", 3, 3, 4),
            ("gram1-plural", 1, 1, 1),
        ]
        assert (result.accuracy, result.correct, result.covered, result.asked) == (1.0, 4, 4, 5)
        assert (result.semantic.total, result.syntactic.total) == (3, 1)
        lines = str(result).splitlines()
        assert lines[0].split() == ["analogies", "accuracy", "correct", "covered", "asked"]
        assert lines[1].split() == ["capitals", "100.00%", "3", "3", "4"]
        assert lines[-1].split() == ["total", "100.00%", "4", "4", "5"]

    def test_regenerated(self, planar, questions):
        result = evaluate.analogies(planar, questions, protocol="regenerated")
        assert [(s.correct, s.total, s.asked) for s in result.sections] == [(6, 6, 12), (2, 2, 2)]

    def test_restricted(self, planar, questions):
        result = evaluate.analogies(planar, questions, restrict_vocab=5)
        assert [s.total for s in result.sections] == [1, 0] and math.isnan(result.sections[1].accuracy)
        assert str(result).splitlines()[2].split() == ["gram1-plural", "-", "0", "0", "1"]
        assert result.restrict_vocab == 5

    def test_nothing_covered(self, planar, questions):
        with pytest.raises(ValueError, match=r"no question of .* is covered: each of 5 has a word .* the 2 words"):
            evaluate.analogies(planar, questions, restrict_vocab=3)

    @pytest.mark.parametrize("protocol", evaluate.PROTOCOLS)
    @pytest.mark.parametrize("block", [1, 1 << 24])
    @pytest.mark.parametrize("limit", [None, 30])
    def test_against_naive(self, tmp_path, monkeypatch, protocol, block, limit):
        monkeypatch.setattr(evaluate, "_BLOCK_BYTES", block)  # 1: one candidate at a time
        rng = np.random.default_rng(3)
        words = [f"w{i}" for i in range(45)] + [f"W{i}" for i in range(20)]
        vectors = rng.standard_normal((len(words), 3)).astype(np.float32)
        sections = {name: [tuple(f"w{i}" for i in rng.integers(0, 48, 4)) for _ in range(25)] for name in "ab"}
        path = tmp_path / "q.txt"
        path.write_text("".join(f": {n}\n" + "".join(" ".join(q) + "\n" for q in qs) for n, qs in sections.items()))
        result = evaluate.analogies(WordVectors(words, vectors), path, limit, protocol)
        if protocol == "regenerated":
            sections = {name: naive.regenerated(questions) for name, questions in sections.items()}
        expected = naive.analogies(words, vectors, sections, limit)
        assert {s.name: (s.correct, s.total) for s in result.sections} == expected
        assert result.correct > 0 and result.covered < result.asked

    def test_ties_go_to_the_first_word(self, tmp_path):
        path = tmp_path / "q"
        path.write_text("a b c d\na b c e\n")
        wv = WordVectors(list("abcde"), [[1, 0], [0, 1], [1, 0], [0, 1], [0, 1]])
        assert [(s.name, s.correct) for s in evaluate.analogies(wv, path).sections] == [("questions", 1)]

    def test_no_candidate_is_no_answer(self, tmp_path):
        path = tmp_path / "q"
        path.write_text("a b c a\n")
        assert evaluate.analogies(WordVectors(list("abc"), np.eye(3)), path).accuracy == 0

    def test_compressed(self, planar, questions):
        packed = questions.with_suffix(".gz")
        packed.write_bytes(gzip.compress(questions.read_bytes()))
        assert evaluate.analogies(planar, packed) == evaluate.analogies(planar, questions)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "holds no analogy questions"),
            (b": one\n: two\n", "holds no analogy questions"),
            (b": one\na b c d\na b c\n", r"bad:3: expected four words or ': section', found 3 words"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", r"bad:1: not UTF-8"),
            (b"x" * 70_000, "bad:1: a line of more than"),
            (gzip.compress(QUESTIONS.encode())[:-20], "damaged or truncated gz data"),
        ],
    )
    def test_bad_files(self, planar, tmp_path, content, message):
        path = tmp_path / "bad"
        path.write_bytes(content)
        with pytest.raises(FormatError, match=message):
            evaluate.analogies(planar, path)

    def test_bad_arguments(self, planar, questions, tmp_path):
        with pytest.raises(ValueError, match="protocol must be one of"):
            evaluate.analogies(planar, questions, protocol="bats")
        with pytest.raises(ValueError, match="restrict_vocab must be at least 1"):
            evaluate.analogies(planar, questions, restrict_vocab=0)
        with pytest.raises(TypeError, match="vectors must be WordVectors"):
            evaluate.analogies({}, questions)
        with pytest.raises(FileNotFoundError):
            evaluate.analogies(planar, tmp_path / "none")
        with pytest.raises(IsADirectoryError):
            evaluate.analogies(planar, tmp_path)


class TestSimilarity:
    @pytest.mark.parametrize("separator", [" ", "\t", ",", " , "])
    @pytest.mark.parametrize("header", ["", "# note\n", "Word 1,Word 2,Human (mean)\n"])
    def test_reads(self, tmp_path, separator, header):
        path = tmp_path / "pairs"
        rows = [("Cat", "dog", "7"), ("cat", "CATS", "9.5"), ("zzz", "dog", "1"), ("athens", "rome", "9.5")]
        path.write_text(header + "".join(separator.join(row) + "\r\n" for row in rows))
        rng = np.random.default_rng(0)
        wv = WordVectors(WORDS, rng.standard_normal((len(WORDS), 4)))
        result = evaluate.similarity(wv, path)
        cosines = [naive.cosine(wv[a], wv[b]) for a, b in (("cat", "dog"), ("cat", "cats"), ("athens", "Rome"))]
        assert result.spearman == pytest.approx(naive.spearman(cosines, [7, 9.5, 9.5]))
        assert (result.covered, result.asked) == (3, 4)
        assert str(result) == f"pairs: Spearman {result.spearman:.4f}, 3 of 4 pairs covered"
        assert evaluate.similarity(wv, path, restrict_vocab=10).covered == 2

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
    def test_spearman(self, pairs):
        a, b = np.array(pairs, dtype=float).T
        found = evaluate._spearman(a, b)
        if len(set(a)) == 1 or len(set(b)) == 1:
            assert math.isnan(found)
        else:
            assert found == pytest.approx(naive.spearman(a, b), abs=1e-12)
            assert found == pytest.approx(scipy.stats.spearmanr(a, b).statistic, abs=1e-12)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "holds no rated pairs"),
            ("cat dog 1\ncat dog\n", r"bad:2: expected 'word word score', got 'cat dog'"),
            ("cat dog 1\ncat dog much\n", "bad:2: expected"),
            ("a b c\nd e f\n", "bad:2: expected"),
            ("cat dog 1\ncat dog nan\n", "bad:2: expected"),
            ("cat dog cow 1\n", "bad:1: expected"),
        ],
    )
    def test_bad_files(self, planar, tmp_path, content, message):
        path = tmp_path / "bad"
        path.write_text(content)
        with pytest.raises(FormatError, match=message):
            evaluate.similarity(planar, path)

    def test_too_few(self, planar, tmp_path):
        path = tmp_path / "few"
        path.write_text("cat dog 1\nyak gnu 2\n")
        with pytest.raises(ValueError, match=r"1 of 2 pairs of .* at least 2 are needed"):
            evaluate.similarity(planar, path)


@pytest.fixture
def data():
    folder = os.environ.get("FASTQWEM_DATA")
    if not folder:
        pytest.skip("FASTQWEM_DATA does not name a folder with eval/questions-words.txt and eval/similarity/")
    return Path(folder) / "eval"


def test_protocol_counts(data):
    """Specification, section 7, item 22: exact sizes of Google's set under both protocols."""
    sections = evaluate.read_analogies(data / "questions-words.txt")
    assert sum(map(len, sections.values())) == 19_544
    pairs = sum(len({pair for a, b, c, d in quads for pair in ((a, b), (c, d))}) for quads in sections.values())
    assert pairs == 573
    assert sum(len(evaluate.regenerate(quads)) for quads in sections.values()) == 30_494
    assert [name.startswith("gram") for name in sections] == [False] * 5 + [True] * 9


def test_similarity_files(data):
    sizes = {path.name: len(evaluate.read_similarity(path)) for path in (data / "similarity").glob("EN-*.txt")}
    assert sizes["EN-MEN-TR-3k.txt"] == 3000 and sizes["EN-WS-353-ALL.txt"] == 353 and sizes["EN-RG-65.txt"] == 65


def test_outcomes_and_cosines_of_each():
    vectors = WordVectors(["a", "b", "c", "d", "E"], [[1, 0], [0, 1], [1, 0.1], [0.1, 1], [-1, 0]])
    sections = {"s": [("a", "b", "c", "d"), ("a", "b", "c", "e"), ("a", "b", "c", "f")], "none": []}
    found = evaluate.outcomes(vectors, sections)
    assert {name: part.tolist() for name, part in found.items()} == {"s": [1, 0, -1], "none": []}
    assert evaluate.outcomes(vectors, sections, 4)["s"].tolist() == [1, -1, -1]
    assert evaluate.outcomes(vectors, {}) == {}
    cosines = evaluate.cosines_of(vectors, [("a", "b"), ("a", "e"), ("c", "c"), ("a", "x")])
    np.testing.assert_array_equal(cosines, [0, -1, 1, np.nan])
    assert evaluate.cosines_of(vectors, []).shape == (0,)
