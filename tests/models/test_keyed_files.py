"""word2vec's files through gensim's face: byte for byte gensim's, in both directions, with all options."""

from __future__ import annotations

import gzip
import itertools
import struct
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastqwem.errors import FormatError, TruncatedError
from fastqwem.models import KeyedVectors
from fastqwem.models.keyedvectors import load_word2vec_format

# Anything but what cuts the file: blanks and line feeds. Of what is left gensim reads all that it writes, but a word
# of nothing in the last line of a text.
ODD = st.text(st.characters(exclude_characters=" \n", exclude_categories=["Cs"]), min_size=1, max_size=6)
HARD = ["0", "1.5", "a\tb", "\xa0", "\ufeffx", "\x0b", "\x1c", "é", "0xff", "-", "\r", "nan", "名前", "😀"]
DTYPES = [np.float16, np.float32, np.float64]
SIZES = st.integers(1, 5)


@st.composite
def tables(draw, dtype=np.float32):
    """(words, vectors, counts)"""
    words = draw(st.lists(ODD | st.sampled_from(HARD), min_size=1, max_size=8, unique=True))
    width = np.dtype(dtype).itemsize * 8
    vectors = draw(hnp.arrays(dtype, (len(words), draw(SIZES)), elements=st.floats(width=width)))
    counts = draw(hnp.arrays(np.int64, len(words), elements=st.integers(0, 9)))
    return words, vectors, counts


def filled(cls, table, with_counts=True):
    words, vectors, counts = table
    kv = cls(vectors.shape[1], dtype=vectors.dtype)
    kv.add_vectors(list(words), vectors)
    if with_counts:
        kv.expandos["count"] = counts.copy()
    return kv


def same(ours, theirs):
    assert ours.index_to_key == theirs.index_to_key and ours.key_to_index == theirs.key_to_index
    assert ours.vectors.dtype == theirs.vectors.dtype and ours.vectors.shape == theirs.vectors.shape
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    assert ours.expandos.keys() == theirs.expandos.keys()
    np.testing.assert_array_equal(ours.expandos["count"], theirs.expandos["count"])


