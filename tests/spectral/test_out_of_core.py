"""Counts on disk and small budgets: the same bits, little memory, clear errors, nothing left behind."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import Planted, check_recovered
from tables import cooccurrence, random_table

from fastqwem.counts.cooccurrence import Cooccurrence, Part
from fastqwem.counts.row_parts import kernel_parts
from fastqwem.spectral import Target, factorize, slices, solve, workspace
from fastqwem.spectral.start import SpectralStart
from fastqwem.storage import is_mapped, release_pages
from fastqwem.text.vocab import Vocab

N = 20_000


def planted_counts(planted):
    indices, data = planted.rows(0, len(planted.groups))
    n = len(planted.groups)
    matrix = sp.csr_array((data, indices, planted.indptr.astype(np.int32)), shape=(n, n))
    return Cooccurrence(matrix, Vocab([f"w{i}" for i in range(n)], planted.weights), window=5, weighting="linear")


@pytest.fixture(scope="module")
def planted():
    return Planted.draw(N, 400)


@pytest.fixture(scope="module")
def counts(planted):
    return planted_counts(planted)


def test_the_planted_spectrum_is_that_of_the_target():
    """By LAPACK on the whole target of a small case."""
    small = Planted.draw(300, 12, head=4)
    counts = planted_counts(small)
    assert (counts.matrix != counts.matrix.T).nnz == 0
    dense = Target(counts).todense()
    values, per_group = small.top(13)
    truth = np.linalg.eigvalsh(dense)[::-1]
    positive = int((values > 0).sum())
    assert 0 < positive < 13  # the others are negative, and the lowest of all
    np.testing.assert_allclose(np.r_[truth[:positive], truth[positive - 13 :]], values, atol=1e-9)
    vectors = per_group[small.groups]
    np.testing.assert_allclose(dense @ vectors, vectors * values, atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(13), atol=1e-12)


def test_planted_pairs_are_recovered(planted, counts):
    spectrum = solve(Target(counts), 50)
    assert spectrum.certificate.converged
    check_recovered(planted, spectrum)


# --- the same bits ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(counts, tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "planted.fqn"
    counts.save(path)
    return path


@pytest.fixture
def files(monkeypatch):
    """The sizes of the scratch files that were made."""
    made = []
    original = workspace.Workspace._file

    def noting(self, n_bytes):
        made.append(n_bytes)
        return original(self, n_bytes)

    monkeypatch.setattr(workspace.Workspace, "_file", noting)
    return made


def least(job):
    """Return the smallest budget, in bytes, that a job takes, from what it says about one that is too small."""
    with pytest.raises(ValueError, match="memory must be at least") as caught:
        job(memory=1)
    return (int(re.search(r"at least (\d+) MB", str(caught.value))[1]) + 1) * 10**6


def test_solving_in_memory_and_out_of_core_are_the_same(counts, saved, files, tmp_path):
    one = solve(Target(counts), 30)
    mapped = Cooccurrence.load(saved, mmap=True)
    unlimited = solve(Target(mapped), 30, scratch=tmp_path)
    assert files == [4 * counts.nnz]  # values of counts on disk go to disk as well
    files.clear()
    tight = solve(
        Target(mapped), 30, memory=least(lambda **budget: solve(Target(mapped), 30, **budget)), scratch=tmp_path
    )
    assert len(files) >= 3  # basis, values, the last Rayleigh-Ritz
    for other in (unlimited, tight):
        np.testing.assert_array_equal(other.values, one.values)
        np.testing.assert_array_equal(other.eigenvectors, one.eigenvectors)
    assert not list(tmp_path.iterdir())


def test_tight_tolerances_out_of_core(counts, saved, files, tmp_path):
    """The road in float64."""
    mapped = Target(Cooccurrence.load(saved, mmap=True))
    budget = least(lambda **budget: solve(mapped, 5, tol=1e-9, **budget))
    one, other = solve(Target(counts), 5, tol=1e-9), solve(mapped, 5, tol=1e-9, memory=budget, scratch=tmp_path)
    assert files and one.certificate.method == "block Lanczos, float64"
    np.testing.assert_array_equal(other.eigenvectors, one.eigenvectors)


@pytest.mark.parametrize("objective", ["sgns", "qwem"])
def test_factorizing_in_memory_and_out_of_core_are_the_same(objective, counts, saved, files, tmp_path):
    start = SpectralStart(passes=3, block=16)
    options = {"vector_size": 16, "sweeps": 1, "objective": objective, "start": start}
    one = factorize(counts, **options)
    mapped = Cooccurrence.load(saved, mmap=True)
    budget = least(lambda **budget: factorize(mapped, **options, **budget))
    other = factorize(mapped, **options, memory=budget, scratch=tmp_path)
    assert len(files) == 2 and not list(tmp_path.iterdir())
    np.testing.assert_array_equal(other.input_vectors, one.input_vectors)
    np.testing.assert_array_equal(other.output_vectors, one.output_vectors)
    assert [half.objective for half in other.history] == [half.objective for half in one.history]


class InParts(Cooccurrence):
    """Counts cut into rows, as counts in several files are."""

    cuts, wide = (), (False,)

    @property
    def parts(self):
        bounds = [0, *sorted(self.cuts), len(self.vocab)]
        parts = []
        for at, (first, last) in enumerate(pairwise(bounds)):
            block = self.matrix[first:last]
            block.data = block.data.astype(np.int64 if self.wide[at % len(self.wide)] else np.int32)
            parts.append(Part(first, last, block))
        return parts


@given(st.lists(st.integers(0, 600), max_size=5), st.lists(st.booleans(), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None)
def test_parts_make_no_difference(cuts, wide):
    whole = cooccurrence(random_table(600, topics=8), np.int32)
    parts = InParts(whole.matrix, whole.vocab, whole.window, whole.weighting)
    parts.cuts, parts.wide = cuts, wide
    x = np.random.default_rng(0).standard_normal((600, 19))
    for kind in ("qwem", "pmi"):
        one, other = Target(whole, kind, weight_exponent=0.5), Target(parts, kind, weight_exponent=0.5)
        assert one.frobenius_norm() == other.frobenius_norm()
        np.testing.assert_array_equal(one.values(), other.values())
        for dtype in (np.float32, np.float64):
            np.testing.assert_array_equal(one.multiply(x.astype(dtype)), other.multiply(x.astype(dtype)))
    ours, theirs = (factorize(counts, 7, sweeps=1, start="random") for counts in (whole, parts))
    np.testing.assert_array_equal(ours.input_vectors, theirs.input_vectors)
    np.testing.assert_array_equal(ours.output_vectors, theirs.output_vectors)


# --- little memory ---------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from fastqwem import Cooccurrence, Target, factorize, solve
from fastqwem.counts.counting import resident
from fastqwem.spectral.start import SpectralStart

path, scratch, job = sys.argv[1:]
counts = Cooccurrence.load(path, mmap=True)
counts.vocab.index
budget = resident() + int(65e6)
if job == "solve":
    solve(Target(counts), 10, memory=budget, scratch=scratch, workers=2)
else:
    start = SpectralStart(passes=3, block=16)
    factorize(counts, 10, sweeps=1, start=start, memory=budget, scratch=scratch, workers=2)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(budget, peak, 8 * counts.nnz)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "large.fqn"
    planted_counts(Planted.draw(N, 20)).save(path)
    return path


@pytest.mark.parametrize("job", ["solve", "factorize"])
def test_resident_memory_stays_within_the_budget(job, large, tmp_path):
    argv = [sys.executable, "-c", SCRIPT, str(large), str(tmp_path), job]
    out = subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout
    budget, peak, on_disk = map(int, out.split())
    assert on_disk > 1.1 * budget  # counts alone would not fit
    assert peak <= 1.1 * budget


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_budget_that_is_too_small_says_what_would_do(counts):
    message = r"memory must be at least \d+ MB to {} \(the process holds \d+ MB already\), got 1 MB"
    with pytest.raises(ValueError, match=message.format("solve for 10 pairs of order 20,000")):
        solve(Target(counts), 10, memory="1MB")
    with pytest.raises(ValueError, match=message.format("factorize 20,000 words into 10 dimensions")):
        factorize(counts, 10, memory="1MB")
    for job in (lambda **o: solve(Target(counts), 10, **o), lambda **o: factorize(counts, 10, **o)):
        with pytest.raises(ValueError, match="memory must be bytes or text such as"):
            job(memory="much")
        with pytest.raises(NotADirectoryError, match="nowhere"):
            job(scratch="/nowhere")


def test_a_full_disk_is_told_and_leaves_nothing(saved, tmp_path, monkeypatch):
    real, calls = workspace.os.posix_fallocate, []

    def full(descriptor, offset, size):
        calls.append(size)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor, offset, size)

    mapped = Target(Cooccurrence.load(saved, mmap=True))
    budget = least(lambda **budget: solve(mapped, 10, **budget))
    monkeypatch.setattr(workspace.os, "posix_fallocate", full)
    with pytest.raises(OSError, match=r"no room for \d+ MB of scratch files") as caught:
        solve(mapped, 10, memory=budget, scratch=tmp_path)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(tmp_path)
    assert not list(tmp_path.iterdir())
    assert solve(mapped, 10, memory=budget, scratch=tmp_path).certificate.converged


# --- the pieces ------------------------------------------------------------------------------------------------------


def test_a_workspace_spends_its_budget_once(tmp_path):
    space = workspace.Workspace(workspace.resident() + (100 << 20), tmp_path)
    first = space.empty(60 << 20, np.uint8)
    second = space.empty(60 << 20, np.uint8)
    assert not is_mapped(first) and is_mapped(second)
    del first
    assert not is_mapped(space.empty(60 << 20, np.uint8))
    with space.reserved(60 << 20, "test"):
        assert is_mapped(space.empty(60 << 20, np.uint8))
        with pytest.raises(ValueError, match="to test"), space.reserved(60 << 20, "test"):
            pass
    assert not is_mapped(space.empty(60 << 20, np.uint8))
    assert is_mapped(workspace.Workspace(None, tmp_path).empty(5, np.float32, on_disk=True))
    assert not is_mapped(workspace.Workspace(1, tmp_path).empty(0, np.float32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("memory", [None, 1])
def test_tall_matrices_keep_what_they_are_given(memory, tmp_path, monkeypatch):
    monkeypatch.setattr(slices, "ROWS", 1700)
    truth = np.random.default_rng(0).standard_normal((10_000, 7))
    rows = slices.RowSlices(len(truth), 2)
    tall = slices.TallMatrix(*truth.shape, np.float64, workspace.Workspace(memory, tmp_path))

    def put(chosen, part):
        part[:] = truth[chosen]

    rows.map(put, tall)
    gram = rows.total(lambda _, part: part.T @ part, tall)
    np.testing.assert_allclose(gram, truth.T @ truth, rtol=1e-12, atol=1e-9)  # sums of 10,000 in another order
    np.testing.assert_array_equal(np.vstack(rows.map(lambda _, part: part.copy(), tall)), truth)
    np.testing.assert_array_equal(np.vstack(rows.map(lambda _, part: part.copy(), slices.TallMatrix.of(truth))), truth)


def test_changes_of_a_private_map_are_not_let_go(tmp_path):
    path = tmp_path / "numbers"
    np.zeros(10_000).tofile(path)
    private = np.memmap(path, np.float64, "c")
    private[:] = 1
    assert not is_mapped(private)
    release_pages(private)
    assert private.sum() == 10_000
    shared = np.memmap(path, np.float64, "r+")
    shared[5:] = 2
    assert is_mapped(shared[3:]) and is_mapped(np.asarray(shared))
    release_pages(shared[3:])
    assert shared.sum() == 2 * 9_995


def test_counts_that_no_kernel_takes():
    whole = cooccurrence(random_table(20))
    for matrix, error, message in (
        (whole.matrix.astype(np.float64), TypeError, "counts must be int32 or int64, got float64"),
        (-whole.matrix, ValueError, "counts must not be negative, got -"),
        (whole.matrix[:7], ValueError, "got 7 rows for 20 words"),
        (whole.matrix[:, :7], ValueError, "counts must be a square matrix"),
    ):
        with pytest.raises(error, match=message):
            kernel_parts(SimpleNamespace(vocab=whole.vocab, parts=[Part(0, 20, matrix)]))


@pytest.mark.parametrize("mmap", [True, False])
def test_counts_in_a_folder_give_the_same(mmap, counts, files, tmp_path):
    counts.save_shards(tmp_path / "shards", nonzeros=counts.nnz // 7)
    shards = Cooccurrence.load(tmp_path / "shards", mmap=mmap)
    assert len(shards.parts) > 5
    one, other = (solve(Target(each), 10, scratch=tmp_path) for each in (counts, shards))
    np.testing.assert_array_equal(one.eigenvectors, other.eigenvectors)
    assert bool(files) == mmap
    start = SpectralStart(passes=1, block=16)
    ours, theirs = (factorize(each, 8, sweeps=1, start=start) for each in (counts, shards))
    # long rows are solved together, in the order of pieces that end with a file: float32 sums of 20,000 terms differ
    np.testing.assert_allclose(theirs.input_vectors, ours.input_vectors, atol=1e-4 * abs(ours.input_vectors).max())
