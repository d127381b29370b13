"""Queries and evaluation on synthetic vectors, beside the plain NumPy that one would write for the same.

Environment: FASTQWEM_BENCH_WORDS sets the vocabulary (default 5000); 68000 is that of a 100 MB corpus.
Compare with gensim by installing it; its part is skipped otherwise.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from fastqwem.vectors import WordVectors, evaluate, formats

WORDS = int(os.environ.get("FASTQWEM_BENCH_WORDS", "5000"))
SIZE = 200
QUERIES = 300
PAIRS = 8  # per section: 8 * 7 questions
SECTIONS = 14


@pytest.fixture(scope="module")
def wv():
    """Random vectors, the first words in pairs one common step apart, so that analogies have answers."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((WORDS, SIZE), dtype=np.float32)
    for section in range(SECTIONS):
        step = 1.2 * rng.standard_normal(SIZE, dtype=np.float32)
        first = 2 * PAIRS * section
        for row in range(first, first + 2 * PAIRS, 2):
            rows[row + 1] = rows[row] + step
    vectors = WordVectors([f"w{i}" for i in range(WORDS)], rows)
    assert vectors.unit.shape == (WORDS, SIZE)  # made here, so that no benchmark pays for it
    return vectors


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "questions.txt"
    lines = []
    for section in range(SECTIONS):
        first = 2 * PAIRS * section
        pairs = [f"w{row} w{row + 1}" for row in range(first, first + 2 * PAIRS, 2)]
        lines.append(f": section{section}")
        lines += [f"{one} {other}" for one in pairs for other in pairs if one != other]
    path.write_text("\n".join(lines) + "\n")
    return path


def check_neighbours(wv, found):
    assert len(found) == QUERIES and all(len(one) == 10 for one in found)
    for word in (0, QUERIES - 1):
        scores = wv.unit @ wv.unit[word]
        scores[word] = -1
        best = np.argsort(-scores)[:10]
        assert [name for name, _ in found[word]] == [wv.words[i] for i in best]


@pytest.mark.benchmark(group=f"{QUERIES} queries, {WORDS} words")
def test_most_similar_batch(benchmark, wv):
    found = benchmark(wv.most_similar_batch, wv.words[:QUERIES])
    check_neighbours(wv, found)


@pytest.mark.benchmark(group=f"{QUERIES} queries, {WORDS} words")
def test_most_similar_one_by_one(benchmark, wv):
    found = benchmark(lambda: [wv.most_similar(word) for word in wv.words[:QUERIES]])
    check_neighbours(wv, found)


@pytest.mark.benchmark(group=f"{QUERIES} queries, {WORDS} words")
def test_most_similar_numpy(benchmark, wv):
    """A product and an argpartition: what the batch is to beat."""

    def plain():
        scores = wv.unit[:QUERIES] @ wv.unit.T
        scores[np.arange(QUERIES), np.arange(QUERIES)] = -1
        best = np.argpartition(-scores, 10, axis=1)[:, :10]
        order = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1), 1)
        return [[(wv.words[i], float(scores[row, i])) for i in found] for row, found in enumerate(order.tolist())]

    check_neighbours(wv, benchmark(plain))


def keyed_vectors(wv):
    keyedvectors = pytest.importorskip("gensim.models.keyedvectors", reason="gensim is not installed")
    theirs = keyedvectors.KeyedVectors(SIZE)
    theirs.add_vectors(wv.words, np.array(wv.vectors))
    theirs.fill_norms()
    return theirs


@pytest.mark.benchmark(group=f"{QUERIES} queries, {WORDS} words")
def test_most_similar_gensim(benchmark, wv):
    theirs = keyed_vectors(wv)
    check_neighbours(wv, benchmark(lambda: [theirs.most_similar(word) for word in wv.words[:QUERIES]]))


@pytest.mark.benchmark(group=f"analogies, {WORDS} words")
@pytest.mark.parametrize("protocol", evaluate.PROTOCOLS)
def test_analogies(benchmark, wv, questions, protocol):
    result = benchmark.pedantic(evaluate.analogies, (wv, questions, None, protocol), rounds=3)
    assert result.covered == result.asked == SECTIONS * PAIRS * (PAIRS - 1) and result.accuracy > 0.99


@pytest.mark.benchmark(group=f"analogies, {WORDS} words")
def test_analogies_gensim(benchmark, wv, questions):
    theirs = keyed_vectors(wv)
    score, _ = benchmark.pedantic(
        theirs.evaluate_word_analogies, (str(questions),), {"restrict_vocab": WORDS}, rounds=1
    )
    assert score == evaluate.analogies(wv, questions).accuracy


@pytest.mark.benchmark(group=f"files, {WORDS} words")
@pytest.mark.parametrize("name", ["v.fqv", "v.npy", "v.bin", "v.txt"])
@pytest.mark.parametrize("way", ["save", "load"])
def test_files(benchmark, wv, tmp_path, name, way):
    path = tmp_path / name
    formats.save(wv, path)
    if way == "save":
        benchmark.pedantic(formats.save, (wv, path), rounds=3)
    else:
        benchmark.pedantic(formats.load, (path,), rounds=3)
    np.testing.assert_array_equal(formats.load(path).vectors, wv.vectors)
