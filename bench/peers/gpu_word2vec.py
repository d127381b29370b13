"""Trainers for GPUs with a command line like word2vec's, found through environment variables.

FASTQWEM_FULL_W2V holds the path of FULL-W2V, built for the GPU at hand. FASTQWEM_GPU_PEER holds a whole command with
the places {text} {output} {size} {window} {negative} {sample} {epochs} {min_count}; the program must print its progress
as word2vec does.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from .program import Measured, Settings, named_by, run

BATCH = 10_000  # sentences that FULL-W2V gives the GPU at a time, as in its authors' measurements


def commands(settings: Settings) -> dict[str, list[str | Path]]:
    """Return the commands of those that are there, by name.

    FULL-W2V's windows have a fixed reach. Half of ours, rounded up, has as many contexts in the mean: 3 for 5, whose
    drawn reach is 3 in the mean.
    """
    s = settings
    found: dict[str, list[str | Path]] = {}
    if program := named_by("FASTQWEM_FULL_W2V"):
        found["FULL-W2V"] = [
            program, "-train", "text", "-output", "full_w2v.txt", "-size", str(s.vector_size),
            "-window", str((s.window + 1) // 2), "-negative", str(s.negative), "-sample", str(s.sample),
            "-iter", str(s.epochs), "-threads", "1", "-streams", "1", "-kernel-batch-size", str(BATCH),
            "-min-count", str(s.min_count), "-debug", "2",
        ]  # fmt: skip
    if template := os.environ.get("FASTQWEM_GPU_PEER"):
        filled = template.format(
            text="text", output="peer.txt", size=s.vector_size, window=s.window, negative=s.negative, sample=s.sample,
            epochs=s.epochs, min_count=s.min_count,
        )  # fmt: skip
        found["FASTQWEM_GPU_PEER"] = [*shlex.split(filled)]
    return found


def measure(command: list[str | Path], text: Path, settings: Settings, scratch: Path, n_tokens: int) -> Measured:
    """Train on a text whose vocabulary has `n_tokens` occurrences in it."""
    return Measured(run(command, text, scratch) * n_tokens * settings.epochs, scratch)
