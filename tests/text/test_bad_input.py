"""Bad text, bad files, bad arguments, full disks and Ctrl-C: a clear error, soon, and nothing left behind."""

import gzip
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from naive_text import COMPRESS

from fastqwem.errors import CorpusError
from fastqwem.text import Corpus, Vocab, sources

MIB = 1 << 20


def write(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", COMPRESS)
@pytest.mark.parametrize(
    "bad",
    [
        b"\xff",
        b"\x80",
        b"\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf0\x80\x80\x80",
        b"\xe2\x82",
        b"\xf5",
    ],
)
def test_text_that_is_not_utf8(tmp_path, codec, bad):
    good = "grüße 日本 ".encode() * 30 + b"\nab"
    path = write(tmp_path / "text", COMPRESS[codec](good + bad + b" more"))
    for options in ({"_block": 16, "workers": 2}, {}, {"vocab": Vocab(["ab"], [1])}):
        with pytest.raises(CorpusError, match=f"text: at byte {len(good)}: not UTF-8"):
            Corpus.from_text(path, 1, **options)


def test_the_first_of_several_faults_is_named(tmp_path):
    path = write(tmp_path / "text", b"ok \xff " + b"fine " * 100_000 + b"\xfe " * 1000)
    for _ in range(5):
        with pytest.raises(CorpusError, match="at byte 3:"):
            Corpus.from_text(path, 1, workers=5, _block=4096)


def test_other_encodings_are_not_utf8(tmp_path):
    path = write(tmp_path / "text", "some text".encode("utf-16"))
    with pytest.raises(CorpusError, match="at byte 0: not UTF-8"):
        Corpus.from_text(path)


@pytest.mark.parametrize("codec", COMPRESS)
def test_a_token_without_end(tmp_path, codec):
    path = write(tmp_path / "text", COMPRESS[codec](b"a b " + b"x" * MIB + b" c"))
    assert Corpus.from_text(path, 1, workers=2, _block=100_000).vocab.words == ["a", "b", "c", "x" * MIB]
    path = write(tmp_path / "text", COMPRESS[codec](b"a b " + b"x" * (MIB + 1) + b" c"))
    for block in (100_000, None):
        with pytest.raises(CorpusError, match="text: at byte 4: a token longer than 1048576 bytes"):
            Corpus.from_text(path, 1, workers=2, _block=block)


@pytest.mark.parametrize("data", [b"", b"\n", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("codec", COMPRESS)
def test_text_without_words(tmp_path, data, codec):
    path = write(tmp_path / "text", COMPRESS[codec](data))
    with pytest.raises(CorpusError, match=r"no words in .*text$"):
        Corpus.from_text(path)
    with pytest.raises(CorpusError, match=r"no words in .*text and the other files"):
        Corpus.from_text([path, path])


def test_no_word_is_frequent_enough(tmp_path):
    path = write(tmp_path / "text", b"a a a b")
    message = "of 2 words in 4 tokens the most frequent occurs 3 times, and min_count is 5"
    with pytest.raises(CorpusError, match=message):
        Corpus.from_text(path)
    with pytest.raises(CorpusError, match=message):
        Corpus.from_sentences([["a", "a", "a", "b"]])
    with pytest.raises(CorpusError, match="trim_rule"):
        Corpus.from_text(path, trim_rule=lambda *_: False)


def test_no_word_of_the_given_vocabulary(tmp_path):
    path = write(tmp_path / "text", b"a b")
    vocab = Vocab(["c"], [1])
    for make in (
        lambda: Corpus.from_text(path, vocab=vocab),
        lambda: Corpus.from_sentences([["a", "b"]], vocab=vocab),
    ):
        with pytest.raises(CorpusError, match="none of the 2 tokens is in the given vocab of 1 words"):
            make()


@pytest.mark.parametrize("codec", ["gz", "bz2", "xz", "zst"])
def test_damaged_archives(tmp_path, codec):
    whole = COMPRESS[codec](np.random.default_rng(1).integers(97, 123, 200_000).astype(np.uint8).tobytes())
    kind = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstandard"}[codec]
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:20], bytes(flipped)):
        path = write(tmp_path / "text.gz", damaged)
        # The bytes before the damage are one long token and no fault; a wrong one may still come out of them.
        with pytest.raises(CorpusError, match=rf"text.gz: (truncated or damaged {kind} file|at byte)"):
            Corpus.from_text(path)
    with pytest.raises(CorpusError, match=f"truncated or damaged {kind}"):
        Corpus.from_text(write(tmp_path / "t", whole[:-1]))


def test_missing_files(tmp_path):
    for path in (tmp_path / "none", f"{tmp_path}/*.none", [tmp_path / "none"]):
        with pytest.raises(FileNotFoundError) as caught:
            Corpus.from_text(path)
        assert "none" in caught.value.filename
    with pytest.raises(CorpusError, match="at least one file"):
        Corpus.from_text([])
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    with pytest.raises(CorpusError, match="empty: a folder without files"):
        Corpus.from_text(tmp_path / "empty")


def test_a_file_that_goes_or_shrinks_while_it_is_read(tmp_path):
    path = write(tmp_path / "text", b"a b c d")
    found = sources.resolve(path)
    path.write_bytes(b"a")
    options = Corpus.from_text.__globals__["Options"](1, None, None, None, 1, None, None, None, None)
    encode = Corpus.from_text.__globals__["encode_sources"]
    with pytest.raises(CorpusError, match="became shorter"):
        encode(found, options)
    path.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        encode(found, options)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(
    ("paths", "message"),
    [(3, "paths must be a path"), (b"x", "paths must be a path"), ([3], "paths must be str")],
)
def test_paths_of_a_wrong_type(paths, message):
    with pytest.raises(TypeError, match=message):
        Corpus.from_text(paths)


def test_remote_files_without_fsspec(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ImportError, match=r"s3://b/x: remote files need fsspec: pip install 'fastqwem\[remote\]'"):
        Corpus.from_text("s3://b/x")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_count": -1}, ValueError, "min_count must be at least 0, got -1"),
        ({"min_count": "5"}, TypeError, "min_count must be an integer, got '5'"),
        ({"min_count": float("nan")}, TypeError, "min_count must be an integer"),
        ({"max_vocab": 0}, ValueError, "max_vocab must be at least 1, got 0"),
        ({"workers": -1}, ValueError, "workers must be at least 0, got -1"),
        ({"memory": "lots"}, ValueError, "memory must be bytes or text"),
        ({"memory": 0}, ValueError, "memory must be at least 1, got 0"),
        ({"memory": 1000}, ValueError, "memory must hold the vocabulary's tables and the buffers"),
        ({"trim_rule": 1}, TypeError, "trim_rule must be callable or None, got 1"),
        ({"vocab": ["a"]}, TypeError, "vocab must be a Vocab or None, got list"),
        ({"vocab": Vocab([], [])}, ValueError, "vocab must hold at least one word"),
        ({"vocab": Vocab(["a"], [1]), "max_vocab": 1}, ValueError, "must be None when vocab is given"),
        ({"scratch": "/no/such/folder"}, NotADirectoryError, "/no/such/folder"),
    ],
)
def test_bad_options(tmp_path, options, error, message):
    path = write(tmp_path / "text", b"a b")
    with pytest.raises(error, match=message):
        Corpus.from_text(path, **options)
    with pytest.raises(error, match=message):
        Corpus.from_sentences([["a", "b"]], **options)


