"""House rules as tests: which way imports point, where Python.h may appear, stubs that match the module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import fastqwem
from fastqwem import _core

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fastqwem"
CSRC = ROOT / "csrc"
UNPICKLER = PACKAGE / "models" / "gensim_files.py"
needs_sources = pytest.mark.skipif(not CSRC.exists(), reason="the C++ sources are not here")

# Imports point from left to right: a layer may use those to the right of it, and itself.
PYTHON_LAYERS = [
    {"cli", "interop", "models"}, {"theory"}, {"training", "spectral"}, {"counts", "vectors"}, {"text"}, {"*base*"},
]  # fmt: skip
CPP_LAYERS = [{"bind"}, {"training", "spectral", "counts", "vectors", "text"}, {"simd"}, {"core"}]


def rank(layers: list[set[str]], name: str) -> int:
    for depth, layer in enumerate(layers):
        if name in layer:
            return depth
    return len(layers) - 1


def allowed(layers: list[set[str]], user: str, used: str) -> bool:
    return user == used or rank(layers, user) < rank(layers, used) or rank(layers, user) == len(layers) - 1


def python_imports(path: Path):
    """The modules of our own package that a file imports, as dotted names."""
    here = ("fastqwem", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = [*here[: len(here) - node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ([module] if node.module else [f"{module}.{alias.name}" for alias in node.names])
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer_of(dotted: str) -> str:
    part = dotted.split(".")[1] if "." in dotted else ""
    part = "cli" if part.startswith("cli") else part
    return part if any(part in layer for layer in PYTHON_LAYERS) else "*base*"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_python_layers(path):
    here = layer_of(".".join(("fastqwem", *path.relative_to(PACKAGE).with_suffix("").parts)))
    if path == PACKAGE / "__init__.py":
        return
    for module in python_imports(path):
        if module.split(".")[0] == "fastqwem":
            assert allowed(PYTHON_LAYERS, here, layer_of(module)), f"{here} must not import {module}"


@needs_sources
@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.[chi]*")), ids=lambda p: str(p.relative_to(ROOT)))
def test_cpp_layers(path):
    here = path.relative_to(CSRC).parts[0]
    text = path.read_text()
    for included in re.findall(r'#include "([^/"]+)/', text):
        assert allowed(CPP_LAYERS, here, included), f"{here} must not include {included}"
    if here != "bind":
        assert not re.search(r"#include <(pybind11|Python\.h)", text)
    assert not re.search(r"#include <iostream>|std::cout|std::cerr|\bprintf\(|\babort\(|\bexit\(", text)
    assert text.isascii()


def test_stub_names_every_compiled_name():
    stub = ast.parse((PACKAGE / "_core.pyi").read_text())
    named = {n.name for n in stub.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    named |= {n.target.id for n in stub.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
    compiled = {name for name in dir(_core) if not name.startswith("__")}
    assert named == compiled


def test_compiled_functions_are_documented():
    for name in dir(_core):
        item = getattr(_core, name)
        if callable(item) and not name.startswith("__"):
            lines = (item.__doc__ or "").strip().splitlines()
            assert len(lines) > 1 or isinstance(item, type), f"_core.{name} has no docstring"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_pickle(path):
    """One module unpickles, what gensim saved, and that by a list of what a file may name."""
    text = path.read_text()
    assert "allow_pickle=True" not in text
    if path == UNPICKLER:
        assert set(re.findall(r"\bpickle\.(\w+)", text)) == {"Unpickler", "UnpicklingError"}
    else:
        assert not re.search(r"\bimport pickle|\bpickle\.", text)


def public_functions():
    for name in fastqwem.__all__:
        item = getattr(fastqwem, name)
        if callable(item):
            yield name, item
        if isinstance(item, type):
            for attribute, member in vars(item).items():
                function = getattr(member, "__func__", getattr(member, "fget", member))
                if callable(function) and not attribute.startswith("_"):
                    yield f"{name}.{attribute}", function


@pytest.mark.parametrize(("name", "function"), list(public_functions()))
def test_public_names_are_documented(name, function):
    assert function.__doc__, f"{name} has no docstring"


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", fastqwem.__version__)


def test_show_config(capsys):
    fastqwem.show_config()
    shown = capsys.readouterr().out
    for word in (fastqwem.__version__, "compiler", "ISA in use", "ISA available", "threads", "CUDA"):
        assert word in shown


def test_a_forced_instruction_set_that_does_not_exist():
    with pytest.raises(ValueError, match=r'one this processor runs \(baseline.*got "mmx"'):
        _core.force_isa("mmx")
