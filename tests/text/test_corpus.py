"""Every entrance, any number of workers, any block size: the same corpus, equal to the naive one."""

import gzip
import io
import os
import sys

import naive_text
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive_text import COMPRESS

from fastqwem.text import Corpus, Vocab

# Few different tokens, so that words repeat; lengths around the 7, 8, 15 and 16 bytes that tables tell apart.
WORDS = (
    *(
        "a",
        "b",
        "the",
        "é",
        "日本",
        "😀",
        "\x00",
        "a\x00",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\x1c",
        "\x85",
        "\x7f",
    ),
    *("x" * 7, "x" * 8, "y" * 15, "y" * 16, "y" * 14 + "z", "w" * 17, "w" * 16 + "é", "q" * 100),
)
ANY_CHARACTER = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\r\v\f\n")
TOKENS = st.sampled_from(WORDS) | st.text(ANY_CHARACTER, min_size=1, max_size=20)
SPACES = st.text(" \t\r\v\f\n", min_size=1, max_size=3) | st.sampled_from([" ", " ", "\n", "\r\n", "\n\n", "\n \n"])


@st.composite
def texts(draw):
    parts = draw(st.lists(st.tuples(TOKENS, SPACES), max_size=40))
    text = draw(SPACES | st.just("")) + "".join(token + space for token, space in parts)
    return text.rstrip("\n") if draw(st.booleans()) else text


def check(corpus, sentences, min_count, max_vocab=None):
    pairs = naive_text.choose_words(sentences, min_count, max_vocab)
    ids, offsets = naive_text.encode(sentences, [word for word, _ in pairs])
    assert list(zip(corpus.vocab.words, corpus.vocab.counts.tolist(), strict=True)) == pairs
    assert corpus.ids.dtype == np.int32 and corpus.ids.tolist() == ids
    assert corpus.offsets.dtype == np.int64 and corpus.offsets.tolist() == offsets
    assert corpus.n_raw_tokens == sum(map(len, sentences))
    assert corpus.n_tokens == len(ids) and corpus.n_sentences == len(corpus) == len(sentences)


def without_marks(files):
    return [text.removeprefix("\ufeff") for text in files]


@pytest.mark.parametrize("codec", COMPRESS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(texts(), min_size=1, max_size=4),
    min_count=st.integers(0, 3),
    max_vocab=st.none() | st.integers(1, 5),
    workers=st.sampled_from([1, 2, 5]),
    block=st.sampled_from([1, 2, 3, 5, 17, 64, 1000, None]),
)
def test_files(tmp_path, codec, files, min_count, max_vocab, workers, block):
    paths = [tmp_path / f"{i}.txt" for i in range(len(files))]
    for path, text in zip(paths, files, strict=True):
        path.write_bytes(COMPRESS[codec](text.encode()))
    sentences = [tokens for text in without_marks(files) for tokens in naive_text.split_text(text)]
    if not naive_text.choose_words(sentences, min_count):
        with pytest.raises(ValueError, match="no word"):
            Corpus.from_text(paths, min_count, _block=block)
        return
    corpus = Corpus.from_text(paths, min_count, max_vocab, workers=workers, _block=block)
    check(corpus, sentences, min_count, max_vocab)


@settings(max_examples=60, deadline=None)
@given(
    sentences=st.lists(st.lists(TOKENS | st.sampled_from(["", "new york", "two\nlines"]), max_size=8), max_size=20),
    min_count=st.integers(0, 3),
    block=st.sampled_from([1, 2, 7, None]),
    workers=st.sampled_from([1, 2, 5]),
)
def test_sentences(sentences, min_count, block, workers):
    real = [tokens for tokens in sentences if tokens]
    if not naive_text.choose_words(real, min_count):
        with pytest.raises(ValueError, match="no word"):
            Corpus.from_sentences(sentences, min_count)
        return
    for shape in (list, tuple, iter):
        corpus = Corpus.from_sentences((shape(s) for s in sentences), min_count, workers=workers, _block=block)
        check(corpus, real, min_count)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts(), given_text=texts(), workers=st.sampled_from([1, 2]), block=st.sampled_from([1, 3, 64, None]))
