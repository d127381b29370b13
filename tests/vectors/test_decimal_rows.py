"""The kernel that reads and writes decimal lines, held to Python's float and NumPy's str."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastqwem import _core
from fastqwem.errors import FormatError
from fastqwem.vectors import decimal_rows
from fastqwem.vectors.decimal_rows import read_rows, text_rows


def plain(vectors):
    return b"".join(b"w %b\n" % " ".join(str(value) for value in row).encode() for row in vectors)


class TestWriting:
    @given(hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(width=32)))
    @settings(deadline=None)
    def test_numpys_text(self, vectors):
        assert text_rows([b"w"] * len(vectors), vectors) == plain(vectors)

    def test_numpys_text_of_many_numbers(self):
        """All scales, all powers of two and of ten and their neighbours, where shortest digits are hardest."""
        rng = np.random.default_rng(1)
        bits = rng.integers(0, 2**32, 30_000, dtype=np.uint32).view(np.float32)
        usual = (rng.standard_normal(30_000) * 10.0 ** rng.integers(-5, 4, 30_000)).astype(np.float32)
        powers = np.concatenate([2.0 ** np.arange(-149, 127), 10.0 ** np.arange(-44, 38)]).astype(np.float32)
        near = [np.nextafter(powers, np.float32(side), dtype=np.float32) for side in (-np.inf, np.inf)]
        values = np.concatenate([bits, usual, powers, *near, -powers])[:, None]
        assert text_rows([b"w"] * len(values), values) == plain(values)

    def test_what_vectors_hold_needs_no_python(self):
        values = np.random.default_rng(1).standard_normal((1000, 50), dtype=np.float32)
        values[::3] = 0
        values[::5] *= np.float32(1e-6)
        rows = _core.write_decimal_rows(values)
        assert sum(row is None for row in rows) < 50  # some are near 1e-4

    def test_other_types_and_layouts(self):
        values = np.arange(6, dtype=np.float64).reshape(2, 3) / 7
        for array in (values, values.astype(np.float16), values.astype(np.float32)[:, ::-1]):
            assert text_rows([b"w", b"w"], array) == plain(array)
        with pytest.raises(ValueError, match="vectors must be a C-contiguous array of float32"):
            _core.write_decimal_rows(values)


def truth(text, size, dtype):
    """Lines as a loop over them reads them."""
    words, rows = [], []
    for line in text.split(b"\n"):
        if line:
            word, *fields = line.rstrip().rsplit(b" ", size)
            words.append(word)
            rows.append([float(field) for field in fields])
    return words, np.array(rows, np.float64).reshape(-1, size).astype(dtype)


def cut(line, size, where):
    fields = line.rstrip().rsplit(b" ", size)
    if len(fields) != size + 1:
        raise FormatError(f"{where}: {len(fields)} fields")
    return fields[0], fields[1:]


def read(text, size, **options):
    blocks = list(read_rows(io.BufferedReader(io.BytesIO(text)), "file", size, cut, **options))
    words = [word for _, words, _ in blocks for word in words]
    number = options.get("number", 1)
    for first, some, _ in blocks:
        assert first == number
        number += len(some)
    return words, np.concatenate([rows for _, _, rows in blocks]) if blocks else np.empty((0, size))


NUMBERS = st.floats(width=32).map(lambda x: str(np.float32(x))) | st.floats().map(repr) | st.sampled_from(
    ["+1", "1_0", "nan", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "1.", ".5", "-0", "00012", "1e39",
     "3.4028236e38", "1E5", "0.1000000014901161193847656250000000000000000001", "16777217", "9007199254740993"]
)  # fmt: skip
WORDS = st.text(
    st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=["Cs"]), max_size=4
)


class TestReading:
    @given(
        lines=st.lists(st.tuples(WORDS, st.lists(NUMBERS, min_size=3, max_size=3)), max_size=12),
        dtype=st.sampled_from([np.float16, np.float32, np.float64]),
        block=st.sampled_from([1, 7, 64, 1 << 20]),
        last=st.booleans(),
        blank=st.sampled_from([b"", b" ", b"\r"]),
    )
    @settings(deadline=None, max_examples=300)
    def test_any_lines(self, lines, dtype, block, last, blank):
        text = b"".join(f"{word} {' '.join(numbers)}".encode() + blank + b"\n" for word, numbers in lines)
        with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
            patch.setattr(decimal_rows, "_READ", block)
            words, vectors = read(text if last or blank == b"\r" else text[:-1], 3, dtype=dtype)
            expected = truth(text, 3, dtype)
        assert words == expected[0]
        if words:
            np.testing.assert_array_equal(vectors, expected[1])
            assert vectors.dtype == dtype

    def test_limit(self):
        text = b"".join(b"w%d %d\n" % (i, i) for i in range(100))
        for limit in (1, 50, 100, 200):
            assert len(read(text, 1, limit=limit)[0]) == min(limit, 100)
        assert len(read(text.replace(b" ", b" +"), 1, limit=3)[0]) == 3

    def test_where_it_is_wrong(self):
        text = b"".join(b"w %d\n" % i for i in range(50)) + b"w x\n"
        with pytest.raises(FormatError, match="file:51: b'x' is not a number"):
            read(text, 1)
        with pytest.raises(FormatError, match="file:53: 1 fields"):
            read(text.replace(b"w x", b"wx"), 1, number=3)

    def test_a_line_without_end(self, monkeypatch):
        monkeypatch.setattr(decimal_rows, "MAX_LINE", 1 << 20)
        monkeypatch.setattr(decimal_rows, "_READ", 1 << 16)
        with pytest.raises(FormatError, match="file:2: a line of more than 1 MB is no word vector"):
            read(b"w 1\n" + b"x" * (1 << 22), 1)

    def test_bare_words_only(self):
        asked = []

        def ask(line, size, where):
            asked.append(line)

        file = io.BufferedReader(io.BytesIO(b"a 1\nb c 2\n 3\nd\te 4\nf 5\n"))
        blocks = list(read_rows(file, "file", 1, ask, bare=True))
        assert [word for _, words, _ in blocks for word in words] == [b"a", b"f"]
        assert asked == [b"b c 2\n", b" 3\n", b"d\te 4\n"]

    def test_places_outside_the_text(self):
        with pytest.raises(ValueError, match="begin and end"):
            _core.read_decimal_rows(b"a 1\n", 0, 9, 1, 1, False, False)
