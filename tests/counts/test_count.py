"""Counts equal the brute force for every weighting, any number of workers and any way through the disk."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import isas
import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import _core
from fastqwem.counts import count, counting, spill

WEIGHTINGS = ("linear", "uniform", "harmonic")


@st.composite
def corpora(draw):
    """(sentences of ids, vocabulary size): empty sentences, one-word ones and heavy repetition included."""
    vocab_size = draw(st.integers(1, 40))
    word = st.one_of(st.integers(0, vocab_size - 1), st.integers(0, min(2, vocab_size - 1)))
    return draw(st.lists(st.lists(word, max_size=30), max_size=12)), vocab_size


def dense(counts):
    return counts.matrix.toarray().astype(np.int64)


def check_shape(counts):
    matrix = counts.matrix
    assert matrix.data.dtype in (np.int32, np.int64)
    assert (matrix.data > 0).all()
    for row in range(matrix.shape[0]):
        columns = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()


@given(corpora(), st.integers(1, 40), st.sampled_from(WEIGHTINGS), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_equals_brute_force(case, window, weighting, workers):
    sentences, vocab_size = case
    truth = naive.cooccurrence(sentences, vocab_size, window, weighting)
    counts = count(naive.encoded(sentences, vocab_size), window, weighting, workers)
    np.testing.assert_array_equal(dense(counts), truth)
    np.testing.assert_array_equal(counts.marginals, truth.sum(axis=1))
    assert counts.total == truth.sum()
    check_shape(counts)


class _Patched:
    """Replaces an attribute; unlike pytest's fixture, anew for every example of a hypothesis test."""

    def __init__(self, target, name, value):
        self.target, self.name, self.value = target, name, value

    def __enter__(self):
        self.old = getattr(self.target, self.name)
        setattr(self.target, self.name, self.value)

    def __exit__(self, *exc):
        setattr(self.target, self.name, self.old)


def on_disk(corpus, window, weighting, workers, stretch, group):
    with _Patched(counting, "_plan", lambda *args: counting._Plan(stretch, group, 0)):
        return count(corpus, window, weighting, workers, memory="1GB")


@given(
    corpora(),
    st.integers(1, 40),
    st.sampled_from(WEIGHTINGS),
    st.integers(1, 4),
    st.integers(1, 50),
    st.integers(1, 60),
)
@settings(max_examples=150, deadline=None)
def test_spilled_equals_brute_force(case, window, weighting, workers, stretch, group):
    """Stretches shorter than a sentence, groups of one row: every path through run files and merge."""
    sentences, vocab_size = case
    counts = on_disk(naive.encoded(sentences, vocab_size), window, weighting, workers, stretch, group)
    np.testing.assert_array_equal(dense(counts), naive.cooccurrence(sentences, vocab_size, window, weighting))
    check_shape(counts)


@pytest.mark.parametrize("isa", isas.COMMON)
def test_every_instruction_set(isa):
    random = np.random.default_rng(0)
    sentences = [list(random.zipf(1.4, 200).clip(1, 300) - 1) for _ in range(20)]
    truth = naive.cooccurrence(sentences, 300, 5, "linear")
    _core.force_isa(isa)
    try:
        np.testing.assert_array_equal(dense(count(naive.encoded(sentences, 300), 5)), truth)
    finally:
        _core.force_isa("")


