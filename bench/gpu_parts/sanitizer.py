"""Small training runs under compute-sanitizer: no access outside of memory, no race in shared memory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .setup import LeftOut, Setup

RUNS = {
    "sgns": {}, "qwem": {"objective": "qwem"}, "qwem, exact": {"objective": "qwem", "exact_negatives": True},
    "sgns, gaps": {"held_out": 0.2},
}  # fmt: skip
# racecheck sees shared memory only; between warps rows change in global memory, by atomic additions alone
TOOLS = {"memcheck": r"ERROR SUMMARY: (\d+) error", "racecheck": r"RACECHECK SUMMARY: (\d+) hazard"}
_SMALL = Path(__file__).parent / "small_run.py"


def run(setup: Setup) -> None:
    """Run each tool over each kind of kernel, in a process of its own."""
    program = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if program is None:
        raise LeftOut("compute-sanitizer is not on PATH")
    for tool, summary in TOOLS.items():
        for name, changes in RUNS.items():
            with setup.report.trying(f"{tool}, {name}"):
                setup.budget.check(60)
                arguments = [f"{key}={value}" for key, value in changes.items()]
                count = found(
                    [program, "--tool", tool, sys.executable, str(_SMALL), "32", "2000", "--", *arguments], summary
                )
                setup.report.judge(f"{tool}, {name}", count == 0, "errors or hazards reported", float(count))


def found(command: list[str], summary: str) -> int:
    """Run a command and return the number in its summary; RuntimeError if there is none."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    said = done.stdout + done.stderr
    match = re.search(summary, said)
    if match is None or "trained" not in said:
        raise RuntimeError(f"no summary, exit status {done.returncode}: {said[-300:]}")
    return int(match[1])
