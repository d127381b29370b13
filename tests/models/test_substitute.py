"""Our classes under gensim's names, in processes of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

import fastqwem.models

needs_gensim = pytest.mark.skipif(importlib.util.find_spec("gensim") is None, reason="gensim is not installed")

PROGRAM = """
import sys
from gensim.models import FastText, KeyedVectors, keyedvectors
from gensim.models.keyedvectors import KeyedVectors as Same
assert KeyedVectors is Same is keyedvectors.KeyedVectors and KeyedVectors.__module__ == "fastqwem.models.keyedvectors"
model = FastText([["a", "b"]], min_count=1, vector_size=2)
assert isinstance(model.wv, KeyedVectors) and not isinstance(3, KeyedVectors)
assert type(model.wv).__module__ == "gensim.models.fasttext" and len(model.wv["any"]) == 2
print(sys.argv)
"""


@needs_gensim
def test_a_program_runs_on_ours(tmp_path):
    path = tmp_path / "program.py"
    path.write_text("from beside import text\n" + PROGRAM)
    (tmp_path / "beside.py").write_text("text = ''\n")
    command = [sys.executable, "-m", "fastqwem.models", str(path), "argument"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([str(path), "argument"])


def test_without_a_program():
    done = subprocess.run([sys.executable, "-m", "fastqwem.models"], capture_output=True, text=True)
    assert done.returncode == 1 and "PROGRAM [ARGUMENT ...]" in done.stderr


def test_names():
    assert "KeyedVectors" in dir(fastqwem.models)
    with pytest.raises(AttributeError, match="has no attribute 'FastText'"):
        fastqwem.models.FastText  # noqa: B018
