"""A count into a folder goes on where it was interrupted, refuses what does not belong, and adds to older counts."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import naive
import numpy as np
import pytest
from count_cases import assert_same, zipf
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import Corpus
from fastqwem.counts import Cooccurrence, count, counting
from fastqwem.errors import FormatError

SENTENCES = st.lists(st.lists(st.integers(0, 19), max_size=20), max_size=8)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Pieces of 4,096 tokens, rows in groups of 2,000 entries, shards of 10,000: many of each."""
    for name, value in (("_PIECE", 1 << 12), ("_GROUP", 2_000), ("SHARD_NONZEROS", 10_000)):
        monkeypatch.setattr(counting, name, value)


class _Enough(Exception):
    pass


def stopping_at(work, piece):
    """Return a progress callback that raises as soon as a piece is finished."""

    def tick(done, total):
        if (work / f"piece-{piece:05d}.fqp").exists():
            raise _Enough

    return tick


@given(SENTENCES, SENTENCES, st.integers(1, 6), st.sampled_from(["linear", "uniform", "harmonic"]))
@settings(max_examples=15, deadline=None)
def test_folders_and_updates_equal_the_brute_force(tmp_path_factory, first, second, window, weighting):
    folder = tmp_path_factory.mktemp("update")
    old, new = (naive.encoded(sentences, 20) for sentences in (first, second))
    counts = count(old, window, weighting, output=folder / "old")
    np.testing.assert_array_equal(counts.matrix.toarray(), naive.cooccurrence(first, 20, window, weighting))
    counts.save(folder / "old.fqn")
    truth = naive.cooccurrence(first + second, 20, window, weighting)
    for update in (counts, folder / "old", folder / "old.fqn"):
        both = count(new, window, weighting, update=update)
        np.testing.assert_array_equal(both.matrix.toarray(), truth)
        assert both.vocab.words == old.vocab.words
    both = count(new, window, weighting, update=folder / "old", output=folder / "both")
    np.testing.assert_array_equal(both.matrix.toarray(), truth)


def test_a_folder_holds_the_same_and_no_more(tmp_path):
    corpus = zipf()
    counts = count(corpus, 8, output=tmp_path / "counts")
    assert_same(counts, count(corpus, 8))
    shards = len(counts.parts)
    assert shards > 1
    names = {path.name for path in (tmp_path / "counts").iterdir()}
    assert names == {"manifest.fqn", *(f"shard-{i:05d}.fqn" for i in range(shards))}
    assert_same(Cooccurrence.load(tmp_path / "counts"), counts)
    assert_same(count(corpus, 8, output=tmp_path / "counts"), counts)  # finished: nothing to do


def test_sums_beyond_32_bits_through_update(tmp_path):
    big = Cooccurrence.from_matrix(np.array([[0, 2**31 - 1], [2**31 - 1, 5]]), ["w0", "w1"])
    big.save(tmp_path / "big.fqn")
    corpus = naive.encoded([[0, 1]], 2)
    both = count(corpus, 1, "uniform", update=tmp_path / "big.fqn")
    assert both["w0", "w1"] == 2**31 and both["w1", "w1"] == 5
    assert both.matrix.data.dtype == np.int64


def test_an_interrupted_count_goes_on(tmp_path):
    corpus, folder = zipf(), tmp_path / "counts"
    with pytest.raises(_Enough):
        count(corpus, 8, output=folder, progress=stopping_at(folder / "work", 3))
    pieces = {path: path.stat().st_mtime_ns for path in (folder / "work").glob("piece-*.fqp")}
    assert len(pieces) >= 4
    with pytest.raises(FormatError, match=r"no manifest\.fqn"):
        Cooccurrence.load(folder)
    ticks = []

    def stop(done, total):
        ticks.append(done)
        raise _Enough

    with pytest.raises(_Enough):  # the pieces are not counted anew
        count(corpus, 8, output=folder, progress=stop)
    assert ticks[0] >= 4 << 12
    assert pieces.items() <= {path: path.stat().st_mtime_ns for path in (folder / "work").glob("piece-*.fqp")}.items()
    assert_same(count(corpus, 8, output=folder), count(corpus, 8))
    assert not (folder / "work").exists()


@pytest.mark.parametrize("moment", ["piece-00002.fqp", "piece-00009.fqp", "note-00001.fqj"])
def test_a_killed_process_goes_on(tmp_path, moment):
    """A real SIGKILL, amid pieces or amid shards."""
    script = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {os.path.dirname(naive.__file__)!r})
        import count_cases
        from fastqwem.counts import count, counting
        counting._PIECE, counting._GROUP, counting.SHARD_NONZEROS = 1 << 12, 2_000, 10_000
        print("ready", flush=True)
        count(count_cases.zipf(), 8, workers=1, output={str(tmp_path / "counts")!r})
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    while not (tmp_path / "counts" / "work" / moment).exists() and process.poll() is None:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"
    corpus = zipf()
    counts = count(corpus, 8, output=tmp_path / "counts")
    assert_same(counts, count(corpus, 8))
    names = {path.name for path in (tmp_path / "counts").iterdir()}  # nothing of the killed process is left
    assert names == {"manifest.fqn", *(f"shard-{i:05d}.fqn" for i in range(len(counts.parts)))}


