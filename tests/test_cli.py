from __future__ import annotations

import importlib
import inspect
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from commands import failed, runner
from topics import topical

import fastqwem
from fastqwem import cli, cli_parser, storage
from fastqwem.errors import ConvergenceError
from fastqwem.text.vocab import Vocab
from fastqwem.vectors import WordVectors, formats

WORDS = ["king", "queen", "man", "woman", "tea"]
ROWS = [[1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 1], [-1, 0.5, -1]]


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "v.fqv"
    WordVectors(WORDS, ROWS, [5, 4, 3, 2, 1], {"window": 16}).save(path)
    return str(path)


@pytest.fixture
def run(capsys):
    return runner(capsys)


class Fakes:
    """Stand-ins for the parts that the commands call, which note how they were called."""

    def __init__(self, monkeypatch):
        self.calls = []
        self.vocab = Vocab(WORDS, [5, 4, 3, 2, 1])

        def put(module, **names):
            for name, value in names.items():
                monkeypatch.setattr(importlib.import_module(f"fastqwem.{module}"), name, value, raising=False)

        put(
            "text",
            Corpus=SimpleNamespace(from_text=self.from_text, load=lambda path: self.corpus("load", path)),
        )
        put(
            "counts",
            count=self.count,
            Cooccurrence=SimpleNamespace(load=lambda path, **options: self.counts("load", path, **options)),
        )
        put(
            "spectral",
            Target=self.target,
            solve=self.solve,
            Spectrum=SimpleNamespace(load=self.load_spectrum),
        )

    def saver(self, kind):
        return lambda path: storage.write_container(path, kind, 1, {"made": "here"}, {"x": np.zeros(1)})

    def corpus(self, *call, **options):
        self.calls.append(("corpus", *call, options))
        return SimpleNamespace(vocab=self.vocab, n_tokens=15, n_sentences=3, save=self.saver("corpus"))

    def from_text(self, paths, **options):
        return self.corpus("text", paths, **options)

    def counts(self, *call, **options):
        self.calls.append(("counts", *call, options))
        return SimpleNamespace(vocab=self.vocab, nnz=1234, window=8, weighting="linear", save=self.saver("counts"))

    def count(self, corpus, **options):
        return self.counts("count", **options)

    def target(self, counts, **options):
        self.calls.append(("target", options))
        return "target"

    def solve(self, target, **options):
        self.calls.append(("solve", options))
        return self.spectrum()

    def spectrum(self):
        return SimpleNamespace(
            values=np.ones(3),
            certificate="converged: largest residual 2.5e-06, gap 0.125",
            save=self.saver("spectrum"),
            vectors=lambda vector_size=None: WordVectors(WORDS, np.array(ROWS)[:, :vector_size]),
        )

    def load_spectrum(self, path):
        return self.spectrum()


@pytest.fixture
def fakes(monkeypatch):
    return Fakes(monkeypatch)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("king queen\nman woman tea\n")
    return str(path)


SMALL = ("--vector-size", "3")


class TestHelp:
    def test_top(self, run):
        code, out, err = run("--help")
        assert code == 0 and err == "" and "examples:" in out
        assert all(f"\n    {name}" in out for name in cli.COMMANDS)

    def test_without_command(self, run):
        code, out, err = run()
        assert code == 2 and out == "" and "usage: fastqwem" in err

    @pytest.mark.parametrize("command", cli.COMMANDS)
    def test_commands(self, run, command):
        code, out, _ = run(command, "--help")
        assert code == 0 and "--traceback" not in out

    def test_defaults_are_shown(self, run):
        out = " ".join(run("solve", "--help")[1].split())
        assert "(default 16)" in out and "(default linear)" in out and "(default 1e-05)" in out

    def test_version(self, run):
        assert run("--version") == (0, f"fastqwem {fastqwem.__version__}\n", "")

    def test_every_option_has_a_sound_default(self):
        for defaults, table in (
            (cli.DEFAULTS, cli_parser.OPTIONS),
            (cli.TRAINING_DEFAULTS, cli_parser.TRAINING),
            (cli.THEORY_DEFAULTS, cli_parser.THEORY),
            (cli.FACTORIZING_DEFAULTS, cli_parser.FACTORIZING),
        ):
            assert set(defaults) == set(table)
            for name, value in defaults.items():
                assert value is None or table[name][0](name, str(value)) == value

    def test_training_has_the_options_and_defaults_of_python(self):
        parameters = inspect.signature(fastqwem.train).parameters
        elsewhere = {"corpus", "callbacks", "workers", "checkpoint", "progress"}
        assert {n: p.default for n, p in parameters.items() if n not in elsewhere} == cli.TRAINING_DEFAULTS

    def test_factorizing_has_the_options_and_defaults_of_python(self):
        parameters = inspect.signature(fastqwem.factorize).parameters
        names = {"output": "vectors"}  # --output is the file
        ours = {names.get(n, n): p.default for n, p in parameters.items()}
        assert {n: v for n, v in ours.items() if n in cli.FACTORIZING_DEFAULTS} == cli.FACTORIZING_DEFAULTS
        machine = {"workers", "memory", "scratch", "progress"}
        assert ours.keys() - cli.FACTORIZING_DEFAULTS.keys() == {"counts_or_target", *machine}


