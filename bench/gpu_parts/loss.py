"""Losses of training on the GPU beside the CPU's, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .setup import Setup

RUNS = (("sgns", {}), ("qwem", {}), ("qwem, exact negatives", {"exact_negatives": True}))
_SPREADS = 3  # of the difference of two means, so that one comparison in a few hundred fails by chance
_FLOOR = 2e-3  # of the loss: the order in which threads meet differs even between two runs on one machine


def run(setup: Setup) -> None:
    """Train with the same seeds on both; the means of each epoch may differ by what seeds differ by."""
    held_out = 0.0 if setup.scale.simulated else 0.001
    for name, changes in RUNS:
        with setup.report.trying(f"loss of {name}"):
            options = {"objective": name[:4], "epochs": setup.scale.loss_epochs, "held_out": held_out, **changes}
            losses = {device: curves(setup, device, options) for device in ("cpu", "cuda")}
            compare(setup, name, losses["cpu"], losses["cuda"])


def curves(setup: Setup, device: str, options: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return the losses by seed and epoch; where positions are held out, theirs follow."""
    found = []
    for seed in setup.scale.seeds:
        setup.budget.check(20)
        history = setup.train(device=device, seed=seed, **options).history
        held = [record.held_out_loss for record in history if record.held_out_loss is not None]
        found.append([record.loss for record in history] + held)
    return np.array(found)


def compare(setup: Setup, name: str, cpu: np.ndarray[Any, Any], gpu: np.ndarray[Any, Any]) -> None:
    """Add a row per epoch."""
    epochs = setup.scale.loss_epochs
    for at in range(cpu.shape[1]):
        held = ", held out" if at >= epochs else ""
        mine, theirs = gpu[:, at].mean(), cpu[:, at].mean()
        error = np.sqrt((gpu[:, at].var(ddof=1) + cpu[:, at].var(ddof=1)) / len(cpu))
        bar = max(_SPREADS * error, _FLOOR * abs(theirs))
        setup.report.judge(
            f"loss of {name}, epoch {at % epochs + 1}{held}",
            bool(abs(mine - theirs) <= bar),
            f"cpu {theirs:.5f}, difference {mine - theirs:+.5f}, allowed {bar:.5f}",
            float(mine),
        )