class TestBesideGensim:
    """Everything here needs gensim."""

    @given(data=st.data())
    @settings(deadline=None, max_examples=150)
    def test_bytes_written(self, gensim_keyed, tmp_path_factory, data):
        table = data.draw(tables(data.draw(st.sampled_from(DTYPES))))
        with_counts = data.draw(st.booleans())
        options = data.draw(
            st.fixed_dictionaries(
                {
                    "binary": st.booleans(),
                    "total_vec": st.none() | st.integers(0, 99),
                    "write_header": st.booleans(),
                    "prefix": st.sampled_from(["", "*dt_", "é"]),
                    "sort_attr": st.sampled_from(["count", "none"]),
                }
            )
        )
        folder = tmp_path_factory.mktemp("written")
        fvocab = with_counts and options["sort_attr"] == "count"
        for name, cls in (("theirs", gensim_keyed.KeyedVectors), ("ours", KeyedVectors)):
            kv = filled(cls, table, with_counts)
            for append in (False, True):
                with np.errstate(over="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # float64 beyond float32, in gensim
                    kv.save_word2vec_format(
                        folder / name, folder / f"{name}.vocab" if fvocab else None, append=append, **options
                    )
        assert (folder / "ours").read_bytes() == (folder / "theirs").read_bytes()
        if fvocab:
            assert (folder / "ours.vocab").read_bytes() == (folder / "theirs.vocab").read_bytes()

    @given(
        table=tables(),
        binary=st.booleans(),
        limit=st.none() | st.integers(1, 9),
        datatype=st.sampled_from(DTYPES),
        header=st.booleans(),
        lines=st.sampled_from([b"", b"\n"]),
    )
    @settings(deadline=None, max_examples=150)
    def test_what_is_read(self, gensim_keyed, tmp_path_factory, table, binary, limit, datatype, header, lines):
        """From files of word2vec.c, which ends vectors with a line feed, of gensim, and of GloVe."""
        words, vectors, _ = table
        assume(binary or header or "\ufeff" not in words[0])
        path = tmp_path_factory.mktemp("read") / "file"
        rows = zip(words, vectors, strict=True)
        if binary:
            start = b"%d %d\n" % vectors.shape
            content = start + b"".join(w.encode() + b" " + v.astype("<f4").tobytes() + lines for w, v in rows)
        else:
            start = b"%d %d\n" % vectors.shape if header else b""
            content = start + b"".join(f"{w} {' '.join(map(str, v))}".encode() + b" \n" for w, v in rows)
        path.write_bytes(content)
        options = {"binary": binary, "limit": limit, "datatype": datatype, "no_header": not header and not binary}
        with np.errstate(over="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = gensim_keyed.KeyedVectors.load_word2vec_format(path, **options)
            ours = KeyedVectors.load_word2vec_format(path, **options)
        same(ours, theirs)

    @given(table=tables(), binary=st.booleans())
    @settings(deadline=None)
    def test_round_trips(self, gensim_keyed, tmp_path_factory, table, binary):
        folder = tmp_path_factory.mktemp("round")
        for writer, reader in itertools.permutations([gensim_keyed.KeyedVectors, KeyedVectors]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kv = filled(writer, table)
                kv.save_word2vec_format(folder / "file", folder / "vocab", binary=binary)
                # gensim's reader of vocabularies cuts at any white space
                plain = all(word.split() == [word] for word in table[0])
                back = reader.load_word2vec_format(folder / "file", folder / "vocab" if plain else None, binary=binary)
            for key in table[0]:
                np.testing.assert_array_equal(back[key], kv[key])
                if plain:
                    assert back.get_vecattr(key, "count") == kv.get_vecattr(key, "count")

    @pytest.mark.parametrize("binary", [False, True])
    @pytest.mark.parametrize("encoding", ["utf8", "latin-1", "cp1251"])
    @pytest.mark.parametrize("errors", ["strict", "ignore", "replace"])
    def test_invalid_bytes(self, gensim_keyed, tmp_path, binary, encoding, errors):
        numbers = np.float32([1, 2]).tobytes() if binary else b"1.0 2.0\n"
        words = [b"\xff", b"ab\xff\xfe", b"\xc3\xa9", b"\x00", b"\x98x"]
        path = tmp_path / "file"
        path.write_bytes(b"%d 2\n" % len(words) + b"".join(word + b" " + numbers for word in words))
        outcomes = []
        for cls in (KeyedVectors, gensim_keyed.KeyedVectors):
            try:
                outcomes.append(cls.load_word2vec_format(path, binary=binary, encoding=encoding, unicode_errors=errors))
            except UnicodeDecodeError as error:
                outcomes.append((error.encoding, error.reason))
        if isinstance(outcomes[1], tuple):
            assert outcomes[0] == outcomes[1]
        else:
            same(*outcomes)


@pytest.mark.parametrize("compression", ["", ".gz", ".xz", ".zst", ".bz2"])
@pytest.mark.parametrize("binary", [False, True])
def test_compressed(tmp_path, compression, binary):
    table = (["a", "b"], np.float32([[1, 2], [3, 4]]), np.array([2, 1]))
    path = tmp_path / f"file{compression}"
    filled(KeyedVectors, table).save_word2vec_format(path, binary=binary)
    back = load_word2vec_format(path, binary=binary)
    assert np.array_equal(back.vectors, table[1]) and back.index_to_key == ["a", "b"]
    if compression:
        with pytest.raises(ValueError, match="append is for files that are not compressed"):
            back.save_word2vec_format(path, append=True)


class TestText:
    def load(self, tmp_path, content, **options):
        path = tmp_path / "file"
        path.write_bytes(content)
        return KeyedVectors.load_word2vec_format(path, **options)

    def test_words_with_blanks(self, tmp_path):
        """gensim cuts at the first blank and fails; GloVe's large file holds such words."""
        kv = self.load(tmp_path, b"3 2\nat name@domain.com 1 2\n. . . 3 4\n b 5 6\n")
        assert kv.index_to_key == ["at name@domain.com", ". . .", " b"]
        assert kv.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]

    @pytest.mark.parametrize("line", [b"a\t1\t2\n", b"a  1   2  \n", b"a 1 2\r\n", b"a 1 2"])
    def test_other_separators(self, tmp_path, line):
        kv = self.load(tmp_path, b"1 2\n" + line)
        assert kv.index_to_key == ["a"] and kv.vectors.tolist() == [[1, 2]]

    def test_more_than_a_block(self, tmp_path):
        kv = self.load(tmp_path, b"".join(b"w%d %d 0.5\n" % (i, i) for i in range(1000)), no_header=True)
        assert kv.vectors[:, 0].tolist() == list(range(1000)) and kv.expandos["count"][0] == 1000
        assert len(self.load(tmp_path, b"a 1\nb 2\nc 3\n", no_header=True, limit=2)) == 2

    def test_float64_keeps_its_digits(self, tmp_path):
        assert self.load(tmp_path, b"1 1\na 0.1\n", datatype=np.float64).vectors[0, 0] == 0.1

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "not a word2vec file, its first line"),
            (b"a b\n", "not a word2vec file, its first line"),
            (b"a 1 2\n", "not a word2vec file, its first line"),
            (b"2 2\na 1 2\nb 1\n", "file:3: expected a word and 2 numbers, found 2 fields"),
            (b"2 2\na 1 2\n\n", "file:3: expected a word and 2 numbers, found 0 fields"),
            (b"2 2\na 1 2\nb 1 x\n", "file:3: b'x' is not a number"),
            (b"9999999999 9\na 1 2\n", "more than its 19 bytes can hold"),
            (b"1 0\na\n", "promises 1 words of 0 dimensions"),
        ],
    )
    def test_bad_files(self, tmp_path, content, message):
        with pytest.raises(FormatError, match=message):
            self.load(tmp_path, content)

    def test_no_header(self, tmp_path):
        with pytest.raises(FormatError, match="expected a word and its vector"):
            self.load(tmp_path, b"a\n", no_header=True)
        with pytest.raises(NotImplementedError):
            self.load(tmp_path, b"a\n", no_header=True, binary=True)

    @pytest.mark.parametrize("compressed", [False, True])
    def test_truncated(self, tmp_path, compressed):
        content = b"3 2\na 1.25 2.25\nb 3.25 4.25\n"
        with pytest.raises(EOFError, match="2 of 3 words are there") as caught:
            self.load(tmp_path, gzip.compress(content) if compressed else content)
        assert isinstance(caught.value, TruncatedError)

    def test_bad_limit(self, tmp_path):
        with pytest.raises(ValueError, match="limit must be at least 0"):
            self.load(tmp_path, b"1 1\na 1\n", limit=-1)