class TestUsage:
    @pytest.mark.parametrize(
        ("argv", "part"),
        [
            (["solv"], "invalid choice: 'solv'"),
            (["solve", "x"], "required: -o/--output"),
            (["solve", "-o", "v.fqv"], "required: INPUT"),
            (["solve", "x", "-o", "v.fqv", "--windows", "3"], "unrecognized arguments: --windows"),
            (["solve", "x", "-o", "v.fqv", "--window", "0"], "window must be at least 1, got 0"),
            (["solve", "x", "-o", "v.fqv", "--window", "two"], "window must be an integer, got 'two'"),
            (["solve", "x", "-o", "v.fqv", "--negative", "-1"], "negative must be greater than 0, got -1"),
            (["solve", "x", "-o", "v.fqv", "--negative", "nan"], "negative must be finite, got nan"),
            (
                ["solve", "x", "-o", "v.fqv", "--ns-exponent", "much"],
                "ns_exponent must be a number, got 'much'",
            ),
            (["solve", "x", "-o", "v.fqv", "--kind", "glove"], "kind must be one of 'qwem'"),
            (["solve", "x", "-o", "v.fqv", "--weighting", "sinc"], "weighting must be one of 'linear'"),
            (["solve", "x", "-o", "v.fqv", "--workers", "-2"], "workers must be at least 0, got -2"),
            (["solve", "x", "-o", "v.fqv", "--memory", "lots"], "memory must be bytes or text such as"),
            (["solve", "x", "-o", "v.fqv", "--scratch", "/none"], "scratch must be an existing folder"),
            (
                ["solve", "x", "-o", "v.fqv", "--kind", "ppmi", "--negative", "2"],
                "negative must be 1 for kind ppmi",
            ),
            (["count", "x", "-o", "c.fqn", "--vector-size", "3"], "unrecognized arguments: --vector-size"),
            (["evaluate", "v.fqv"], "give --analogies or --similarity"),
            (["evaluate", "v.fqv", "--similarity", "f", "--protocol", "google"], "--protocol has no effect"),
            (["neighbours", "v.fqv"], "required: WORD"),
            (["factorize", "x", "-o", "v.fqv", "--ridge", "-1"], "ridge must be at least 0, got -1"),
            (["factorize", "x", "-o", "v.fqv", "--sweeps", "nan"], "sweeps must be finite"),
            (["factorize", "x", "-o", "v.fqv", "--thinning", "1,-2"], "thinning must be at least 0"),
            (["factorize", "x", "-o", "v.fqv", "--thinning", "1,,2"], "thinning must be a number, got ''"),
            (["factorize", "x", "-o", "v.fqv", "--vectors", "both"], "vectors must be one of 'sum', 'input'"),
            (["factorize", "x", "-o", "v.fqv", "--vectors", "concat", "--tied"], "vectors must not be concat"),
            (["factorize", "x", "-o", "v.fqv", "--objective", "sgns", "--tied"], "objective must be qwem"),
            (
                ["factorize", "x", "-o", "v.fqv", "--start", "svd"],
                "start must be spectral, random or a file, got 'svd'",
            ),
            (["train", "x", "-o", "v.fqv", "--window", "0"], "window must be at least 1, got 0"),
            (["train", "x", "-o", "v.fqv", "--epochs", "two"], "epochs must be an integer, got 'two'"),
            (["train", "x", "-o", "v.fqv", "--negative", "0"], "negative must be at least 1 without hs"),
            (["train", "x", "-o", "v.fqv", "--alpha", "nan"], "alpha must be finite, got nan"),
            (["train", "x", "-o", "v.fqv", "--init", "normal:big"], "the scale of init must be a number, got 'big'"),
            (["train", "x", "-o", "v.fqv", "--exact-negatives"], 'objective must be "qwem" for exact_negatives'),
            (["train", "x", "-o", "v.fqv", "--resume", "m.fqm", "--hs"], "--hs has no effect: m.fqm knows"),
        ],
    )
    def test_wrong(self, run, argv, part):
        failed(run(*argv), 2, part)


