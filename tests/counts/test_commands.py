"""`fastqwem count` into folders, onto older counts, and what it refuses."""

from __future__ import annotations

import re

import pytest
from commands import failed, runner
from count_cases import assert_same

from fastqwem import Corpus
from fastqwem.counts import Cooccurrence, count

OLD = "a rose is a rose\nis it a rose\n" * 20
NEW = "it is a nose\na rose it is\n" * 10


@pytest.fixture
def run(capsys):
    return runner(capsys)


@pytest.fixture
def texts(tmp_path):
    for name, text in (("old.txt", OLD), ("new.txt", NEW)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_shards_and_updates(run, texts):
    old, new = texts / "old.txt", texts / "new.txt"
    assert run("count", old, "-o", texts / "old", "--shards", "--window", "3")[0] == 0
    counts = Cooccurrence.load(texts / "old")
    assert_same(counts, count(Corpus.from_text(old), 3))
    assert run("count", old, "-o", texts / "old", "--shards", "--window", "3")[0] == 0  # finished: nothing to do
    truth = counts + count(Corpus.from_text(new, vocab=counts.vocab), 3)
    assert run("count", new, "--update", texts / "old", "-o", texts / "both.fqn")[0] == 0
    assert_same(Cooccurrence.load(texts / "both.fqn"), truth)
    assert run("count", new, "--update", texts / "old", "-o", texts / "both", "--shards")[0] == 0
    assert_same(Cooccurrence.load(texts / "both"), truth)
    code, out, _ = run("info", texts / "both")
    assert code == 0 and "holds" in out and f"{truth.nnz:,}" in out
    code, out, _ = run("solve", texts / "both", "-o", texts / "v.fqv", "--vector-size", "2")
    assert code == 0 and f"{truth.nnz:,} pairs" in out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["-o", "{0}/old.txt", "--shards"], 2, "would overwrite|is a file"),
        (["-o", "{0}/no/where", "--shards"], 1, "no such folder to write to"),
        (["-o", "{0}/out", "--update", "{0}/counts", "--min-count", "3"], 2, "--min-count has no effect"),
        (["-o", "{0}/out", "--update", "{0}/counts", "--window", "4"], 2, "--window must be that of .*, 16"),
        (["-o", "{0}/out", "--update", "{0}/absent"], 1, "absent"),
        (["-o", "{0}/out", "--update", "{0}/old.txt"], 1, "old.txt: not a fastqwem file"),
        (["-o", "{0}/out", "--scheduler", "tcp://x:1", "--save-corpus", "{0}/c.fqc"], 2, "no encoded corpus"),
        (["-o", "{0}/counts", "--shards", "--window", "4"], 1, "begun for another count .*window 16, not 4"),
    ],
)
def test_what_is_refused(run, texts, options, code, message):
    assert run("count", texts / "old.txt", "-o", texts / "counts", "--shards")[0] == 0
    result = run("count", texts / "old.txt", *(option.format(texts) for option in options))
    failed(result, code)
    assert re.search(message, result[2]), result[2]
    assert not (texts / "out").exists()
