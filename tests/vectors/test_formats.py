from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastqwem import storage
from fastqwem.errors import FormatError
from fastqwem.vectors import WordVectors, formats, word2vec
from fastqwem.vectors.streams import zstd

EVERY = ["v.fqv", "v.npy"] + [
    f"v.{kind}{packed}" for kind in ("txt", "vec", "bin") for packed in ("", ".gz", ".bz2", ".xz", ".zst")
]


def make(count=700, size=5, seed=0):
    """Vectors with awkward values and words, enough of them for several blocks."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, size)) * 10.0 ** rng.integers(-30, 30, (count, size))
    rows[0] = [0.0, -0.0, 1e-45, np.finfo(np.float32).max, -np.finfo(np.float32).tiny][:size]
    words = [f"word{i}" for i in range(count)]
    words[:6] = ["the", "naïve", "\u2028", "%s", "日本語", "\U0001f600"]
    return WordVectors(words, rows.astype(np.float32), np.arange(count)[::-1], {"window": 16})


def same(a, b):
    assert a.words == b.words
    np.testing.assert_array_equal(a.vectors.view(np.uint32), b.vectors.view(np.uint32))  # bits: -0.0 is not 0.0


@pytest.mark.parametrize("name", EVERY)
def test_round_trip(tmp_path, name):
    vectors = make()
    vectors.save(tmp_path / name)
    found = WordVectors.load(tmp_path / name)
    same(found, vectors)
    keeps_counts = name in ("v.fqv", "v.npy")
    assert (found.counts is not None) == keeps_counts
    if keeps_counts:
        np.testing.assert_array_equal(found.counts, vectors.counts)
    assert found.metadata == ({"window": 16} if name == "v.fqv" else {})
    expected = ["v.npy", "v.vocab.txt"] if name == "v.npy" else [name]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected


@pytest.mark.parametrize("name", EVERY)
def test_content_beats_suffix(tmp_path, name):
    make().save(tmp_path / name)
    bare = (tmp_path / name).rename(tmp_path / "v")
    same(formats.load(bare), make())
    if name.endswith((".gz", ".bz2", ".xz", ".zst")):
        make().save(tmp_path / name)
        assert bare.read_bytes() == (tmp_path / name).read_bytes()  # no time stamps: equal vectors, equal files


def test_format_overrides_suffix(tmp_path):
    make().save(tmp_path / "v.dat.gz", "binary")
    assert formats.detect(tmp_path / "v.dat.gz") == "binary"
    same(formats.load(tmp_path / "v.dat.gz", "binary"), make())
    with pytest.raises(FormatError, match=r"is not UTF-8|expected"):
        formats.load(tmp_path / "v.dat.gz", "text")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=8, unique=True),
    rows=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=3),
    name=st.sampled_from(["v.fqv", "v.txt", "v.bin", "v.npy"]),
)
def test_any_word_comes_back_or_is_named(tmp_path, words, rows, name):
    """Silence is the only wrong answer."""
    vectors = WordVectors(words, [rows] * len(words))
    path = tmp_path / name
    for old in tmp_path.iterdir():
        old.unlink()
    try:
        vectors.save(path)
    except ValueError as error:
        assert any(repr(word) in str(error) for word in words) or ("" in words and "an empty word" in str(error))
        assert list(tmp_path.iterdir()) == []
        assert any(not word or any(c in " \t\n\r\v\f" for c in word) for word in words)
    else:
        same(formats.load(path, formats.format_of(path)), vectors)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("v.txt", "new york"),
        ("v.bin", "a\nb"),
        ("v.bin", ""),
        ("v.npy", "a\tb"),
        ("v.fqv", "\ud800"),
    ],
)
def test_words_that_a_format_cannot_carry(tmp_path, name, word):
    vectors = WordVectors(["fine", word], np.eye(2))
    with pytest.raises(ValueError, match="cannot carry an empty word" if not word else "cannot carry the word '"):
        vectors.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


class TestForeignWriters:
    def test_gensim_binary_has_no_newlines(self, tmp_path):
        path = tmp_path / "v.bin"
        path.write_bytes(b"2 2\na " + struct.pack("<2f", 1, 2) + b"b " + struct.pack("<2f", 3, 4))
        assert WordVectors.load(path)["b"].tolist() == [3, 4]

    def test_gensim_reads_ours(self, tmp_path):
        gensim = pytest.importorskip("gensim.models.keyedvectors", reason="gensim is not installed")
        vectors = make()
        for name, binary in (("v.txt", False), ("v.bin", True), ("v.txt.gz", False)):
            vectors.save(tmp_path / name)
            theirs = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / name), binary=binary)
            assert theirs.index_to_key == vectors.words
            np.testing.assert_array_equal(theirs.vectors, vectors.vectors)
            theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
            assert formats.load(tmp_path / "theirs").words == vectors.words

    def test_safetensors_reads_ours(self, tmp_path):
        numpy = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
        make().save(tmp_path / "v.fqv")
        np.testing.assert_array_equal(numpy.load_file(tmp_path / "v.fqv")["vectors"], make().vectors)

    def test_glove_text(self, tmp_path):
        path = tmp_path / "glove.txt"
        path.write_bytes(b"the 0.5 1e-3 -2\r\n. . . 1 2 3\r\n\r\nat n@me.org\t4 5 6\r\n")
        found = WordVectors.load(path)
        assert found.words == ["the", ". . .", "at n@me.org"] and found["at n@me.org"].tolist() == [4, 5, 6]

    def test_one_dimension(self, tmp_path):
        path = tmp_path / "v"
        path.write_text("2 1\na\t1\nb\t2\n")
        assert WordVectors.load(path).vectors.tolist() == [[1], [2]]

    def test_bytes_that_are_no_utf8(self, tmp_path):
        for name, content in (
            ("v.txt", b"1 2\nna\xefve 1 2\n"),
            ("v.bin", b"1 2\nna\xefve " + struct.pack("<2f", 1, 2)),
        ):
            path = tmp_path / name
            path.write_bytes(content)
            with pytest.raises(FormatError, match=rf"{name}.*na\\xefve' is not UTF-8 \(errors='replace'"):
                WordVectors.load(path)
            assert formats.load(path, errors="replace").words == ["na\ufffdve"]
            assert formats.load(path, errors="ignore").words == ["nave"]
        with pytest.raises(ValueError, match="errors must be one of"):
            formats.load(path, errors="guess")

    def test_half_and_double_npy(self, tmp_path):
        (tmp_path / "v.vocab.txt").write_text("a\r\nnew york\r\n")
        for dtype in ("f2", "f8", ">f4", "i4"):
            np.save(tmp_path / "v.npy", np.eye(2, dtype=dtype))
            assert WordVectors.load(tmp_path / "v.npy")["new york"].tolist() == [0, 1]


TEXT = b"3 2\na 1 2\nb 3 4\nc 5 6\n"
BINARY = b"3 2\na " + struct.pack("<2f", 1, 2) + b"\nb " + struct.pack("<2f", 3, 4) + b"\nc " + struct.pack("<2f", 5, 6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\n\n" * 50, "not a file of word vectors"),
        (b"no vectors here\njust prose\n", "not a file of word vectors"),
        (b"\0" * 1000, "not a file of word vectors"),
        (b"\n\n\n", "not a file of word vectors"),
        # text
        (TEXT[:-6], "first line promises 3 words, 2 follow"),
        (TEXT + b"d 7 8\n", "first line promises 3 words, 4 follow"),
        (b"3 2", "first line promises 3 words, 0 follow"),
        (b"3 2\n", "first line promises 3 words, 0 follow"),
        (b"999999999999 2\na 1 2\n", "first line promises 999999999999 words, 1 follow"),
        (b"1 2\na 1 2 3\n", r"bad:2: expected a word and 2 numbers, found 4 fields"),
        (TEXT.replace(b"b 3 4", b"b 3"), r"bad:3: expected a word and 2 numbers, found 2 fields"),
        (TEXT.replace(b"b 3 4", b"b 3 4x"), r"bad:3: b'4x' is not a number"),
        (TEXT.replace(b"b 3 4", b"b 3 nan"), r"bad:3: NaN, infinite or beyond float32"),
        (TEXT.replace(b"b 3 4", b"b 3 1e39"), r"bad:3: NaN, infinite or beyond float32"),
        (TEXT.replace(b"b 3", b"a 3"), r"bad: words must be distinct, 'a' is in rows 0 and 1"),
        (b"a 1 2\nb 1 2 3\n", "bad:2: expected a word and 2 numbers"),
        (b"a 1 2\n" + b"7" * (word2vec.MAX_LINE + 9), "bad:2: a line of more than 16 MB"),
        # binary
        (BINARY[:-1], r"bad: word 3 of 3: truncated or damaged at byte 25"),
        (BINARY[:-9], "truncated or damaged, its first line promises 3 words"),
        (BINARY + b"\nd", "more data after the 3 words"),
        (
            b"999999999999 2" + BINARY[3:],
            "promises 999999999999 words of 2 dimensions, more than its 47 bytes can hold",
        ),
        (b"3 99999" + BINARY[3:], "promises 3 words of 99999 dimensions, more than its 40 bytes"),
        (b"3 99999999999" + BINARY[3:], "promises 3 words of 99999999999 dimensions"),
        (b"0 2" + BINARY[3:], "promises 0 words"),
        (b"3 0" + BINARY[3:], "promises 3 words of 0 dimensions"),
        (gzip.compress(b"999999999999 2" + BINARY[3:]), "word 4 of 999999999999: truncated"),
        (gzip.compress(b"3 9999999" + BINARY[3:]), "word 1 of 3: truncated"),
        (BINARY.replace(b"b ", b"\n\n "), "is no word"),
        (
            BINARY.replace(struct.pack("<f", 3), struct.pack("<f", np.nan)),
            r"word 2 of 3 \('b'\): NaN or infinite",
        ),
        (BINARY.replace(b"b ", b"a "), "words must be distinct, 'a'"),
        (b"1 2\n" + b"\x01\xff" * 40_000, "word 1 of 1: truncated or damaged at byte 4"),
        # damaged archives
        (gzip.compress(TEXT * 50)[:-30], "damaged or truncated gz data"),
        (bz2.compress(TEXT * 50)[:-30], "damaged or truncated bz2 data"),
        (b"BZh9 no archive", "damaged or truncated bz2 data"),
        (lzma.compress(TEXT * 50)[:-30], "damaged or truncated xz data"),
        (zstd.compress(TEXT * 50)[:-9], "damaged or truncated zst data"),
        (zstd.compress(TEXT * 50)[:6] + b"\xff" * 40, "damaged or truncated zst data"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        formats.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("word", ["a\nb", "", "new york", "a\tb\r", "\0"])
def test_our_own_format_carries_any_word(tmp_path, word):
    WordVectors(["fine", word], np.eye(2)).save(tmp_path / "v.fqv")
    assert WordVectors.load(tmp_path / "v.fqv").words == ["fine", word]


def container(**changes):
    arrays = storage.pack_words(["a", "b"]) | {"vectors": np.eye(2, dtype=np.float32)} | changes
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("kind", "version", "arrays", "message"),
    [
        ("counts", 1, container(), "holds counts, expected vectors"),
        ("vectors", 2, container(), "newer than this fastqwem reads"),
        ("vectors", 1, container(words=None), "damaged, no entry 'words'"),
        ("vectors", 1, container(vectors=None), "damaged, no entry 'vectors'"),
        ("vectors", 1, container(vectors=np.eye(3, dtype=np.float32)), "one row per word"),
        ("vectors", 1, container(vectors=np.eye(2)), "damaged, vectors are float64"),
        ("vectors", 1, container(words=np.frombuffer(b"\xff\xfe", np.uint8)), "not UTF-8"),
        ("vectors", 1, container(word_ends=np.array([1, 3])), "ends of words do not fit"),
        ("vectors", 1, container(word_ends=np.array([3, 2])), "ends of words do not rise"),
        ("vectors", 1, container(counts=np.arange(3)), "counts must have shape"),
        ("vectors", 1, container(counts=np.ones(2)), "damaged, counts are float64"),
    ],
)
def test_bad_containers(tmp_path, kind, version, arrays, message):
    path = tmp_path / "bad.fqv"
    storage.write_container(path, kind, version, {"metadata": {}}, arrays)
    with pytest.raises(FormatError, match=message):
        formats.load(path)


def test_metadata_of_any_kind_is_saved(tmp_path):
    noted = {"gap": np.float32(0.5), "rank": np.int64(3), "path": tmp_path, "values": np.arange(2), "x": None}
    WordVectors(["a"], [[1]], metadata=noted).save(tmp_path / "v.fqv")
    found = WordVectors.load(tmp_path / "v.fqv").metadata
    assert found == {"gap": 0.5, "rank": 3, "path": str(tmp_path), "values": [0, 1], "x": None}


def test_damaged_containers(tmp_path):
    path = tmp_path / "v.fqv"
    make().save(path)
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:300], whole[:4000], whole[:-9] + b"\0" + whole[-8:], whole[:9]):
        path.write_bytes(content)
        with pytest.raises(FormatError):
            formats.load(path)


@pytest.mark.parametrize("header", [{}, {"metadata": [1]}, {"metadata": 5}])
def test_bad_headers(tmp_path, header):
    storage.write_container(tmp_path / "bad.fqv", "vectors", 1, header, container())
    with pytest.raises(FormatError, match="damaged"):
        formats.load(tmp_path / "bad.fqv")


class TestBadNpy:
    def save(self, tmp_path, array, words="a\nb\n"):
        np.save(tmp_path / "v.npy", array)
        (tmp_path / "v.vocab.txt").write_bytes(words.encode() if isinstance(words, str) else words)
        return tmp_path / "v.npy"

    @pytest.mark.parametrize(
        ("array", "words", "message"),
        [
            (np.eye(3), "a\nb\n", "vocab.txt: 2 words for the 3 rows"),
            (np.ones(2), "a\nb\n", "real matrix"),
            (np.array([["x"], ["y"]]), "a\nb\n", "real matrix"),
            (np.eye(2), "a\t1\nb\n", r"vocab.txt:2: expected a word, a tab and a count"),
            (np.eye(2), "a\t1\nb\t-1\n", r"vocab.txt:2: expected"),
            (np.eye(2), "a\t1\nb\t" + "9" * 30, r"vocab.txt:2: expected"),
            (np.eye(2), b"a\nb\xff\n", "not UTF-8 at byte 3"),
            (np.eye(2), "a\na\n", "distinct"),
            (np.eye(2), "", "0 words for the 2 rows"),
            (np.full((2, 2), np.nan), "a\nb\n", "finite"),
        ],
    )
    def test_pairs(self, tmp_path, array, words, message):
        with pytest.raises(FormatError, match=message):
            formats.load(self.save(tmp_path, array, words))

    def test_truncated_and_lying(self, tmp_path):
        path = self.save(tmp_path, np.eye(2))
        whole = path.read_bytes()
        for content in (
            whole[:-1],
            whole[:20],
            whole[:6],
            whole.replace(b"(2, 2), } ", b"(2, 9999999999999), } "),
        ):
            path.write_bytes(content)
            with pytest.raises(FormatError, match=r"damaged or no \.npy array"):
                formats.load(path)

    def test_pickled_arrays_are_refused(self, tmp_path):
        np.save(tmp_path / "v.npy", np.array([[object]]), allow_pickle=True)
        (tmp_path / "v.vocab.txt").write_text("a\n")
        with pytest.raises(FormatError, match="damaged or no"):
            formats.load(tmp_path / "v.npy")

    def test_no_vocabulary(self, tmp_path):
        np.save(tmp_path / "v.npy", np.eye(2))
        with pytest.raises(FileNotFoundError, match="vocab"):
            formats.load(tmp_path / "v.npy")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(EVERY),
    damages=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from([b"", b"\n", b" ", b"9", b"\xff\0", b"{"])),
        min_size=1,
        max_size=4,
    ),
)
def test_no_damage_crashes(tmp_path, name, damages):
    """Cut and overwrite anywhere, mostly near the start: the file is read or refused, with its name."""
    path = tmp_path / name
    make(9).save(path)
    content = path.read_bytes()
    for at, length, patch in damages:
        content = content[:at] + patch + content[at + length :]
    path.write_bytes(content)
    for format in (None, formats.format_of(path)):
        try:
            assert len(formats.load(path, format)) > 0
        except FormatError as error:
            assert str(tmp_path) in str(error)


class TestPaths:
    def test_reading(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="none"):
            formats.load(tmp_path / "none.txt")
        with pytest.raises(IsADirectoryError):
            formats.load(tmp_path)
        with pytest.raises(ValueError, match="format must be one of"):
            formats.load(tmp_path / "none.txt", "pickle")

    @pytest.mark.parametrize(
        ("name", "error", "message"),
        [
            ("v.pkl", ValueError, r"v.pkl: the suffix must tell the format \(.fqv, .txt"),
            ("v", ValueError, "the suffix must tell the format"),
            ("v.gz", ValueError, "the suffix must tell the format"),
            ("v.fqv.gz", ValueError, "the suffix must tell the format"),
            ("none/v.fqv", FileNotFoundError, "no such folder to write to"),
            ("folder.fqv", IsADirectoryError, "folder.fqv"),
        ],
    )
    def test_targets(self, tmp_path, name, error, message):
        (tmp_path / "folder.fqv").mkdir()
        with pytest.raises(error, match=message):
            formats.check_target(tmp_path / name)
        with pytest.raises(error, match=message):
            make(9).save(tmp_path / name)

    def test_more_targets(self, tmp_path):
        assert formats.check_target(tmp_path / "v.TXT.GZ") == "text"
        with pytest.raises(ValueError, match="'npy' is not written compressed"):
            formats.check_target(tmp_path / "v.npy.gz", "npy")
        with pytest.raises(ValueError, match="format must be one of"):
            formats.check_target(tmp_path / "v.txt", "pickle")
        with pytest.raises(TypeError, match="vectors must be WordVectors"):
            formats.save([1], tmp_path / "v.fqv")


class FullDisk(io.FileIO):
    """A file on a disk that has room for a few bytes."""

    def write(self, data):
        if self.tell() + len(data) > 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("name", EVERY)
def test_full_disk_keeps_the_older_file(tmp_path, monkeypatch, name):
    make(9).save(tmp_path / name)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(Path, "open", lambda path, mode: FullDisk(path, mode))
    with pytest.raises(OSError, match="No space left"):
        make().save(tmp_path / name)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