def test_memory_that_cannot_hold_the_words(tmp_path):
    text = " ".join(f"word{i}" for i in range(50_000))
    path = write(tmp_path / "text", text.encode())
    for make in (
        lambda: Corpus.from_text(path, memory="1MB", workers=1, _block=1000),
        lambda: Corpus.from_sentences([text.split()], memory="1MB", _block=1000),
    ):
        with pytest.raises(ValueError, match=r"memory must hold .* at least \d+ bytes .* got 1000000"):
            make()


@pytest.mark.parametrize(
    ("sentences", "error", "message"),
    [
        (["ab cd"], TypeError, r"sentences\[0\] must be a list of tokens, got the str 'ab cd'"),
        ([["a"], "b" * 50], TypeError, r"sentences\[1\] .* got the str 'bbbbbbbbbbbbbbbbbbbb...'"),
        ([["a"], ["b", 3]], TypeError, r"sentences\[1\]\[1\] must be a str, got int"),
        ([["a", b"b"]], TypeError, r"sentences\[0\]\[1\] must be a str, got bytes"),
        ([["a", None]], TypeError, r"sentences\[0\]\[1\] must be a str, got NoneType"),
        ([3], TypeError, "not iterable"),
        ([["a", "\ud800"]], CorpusError, r"sentences\[0\]\[1\] is not text"),
        ([], CorpusError, "no words in sentences"),
        ([[], []], CorpusError, "no words in sentences"),
        ("a b", TypeError, "sentences must be an iterable of token lists, got str"),
        (3, TypeError, "not iterable"),
    ],
)
def test_bad_sentences(sentences, error, message):
    with pytest.raises(error, match=message):
        Corpus.from_sentences(sentences, 1)


def test_exceptions_of_the_iterable_come_through():
    class Mine(Exception):
        pass

    mine = Mine("late")

    def sentences():
        yield ["a"]
        raise mine

    with pytest.raises(Mine) as caught:
        Corpus.from_sentences(sentences(), 1)
    assert caught.value is mine


class Enough(Exception):
    pass


