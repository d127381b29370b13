"""Sources of sentences: files of all kinds, in pieces, restartable."""

from __future__ import annotations

import bz2
import gzip
import io

import pytest

from fastqwem.errors import CorpusError
from fastqwem.models.word2vec import BrownCorpus, LineSentence, PathLineSentences, Text8Corpus

TEXT = "the quick\u3000fox\n\n  jumps over\r\na b c d e\nlast line"
LINES = [["the", "quick", "fox"], ["jumps", "over"], ["a", "b", "c", "d", "e"], ["last", "line"]]


def twice(source):
    """What two passes give, which must be the same."""
    first = list(source)
    assert list(source) == first
    return first


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["plain", "gzip", "bzip2"])
def test_line_sentence(tmp_path, pack):
    path = tmp_path / "text"
    path.write_bytes(pack(TEXT.encode()))
    assert twice(LineSentence(path)) == twice(LineSentence(str(path))) == LINES
    assert twice(LineSentence(path, max_sentence_length=2)) == [
        ["the", "quick"], ["fox"], ["jumps", "over"], ["a", "b"], ["c", "d"], ["e"], ["last", "line"]
    ]  # fmt: skip
    assert twice(LineSentence(path, limit=3)) == LINES[:2]  # an empty line counts


def test_line_sentence_of_open_files():
    assert twice(LineSentence(io.BytesIO(TEXT.encode()))) == LINES
    assert twice(LineSentence(io.StringIO(TEXT), limit=1)) == LINES[:1]


def test_long_lines_across_blocks_of_reading(tmp_path):
    words = [f"word{i}" for i in range(300_000)]  # beyond the megabyte that is read at a time
    path = tmp_path / "text"
    path.write_text(" ".join(words) + "\nend\n")
    assert twice(LineSentence(path, max_sentence_length=10**9)) == [words, ["end"]]
    pieces = twice(Text8Corpus(path))
    assert [word for piece in pieces for word in piece] == [*words, "end"]
    assert {len(piece) for piece in pieces[:-1]} == {10_000}


def test_text8_of_few_words(tmp_path):
    path = tmp_path / "text"
    path.write_text("a b c d e f g")
    assert twice(Text8Corpus(path, max_sentence_length=3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    path.write_text("")
    assert twice(Text8Corpus(path)) == []


def test_path_line_sentences(tmp_path):
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"second file\nmore\n"))
    (tmp_path / "a.txt").write_text("first file")
    (tmp_path / "sub").mkdir()
    assert twice(PathLineSentences(tmp_path)) == [["first", "file"], ["second", "file"], ["more"]]
    assert twice(PathLineSentences(str(tmp_path), limit=1)) == [["first", "file"], ["second", "file"]]
    assert twice(PathLineSentences(tmp_path / "a.txt")) == [["first", "file"]]
    with pytest.raises(ValueError, match="must be a file or a folder"):
        PathLineSentences(tmp_path / "none")


def test_brown(tmp_path):
    (tmp_path / "ca01").write_text("The/at Jury/nn-tl said/vbd ,/, 1/2/cd x\n\n./.\n")
    assert twice(BrownCorpus(tmp_path)) == [["the/at", "jury/nn", "said/vb"]]


def test_damage_is_told(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(UnicodeDecodeError):
        list(LineSentence(path))
    path.write_bytes(gzip.compress(TEXT.encode())[:-9])
    with pytest.raises(CorpusError, match="truncated"):
        list(LineSentence(path))
    with pytest.raises(FileNotFoundError):
        list(LineSentence(tmp_path / "none"))
