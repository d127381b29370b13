"""The whole road on real text: the README's command, and figures known beforehand on the large corpus."""

from __future__ import annotations

import itertools
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastqwem import Corpus, Target, WordVectors, count, solve
from fastqwem.vectors import evaluate

SAMPLE = Path(__file__).parent.parent / "bench" / "data" / "wiki-sample.txt.xz"
DATA = os.environ.get("FASTQWEM_DATA")


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample corpus is not part of the source distribution")
def test_the_readme_command(tmp_path):
    out = tmp_path / "vectors.fqv"
    program = [sys.executable, "-m", "fastqwem"]
    limits = {"capture_output": True, "text": True, "timeout": 300, "check": True}
    done = subprocess.run([*program, "solve", SAMPLE, "-o", out], **limits)
    assert "3,093,875 tokens in 41,000 sentences, 28,018 words" in done.stdout
    assert "converged" in done.stdout
    words = ["king", "water", "physics"]
    shown = subprocess.run([*program, "neighbours", out, *words], **limits).stdout.split()
    assert {"throne", "kingdom", "salt", "liquid", "mathematics", "theoretical"} <= set(shown)
    vectors = WordVectors.load(out)
    assert vectors.vectors.shape == (28_018, 200)
    assert "paris" in [word for word, _ in vectors.analogy("germany", "berlin", "france", topn=5)]


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """The first 219,561 lines of the large corpus (100 MB), V = 10,000, window 16 linear."""
    if DATA is None or not (Path(DATA) / "wiki-core.txt.xz").exists():
        pytest.skip("FASTQWEM_DATA does not name a folder with wiki-core.txt.xz and eval/")
    path = tmp_path_factory.mktemp("text") / "wiki100.txt"
    with lzma.open(Path(DATA) / "wiki-core.txt.xz", "rb") as source, open(path, "wb") as to:
        to.writelines(itertools.islice(source, 219_561))
    assert path.stat().st_size == 99_999_457
    return count(Corpus.from_text(path, max_vocab=10_000), 16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "analogies", "men"),
    [
        ({}, 0.507, 0.767),
        ({"negative": 2, "ns_exponent": 0.75}, 0.546, 0.771),
        ({"negative": 2, "ns_exponent": 0.75, "weight_exponent": 0.5}, 0.570, 0.765),
        ({"negative": 1, "ns_exponent": 0.75, "weight_exponent": 0.5}, 0.567, 0.764),
    ],
)
def test_known_quality(counts, options, analogies, men):
    """Figures of an independent implementation on the same text, to be met within 0.01."""
    vectors = solve(Target(counts, **options), 200).vectors()
    found = evaluate.analogies(vectors, Path(DATA) / "eval" / "questions-words.txt")
    assert found.covered == 5_238
    assert found.accuracy == pytest.approx(analogies, abs=0.01)
    similar = evaluate.similarity(vectors, Path(DATA) / "eval" / "similarity" / "EN-MEN-TR-3k.txt")
    assert similar.covered == 1_268
    assert similar.spearman == pytest.approx(men, abs=0.01)
