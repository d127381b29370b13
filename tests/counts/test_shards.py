"""Counts in a folder: the same as in one file, and a shard that does not belong there is named."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from count_cases import assert_same
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem.counts import Cooccurrence, count
from fastqwem.errors import FormatError
from fastqwem.storage import peek

SENTENCES = st.lists(st.lists(st.integers(0, 19), max_size=20), max_size=8)


@given(SENTENCES, st.integers(1, 200), st.booleans())
@settings(max_examples=20, deadline=None)
def test_round_trip(tmp_path_factory, sentences, nonzeros, mmap):
    folder = tmp_path_factory.mktemp("shards") / "counts"
    counts = count(naive.encoded(sentences, 20), 4, "harmonic")
    counts.save_shards(folder, nonzeros)
    loaded = Cooccurrence.load(folder, mmap=mmap)
    assert loaded.nnz == counts.nnz and loaded.total == counts.total
    rows = 0
    for part in loaded.parts:
        assert part.first_row == rows and part.matrix.shape == (part.last_row - rows, 20)
        assert part.matrix.nnz <= nonzeros or part.last_row - part.first_row == 1
        np.testing.assert_array_equal(part.matrix.toarray(), counts.matrix[rows : part.last_row].toarray())
        rows = part.last_row
    assert rows == 20
    for i in range(0, 20, 3):
        for j in range(0, 20, 2):
            assert loaded[f"w{i}", f"w{j}"] == counts[f"w{i}", f"w{j}"]
    assert_same(loaded, counts)


def test_whole_counts_have_one_part():
    counts = count(naive.encoded([[0, 1, 2]], 3), 2)
    (part,) = counts.parts
    assert (part.first_row, part.last_row) == (0, 3) and part.matrix is counts.matrix


def test_shards_of_different_width(tmp_path):
    """A shard with counts beyond 32 bits is int64, the others are not; together they are int64."""
    matrix = np.zeros((4, 4), np.int64)
    matrix[0, 0], matrix[1, 2], matrix[2, 1] = 2**40, 3, 3
    whole = Cooccurrence.from_matrix(matrix, list("abcd"))
    small = Cooccurrence.from_matrix(matrix[1:, 1:], list("bcd"))
    small.save_shards(tmp_path / "small", 1)
    assert {part.matrix.data.dtype for part in Cooccurrence.load(tmp_path / "small").parts} == {np.dtype(np.int32)}
    whole.save_shards(tmp_path / "whole", 1)
    assert_same(Cooccurrence.load(tmp_path / "whole"), whole)
    assert count(naive.encoded([[0]], 1), 1).parts[0].matrix.data.dtype == np.int32


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    counts = count(naive.encoded([list(random.integers(0, 50, 500))], 50), 4)
    counts.save_shards(tmp_path / "counts", 500)
    return tmp_path / "counts"


@pytest.mark.parametrize("mmap", [False, True])
def test_a_missing_shard(folder, mmap):
    (folder / "shard-00001.fqn").unlink()
    with pytest.raises(FormatError, match=r"shard-00001\.fqn: missing"):
        Cooccurrence.load(folder, mmap=mmap)


@pytest.mark.parametrize("mmap", [False, True])
def test_a_truncated_shard(folder, mmap):
    path = folder / "shard-00002.fqn"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(FormatError, match=r"shard-00002\.fqn: truncated, 7 bytes"):
        Cooccurrence.load(folder, mmap=mmap)


def test_a_damaged_shard(folder):
    path = folder / "shard-00000.fqn"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"shard-00000\.fqn: damaged, its checksum"):
        Cooccurrence.load(folder).matrix  # noqa: B018


@pytest.mark.parametrize(
    ("window", "weighting", "vocab_size", "message"),
    [
        (5, "linear", 50, "window 5 where 4 is expected"),
        (4, "uniform", 50, "weighting 'uniform' where 'linear' is expected"),
        (4, "linear", 51, "other words"),
    ],
)
def test_a_shard_of_other_settings(folder, tmp_path, window, weighting, vocab_size, message):
    random = np.random.default_rng(0)
    other = count(naive.encoded([list(random.integers(0, 50, 500))], vocab_size), window, weighting)
    other.save_shards(tmp_path / "other", 500)
    (folder / "shard-00001.fqn").write_bytes((tmp_path / "other" / "shard-00001.fqn").read_bytes())
    with pytest.raises(FormatError, match=rf"shard-00001\.fqn: from other settings \({message}\)"):
        Cooccurrence.load(folder, mmap=True)


def test_shards_that_changed_places(folder):
    first, second = (folder / f"shard-0000{i}.fqn" for i in (0, 1))
    assert peek(first)[2]["last_row"] != peek(second)[2]["last_row"]
    second.write_bytes(first.read_bytes())
    with pytest.raises(FormatError, match=r"shard-00001\.fqn: holds other rows"):
        Cooccurrence.load(folder, mmap=True)


def test_a_shard_of_another_text(tmp_path):
    random = np.random.default_rng(0)
    ids = list(random.integers(0, 50, 500))
    other = count(naive.encoded([ids[:250][::-1] + ids[250:]], 50), 4)  # the same words as often
    other.save_shards(tmp_path / "other")
    count(naive.encoded([ids], 50), 4).save_shards(tmp_path / "whole")
    (tmp_path / "whole" / "shard-00000.fqn").write_bytes((tmp_path / "other" / "shard-00000.fqn").read_bytes())
    with pytest.raises(FormatError, match="another shard than the manifest means"):
        Cooccurrence.load(tmp_path / "whole", mmap=True)


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(FormatError, match=r"no manifest\.fqn"):
        Cooccurrence.load(tmp_path)


def test_a_folder_that_is_not_empty(folder):
    with pytest.raises(FileExistsError, match="not empty"):
        Cooccurrence.load(folder).save_shards(folder)


def test_shards_behind_an_address(folder):
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.put(str(folder), "/there", recursive=True)
    try:
        loaded = Cooccurrence.load("memory://there", mmap=True)
        assert len(loaded.parts) == len(Cooccurrence.load(folder).parts) > 1
        assert_same(loaded, Cooccurrence.load(folder))
        with pytest.raises(FormatError, match="missing"):
            Cooccurrence.load("memory://nowhere")
    finally:
        files.rm("/there", recursive=True)