class TestBinary:
    CONTENT = b"3 2\n" + b"".join(word + struct.pack("<2f", 1, 2) for word in (b"abc ", b"\nd ", b"\n\ne "))

    def load(self, tmp_path, content=CONTENT, **options):
        path = tmp_path / "file"
        path.write_bytes(content)
        return KeyedVectors.load_word2vec_format(path, binary=True, **options)

    def test_what_follows_the_promised_words_is_ignored(self, tmp_path):
        kv = self.load(tmp_path, self.CONTENT + b"anything")
        assert kv.index_to_key == ["abc", "d", "e"] and kv.next_index == 3

    def test_every_truncation(self, tmp_path):
        for end in range(4, len(self.CONTENT)):
            with pytest.raises(EOFError):
                self.load(tmp_path, self.CONTENT[:end])
            with pytest.raises(EOFError):
                self.load(tmp_path, gzip.compress(self.CONTENT[:end]))

    def test_damaged_compression(self, tmp_path):
        with pytest.raises(FormatError, match="damaged or truncated gz"):
            self.load(tmp_path, gzip.compress(np.random.default_rng(1).bytes(4000) + self.CONTENT)[:2000])

    def test_a_word_without_end(self, tmp_path):
        with pytest.raises(EOFError, match="word 1 of 1: truncated or damaged"):
            self.load(tmp_path, b"1 2\n" + b"x" * 200_000)

    def test_duplicates(self, tmp_path, caplog):
        content = b"4 1\n" + b"".join(b"%b " % w + struct.pack("<f", i) for i, w in enumerate([b"a", b"b", b"a", b"c"]))
        kv = self.load(tmp_path, content)
        assert kv.index_to_key == ["a", "b", "c"] and kv.vectors.ravel().tolist() == [0, 1, 3]
        assert kv.expandos["count"].tolist() == [4, 3, 2]
        assert "duplicate word 'a' in word2vec file, ignoring all but first" in caplog.text

    def test_many_blocks_and_reads(self, tmp_path):
        vectors = np.random.default_rng(1).standard_normal((3000, 600), dtype=np.float32)  # 7 MB
        kv = KeyedVectors(600)
        kv.add_vectors([f"w{i}" * (i % 7 + 1) for i in range(3000)], vectors)
        kv.save_word2vec_format(tmp_path / "file", binary=True)
        back = KeyedVectors.load_word2vec_format(tmp_path / "file", binary=True)
        assert back.index_to_key == kv.index_to_key and np.array_equal(back.vectors, vectors)
        assert back.vectors.flags.owndata and back.vectors.flags.writeable


