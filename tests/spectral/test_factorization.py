"""The result of alternating least squares: what it gives, and that it survives a file."""

from __future__ import annotations

import numpy as np
import pytest
from tables import cooccurrence, random_table

from fastqwem import Factorization, SpectralStart, factorize
from fastqwem.errors import FormatError


@pytest.fixture(scope="module")
def result():
    return factorize(cooccurrence(random_table(30)), 4, objective="qwem", start=SpectralStart(negative=1.0))


def test_outputs(result):
    w, c = result.input_vectors, result.output_vectors
    assert np.array_equal(result.matrix(), w + c)
    assert np.array_equal(result.matrix("input"), w) and np.array_equal(result.matrix("output"), c)
    assert np.array_equal(result.matrix("concat"), np.hstack([w, c]))
    with pytest.raises(ValueError, match=r"output must be one of 'sum', .* got 'mean'"):
        result.matrix("mean")
    assert result.vectors.words[:2] == ["w0", "w1"]
    assert np.array_equal(result.vectors["w3"], (w + c)[3])
    assert "30 words, d=4" in repr(result)


def test_tied_has_one_matrix():
    tied = factorize(cooccurrence(random_table(30)), 4, tied=True)
    assert tied.output_vectors is None
    assert all(np.array_equal(tied.matrix(name), tied.input_vectors) for name in ("sum", "input", "output"))
    with pytest.raises(ValueError, match="output must not be 'concat' for tied factors"):
        tied.matrix("concat")


@pytest.mark.parametrize("tied", [False, True])
def test_save_and_load(tmp_path, tied):
    made = factorize(cooccurrence(random_table(30)), 4, tied=tied, output="input")
    made.save(tmp_path / "m.fqz")
    got = Factorization.load(tmp_path / "m.fqz")
    assert np.array_equal(got.input_vectors, made.input_vectors)
    assert tied or np.array_equal(got.output_vectors, made.output_vectors)
    assert got.history == made.history and got.options == made.options and got.converged == made.converged
    assert got.vocab.words == made.vocab.words and np.array_equal(got.vocab.counts, made.vocab.counts)
    assert np.array_equal(got.matrix(), made.matrix())


def test_without_vocabulary(tmp_path):
    made = factorize(np.diag([3.0, 2.0, 1.0, 0.0]), 2)
    with pytest.raises(ValueError, match="no vocabulary"):
        _ = made.vectors
    made.save(tmp_path / "m.fqz")
    assert np.array_equal(Factorization.load(tmp_path / "m.fqz").matrix(), made.matrix())


def test_damaged_files(tmp_path, result):
    path = tmp_path / "m.fqz"
    result.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(FormatError, match="truncated"):
        Factorization.load(path)
    flipped = bytearray(whole)
    flipped[-5] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(FormatError, match="checksum"):
        Factorization.load(path)
    cooccurrence(random_table(5)).save(path)
    with pytest.raises(FormatError, match="holds counts, expected factorization"):
        Factorization.load(path)
