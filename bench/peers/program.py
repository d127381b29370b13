"""What the adapters of trainers share: settings in our names, and the speed of a program by the progress it prints."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRESS = re.compile(rb"Progress: *([0-9.]+)%")


@dataclass(frozen=True)
class Settings:
    """What every trainer is told; the vocabulary is words with at least `min_count` occurrences everywhere."""

    vector_size: int = 100
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    epochs: int = 1
    threads: int = 2
    cbow: bool = False
    min_count: int = 5


@dataclass(frozen=True)
class Measured:
    """Tokens of the vocabulary, before subsampling, per second of wall time spent training; and the vectors' file."""

    words_per_second: float
    vectors: Path


def named_by(variable: str) -> Path | None:
    """Return the program that an environment variable names, or None."""
    path = Path(os.environ.get(variable, ""))
    return path.absolute() if path.is_file() and os.access(path, os.X_OK) else None


def run(command: Sequence[str | Path], text: Path, scratch: Path) -> float:
    """Run a trainer on `scratch`/text, a link to `text`, and return the share of its training that it does in a second.

    Our clock reads the time at each line of progress; the speed is what was done between the first line and the last.
    So reading the text, building the vocabulary and tables and writing vectors stay outside for each program alike,
    and its own idea of a word or of time (word2vec.c counts line ends and processor time, fastText words outside
    the vocabulary) does not matter. Relative names, because these programs keep paths in 100 bytes.
    """
    link = scratch / "text"
    link.unlink(missing_ok=True)
    link.symlink_to(text.absolute())
    with subprocess.Popen(command, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        marks, printed = [], b""
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            now = time.perf_counter()
            printed = (printed + piece)[-500:]
            if found := _PROGRESS.findall(printed):
                marks.append((now, float(found[-1]) / 100))
                printed = printed[printed.rindex(b"%") :]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed)
    if len(marks) < 2 or marks[-1][1] - marks[0][1] < 0.5:
        raise RuntimeError(f"{command[0]} showed too little progress to be measured: is the text too short?")
    (begin, first), (end, last) = marks[0], marks[-1]
    if last < 0.9:  # one copy of word2vec.c leaves a thread without work after its first epoch
        raise RuntimeError(f"{command[0]} ended after {last:.0%} of its training")
    return (last - first) / (end - begin)
