"""Tables for TensorBoard's projector: every number comes back, words stand beside them, and nothing is half written."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from fastqwem import WordVectors
from fastqwem.cli import main
from fastqwem.vectors import formats

VECTORS = np.random.default_rng(2).standard_normal((3, 4)).astype(np.float32) * np.float32(1e-3)


def read(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return [line.split("\t") for line in file.read().removesuffix("\n").split("\n")]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_tables(tmp_path, suffix):
    WordVectors(["new york", "é", "x"], VECTORS, [5, 4, 0]).save(tmp_path / f"v.tsv{suffix}")
    assert np.array_equal(np.array(read(tmp_path / f"v.tsv{suffix}"), dtype=np.float32), VECTORS)
    assert read(tmp_path / f"v.metadata.tsv{suffix}") == [["word", "count"], ["new york", "5"], ["é", "4"], ["x", "0"]]
    assert len(list(tmp_path.iterdir())) == 2


def test_words_alone_have_no_title(tmp_path):
    formats.save(WordVectors(["a", "b", "c"], VECTORS), tmp_path / "v", "tsv")
    assert read(tmp_path / "v.metadata.tsv") == [["a"], ["b"], ["c"]]


def test_a_word_with_a_tab(tmp_path):
    with pytest.raises(ValueError, match=r"a projector's file cannot carry the word 'a\\tb'"):
        WordVectors(["a\tb", "b", "c"], VECTORS).save(tmp_path / "v.tsv")
    assert not list(tmp_path.iterdir())


def test_the_command_line(tmp_path, capsys):
    WordVectors(["a", "b", "c"], VECTORS, [3, 2, 1]).save(tmp_path / "v.fqv")
    assert main(["convert", str(tmp_path / "v.fqv"), str(tmp_path / "v.tsv")]) == 0
    assert len(read(tmp_path / "v.tsv")) == 3
    assert main(["convert", str(tmp_path / "v.tsv"), str(tmp_path / "w.fqv")]) == 1
    assert "a table for the projector, which is not read again" in capsys.readouterr().err
    assert main(["convert", "--from", "tsv", str(tmp_path / "v.tsv"), str(tmp_path / "w.fqv")]) == 2
