"""How often a warp goes round each loop of the kernels, by the simulator: ``line_counts.py TOKENS NAME=VALUE ...``.

Trains once and prints JSON: the words trained, and for every loop of the sources under ``fastqwem/training`` that ran
on the device, named "FILE:LINE" by its ``for`` or ``while``, the rounds of all warps together (those of lane 0, which
goes round at least as often as the others). The simulator must be on, ``NUMBA_ENABLE_CUDASIM=1``.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

WARP = 32
Steps = Counter[tuple[str, int, int]]


def loops_of(path: str) -> Iterator[ast.For | ast.While]:
    """Yield the loops of a source file."""
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.For | ast.While):
            yield node


def rounds(steps: Steps) -> dict[str, int]:
    """Return the rounds of each loop: how often its first line followed on its head.

    Parameters
    ----------
    steps : Counter of (file, line, next line)
    """
    found = {}
    for path in {path for path, _, _ in steps}:
        for loop in loops_of(path):
            if count := steps[path, loop.lineno, loop.body[0].lineno]:
                found[f"{path}:{loop.lineno}"] = count
    return found


def counting(folder: str, steps: Steps) -> Callable[..., Any]:
    """Return a function for `threading.settrace` that counts the steps of lane 0 of every warp in files of a folder."""

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        number = getattr(threading.current_thread(), "thread_id", None)  # of a thread of the simulator
        path = frame.f_code.co_filename
        if number is None or number % WARP or not path.startswith(folder):
            return None
        before = frame.f_lineno

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal before
            if event == "line":
                steps[path, before, frame.f_lineno] += 1
                before = frame.f_lineno
            return step

        return step

    return enter


def main() -> None:
    """Train under observation and print what was counted."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import fastqwem
    from gpu_parts.setup import zipf_corpus
    from gpu_parts.small_run import value_of

    sys.path.insert(0, str(Path(__file__).parents[2] / "tests/training/cuda"))
    importlib.import_module("simulator").quicken()
    tokens = int(sys.argv[1])
    changes = {name: value_of(value) for name, _, value in (each.partition("=") for each in sys.argv[2:])}
    corpus = zipf_corpus(2 * tokens, tokens, sentence=tokens)
    steps: Steps = Counter()
    threading.settrace(counting(str(Path(fastqwem.__file__).parent / "training"), steps))
    model = fastqwem.train(corpus, device="cuda", epochs=1, sample=0.0, progress=False, **changes)
    threading.settrace(None)  # type: ignore[arg-type]
    record = model.history[-1]
    print(json.dumps({"words": record.words, "pairs": record.pairs, "rounds": rounds(steps)}))


if __name__ == "__main__":
    main()