class TestSolve:
    def test_text(self, run, fakes, text, tmp_path):
        out = tmp_path / "v.fqv"
        code, shown, err = run(
            "solve", text, "-o", out, *SMALL, "--max-vocab", "10000", "--window", "8", "--negative", "2",
            "--ns-exponent", "0.75", "--workers", "2", "--memory", "4GB", "--scratch", tmp_path,
            "--no-progress",
        )  # fmt: skip
        assert (code, err) == (0, "")
        machine = {"workers": 2, "memory": 4 * 10**9, "scratch": str(tmp_path), "progress": False}
        target = {
            "negative": 2.0,
            "ns_exponent": 0.75,
            "kind": "qwem",
            "smoothing": 0.0,
            "weight_exponent": 0.0,
        }
        assert fakes.calls == [
            ("corpus", "text", text, {"min_count": 5, "max_vocab": 10000, **machine}),
            ("counts", "count", {"window": 8, "weighting": "linear", **machine}),
            ("target", target),
            ("solve", {"vector_size": 3, "tol": 1e-5, "seed": 0, **machine}),
        ]
        made = WordVectors.load(out)
        assert made.words == WORDS and made.metadata["window"] == 8 and made.metadata["negative"] == 2
        lines = shown.splitlines()
        assert [line.split()[0] for line in lines] == [
            "corpus",
            "counts",
            "target",
            "solve",
            "saved",
            "memory",
        ]
        assert "15 tokens in 3 sentences, 5 words" in lines[0] and "1,234 pairs" in lines[1]
        assert "3 eigenpairs, converged: largest residual 2.5e-06, gap 0.125" in lines[3]

    def test_several_texts(self, run, fakes, text, tmp_path):
        assert run("solve", text, "*.gz", "-o", tmp_path / "v.bin", *SMALL, "--progress")[0] == 0
        assert fakes.calls[0][:3] == ("corpus", "text", [text, "*.gz"]) and fakes.calls[0][3]["progress"] is True

    def test_from_corpus_and_counts(self, run, fakes, text, tmp_path):
        corpus, counts, spectrum = (str(tmp_path / name) for name in ("c.fqc", "c.fqn", "s.fqs"))
        assert run("count", text, "-o", counts, "--save-corpus", corpus, "--window", "4")[0] == 0
        assert [call[:2] for call in fakes.calls] == [("corpus", "text"), ("counts", "count")]
        fakes.calls.clear()
        kept = ("--save-counts", tmp_path / "again.fqn", "--save-spectrum", spectrum)
        assert run("solve", corpus, "-o", tmp_path / "v.fqv", *SMALL, *kept)[0] == 0
        assert fakes.calls[0] == ("corpus", "load", corpus, {})
        assert [storage.peek(path)[0] for path in (corpus, counts, spectrum)] == [
            "corpus",
            "counts",
            "spectrum",
        ]
        fakes.calls.clear()
        assert run("solve", counts, "-o", tmp_path / "v.fqv", *SMALL)[0] == 0
        assert fakes.calls[0] == ("counts", "load", counts, {"mmap": False})
        assert run("convert", spectrum, tmp_path / "v.txt", "--vector-size", "2")[0] == 0
        assert WordVectors.load(tmp_path / "v.txt").vector_size == 2
        assert run("convert", spectrum, tmp_path / "v.txt")[0] == 0
        assert WordVectors.load(tmp_path / "v.txt").vector_size == 3

        failed(run("solve", counts, "-o", tmp_path / "v.fqv", "--window", "3"), 2, "--window has no effect")
        failed(run("solve", corpus, "-o", tmp_path / "v.fqv", "--min-count", "3"), 2, "--min-count has no effect")
        failed(run("solve", counts, text, "-o", tmp_path / "v.fqv"), 2, "give it alone")
        failed(
            run("solve", spectrum, "-o", tmp_path / "v.fqv"),
            1,
            "holds spectrum, expected text or corpus or counts",
        )
        failed(run("count", counts, "-o", tmp_path / "d.fqn"), 1, "holds counts, expected text or corpus")

    @pytest.mark.parametrize(
        ("out", "more", "code", "part"),
        [
            ("v.pkl", [], 2, "the suffix must tell the format"),
            ("none/v.fqv", [], 1, "no such folder to write to"),
            ("v.fqv", ["--save-counts", "none/c.fqn"], 1, "none: no such folder to write to"),
            ("v.fqv", ["--save-spectrum", "."], 1, "Is a directory"),
            ("v.fqv", ["--save-counts", "v.fqv"], 2, "v.fqv would overwrite v.fqv"),
            ("text.txt", [], 2, "text.txt would overwrite"),
        ],
    )
    def test_outputs_are_judged_before_work(self, run, fakes, text, tmp_path, monkeypatch, out, more, code, part):
        monkeypatch.chdir(tmp_path)
        failed(run("solve", text, "-o", out, *more), code, part)
        assert fakes.calls == [] and os.listdir(tmp_path) == ["text.txt"]

    def test_vocabulary_is_judged_before_counting(self, run, fakes, text, tmp_path):
        failed(
            run("solve", text, "-o", tmp_path / "v.fqv"),
            1,
            "vector_size must be at most the 5 words",
            "got 200",
        )
        fakes.vocab = Vocab(["new york", *WORDS[1:]], [5, 4, 3, 2, 1])
        failed(
            run("solve", text, "-o", tmp_path / "v.txt", *SMALL),
            1,
            "word2vec text cannot carry the word 'new york'",
        )
        assert [call[0] for call in fakes.calls] == ["corpus", "corpus"]

    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (KeyboardInterrupt(), 130, "fastqwem: interrupted\n"),
            (ConvergenceError("not\nconverged"), 1, "fastqwem: error: not converged\n"),
            (
                OSError(28, "No space left on device", "/s/x"),
                1,
                "fastqwem: error: /s/x: No space left on device\n",
            ),
            (
                MemoryError(),
                1,
                "fastqwem: error: out of memory (--memory, --max-vocab and --min-count save some)\n",
            ),
            (
                ZeroDivisionError("bug"),
                1,
                "fastqwem: error: ZeroDivisionError: bug (--traceback shows where)\n",
            ),
        ],
    )
    def test_failures(self, run, fakes, text, tmp_path, monkeypatch, error, code, message):
        def fail(*args, **options):
            raise error

        monkeypatch.setattr("fastqwem.spectral.solve", fail)
        argv = ["solve", text, "-o", tmp_path / "v.fqv", *SMALL, "--save-counts", tmp_path / "c.fqn"]
        assert run(*argv) == (code, "", message)
        assert sorted(os.listdir(tmp_path)) == ["c.fqn", "text.txt"]  # what was paid for is kept
        if isinstance(error, Exception):
            with pytest.raises(type(error)):
                run(*argv, "--traceback")