class TestVocabulary:
    def test_incomplete(self, tmp_path, caplog):
        (tmp_path / "file").write_bytes(b"2 1\na 1\nb c 2\n")
        (tmp_path / "vocab").write_bytes(b"b c 7\n")
        kv = KeyedVectors.load_word2vec_format(tmp_path / "file", tmp_path / "vocab")
        assert (
            kv.expandos["count"].tolist() == [0, 7] and "vocabulary file is incomplete: 'a' is missing" in caplog.text
        )

    @pytest.mark.parametrize("line", [b"a\n", b"a x\n", b"\n"])
    def test_bad_lines(self, tmp_path, line):
        (tmp_path / "file").write_bytes(b"1 1\na 1\n")
        (tmp_path / "vocab").write_bytes(line)
        with pytest.raises(FormatError, match="vocab:1: expected a word and a count"):
            KeyedVectors.load_word2vec_format(tmp_path / "file", tmp_path / "vocab")

    def test_needs_the_attribute(self, tmp_path, caplog):
        kv = filled(KeyedVectors, (["a", "b"], np.float32([[1], [2]]), None), with_counts=False)
        with pytest.raises(ValueError, match="Cannot store vocabulary with 'count'"):
            kv.save_word2vec_format(tmp_path / "file", tmp_path / "vocab")
        assert not list(tmp_path.iterdir())
        kv.save_word2vec_format(tmp_path / "file")
        assert "attribute count not present" in caplog.text

    def test_unsigned_attributes_sort_too(self, tmp_path):
        """gensim negates them, and so puts 0 before all others."""
        kv = filled(KeyedVectors, (["a", "b", "c"], np.eye(3, 1, dtype=np.float32), np.uint32([0, 2, 1])))
        kv.save_word2vec_format(tmp_path / "file")
        assert KeyedVectors.load_word2vec_format(tmp_path / "file").index_to_key == ["b", "c", "a"]

    def test_integer_keys_are_written_once(self, tmp_path):
        kv = filled(KeyedVectors, ([0, 1, "b", "a"], np.arange(4, dtype=np.float32)[:, None], np.array([5, 6, 7, 8])))
        kv.save_word2vec_format(tmp_path / "file")
        assert (tmp_path / "file").read_text() == "4 1\n0 0.0\n1 1.0\na 3.0\nb 2.0\n"

    def test_a_failure_leaves_the_old_file(self, tmp_path):
        kv = filled(KeyedVectors, (["a", "\ud800"], np.eye(2, dtype=np.float32), np.array([2, 1])))
        (tmp_path / "file").write_text("old")
        with pytest.raises(UnicodeEncodeError):
            kv.save_word2vec_format(tmp_path / "file")
        assert (tmp_path / "file").read_text() == "old" and len(list(tmp_path.iterdir())) == 1

    def test_sizes_must_agree(self, tmp_path):
        kv = filled(KeyedVectors, (["a"], np.eye(1, dtype=np.float32), np.array([2])))
        kv.vectors = np.zeros((2, 1), np.float32)
        with pytest.raises(ValueError, match=r"vectors must have shape \(1, 1\), got \(2, 1\)"):
            kv.save_word2vec_format(tmp_path / "file")


class TestIntersecting:
    """In gensim 4.4 it fails for both kinds of files."""

    @pytest.mark.parametrize("binary", [False, True])
    @pytest.mark.parametrize("locks", [None, np.ones(1, np.float32), np.float32([1, 0.5, 1])])
    def test_known_words_take_over(self, tmp_path, binary, locks):
        file = filled(KeyedVectors, (["c", "z", "a"], np.float32([[1, 2], [3, 4], [5, 6]]), np.array([3, 2, 1])))
        file.save_word2vec_format(tmp_path / "file", binary=binary)
        kv = filled(KeyedVectors, (["a", "b", "c"], np.zeros((3, 2), np.float32), np.array([3, 2, 1])))
        kv.fill_norms()
        if locks is not None:
            kv.vectors_lockf = locks
        kv.intersect_word2vec_format(tmp_path / "file", lockf=0.25, binary=binary)
        assert kv.vectors.tolist() == [[5, 6], [0, 0], [1, 2]] and kv.index_to_key == ["a", "b", "c"]
        assert kv.vectors_lockf.tolist() == [0.25, 0.5 if locks is not None and len(locks) == 3 else 1, 0.25]
        assert kv.similarity("a", "c") == pytest.approx(17 / np.sqrt(61 * 5))
        assert kv.most_similar("a", topn=1)[0][0] == "c"
        assert kv.lifecycle_events[-1]["msg"].startswith("merged 2 vectors")

    def test_other_dimensions(self, tmp_path):
        (tmp_path / "file").write_bytes(b"1 3\na 1 2 3\n")
        with pytest.raises(ValueError, match=r"incompatible vector size 3 in file .*, expected 2"):
            KeyedVectors(2).intersect_word2vec_format(tmp_path / "file")

    def test_a_truncated_file_changes_nothing(self, tmp_path):
        (tmp_path / "file").write_bytes(b"2 1\na 1.5\n ")
        kv = filled(KeyedVectors, (["a"], np.float32([[7]]), np.array([1])))
        with pytest.raises(FormatError):
            kv.intersect_word2vec_format(tmp_path / "file")
        assert kv.vectors.tolist() == [[7]]
