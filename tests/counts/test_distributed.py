"""Counts over executors equal those of one thread, integer for integer, whoever is killed meanwhile."""

from __future__ import annotations

import gzip
import os
import random
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from count_cases import assert_same
from hypothesis import given, settings
from hypothesis import strategies as st

from fastqwem import Corpus, Vocab
from fastqwem.counts import Cooccurrence, count, distributed
from fastqwem.counts.distributed import count_text
from fastqwem.counts.job import Plan
from fastqwem.errors import CorpusError, FormatError

SMALL = Plan(3_000, 2_000, 20_000)
WORDS = st.lists(st.sampled_from(["a", "b", "é", "zz", "\n", "\n", "日本"]), min_size=1, max_size=80)


def write_text(path, lines=1_500, seed=0):
    """Write sentences of words with many ties in frequency."""
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(200)] + ["é", "日本", "zz", "Zz"]
    weights = [1 / (i // 4 + 2) for i in range(len(words))]
    text = "".join(" ".join(rng.choices(words, weights, k=rng.randint(0, 20))) + "\n" for _ in range(lines))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return write_text(tmp_path_factory.mktemp("text") / "text.txt")


@pytest.fixture(scope="module")
def truth(text):
    return count(Corpus.from_text(text, min_count=3), 5, workers=1)


@pytest.fixture
def small(monkeypatch):
    """Many pieces and shards."""
    monkeypatch.setattr(distributed, "_RANGE", SMALL.piece)
    monkeypatch.setattr(distributed, "_GROUP", SMALL.group)
    monkeypatch.setattr(distributed, "SHARD_NONZEROS", SMALL.shard)
    monkeypatch.setattr(distributed, "_STRETCH", 300)  # in this process: pieces of several runs


@given(WORDS, st.integers(1, 60), st.integers(1, 3), st.sampled_from([None, 3]))
@settings(max_examples=25, deadline=None)
def test_any_text_in_any_ranges(tmp_path_factory, words, size, min_count, max_vocab):
    folder = tmp_path_factory.mktemp("any")
    path = folder / "text"
    path.write_text(" ".join(words), encoding="utf-8")
    given = {"min_count": min_count, "max_vocab": max_vocab}
    try:
        corpus = Corpus.from_text(path, **given)
    except CorpusError:
        with ThreadPoolExecutor(2) as pool, pytest.raises(CorpusError):
            count(path, 3, executor=pool, **given)
        return
    with ThreadPoolExecutor(2) as pool:
        counts = count_text(path, 3, "linear", executor=pool, output=folder / "out", plan=Plan(size, 10, 20), **given)
    assert_same(counts, count(corpus, 3))


def test_threads(text, truth, tmp_path, small):
    with ThreadPoolExecutor(3) as pool:
        counts = count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts")
        assert_same(counts, truth)
        assert len(counts.parts) > 1
        assert_same(count(text, 5, min_count=3, executor=pool, workers=2), truth)  # in memory, nothing left
    assert {path.name for path in tmp_path.iterdir()} == {"counts"}
    assert not (tmp_path / "counts" / "work").exists()


def test_processes(text, truth, tmp_path, small):
    with ProcessPoolExecutor(2) as pool:
        assert_same(count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts"), truth)


def test_archives_and_several_files(text, truth, tmp_path, small):
    lines = text.read_bytes().splitlines(keepends=True)
    (tmp_path / "1.gz").write_bytes(gzip.compress(b"".join(lines[:700])))
    (tmp_path / "2.txt").write_bytes(b"".join(lines[700:]))
    with ThreadPoolExecutor(2) as pool:
        assert_same(count(tmp_path, 5, min_count=3, executor=pool), truth)


def test_a_vocabulary_that_is_given_and_rules(text, tmp_path, small):
    vocab = Vocab(["zz", "w5", "w1"], [0, 0, 0])
    with ThreadPoolExecutor(2) as pool:
        assert_same(count(text, 5, vocab=vocab, executor=pool), count(Corpus.from_text(text, vocab=vocab), 5))
        rule = lambda word, n, least: word.startswith("w")  # noqa: E731
        ruled = count(text, 5, trim_rule=rule, max_vocab=50, executor=pool)
    assert_same(ruled, count(Corpus.from_text(text, trim_rule=rule, max_vocab=50), 5))


def test_update(text, truth, tmp_path, small):
    more = write_text(tmp_path / "more.txt", 300, seed=1)
    truth.save_shards(tmp_path / "old", 5_000)
    with ThreadPoolExecutor(2) as pool:
        both = count(more, 5, update=tmp_path / "old", executor=pool, output=tmp_path / "both")
    expected = truth + count(Corpus.from_text(more, vocab=truth.vocab), 5)
    assert_same(both, expected)
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.put(str(tmp_path / "old"), "/older", recursive=True)
    try:
        with ThreadPoolExecutor(1) as pool:
            assert_same(count(more, 5, update="memory://older", executor=pool, output=tmp_path / "there"), expected)
    finally:
        files.rm("/older", recursive=True)


def test_an_address_of_fsspec(text, truth, small):
    """Text, work and result in a remote store; here the store is memory."""
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.put(str(text), "/there/text.txt")
    try:
        with ThreadPoolExecutor(1) as pool:  # all readers of a file in memory share one position
            made = count("memory://there/text.txt", 5, min_count=3, executor=pool, output="memory://there/counts")
        assert_same(made, truth)
        loaded = Cooccurrence.load("memory://there/counts")
        assert_same(loaded, truth)
        assert len(loaded.parts) > 1
        assert not files.exists("/there/counts/work")
    finally:
        files.rm("/there", recursive=True)


def test_a_folder_as_a_file_address(text, truth, tmp_path, small):
    with ThreadPoolExecutor(2) as pool:
        assert_same(
            count(iter([f"file://{text}"]), 5, min_count=3, executor=pool, output=f"file://{tmp_path}/counts"), truth
        )
    assert (tmp_path / "counts" / "manifest.fqn").exists()


class _Failing(ThreadPoolExecutor):
    """Runs so many tasks, then fails as a full disk does."""

    def __init__(self, tasks):
        super().__init__(1)
        self.left = tasks

    def submit(self, function, *arguments):
        return super().submit(self.judged, function, *arguments)

    def judged(self, function, *arguments):
        if self.left == 0:
            raise OSError(28, "No space left on device", "/full")
        self.left -= 1
        return function(*arguments)


@pytest.mark.parametrize("tasks", [1, 5, 14, 30, 40])
def test_what_is_finished_is_not_done_again(text, truth, tmp_path, small, tasks):
    with _Failing(tasks) as pool, pytest.raises(OSError, match="No space left"):
        count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "counts" / "work").glob("[pw]*.fq[pw]")}
    assert len(before) >= min(tasks, 11)
    changed = []
    with ThreadPoolExecutor(1) as pool:
        remove = distributed.Folder.remove

        def look(folder):
            changed.extend(path for path, stamp in before.items() if path.stat().st_mtime_ns != stamp)
            remove(folder)

        distributed.Folder.remove = look
        try:
            assert_same(count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts"), truth)
        finally:
            distributed.Folder.remove = remove
    assert changed == []


def test_changed_text_is_refused(text, tmp_path, small):
    path = tmp_path / "text"
    path.write_bytes(text.read_bytes())
    with _Failing(14) as pool, pytest.raises(OSError):
        count(path, 5, min_count=3, executor=pool, output=tmp_path / "counts")
    with open(path, "a") as file:
        file.write("more\n")
    with ThreadPoolExecutor(1) as pool, pytest.raises(FormatError, match="begun for another count"):
        count(path, 5, min_count=3, executor=pool, output=tmp_path / "counts")


def test_a_piece_that_is_gone_before_the_merge(text, tmp_path, small, monkeypatch):
    """Between counting and merging a piece vanishes: the merge says which."""
    finish = distributed.finish

    def spoil(job, *rest):
        os.unlink(job.work.path("piece-00003.fqp"))
        return finish(job, *rest)

    monkeypatch.setattr(distributed, "finish", spoil)
    with ThreadPoolExecutor(1) as pool, pytest.raises(FormatError, match=r"piece-00003\.fqp: missing"):
        count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts")
    monkeypatch.setattr(distributed, "finish", finish)
    with ThreadPoolExecutor(1) as pool:
        count(text, 5, min_count=3, executor=pool, output=tmp_path / "counts")


def test_bad_arguments(text, tmp_path, truth):
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(TypeError, match="corpus must be paths of text with an executor"):
            count(Corpus.from_text(text), 5, executor=pool)
        with pytest.raises(TypeError, match="update must be a path with an executor"):
            count(text, 5, executor=pool, update=truth)
        with pytest.raises(FileNotFoundError):
            count(tmp_path / "absent", 5, executor=pool)
        with pytest.raises(ValueError, match="window must be at least 1"):
            count(text, 0, executor=pool)
    with pytest.raises(TypeError, match=r"executor must have submit\(\)"):
        count(text, 5, executor=3)


# ---------------------------------------------------------------- Dask


@pytest.fixture(scope="module")
def client():
    """A real cluster of two processes; its libraries' own warnings are none of ours."""
    dask = pytest.importorskip("distributed", reason="needs dask: pip install 'fastqwem[dask]'")
    with (
        dask.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        dask.Client(cluster) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore")
def test_dask(client, text, truth, tmp_path, small):
    counts = count(text, 5, min_count=3, executor=client, output=tmp_path / "counts")
    assert_same(counts, truth)
    assert len(counts.parts) > 1


@pytest.mark.filterwarnings("ignore")
def test_dask_on_the_command_line(client, text, truth, tmp_path, small):
    from fastqwem import cli

    options = ["--scheduler", client.scheduler.address, "--window", "5", "--min-count", "3"]
    assert cli.main(["count", str(text), "-o", str(tmp_path / "counts"), *options]) == 0
    assert_same(Cooccurrence.load(tmp_path / "counts"), truth)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_worker_killed_amid_the_pieces(client, text, truth, tmp_path, small):
    process = next(iter(client.run(os.getpid).values()))
    killed = []

    def kill():
        while not (tmp_path / "counts" / "work" / "piece-00002.fqp").exists():
            time.sleep(0.001)
        os.kill(process, signal.SIGKILL)
        killed.append((tmp_path / "counts" / "manifest.fqn").exists())

    killer = threading.Thread(target=kill)
    killer.start()
    counts = count(text, 5, min_count=3, executor=client, output=tmp_path / "counts")
    killer.join()
    assert killed == [False]
    assert_same(counts, truth)