def test_a_given_vocabulary(tmp_path, text, given_text, workers, block):
    words = sorted({token for tokens in naive_text.split_text(given_text) for token in tokens} | {"the"})
    vocab = Vocab(words, np.ones(len(words), np.int64))
    sentences = [["the"], *naive_text.split_text(text)]
    (tmp_path / "text").write_text("the\n" + text, newline="")
    from_text = Corpus.from_text(tmp_path / "text", vocab=vocab, workers=workers, _block=block)
    from_sentences = Corpus.from_sentences(sentences, vocab=vocab, workers=workers, _block=block)
    ids, offsets = naive_text.encode(sentences, words)
    for corpus in (from_text, from_sentences):
        assert corpus.vocab is vocab
        assert corpus.ids.tolist() == ids and corpus.offsets.tolist() == offsets
        assert corpus.n_raw_tokens == sum(map(len, sentences))


@pytest.fixture(scope="module")
def long_text():
    random = np.random.default_rng(7)
    words = np.array([f"w{int(n)}" + "é" * int(n % 3 == 0) for n in random.zipf(1.4, 60_000) % 5000])
    lines = np.split(words, np.sort(random.integers(0, len(words), 3000)))
    return "\n".join(" ".join(line) for line in lines)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("memory", [None, "2MB"])
def test_a_longer_text_in_and_out_of_memory(tmp_path, long_text, workers, memory):
    sentences = naive_text.split_text(long_text)
    path = tmp_path / "text"
    path.write_text(long_text)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # The block is small, so that the budget holds the tables of five workers and the ids must go.
    check(Corpus.from_text(path, 2, workers=workers, memory=memory, scratch=scratch, _block=1000), sentences, 2)
    check(Corpus.from_sentences(sentences, 2, workers=workers, memory=memory, scratch=scratch), sentences, 2)
    assert list(scratch.iterdir()) == []


def test_spilled_arrays_outlive_everything_but_themselves(tmp_path):
    sentences = [["a", "b"] * 20, ["c"]] * 3000
    corpus = Corpus.from_sentences(sentences, 1, memory=300_000, scratch=tmp_path, _block=500)
    ids = corpus.ids
    with open("/proc/self/maps") as maps:
        mapped = [line for line in maps if str(tmp_path) in line]
    assert mapped and all("(deleted)" in line for line in mapped)
    assert not ids.flags.writeable and not corpus.offsets.flags.writeable
    del corpus
    assert ids[:3].tolist() == [0, 1, 0] and len(ids) == 41 * 3000


def test_one_endless_line(tmp_path):
    (tmp_path / "text").write_text("one two three " * 5000)
    corpus = Corpus.from_text(tmp_path / "text", workers=2, _block=777)
    assert corpus.n_sentences == 1 and corpus.n_tokens == 15_000
    assert corpus.ids.tolist() == [corpus.vocab[word] for word in ("one", "two", "three")] * 5000


def test_byte_order_marks_and_crlf(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"\xef\xbb\xbfone two\r\none\r\n")
    for block in (1, 2, None):
        corpus = Corpus.from_text([tmp_path / "a", tmp_path / "b"], 1, _block=block)
        assert corpus.vocab == Vocab(["one", "two"], [4, 2])
        assert corpus.offsets.tolist() == [0, 2, 3, 5, 6]