@pytest.mark.parametrize("isa", isas.COMMON)
@pytest.mark.parametrize("spill", [False, True])
def test_counts_beyond_32_bits(isa, spill):
    """Rows that could overflow 32 bits are added up in 64, in memory and through runs."""
    window = 65_535
    n = 4_000  # about 2.6e8 a pair: window * n * 2
    sentence = [0, 1] * (n // 2) + [2]
    corpus = naive.encoded([sentence], 3)
    _core.force_isa(isa)
    try:
        counts = on_disk(corpus, window, "linear", 2, 500, 2) if spill else count(corpus, window, workers=2)
    finally:
        _core.force_isa("")
    distance = np.arange(1, n)
    weight = window + 1 - distance
    even = distance % 2 == 0
    same = 2 * int((weight * ((n - distance) // 2 * even)).sum())
    assert same > 2**32
    assert counts.matrix.data.dtype == np.int64
    assert counts["w0", "w0"] == counts["w1", "w1"] == same
    assert counts["w2", "w1"] == int((window + 1 - np.arange(1, n + 1, 2)).sum())


@pytest.mark.parametrize("stretch", [20_000, 200])
def test_runs_through_small_buffers(stretch, monkeypatch):
    """A row whose blocks are longer than the buffers, and (300) more runs than files are kept open."""
    monkeypatch.setattr(spill, "_BUFFERS", 1)
    n = 60_000
    ids = np.arange(n, dtype=np.int32)
    ids[::2] = 0  # 0 1 0 3 0 5 ...: the row of 0 has 30,000 nonzeros, 2 bytes each; a buffer has 4,096
    corpus = naive.encoded([[]], n)
    corpus.ids, corpus.offsets = ids, np.array([0, n])
    spilled, whole = on_disk(corpus, 2, "linear", 2, stretch, 1 << 17), count(corpus, 2)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(spilled.matrix, name), getattr(whole.matrix, name))


def test_a_sentence_longer_than_everything():
    random = np.random.default_rng(1)
    sentence = list(random.integers(0, 7, 3_000))
    truth = naive.cooccurrence([sentence], 7, 2, "uniform")
    np.testing.assert_array_equal(dense(count(naive.encoded([sentence], 7), 2, "uniform", 3)), truth)
    spilled = on_disk(naive.encoded([sentence], 7), 2, "uniform", 3, 100, 3)
    np.testing.assert_array_equal(dense(spilled), truth)


@pytest.fixture(scope="module")
def zipf_corpus():
    """300,000 tokens, 5,000 words, sentences of 50: enough for real stretches and groups."""
    random = np.random.default_rng(2)
    ids = (random.zipf(1.2, 300_000) - 1).clip(0, 4_999).astype(np.int32)
    corpus = naive.encoded([[]], 5_000)
    corpus.ids, corpus.offsets = ids, np.arange(0, 300_001, 50, dtype=np.int64)
    return corpus


def test_a_real_budget_spills_and_changes_nothing(zipf_corpus, tmp_path):
    whole = count(zipf_corpus, 16)
    budget = counting.resident() + (40 << 20)
    spilled = count(zipf_corpus, 16, workers=2, memory=budget, scratch=tmp_path)
    assert counting._plan(budget, 300_000, 5_000, 16, 2, False) is not None
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(spilled.matrix, name), getattr(whole.matrix, name))
        assert getattr(spilled.matrix, name).dtype == getattr(whole.matrix, name).dtype
    assert list(tmp_path.iterdir()) == []


def test_a_result_beyond_the_budget_stays_on_disk(zipf_corpus, tmp_path):
    whole = count(zipf_corpus, 8, "harmonic")
    with _Patched(counting, "_plan", lambda *args: counting._Plan(100_000, 1 << 14, 1_000)):
        mapped = count(zipf_corpus, 8, "harmonic", memory="1GB", scratch=tmp_path)
    assert isinstance(mapped.matrix.data, np.memmap)
    assert (mapped.matrix != whole.matrix).nnz == 0
    assert mapped.total == whole.total
    assert list(tmp_path.iterdir()) == []


def test_a_budget_too_small_is_refused(zipf_corpus):
    with pytest.raises(ValueError, match=r"memory must be at least \d+ MB to count 5,000 words with 2 workers"):
        count(zipf_corpus, workers=2, memory=1000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"window": 65_536}, "window must be at most 65535"),
        ({"weighting": "cosine"}, "weighting must be one of 'linear', 'uniform', 'harmonic', got 'cosine'"),
        ({"workers": -1}, "workers must be at least 0, got -1"),
        ({"memory": "lots"}, "memory must be bytes or text"),
        ({"memory": 0}, "memory must be at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        count(naive.encoded([[0, 1]], 2), **arguments)


@pytest.mark.parametrize("window", [1.5, "5", None, True])
def test_window_of_the_wrong_type(window):
    with pytest.raises(TypeError, match="window must be an integer"):
        count(naive.encoded([[0, 1]], 2), window)


@pytest.mark.parametrize("spill", [False, True])
@pytest.mark.parametrize("bad", [-1, 2])
def test_ids_outside_the_vocabulary(spill, bad):
    corpus = naive.encoded([[0, 1]], 2)
    corpus.ids = np.array([0, bad], np.int32)
    with pytest.raises(ValueError, match="outside its vocabulary"):
        on_disk(corpus, 2, "linear", 1, 5, 5) if spill else count(corpus)


@pytest.mark.parametrize("offsets", [[0, 1], [1, 2], [0, 2, 1, 2], [0, 3]])
def test_offsets_that_do_not_fit(offsets):
    corpus = naive.encoded([[0, 1]], 2)
    corpus.offsets = np.array(offsets, np.int64)
    with pytest.raises(ValueError, match="offsets must"):
        count(corpus)


def test_missing_scratch_directory(zipf_corpus, tmp_path):
    with pytest.raises(FileNotFoundError):
        count(zipf_corpus, memory=counting.resident() + (40 << 20), scratch=tmp_path / "absent")


def test_full_disk_while_spilling(zipf_corpus, tmp_path):
    """A file size limit stands for the full disk: the write fails, the error says where, nothing is left."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError, match="run-0") as caught:
            count(zipf_corpus, 16, memory=counting.resident() + (40 << 20), scratch=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC)
    assert list(tmp_path.iterdir()) == []


class _Enough(Exception):
    pass


@pytest.mark.parametrize("spill", [False, True])
def test_an_exception_in_the_progress_callback_stops_counting(spill, tmp_path):
    random = np.random.default_rng(3)
    corpus = naive.encoded([[]], 1_000)
    corpus.ids = random.integers(0, 1_000, 3_000_000).astype(np.int32)
    corpus.offsets = np.array([0, 3_000_000])

    def stop(done, total):
        raise _Enough

    plan = (lambda *args: counting._Plan(500_000, 1 << 17, 0)) if spill else counting._plan
    start = time.perf_counter()
    with _Patched(counting, "_plan", plan), pytest.raises(_Enough):
        count(corpus, 1_000, workers=1, memory="1GB" if spill else None, scratch=tmp_path, progress=stop)
    assert time.perf_counter() - start < 1.5  # the whole count takes several seconds
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("memory", [None, "400MB"])
def test_control_c(memory, tmp_path):
    """A real SIGINT in a real process: KeyboardInterrupt within a second, and no files behind."""
    script = textwrap.dedent(
        f"""
        import numpy as np, signal, sys, time
        sys.path.insert(0, {os.path.dirname(naive.__file__)!r})
        import naive
        from fastqwem.counts import count
        corpus = naive.encoded([[]], 1000)
        corpus.ids = np.random.default_rng(3).integers(0, 1000, 4_000_000).astype(np.int32)
        corpus.offsets = np.array([0, 4_000_000])
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        signal.signal(signal.SIGALRM, lambda *a: (print(time.perf_counter()), signal.raise_signal(signal.SIGINT)))
        try:
            count(corpus, 2000, workers=1, memory={memory!r}, scratch={str(tmp_path)!r})
        except KeyboardInterrupt:
            print(time.perf_counter())
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    asked, stopped = map(float, done.stdout.split())
    assert stopped - asked < 1.0
    assert list(tmp_path.iterdir()) == []


def test_progress_reaches_its_end(zipf_corpus):
    ticks = []
    count(zipf_corpus, 16, progress=lambda done, total: ticks.append((done, total)))
    assert ticks[-1] == (300_000, 300_000)
