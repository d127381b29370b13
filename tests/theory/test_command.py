"""`fastqwem theory` on the command line."""

from __future__ import annotations

import json
import sys

import pytest
from commands import failed, runner
from topics import topical

from fastqwem import Corpus, Target, count, solve
from fastqwem.theory import plot

TOPICS = ("sea", "sky", "tea", "war", "art", "law")
QUICK = ("--vector-size", "20", "--trained-size", "16", "--modes", "4", "--no-progress")


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setattr(plot, "encode", lambda figure: b"PNG")  # pictures are looked at in test_report.py

    return runner(capsys)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(words) for words in topical(600, topics=TOPICS)))
    return path


@pytest.fixture(scope="module")
def counts(text):
    return count(Corpus.from_text(text, progress=False), 8, progress=False)


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.txt"
    pairs = [f"sea{i} sky{i}" for i in range(4)]
    path.write_text(": places\n" + "\n".join(f"{a} {b}" for a in pairs for b in pairs if a != b))
    return path


def numbers(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_text_to_report(run, text, counts, questions, tmp_path):
    out = tmp_path / "report"
    code, shown, err = run("theory", text, "-o", out, *QUICK, "--window", "8", "--analogies", questions, "--seed", "3")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in shown.splitlines()] == [
        "corpus", "counts", "spectrum", "theory", "training", "pictures", "saved", "memory",
    ]  # fmt: skip
    assert "72 words" in shown and str(out / "report.html") in shown
    made = numbers(out)
    expected = solve(Target(counts), 20, seed=3, progress=False).values
    assert made["spectrum"]["eigenvalues"] == pytest.approx(expected.tolist(), rel=1e-6)
    assert made["seed"] == 3 and made["staircase"]["measured"]["vector_size"] == 16
    assert set(made["analogies"]) == {"places"} and made["staircase"]["modes"] == 4


def test_counts_and_options_of_the_target(run, counts, tmp_path):
    counts.save(tmp_path / "c.fqn")
    out = tmp_path / "report"
    options = ("--negative", "2", "--no-training", "--max-vocab", "40", "--init-scale", "1e-5")
    assert run("theory", tmp_path / "c.fqn", "-o", out, *QUICK, *options)[0] == 0
    made = numbers(out)
    assert made["words"] == 40 and made["target"]["negative"] == 2 and made["init_scale"] == 1e-5
    assert "measured" not in made["staircase"]


def test_a_spectrum(run, counts, tmp_path):
    solve(Target(counts), 20, progress=False).save(tmp_path / "s.fqs")
    out = tmp_path / "report"
    code, shown, _ = run("theory", tmp_path / "s.fqs", "-o", out, "--modes", "4")
    assert code == 0 and "corpus" not in shown
    assert len(numbers(out)["spectrum"]["eigenvalues"]) == 20
    for option in (
        ("--vector-size", "3"),
        ("--window", "3"),
        ("--negative", "2"),
        ("--max-vocab", "9"),
        ("--tol", "1"),
    ):
        failed(run("theory", tmp_path / "s.fqs", "-o", out, *option), 2, f"{option[0]} has no effect", "solved already")
    failed(
        run("theory", tmp_path / "s.fqs", "-o", out, "--training"), 2, "--training has no effect", "nothing is trained"
    )


def test_defaults_are_shown(run):
    out = " ".join(run("theory", "--help")[1].split())
    assert "keep only the N most frequent words (default 10000)" in out and "--no-training" in out


def test_wrong_usage(run, text, counts, tmp_path):
    out = tmp_path / "report"
    counts.save(tmp_path / "c.fqn")
    (tmp_path / "file").write_text("")
    failed(run("theory", text), 2, "required: -o/--output")
    failed(run("theory", text, "-o", out, "--modes", "0"), 2, "modes must be at least 1, got 0")
    failed(run("theory", text, "-o", out, "--kind", "pmi"), 2, "unrecognized arguments: --kind")
    failed(run("theory", text, "-o", tmp_path / "file"), 2, "file is a file: -o takes a folder")
    failed(
        run("theory", tmp_path / "c.fqn", "-o", out, "--window", "3"), 2, "--window has no effect", "counted already"
    )
    failed(run("theory", text, tmp_path / "c.fqn", "-o", out), 2, "holds counts: give it alone")


def test_bad_data(run, text, tmp_path):
    out = tmp_path / "report"
    strange = tmp_path / "q.txt"
    strange.write_text(": none\nparis france rome italy\n")
    failed(run("theory", text, "-o", out, *QUICK, "--analogies", strange), 1, "no family of", "72 words")
    failed(run("theory", text, "-o", out, *QUICK, "--analogies", tmp_path / "none"), 1, "none: No such file")
    failed(run("theory", text, "-o", tmp_path / "no" / "out", *QUICK), 1, "no such folder to write to")
    failed(run("theory", tmp_path / "none.txt", "-o", out), 1, "none.txt")


def test_without_matplotlib_nothing_is_begun(run, text, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    failed(run("theory", text, "-o", tmp_path / "out"), 1, "pictures need matplotlib: pip install 'fastqwem[plot]'")
    assert not (tmp_path / "out").exists()
