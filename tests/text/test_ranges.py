"""Ranges of text are read apart and together are the whole, wherever they are cut."""

from __future__ import annotations

import gzip
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import Corpus, Vocab
from fastqwem.errors import CorpusError
from fastqwem.text.ranges import count_words, encode_segments, fingerprint, read_segment, segments

TEXT = st.lists(st.sampled_from([b"a", b"bb", b" ", b"\n", b"\n", b"\xc3\xa9", b"\xef\xbb\xbf", b"\r\n"]), max_size=60)


def read(ranges):
    """The text of each segment, without the empty line that a later one begins with."""
    texts = [(segment, b"".join(read_segment(segment))) for part in ranges for segment in part]
    assert all(text.startswith(b"\n") for segment, text in texts if segment.start and text)
    return [text[1:] if segment.start and text else text for segment, text in texts]


@given(TEXT, st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_ranges_make_the_whole(tmp_path_factory, pieces, size):
    text = b"".join(pieces)
    path = tmp_path_factory.mktemp("ranges") / "text"
    path.write_bytes(text)
    texts = read(segments(path, size))
    assert b"".join(texts) == text
    filled = [part for part in texts if part]
    assert all(part.endswith(b"\n") for part in filled[:-1])  # so no line is in two of them


@given(TEXT, TEXT, st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_encoded_ranges_make_the_corpus(tmp_path_factory, first, second, size):
    folder = tmp_path_factory.mktemp("ranges")
    (folder / "1").write_bytes(b"".join(first))
    (folder / "2").write_bytes(b"".join(second))
    try:
        whole = Corpus.from_text(folder, min_count=1)
    except CorpusError:
        return  # no words
    ranges = segments(folder, size)
    parts = [encode_segments(part, whole.vocab) for part in ranges]
    sentences = [tuple(part[i]) for part in parts for i in range(len(part))]
    assert sentences == [tuple(whole[i]) for i in range(len(whole))]
    total: dict[str, int] = {}
    for part in ranges:
        for word, count in zip(*count_words(part), strict=True):
            total[word] = total.get(word, 0) + int(count)
    assert Vocab.from_frequencies(total) == whole.vocab


def test_small_files_share_a_range_and_archives_stay_whole(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"one two\n" * 10)
    (tmp_path / "d.gz").write_bytes(gzip.compress(b"three\n" * 1_000))
    ranges = segments(tmp_path, 150)
    assert [[os.path.basename(s.name) for s in part] for part in ranges] == [["a", "b"], ["c", "d.gz"]]
    assert ranges[1][1].stop is None
    assert read(ranges)[3] == b"three\n" * 1_000


def test_a_changed_file_has_another_fingerprint(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"one two\n")
    before = fingerprint(segments(path, 100))
    assert fingerprint(segments(path, 100)) == before
    assert fingerprint(segments(path, 3)) != before
    os.utime(path, ns=(1, 1))
    assert fingerprint(segments(path, 100)) != before


def test_remote_text_in_ranges():
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    text = b"".join(b"line %d of the text\n" % i for i in range(50))
    files.pipe("/ranges/text", text)
    try:
        assert b"".join(read(segments("memory://ranges/text", 64))) == text
        files.pipe("/ranges/text.gz", gzip.compress(text))
        assert read(segments("memory://ranges/text.gz", 64)) == [text]
    finally:
        files.rm("/ranges", recursive=True)


def test_bad_bytes_are_named_with_file_and_range(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"fine\n" * 10 + b"\xff\n")
    ranges = segments(path, 30)
    count_words(ranges[0])
    with pytest.raises(CorpusError, match=r"text \(from byte 30 on\)"):
        count_words(ranges[1])


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="must be a file, not a pipe"):
        segments(tmp_path / "pipe", 10)