@pytest.fixture
def unfinished(tmp_path):
    folder = tmp_path / "counts"
    with pytest.raises(_Enough):
        count(zipf(), 8, output=folder, progress=stopping_at(folder / "work", 3))
    return folder


def test_other_settings_are_refused(unfinished):
    with pytest.raises(FormatError, match=r"job\.fqj: begun for another count \(window 8, not 9\)"):
        count(zipf(), 9, output=unfinished)
    with pytest.raises(FormatError, match="weighting 'linear', not 'uniform'"):
        count(zipf(), 8, "uniform", output=unfinished)
    with pytest.raises(FormatError, match="text "):
        count(zipf(seed=3), 8, output=unfinished)
    with pytest.raises(FormatError, match="vocabulary "):
        count(zipf(vocab_size=301), 8, output=unfinished)
    assert_same(count(zipf(), 8, output=unfinished), count(zipf(), 8))  # all of which left it usable


def test_a_finished_folder_of_something_else_is_refused(tmp_path):
    count(zipf(), 8, output=tmp_path / "counts")
    with pytest.raises(FormatError, match=r"manifest\.fqn: begun for another count \(window 8, not 9\)"):
        count(zipf(), 9, output=tmp_path / "counts")
    count(zipf(), 8).save_shards(tmp_path / "saved")
    with pytest.raises(FileExistsError, match="holds counts already"):
        count(zipf(), 8, output=tmp_path / "saved")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(FileExistsError, match="not empty"):
        count(zipf(), 8, output=tmp_path / "mine")
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_a_truncated_piece_is_named(unfinished):
    path = unfinished / "work" / "piece-00001.0.run"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FormatError, match=r"piece-00001\.0\.run: truncated, 10 bytes"):
        count(zipf(), 8, output=unfinished)


def test_a_damaged_piece_is_named(unfinished):
    path = unfinished / "work" / "piece-00002.0.run"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"piece-00002\.0\.run: damaged"):
        count(zipf(), 8, output=unfinished)


def test_a_missing_run_is_named(unfinished):
    (unfinished / "work" / "piece-00000.0.run").unlink()
    with pytest.raises(FormatError, match=r"piece-00000\.0\.run: missing"):
        count(zipf(), 8, output=unfinished)


def test_a_piece_of_other_text_or_settings_is_named(unfinished, tmp_path):
    other = tmp_path / "other"
    with pytest.raises(_Enough):
        count(zipf(seed=3), 8, output=other, progress=stopping_at(other / "work", 2))
    for name in ("piece-00001.fqp", "piece-00001.0.run"):
        (unfinished / "work" / name).write_bytes((other / "work" / name).read_bytes())
    # its rows are cut by other frequencies, or, had they been the same, its text differs
    with pytest.raises(FormatError, match=r"piece-00001\.fqp: (from other settings|counted from other text)"):
        count(zipf(), 8, output=unfinished)


def test_a_full_disk_leaves_finished_pieces_usable(tmp_path):
    """A file size limit stands for the full disk; it stops the first shard, which is larger than any piece."""
    corpus, folder = zipf(), tmp_path / "counts"
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, old[1]))
    try:
        with pytest.raises(OSError) as caught:
            count(corpus, 8, output=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC)
    assert len(list((folder / "work").glob("piece-*.fqp"))) == 10
    assert_same(count(corpus, 8, output=folder), count(corpus, 8))


def test_update_must_fit(tmp_path):
    counts = count(zipf(), 8)
    with pytest.raises(ValueError, match="window must be that of update, 8, got 9"):
        count(zipf(), 9, update=counts)
    with pytest.raises(ValueError, match="weighting must be that of update"):
        count(zipf(), 8, "uniform", update=counts)
    with pytest.raises(ValueError, match="must have the vocabulary of update"):
        count(zipf(vocab_size=299), 8, update=counts)
    with pytest.raises(ValueError, match="must be None with update"):
        count("text", 8, update=counts, max_vocab=5)


def test_paths_are_counted_with_the_words_of_update(tmp_path):
    (tmp_path / "1").write_text("a rose is a rose\n")
    (tmp_path / "2").write_text("is a rose a nose\n")
    old = count(tmp_path / "1", 2, min_count=1)
    both = count(tmp_path / "2", 2, update=old)
    whole = count(Corpus.from_text([tmp_path / "1", tmp_path / "2"], vocab=old.vocab), 2)
    assert_same(both, whole)
    assert "nose" not in both.vocab