class TestVectors:
    def test_neighbours(self, run, vectors):
        code, out, err = run("neighbours", vectors, "king", "tea", "--topn", "2")
        assert (code, err) == (0, "")
        assert out.splitlines()[:3] == ["king", "   0.8165  queen", "   0.7071  man"] and out.splitlines()[3] == "tea"
        assert "man" not in run("neighbours", vectors, "king", "--restrict-vocab", "2")[1]
        failed(
            run("neighbours", vectors, "king", "kween"),
            1,
            "'kween' is not among the 5 words; did you mean 'queen'?",
        )

    def test_analogy(self, run, vectors):
        code, out, err = run("analogy", vectors, "man", "king", "woman", "--topn", "1")
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == "man is to king as woman is to" and out.splitlines()[1].split()[1] == "queen"

    def test_evaluate(self, run, vectors, tmp_path):
        questions, pairs = tmp_path / "q.txt", tmp_path / "p.txt"
        questions.write_text(": family\nman king woman queen\nking man queen woman\nman king boy prince\n")
        pairs.write_text("king queen 9\nman tea 1\nman woman 8\n")
        code, out, err = run("evaluate", vectors, "--analogies", questions, "--similarity", pairs, pairs)
        assert (code, err) == (0, "")
        assert "total" in out and "3" in out.splitlines()[1].split()[-1]
        assert out.count("p.txt: Spearman ") == 2 and "3 of 3 pairs covered" in out
        assert "regenerated" not in out
        code, out, _ = run("evaluate", vectors, "--analogies", questions, "--protocol", "regenerated")
        assert code == 0 and out.splitlines()[1].split()[-2:] == ["12", "20"]
        failed(run("evaluate", vectors, "--analogies", pairs), 1, "p.txt:1: expected four words")
        failed(run("evaluate", vectors, "--analogies", tmp_path / "none"), 1, "none: No such file or directory")

    def test_convert(self, run, vectors, tmp_path):
        for name in ("a.txt.gz", "b.bin", "c.npy", "d.vec"):
            assert run("convert", vectors, tmp_path / name) == (0, "", "")
            np.testing.assert_array_equal(WordVectors.load(tmp_path / name).vectors, ROWS)
        assert run("convert", vectors, tmp_path / "odd", "--to", "binary")[0] == 0
        assert run("convert", tmp_path / "odd", tmp_path / "e.fqv", "--from", "binary")[0] == 0
        failed(run("convert", vectors, vectors), 2, "would overwrite")
        failed(run("convert", vectors, tmp_path / "x.doc"), 2, "the suffix must tell the format")
        failed(run("convert", vectors, tmp_path / "x.fqv", "--from", "gensim"), 2, "must be one of fqv")
        failed(run("convert", vectors, tmp_path / "x.fqv", "--vector-size", "2"), 2, "is no spectrum")
        failed(run("convert", tmp_path / "none", tmp_path / "x.fqv"), 1, "none: No such file or directory")
        (tmp_path / "picture").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        failed(run("convert", tmp_path / "picture", tmp_path / "x.fqv"), 1, "not a file of word vectors")
        assert not (tmp_path / "x.fqv").exists()

    def test_info(self, run, vectors, tmp_path):
        code, out, err = run("info")
        assert (code, err) == (0, "") and out.startswith("fastqwem") and fastqwem.__version__ in out
        code, out, err = run("info", vectors)
        table = dict(line.split(None, 1) for line in out.splitlines())
        assert table["holds"] == "vectors (fqv)" and table["words"] == "5" and table["counts"] == "15 in all"
        assert table["window"] == "16" and table["first"] == "king queen man woman tea"
        storage.write_container(tmp_path / "c", "counts", 3, {"window": 7, "vocab": 9}, {"x": np.zeros(2)})
        table = dict(line.split(None, 1) for line in run("info", tmp_path / "c")[1].splitlines())
        assert (table["holds"], table["version"], table["window"]) == ("counts", "3", "7")
        failed(run("info", tmp_path / "none"), 1, "none: No such file or directory")
        (tmp_path / "empty").touch()
        failed(run("info", tmp_path / "empty"), 1, "the file is empty")


