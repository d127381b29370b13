"""Other trainers for GPUs on the same text and machine, where they are installed."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

from peers import gpu_word2vec
from peers.program import Settings

from .setup import LeftOut, Setup

EPOCHS = 3  # so that what a peer does before and after its progress lines matters less


def run(setup: Setup) -> None:
    """Add a row per peer, with the ratio to our speed where that has been measured."""
    s = setup.scale
    settings = Settings(s.vector_sizes[0], s.window, s.negative, s.sample, EPOCHS, threads=1, min_count=s.min_count)
    commands = gpu_word2vec.commands(settings)
    if not commands:
        raise LeftOut("absent: neither FASTQWEM_FULL_W2V nor FASTQWEM_GPU_PEER is set")
    if setup.text is None:
        raise LeftOut("peers read plain text, and there is none here")
    text = plain(setup.text, setup.scratch)
    for name, command in commands.items():
        with setup.report.trying(name):
            setup.budget.check(120)
            measured = gpu_word2vec.measure(command, text, settings, setup.scratch, len(setup.corpus.ids))
            rate = measured.words_per_second
            setup.report.add(f"{name}, d = {settings.vector_size}", rate / 1e6, "M words/s", note=ratio(setup, rate))


def ratio(setup: Setup, rate: float) -> str:
    """Return ours over theirs, in words."""
    for row in setup.report.found("speed"):
        facts = row.facts.get("options", {})
        if facts == {"objective": "sgns", "vector_size": setup.scale.vector_sizes[0]}:
            return f"ours {row.facts['words_per_second'] / rate:.2f}x"
    return "measure the part speed for the ratio"


def plain(text: Path, scratch: Path) -> Path:
    """Return the text unpacked."""
    if text.suffix != ".xz":
        return text
    unpacked = scratch / "plain.txt"
    with lzma.open(text) as source, open(unpacked, "wb") as to:
        shutil.copyfileobj(source, to)
    return unpacked
