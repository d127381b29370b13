"""The samples that the device draws, integer for integer beside the processor's, on real text."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from fastqwem.training.engine import Engine

from .setup import Setup, head

RUNS: dict[str, dict[str, Any]] = {
    "defaults": {}, "seed 2^40 + 1": {"seed": 2**40 + 1}, "one centre a block": {"shared_negatives": 1},
    "eight centres": {"shared_negatives": 8}, "all words, fixed windows": {"sample": 0.0, "shrink_windows": False},
    "a tenth held out": {"held_out": 0.1}, "exact negatives": {"objective": "qwem", "exact_negatives": True},
}  # fmt: skip
EPOCHS = (0, 3)


def run(setup: Setup) -> None:
    """Compare everything that an epoch draws from the first part of the corpus."""
    from fastqwem.training.cuda.engine import CudaEngine

    part = head(setup.corpus, setup.scale.sampled_tokens)
    for name, changes in RUNS.items():
        with setup.report.trying(f"samples, {name}"):
            setup.budget.check(30)
            options = setup.train(head(part, 1), device="cpu", epochs=1, **changes).options
            engine, device = Engine(options, part.vocab), CudaEngine(replace(options, device="cuda"), part.vocab)
            different, drawn = 0, 0
            for epoch in EPOCHS:
                theirs = engine.trainer.samples(part.ids, part.offsets, epoch, os.cpu_count() or 1)
                mine = device.trainer.samples(part.ids, part.offsets, epoch)
                different += sum(not np.array_equal(mine[key], theirs[key]) for key in theirs)
                drawn += sum(each.size for each in theirs.values())
            note = f"{drawn:,} integers: centres, blocks, pairs, negatives of {len(EPOCHS)} epochs"
            setup.report.judge(f"samples, {name}", different == 0, note, float(different), "lists differ")