def process(argv, **options):
    code = "import sys; from fastqwem.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *argv], stderr=subprocess.PIPE, timeout=60, **options)


def test_closed_pipe_is_silent(vectors):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process(["neighbours", vectors, "king"], stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_narrow_terminal(tmp_path):
    WordVectors(["日本", "b"], np.eye(2)).save(tmp_path / "v.fqv")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process(["neighbours", str(tmp_path / "v.fqv"), "b"], stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"") and rb"\u65e5\u672c" in done.stdout


class TestEndToEnd:
    @pytest.fixture
    def corpus(self, tmp_path):
        """Two topics that never meet: neighbours must come from one's own."""
        rng = np.random.default_rng(0)
        topics = [[f"{topic}{i}" for i in range(12)] for topic in ("sea", "sky")]
        lines = [" ".join(rng.choice(topics[i % 2], 9)) for i in range(600)]
        path = tmp_path / "text.txt"
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_road(self, run, corpus, tmp_path):
        out, counts = tmp_path / "v.fqv", tmp_path / "c.fqn"
        solve = ("--vector-size", "4", "--workers", "2", "--no-progress")
        code, shown, err = run("solve", corpus, "-o", out, *solve, "--window", "4")
        assert (code, err) == (0, "") and "5,400 tokens in 600 sentences, 24 words" in shown
        code, shown, err = run("neighbours", out, "sea3", "sky5", "--topn", "5")
        found = [line.split()[-1][:3] for line in shown.splitlines()]
        assert (code, err, found) == (0, "", ["sea"] * 6 + ["sky"] * 6)
        # In two steps: the same bits.
        assert run("count", corpus, "-o", counts, "--window", "4", "--no-progress")[0] == 0
        assert run("info", counts)[0] == 0
        again = tmp_path / "again.fqv"
        code, _, err = run("solve", counts, "-o", again, *solve, "--save-spectrum", tmp_path / "s.fqs")
        assert (code, err) == (0, "")
        np.testing.assert_array_equal(WordVectors.load(again).vectors, WordVectors.load(out).vectors)
        assert run("convert", tmp_path / "s.fqs", tmp_path / "two.txt", "--vector-size", "2")[0] == 0
        two = formats.load(tmp_path / "two.txt").vectors
        np.testing.assert_array_equal(two, WordVectors.load(out).vectors[:, :2])

    @pytest.mark.parametrize(
        ("content", "part"),
        [(b"", "bad.txt"), (b"one two three\n", "min_count"), (b"a \xff\xfe b\n" * 9, "not UTF-8")],
    )
    def test_bad_text(self, run, tmp_path, content, part):
        path = tmp_path / "bad.txt"
        path.write_bytes(content)
        failed(run("solve", path, "-o", tmp_path / "v.fqv", "--no-progress"), 1, part)
        assert os.listdir(tmp_path) == ["bad.txt"]

    def test_interrupt(self, tmp_path):
        """Ctrl-C ends the long phases within a second, in one line, and leaves no file behind."""
        words = np.random.default_rng(0).integers(0, 4000, (20_000, 30))  # no structure: a long solve
        np.savetxt(tmp_path / "text.txt", words, "%d")
        code = (
            "import signal, sys; from fastqwem.cli import main;"
            "signal.signal(signal.SIGINT, signal.default_int_handler); sys.stderr.write('ready\\n');"
            "sys.exit(main(sys.argv[1:]))"
        )
        argv = ["solve", tmp_path / "text.txt", "-o", tmp_path / "v.fqv", "--tol", "1e-9", "--no-progress"]
        for wait in (0.1, 1.0):
            command = [sys.executable, "-c", code, *argv]
            with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
                assert running.stderr.readline() == b"ready\n"
                time.sleep(wait)
                running.send_signal(signal.SIGINT)
                start = time.monotonic()
                assert running.stderr.read() == b"fastqwem: interrupted\n"
            assert running.returncode == 130 and time.monotonic() - start < 3  # a second, on a loaded machine
        assert os.listdir(tmp_path) == ["text.txt"]

    def test_missing_text(self, run, tmp_path):
        failed(run("solve", tmp_path / "none.txt", "-o", tmp_path / "v.fqv"), 1, "none.txt")


class TestTrain:
    QUICK = ("--epochs", "2", "--workers", "1", "--no-progress", "--vector-size", "8", "--min-count", "1")

    @pytest.fixture
    def text(self, tmp_path):
        path = tmp_path / "text.txt"
        path.write_text("".join(" ".join(sentence) + "\n" for sentence in topical()))
        return path

    def same(self, path, model):
        np.testing.assert_array_equal(WordVectors.load(path).vectors, model.vectors.vectors)

    def test_all_options_reach_python(self, run, text, tmp_path):
        out, corpus = tmp_path / "v.fqv", tmp_path / "c.fqc"
        argv = (
            "train", text, "-o", out, *self.QUICK, "--objective", "qwem", "--window", "3", "--negative", "2", "--tied",
            "--ns-exponent", "0.5", "--sample", "0.01", "--alpha", "0.01", "--min-alpha", "0.005", "--seed", "7",
            "--shared-negatives", "2", "--init", "normal:0.1", "--held-out", "0.1", "--no-shrink-windows",
        )  # fmt: skip
        kept = tmp_path / "m.fqm"
        code, shown, err = run(*argv, "--save-corpus", corpus, "--save-model", kept)
        assert (code, err) == (0, "")
        model = fastqwem.train(
            fastqwem.Corpus.load(corpus), objective="qwem", window=3, negative=2, tied=True, ns_exponent=0.5,
            sample=0.01, alpha=0.01, min_alpha=0.005, seed=7, shared_negatives=2, init=("normal", 0.1), held_out=0.1,
            shrink_windows=False, epochs=2, workers=1, vector_size=8,
        )  # fmt: skip
        self.same(out, model)
        loaded = fastqwem.TrainedModel.load(kept)
        assert loaded.options == model.options
        assert WordVectors.load(out).metadata == {**model.options.to_json(), "fastqwem": fastqwem.__version__}
        lines = shown.splitlines()
        assert "24,000 tokens in 400 sentences, 24 words" in lines[0]
        for number, record in enumerate(loaded.history, 1):
            assert lines[number].startswith(f"epoch {number} ")
            assert f"loss {record.loss:.5f} ({record.held_out_loss:.5f} held out), " in lines[number]
        assert lines[3].startswith("saved") and lines[4].startswith("memory")
        assert run("convert", kept, tmp_path / "w.txt")[0] == 0
        assert run("info", kept)[0] == 0
        failed(run("train", kept, "-o", out), 1, "holds model, expected text or corpus")

    def test_warm_starts(self, run, text, tmp_path):
        first, second, corpus = tmp_path / "a.fqv", tmp_path / "b.fqv", tmp_path / "c.fqc"
        assert run("train", text, "-o", first, *self.QUICK, "--save-corpus", corpus)[0] == 0
        start = WordVectors.load(first)
        options = {"epochs": 2, "workers": 1, "vector_size": 8}
        quick = self.QUICK[:-2]
        assert run("train", corpus, "-o", second, *quick, "--init", first)[0] == 0
        self.same(second, fastqwem.train(fastqwem.Corpus.load(corpus), init=start, **options))
        spectrum = tmp_path / "s.fqs"
        solve = ("--vector-size", "8", "--no-progress", "--save-spectrum", spectrum)
        assert run("solve", corpus, "-o", first, *solve)[0] == 0
        assert run("train", corpus, "-o", second, *quick, "--init", spectrum)[0] == 0
        start = fastqwem.Spectrum.load(spectrum)
        self.same(second, fastqwem.train(fastqwem.Corpus.load(corpus), init=start, **options))
        failed(run("train", corpus, "-o", second, *quick, "--init", tmp_path / "none"), 1, "none: No such file")

    def test_errors(self, run, text, tmp_path):
        out = tmp_path / "v.fqv"
        failed(run("train", text, "-o", out, *self.QUICK, "--alpha", "1e6"), 1, "diverged in epoch", "lower alpha")
        failed(run("train", text, "-o", out, *self.QUICK, "--checkpoint", tmp_path / "no" / "c"), 1, "no such folder")
        failed(run("train", text, "-o", out, *self.QUICK, "--checkpoint", out), 2, "would overwrite")
        (tmp_path / "one.txt").write_text("a a a\n")
        failed(run("train", tmp_path / "one.txt", "-o", out, *self.QUICK), 1, "at least two words")
        assert sorted(os.listdir(tmp_path)) == ["one.txt", "text.txt"]

    def test_interrupted_and_resumed(self, run, text, tmp_path):
        """Ctrl-C: exit code 130, a checkpoint that says where it is, and the same bits in the end."""
        out, whole, kept = tmp_path / "v.fqv", tmp_path / "w.fqv", tmp_path / "c.fqm"
        options = ("--workers", "1", "--no-progress", "--min-count", "1")
        training = ("--epochs", "60", "--vector-size", "200", "--sample", "0")
        code = (
            "import signal, sys; from fastqwem.cli import main;"
            "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
        )
        argv = ["train", text, "-o", out, *options, *training, "--checkpoint", kept]
        with subprocess.Popen([sys.executable, "-c", code, *argv], stderr=subprocess.PIPE) as running:
            while not kept.exists() and running.poll() is None:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            assert running.stderr.read().decode() == f"fastqwem: interrupted; go on with --resume {kept}\n"
        assert running.returncode == 130 and not out.exists()
        assert fastqwem.TrainedModel.load(kept).done[0] < 60
        assert run("train", text, "-o", out, *options, "--resume", kept, "--checkpoint", kept)[0] == 0
        assert run("train", text, "-o", whole, *options, *training)[0] == 0
        np.testing.assert_array_equal(WordVectors.load(out).vectors, WordVectors.load(whole).vectors)
        assert fastqwem.TrainedModel.load(kept).done == (60, 0)


class TestFactorize:
    @pytest.fixture
    def counts(self, tmp_path):
        text = tmp_path / "text.txt"
        text.write_text("\n".join(" ".join(sentence) for sentence in topical(60)))
        corpus = fastqwem.Corpus.from_text(text, min_count=1)
        path = tmp_path / "c.fqn"
        fastqwem.count(corpus, 4).save(path)
        return str(path)

    def test_road(self, run, counts, tmp_path):
        text, out = tmp_path / "text.txt", tmp_path / "v.fqv"
        argv = [
            "--min-count",
            "1",
            "--window",
            "4",
            "--vector-size",
            "4",
            "--sample",
            "0",
            "--sweeps",
            "3",
            "--tol",
            "0",
        ]
        code, said, err = run(
            "factorize", text, "-o", out, *argv, "--save-counts", tmp_path / "n.fqn", "--save-model", tmp_path / "m.fqz"
        )
        assert (code, err) == (0, "") and "4 dimensions, loss " in said and "after 3 sweeps" in said
        loaded = fastqwem.Cooccurrence.load(tmp_path / "n.fqn")
        expected = fastqwem.factorize(loaded, 4, sample=0, sweeps=3, tol=0)
        vectors = WordVectors.load(out)
        assert np.array_equal(vectors.vectors, expected.matrix())
        assert vectors.metadata["window"] == 4 and vectors.metadata["ridge"] == cli.FACTORIZING_DEFAULTS["ridge"]
        assert run("convert", tmp_path / "m.fqz", tmp_path / "v.npy")[0] == 0
        assert np.array_equal(np.load(tmp_path / "v.npy"), expected.matrix())
        code, said, _ = run("info", tmp_path / "m.fqz")
        assert code == 0 and "factorization" in said

    def test_all_options_reach_python(self, run, counts, tmp_path):
        options = {
            "vector_size": 3, "negative": 2.0, "ns_exponent": 0.5, "sample": 0.01, "ridge": 3.0, "ridge_exponent": 0.5,
            "sweeps": 4, "steps": 3, "tol": 0.0, "start": "random", "seed": 7, "precision": "byte",
        }  # fmt: skip
        argv = [part for name, value in options.items() for part in (cli_parser.flag(name), value)]
        out = tmp_path / "v.fqv"
        loaded = fastqwem.Cooccurrence.load(counts)
        thinned = (["--vectors", "concat", "--thinning", "2,0.5"], {"output": "concat", "thinning": [2.0, 0.5]})
        for more, extra in (thinned, (["--tied"], {"tied": True})):
            assert run("factorize", counts, "-o", out, *argv, *more)[0] == 0
            expected = fastqwem.factorize(loaded, **options, **extra).matrix()
            assert np.array_equal(WordVectors.load(out).vectors, expected)

    def test_starts_from_files(self, run, counts, tmp_path):
        out, small = tmp_path / "v.fqv", ["--vector-size", "3", "--tol", "0"]
        loaded = fastqwem.Cooccurrence.load(counts)
        assert run("factorize", counts, "-o", out, *small, "--sweeps", "1", "--save-model", tmp_path / "m.fqz")[0] == 0
        assert run("factorize", counts, "-o", out, *small, "--sweeps", "1", "--start", tmp_path / "m.fqz")[0] == 0
        whole = fastqwem.factorize(loaded, 3, sweeps=2, tol=0).matrix()
        assert np.array_equal(WordVectors.load(out).vectors, whole)
        assert run("solve", counts, "-o", out, "--vector-size", "3", "--save-spectrum", tmp_path / "s.fqs")[0] == 0
        assert run("factorize", counts, "-o", out, *small, "--start", tmp_path / "s.fqs")[0] == 0
        failed(run("factorize", counts, "-o", out, "--start", counts), 1, "neither a spectrum nor a factorization")
        failed(
            run("factorize", counts, "-o", out, "--start", tmp_path / "m.fqz"),
            1,
            "start must have shape",
            "got (24, 3)",
        )
        failed(run("factorize", counts, "-o", tmp_path / "m.fqz", "--start", tmp_path / "m.fqz"), 2, "suffix")
        failed(run("factorize", counts, "-o", out, "--window", "3"), 2, "--window has no effect")