@pytest.mark.parametrize("codec", ["plain", "xz"])
@pytest.mark.parametrize("phase", ["first", "last"])
def test_a_progress_callback_that_raises(tmp_path, codec, phase):
    path = write(tmp_path / "text", COMPRESS[codec](b"a b c\n" * 10_000))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    seen = []

    def progress(done, total):
        seen.append((done, total))
        if phase == "first" or total == 60_000:
            raise Enough

    with pytest.raises(Enough):
        Corpus.from_text(path, progress=progress, memory=250_000, workers=1, scratch=scratch, _block=2000)
    assert list(scratch.iterdir()) == [] and seen
    seen.clear()
    with pytest.raises(Enough):
        Corpus.from_sentences(
            [["a", "b", "c"]] * 10_000, progress=progress, memory=250_000, scratch=scratch, _block=2000
        )
    assert list(scratch.iterdir()) == [] and seen


INTERRUPTED = """
import itertools, sys, time
from fastqwem.text import Corpus
what, path, scratch = sys.argv[1:]
def ready(done, total):
    if done: print("ready", flush=True)
options = dict(scratch=scratch, workers=2, progress=ready)
try:
    if what == "text": Corpus.from_text([path] * 3000, **options)
    if what == "sentences": Corpus.from_sentences(itertools.repeat(["a", "b"]), **options)
    if what == "sentence": Corpus.from_sentences([itertools.repeat("a")], **options)
    if what == "spill": Corpus.from_sentences(itertools.repeat(["a"] * 1000), memory="2MB", **options)
except KeyboardInterrupt:
    print("stopped", time.monotonic(), flush=True)
"""


@pytest.mark.parametrize("what", ["text", "archive", "sentences", "sentence", "spill"])
def test_ctrl_c(tmp_path, what):
    data = b" ".join(b"word%d" % (i % 7000) for i in range(300_000))
    path = write(tmp_path / "text", gzip.compress(data, 1) if what == "archive" else data)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    arguments = [sys.executable, "-c", INTERRUPTED, what.replace("archive", "text"), str(path), str(scratch)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        out, err = process.communicate(timeout=30)
    last = out.splitlines()[-1].split()
    assert last[0] == "stopped" and process.returncode == 0, err
    assert float(last[1]) - sent < 3  # a tenth of a second on an idle machine
    assert list(scratch.iterdir()) == []


FULL = """
import errno, resource, sys
from fastqwem.text import Corpus
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    if sys.argv[1] == "text":
        Corpus.from_text(sys.argv[2], memory=250_000, workers=1, scratch=sys.argv[3], _block=2000)
    else:
        Corpus.from_sentences([["a", "b", "c"]] * 30_000, memory=250_000, scratch=sys.argv[3], _block=2000)
except OSError as error:
    print(errno.errorcode[error.errno], error.filename)
"""


@pytest.mark.parametrize("what", ["text", "sentences"])
def test_a_full_disk(tmp_path, what):
    path = write(tmp_path / "text", b"a b c\n" * 30_000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FULL, what, str(path), str(scratch)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"EFBIG {scratch}\n"
    assert list(scratch.iterdir()) == []


UNREADABLE = """
import os, sys
from fastqwem.text import Corpus
os.seteuid(65534)
try:
    Corpus.from_text(sys.argv[1])
except PermissionError as error:
    print(error.filename)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without rights")
def test_an_unreadable_file(tmp_path):
    path = write(tmp_path / "text", b"a b c")
    path.chmod(0)
    done = subprocess.run([sys.executable, "-c", UNREADABLE, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}\n"


def test_compressors_used_here_are_the_ones_told_apart():
    kinds = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstandard", "plain": "plain"}
    for codec, compress in COMPRESS.items():
        for data in (b"", b"text"):
            assert sources.kind_of(compress(data)[:16]) == kinds[codec]
    assert sources.kind_of(b"BZh9 is a word") == "plain"


PEAK = """
import sys
from fastqwem.text import Corpus
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
before = peak()
corpus = Corpus.from_text(sys.argv[1], workers=2, memory=sys.argv[2] or None, scratch=sys.argv[3])
print(peak() - before, corpus.n_tokens)
"""


def test_the_resident_set_keeps_to_the_budget(tmp_path):
    path = write(tmp_path / "text", b"a b c d e f g\n" * 700_000)

    def peak(memory):
        arguments = [sys.executable, "-c", PEAK, str(path), memory, str(tmp_path)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        extra, n_tokens = map(int, done.stdout.split())
        assert n_tokens == 4_900_000
        return extra

    # Without a budget: 20 MB of ids before and 20 MB after translation, less what is freed in between and what the
    # process held at its fullest before. With one, less than the ids alone.
    free, kept = peak(""), peak("16MB")
    assert kept < 19_600_000 < 1.25 * 19_600_000 < free
