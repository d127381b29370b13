"""gensim's own tests, taken from the gensim that is installed and run in a process of their own on our classes.

Nothing of them is copied: their names are read from the installed file, their outcomes from the process that runs
them (see `gensim_plugin`). `CANNOT_PASS` is the whole list of those that fail here, and may only shrink: a test in it
that passes is a failure too.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SUITES = ("test_keyedvectors", "test_word2vec", "test_phrases")

# "suite::Class::test" -> why it cannot pass.
CANNOT_PASS: dict[str, str] = {}

# Tests of gensim that fail now and then on gensim itself: asked up to three times.
FLAKY = {"test_word2vec::TestWord2VecModel::test_parallel"}

# Tests of seconds to minutes, run with -m slow only.
SLOW: set[str] = set()

_TIME_LIMIT = 1800  # seconds for one process
_HERE = Path(__file__).parent


def _installed(suite: str) -> Path | None:
    """Return the path of a file of tests in the installed gensim, without importing it."""
    spec = importlib.util.find_spec("gensim")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "test" / f"{suite}.py"
    return path if path.is_file() else None


def missing(suite: str) -> str:
    """Return why the tests cannot run here, or ""."""
    if _installed(suite) is None:
        return "gensim is not installed, or without its tests"
    if importlib.util.find_spec("testfixtures") is None:
        return "testfixtures, which gensim's tests use, is not installed"
    return ""


def names(suite: str) -> list[str]:
    """Return "Class::test" for every test of a suite, in the order of the file."""
    path = _installed(suite)
    if path is None:
        return []
    groups = {group.name: group for group in ast.parse(path.read_text("utf-8")).body if isinstance(group, ast.ClassDef)}
    return [f"{name}::{test}" for name in groups if _is_case(name, groups) for test in _tests(name, groups)]


def _bases(name: str, groups: dict[str, ast.ClassDef]) -> list[str]:
    """Return a class and those that it inherits from, as far as the file defines them; others by their name."""
    if name not in groups:
        return [name]
    return [name, *(above for base in groups[name].bases for above in _bases(ast.unparse(base), groups))]


def _is_case(name: str, groups: dict[str, ast.ClassDef]) -> bool:
    return "unittest.TestCase" in _bases(name, groups)


def _tests(name: str, groups: dict[str, ast.ClassDef]) -> list[str]:
    """Return the tests of a class in the order of the file, inherited ones included, each once."""
    nodes = [node for base in _bases(name, groups) if base in groups for node in groups[base].body]
    found = (node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test"))
    return list(dict.fromkeys(found))


def cases(suite: str) -> list[object]:
    """Return what `pytest.mark.parametrize` takes: a case per test, or one that is skipped and says why."""
    reason = missing(suite)
    if reason:
        return [pytest.param("", marks=pytest.mark.skip(reason=reason), id=suite)]
    return [
        pytest.param(name, marks=[pytest.mark.slow] if f"{suite}::{name}" in SLOW else [], id=name)
        for name in names(suite)
    ]


@dataclass
class Outcomes:
    """What became of the tests of a suite; they run together, on the first question, in one process.

    Attributes
    ----------
    wanted : list of str
        "Class::test" of those to run.
    """

    suite: str
    folder: Path
    wanted: list[str]
    found: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def run(self, wanted: list[str]) -> None:
        """Run tests and note their outcomes."""
        report = self.folder / f"{self.suite}.jsonl"
        report.unlink(missing_ok=True)
        path = os.pathsep.join([str(_HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "GENSIM_SUITE_REPORT": str(report), "PYTHONPATH": path}
        environment.pop("PYTEST_ADDOPTS", None)
        options = ["-p", "gensim_plugin", "-p", "no:cacheprovider", "-q", "--rootdir", str(self.folder)]
        tests = [f"gensim.test.{self.suite}::{name}" for name in wanted]
        command = [sys.executable, "-m", "pytest", *options, "-c", os.devnull, "--pyargs", *tests]
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=_TIME_LIMIT
            )
            self.log = done.stdout[-4000:] + done.stderr[-4000:]
        except subprocess.TimeoutExpired:
            self.log = f"the process was stopped after {_TIME_LIMIT} seconds"
        if report.exists():
            for line in report.read_text().splitlines():
                entry = json.loads(line)
                self.found[entry["name"]] = entry

    def of(self, name: str) -> tuple[str, str]:
        """Return (outcome, text): "passed", "failed" or "skipped"; "failed" too if the process died before."""
        if not self.found and not self.log:
            self.run(self.wanted)
        attempts = 3 if f"{self.suite}::{name}" in FLAKY else 1
        while attempts > 1 and self.found.get(name, {}).get("outcome") == "failed":
            attempts -= 1
            self.run([name])
        entry = self.found.get(name, {"outcome": "failed", "text": f"never finished:\n{self.log}"})
        return entry["outcome"], entry["text"]


def judge(outcomes: Outcomes, name: str) -> None:
    """Fail, skip or pass as gensim's test did, and hold `CANNOT_PASS` to the truth."""
    reason = CANNOT_PASS.get(f"{outcomes.suite}::{name}")
    outcome, text = outcomes.of(name)
    if outcome == "skipped":
        pytest.skip(text)
    if reason is not None:
        assert outcome == "failed", f"passes now: take it off CANNOT_PASS ({reason})"
        pytest.xfail(reason)
    assert outcome == "passed", text


def no_word2vec() -> bool:
    """Tell whether our Word2Vec is still to come."""
    return importlib.util.find_spec("fastqwem.models.word2vec") is None
