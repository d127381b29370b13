"""Bytes and instructions of a trained word, counted, and the share of what the device can at the speed measured.

Bytes are those that the algorithm must move: each row that a block of centres reads and adds to, from the samples of
the corpus itself. Instructions are those of the machine code, which is compiled here for the H100 and H200 without
asking the device: of each loop its own, times the rounds that the simulator counts. Rarely taken branches count as
taken, and the code outside of loops, which runs once per warp and launch, does not count. So it is an estimate; if
ncu is at hand, what it reports as executed replaces it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from .setup import LeftOut, Setup, head

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TOKENS = (40, 100)  # that the simulator trains: what the longer text costs more is that of words amid a text
TOKENS_EXACT = (16, 40)  # with exact negatives, whose steps of 8 words take the simulator minutes
DATASHEET = {"memory": 4.8e12, "multiprocessors": 132, "clock": 1.98e9}  # H200, if facts were not measured
SCHEDULERS = 4  # of a multiprocessor, each with one instruction per clock
KINDS = {"sgns": {}, "qwem": {}, "qwem, exact": {"exact_negatives": True}}


def run(setup: Setup) -> None:
    """Add bytes and instructions per trained word of each kernel, then the shares of the speeds measured."""
    limits = dict(DATASHEET)
    for row in setup.report.found("facts"):
        limits |= {key: value for key, value in row.facts.items() if key in limits}
    issue = SCHEDULERS * limits["multiprocessors"] * limits["clock"]
    for size in setup.scale.vector_sizes:
        for kind, changes in KINDS.items():
            name = f"{kind}, d = {size}"
            options = {"objective": kind[:4], "vector_size": size, **changes}
            with setup.report.trying(f"{name}: bytes"):
                moved = bytes_per_word(setup, options)
                note = "read and added to, a trained word"
                if "exact" in kind:
                    note += "; second moments, which caches hold, not counted"
                setup.report.add(f"{name}: bytes of rows", moved, "B/word", note=note)
                _shares(setup, name, options, "memory", moved, limits["memory"])
            with setup.report.trying(f"{name}: instructions"):
                setup.budget.check(120)
                count, how = instructions_per_word(setup, kind, options)
                setup.report.add(f"{name}: warp instructions", count, "/word", note=how)
                _shares(setup, name, options, "issue", count, issue)


def _shares(setup: Setup, name: str, options: dict[str, Any], limit: str, each: float, rate: float) -> None:
    """Add the share of a limit for each speed that was measured with these options."""
    for row in setup.report.found("speed"):
        if row.facts.get("options") == options:
            trained = row.facts["words_per_second"] * row.facts["trained_share"]
            note = f"{trained / 1e6:.4g} M trained words/s; the limit allows {rate / each / 1e6:.4g} M"
            setup.report.add(f"{row.what}: share of the {limit} limit", 100 * trained * each / rate, "%", note=note)


def bytes_per_word(setup: Setup, options: dict[str, Any]) -> float:
    """Return the bytes of rows that a trained word moves: a block reads each of its rows once, and adds to it once."""
    from fastqwem.training.engine import Engine

    part = head(setup.corpus, setup.scale.sampled_tokens)
    model = setup.train(head(part, 1), device="cpu", epochs=1, **options)  # whose options are those of the run
    made = Engine(model.options, part.vocab).trainer.samples(part.ids, part.offsets, 0, os.cpu_count() or 1)
    centers = made["centers"]
    blocks = int(made["block"][-1]) + 1
    pairs = made["pairs"]
    block_of_center = dict(zip(centers.tolist(), made["block"].tolist(), strict=True))
    of_pair = np.array([block_of_center[center] for center in pairs[:, 0].tolist()])
    inputs = len(np.unique(np.stack([of_pair, pairs[:, 1]]), axis=1).T)
    rows = inputs + len(centers) + blocks * made["negatives"].shape[1]
    return 2 * 4 * float(options["vector_size"]) * rows / len(centers)


def instructions_per_word(setup: Setup, kind: str, options: dict[str, Any]) -> tuple[float, str]:
    """Return warp instructions of a trained word, and how they were counted."""
    found = executed(setup, options) if shutil.which("ncu") and not setup.scale.simulated else None
    if found is not None:
        return found, "executed, by ncu"
    codes = machine_code(kind, int(options["vector_size"]))
    few, many = (
        simulated(tokens, options | {"window": setup.scale.window, "negative": setup.scale.negative})
        for tokens in ((10, 20) if setup.scale.simulated else TOKENS_EXACT if "exact" in kind else TOKENS)
    )
    rounds = {source: count - few["rounds"].get(source, 0) for source, count in many["rounds"].items()}
    total = sum(loop_instructions(code["loops"], rounds) for code in codes) / (many["words"] - few["words"])
    registers = ", ".join(f"{code['name']} {code['registers']} registers and {code['shared']} B" for code in codes)
    return total, f"estimated from machine code and rounds in the simulator; {registers}"


def simulated(tokens: int, options: dict[str, Any]) -> dict[str, Any]:
    """Return what `line_counts.py` counts."""
    arguments = [f"{name}={value}" for name, value in options.items()]
    said = _python({"NUMBA_ENABLE_CUDASIM": "1"}, str(HERE / "line_counts.py"), str(tokens), *arguments)
    return dict(json.loads(said.splitlines()[-1]))


def machine_code(kind: str, size: int) -> list[dict[str, Any]]:
    """Return what `machine_code.py` tells of the kernel and of the one that draws."""
    said = _python({"NUMBA_ENABLE_CUDASIM": "0"}, str(HERE / "machine_code.py"), kind, str(size))
    return list(json.loads(said.splitlines()[-1]))


def loop_instructions(loops: list[dict[str, Any]], rounds: dict[str, int]) -> float:
    """Return the instructions of all loops, each its own times its rounds.

    A source loop that was compiled several times, for a function that is called in several places or an unrolled loop
    and its rest, counts with the mean of its copies, each for one round. One that the simulator did not see does not
    count.
    """
    copies = defaultdict(list)
    for loop in loops:
        copies[loop["source"]].append(loop["own"])
    return float(sum(rounds.get(source, 0) * np.mean(own) for source, own in copies.items()))


def executed(setup: Setup, options: dict[str, Any]) -> float | None:
    """Return the instructions per trained word that ncu counts on a small run, or None if it may not count."""
    metric = "smsp__inst_executed.sum"
    arguments = [f"{name}={value}" for name, value in options.items()]
    size, rest = str(options["vector_size"]), [each for each in arguments if not each.startswith("vector_size")]
    command = ["ncu", "--csv", "--metrics", metric, sys.executable, str(HERE / "small_run.py"), size, "200000", "--"]
    done = subprocess.run([*command, *rest], capture_output=True, text=True, timeout=400)
    counts = re.findall(rf'"{re.escape(metric)}","inst","([0-9,.]+)"', done.stdout)
    trained = re.search(r"trained (\d+) words", done.stdout)
    if not counts or trained is None:
        return None
    return sum(float(count.replace(",", "")) for count in counts) / float(trained[1])


def _python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env=os.environ | environment, capture_output=True, text=True, timeout=500
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise (LeftOut if "left out: " in last[0] else RuntimeError)(last[0].partition("left out: ")[2] or last[0])
    return done.stdout
