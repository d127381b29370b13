"""How time, memory and disk of every phase grow with the text: ``python bench/scaling.py TEXT [--megabytes 10 100 0]``.

Takes the first so many megabytes of the text (0: all of it), runs each phase in a process of its own and fits
``cost ~ size ** exponent`` through the sizes. Costs are processor seconds of the phase's own work, which other
processes on the machine disturb less than wall time; a size is run three times if that takes little, and the least
counts. docs/scaling.md says what the constants are for.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import phases

_REPEATED = 5.0  # seconds of CPU below which a phase runs three times
_PHASES = ("encode", "count", "solve", "factorize", "train")


def head(text: Path, megabytes: float, folder: Path) -> Path:
    """Return a file that holds the first lines of a text, up to so many megabytes; the text itself for 0."""
    limit = int(megabytes * 1e6)
    if not limit or text.stat().st_size <= limit:
        return text
    path = folder / f"{megabytes:g}.txt"
    with text.open("rb") as file, path.open("wb") as out:
        out.write(file.read(limit).rsplit(b"\n", 1)[0] + b"\n")
    return path


def least(phase: str, folder: Path, **options: Any) -> phases.Options:
    """Return the figures of the run of a phase that took the least processor time."""
    made = [phases.measure(phase, str(folder), **options)]
    while made[0]["cpu_work"] < _REPEATED and len(made) < 3:
        made.append(phases.measure(phase, str(folder), **options))
    return min(made, key=lambda figures: figures["cpu_work"])


def jobs(path: Path, folder: Path, options: argparse.Namespace) -> dict[str, phases.Options]:
    """Return the options of every phase, in the order in which they can run."""
    corpus, counts = str(folder / "text.fqc"), str(folder / "text.fqn")
    size, memory = options.vector_size, options.memory
    machine = {"workers": options.workers} | ({"memory": memory} if memory else {})
    return {
        "encode": {"texts": [str(path)], "out": corpus, "max_vocab": options.max_vocab, **machine},
        "count": {"corpus": corpus, "out": counts, "window": options.window, **machine},
        "solve": {"counts": counts, "out": str(folder / "text.fqs"), "vector_size": size, **machine},
        "factorize": {"counts": counts, "out": str(folder / "text.fqm"), "vector_size": size, **machine},
        "train": {"corpus": corpus, "out": str(folder / "text.fqt"), "vector_size": 100, "workers": options.workers},
    }


def units(phase: str, found: dict[str, phases.Options], options: argparse.Namespace) -> float:
    """Return how many units of work a phase had: what its constant in docs/scaling.md is per."""
    text, nonzeros = found["encode"], found["count"]["nonzeros"]
    if phase == "encode":
        return float(text["raw_tokens"])
    if phase == "count":
        return 2.0 * options.window * text["tokens"]
    if phase == "solve":
        return 16.0 * nonzeros * found["solve"]["passes"]
    return float(text["tokens"] if phase == "train" else nonzeros * options.vector_size)


UNITS = {
    "encode": "raw token",
    "count": "token and place in the window",
    "solve": "nonzero and vector of a pass",
    "factorize": "nonzero and dimension, of the start and a sweep",
    "train": "token",
}


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Return the slope of log cost over log size."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def main() -> None:
    """Measure and fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--megabytes", nargs="+", type=float, default=[10, 100, 0])
    parser.add_argument("--phases", nargs="+", default=list(_PHASES), choices=_PHASES)
    parser.add_argument("--max-vocab", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--memory", default=None, help="a budget for every phase")
    parser.add_argument("--folder", default=None, help="where files go")
    options = parser.parse_args()
    every: list[dict[str, phases.Options]] = []
    print(f"V = {options.max_vocab:,} at most, window {options.window}, d = {options.vector_size} (train 100)")
    print("| phase | raw tokens | tokens | words | nonzeros | s of CPU | s | peak MB | scratch MB | file MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        for megabytes in options.megabytes:
            found: dict[str, phases.Options] = {}
            for phase, job in jobs(head(options.text, megabytes, folder), folder, options).items():
                if phase not in options.phases and phase not in ("encode", "count"):
                    continue
                f = found[phase] = least(phase, folder, **job)
                text, nonzeros = found["encode"], found.get("count", {}).get("nonzeros", 0)
                print(
                    f"| {phase} | {text['raw_tokens']:,} | {text['tokens']:,} | {text['words']:,} | {nonzeros:,} | "
                    f"{f['cpu_work']:.2f} | {f['seconds']:.2f} | {f['peak'] / 1e6:.0f} | {f['scratch'] / 1e6:.0f} | "
                    f"{f['written'] / 1e6:.1f} |",
                    flush=True,
                )
            every.append(found)
    tokens = [found["encode"]["raw_tokens"] for found in every]
    print("\n| phase | exponent in tokens | exponent in units | unit | ns of CPU per unit |\n|---|---|---|---|---|")
    for phase in every[0]:
        costs = [found[phase]["cpu_work"] for found in every]
        work = [units(phase, found, options) for found in every]
        grown = [exponent(sizes, costs) if len(every) > 1 else math.nan for sizes in (tokens, work)]
        per = ", ".join(f"{1e9 * cost / size:.3g}" for cost, size in zip(costs, work, strict=True))
        print(f"| {phase} | {grown[0]:.2f} | {grown[1]:.2f} | {UNITS[phase]} | {per} |")


if __name__ == "__main__":
    main()