def test_a_sentence_ends_with_its_file(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text("" if name == "b" else "x y")
    assert Corpus.from_text(tmp_path, 1).offsets.tolist() == [0, 2, 4]


def test_folders_patterns_lists_and_hidden_files(tmp_path):
    for name in ("b.txt", "a/2.txt", "a/1.txt", ".hidden", ".git/x", "c.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name.replace("/", "_"))

    def words(paths):
        corpus = Corpus.from_text(paths, 1)
        return [corpus.vocab.words[i] for i in corpus.ids]

    everything = ["b.txt", "c.txt", "a_1.txt", "a_2.txt"]
    assert words(tmp_path) == everything
    assert words(str(tmp_path)) == everything
    assert words(f"{tmp_path}/*.txt") == ["b.txt", "c.txt"]
    assert words(f"{tmp_path}/**/*.txt") == ["a_1.txt", "a_2.txt", "b.txt", "c.txt"]
    assert words([tmp_path / "c.txt", tmp_path / "a"]) == ["c.txt", "a_1.txt", "a_2.txt"]
    (tmp_path / "[x].txt").write_text("literal")
    assert words(tmp_path / "[x].txt") == ["literal"]


def test_mixed_kinds_keep_their_order(tmp_path):
    for i, (codec, compress) in enumerate([*COMPRESS.items(), ("plain2", bytes)]):
        (tmp_path / f"{i}").write_bytes(compress(f"{codec} line\nsecond".encode()))
    corpus = Corpus.from_text(tmp_path, 1)
    first = [corpus.vocab.words[corpus[2 * i][0]] for i in range(6)]
    assert first == ["plain", "gz", "bz2", "xz", "zst", "plain2"]


def test_several_members_in_one_archive(tmp_path):
    for codec in ("gz", "bz2", "xz", "zst"):
        path = tmp_path / codec
        path.write_bytes(COMPRESS[codec](b"one tw") + COMPRESS[codec](b"o three"))
        assert set(Corpus.from_text(path, 1).vocab.words) == {"one", "two", "three"}


def test_a_pipe(tmp_path):
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(b"a b a"),))
    writer.start()
    assert Corpus.from_text(path, 1).vocab == Vocab(["a", "b"], [2, 1])
    writer.join()


def test_remote_addresses():
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/texts/1.txt", b"one two")
    files.pipe("/texts/2.gz", gzip.compress(b"two"))
    try:
        assert Corpus.from_text("memory://texts/1.txt", 1).vocab.words == ["one", "two"]
        both = Corpus.from_text("memory://texts/*", 1)
        assert both.vocab == Vocab(["two", "one"], [2, 1]) and both.n_sentences == 2
        with pytest.raises(FileNotFoundError):
            Corpus.from_text("memory://texts/*.none")
        with pytest.raises(FileNotFoundError):
            Corpus.from_text("memory://texts/3")
    finally:
        files.rm("/texts", recursive=True)


def test_trim_rule_in_both_entrances(tmp_path):
    (tmp_path / "text").write_text("a a b c c c")

    def rule(word, count, min_count):
        assert min_count == 2
        return {"b": True, "c": False}.get(word)

    expected = Vocab(["a", "b"], [2, 1])
    assert Corpus.from_text(tmp_path / "text", 2, trim_rule=rule).vocab == expected
    assert Corpus.from_sentences([["a", "a", "b"], ["c"] * 3], 2, trim_rule=rule).vocab == expected


def test_str_subclasses_count_as_their_text():
    tokens = np.array(["a", "b", "a"])
    assert type(tokens[0]) is not str
    corpus = Corpus.from_sentences([tokens], 1)
    assert corpus.vocab == Vocab(["a", "b"], [2, 1]) and all(type(word) is str for word in corpus.vocab.words)


def test_a_generator_is_walked_once():
    steps = []

    def sentences():
        for i in range(5):
            steps.append(i)
            yield (word for word in ["x", str(i)])

    assert Corpus.from_sentences(sentences(), 1).n_tokens == 10
    assert steps == [0, 1, 2, 3, 4]


def test_progress_reports_bytes_then_tokens(tmp_path, long_text):
    for codec in ("plain", "xz"):
        data = COMPRESS[codec](long_text.encode())
        (tmp_path / codec).write_bytes(data)
        ticks = []
        corpus = Corpus.from_text(tmp_path / codec, progress=lambda *tick, ticks=ticks: ticks.append(tick))
        reading = [done for done, total in ticks if total == len(data)]
        assert reading == sorted(reading) and reading[-1] == len(data)
        assert ticks[-1] == (2 * corpus.n_raw_tokens,) * 2


def test_bars_go_to_standard_error(tmp_path, monkeypatch):
    (tmp_path / "text").write_text("a b")
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    Corpus.from_text(tmp_path / "text", 1, progress=False)
    assert shown.getvalue() == ""
    Corpus.from_text(tmp_path / "text", 1, progress=True)
    assert "reading" in shown.getvalue()
