"""Analogies and human ratings of vectors from the GPU beside the CPU's, at the options whose speed is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from scoring import mean_and_error, scores

from .setup import LeftOut, Setup, words_per_second


def run(setup: Setup) -> None:
    """Score both sides with each seed; a score holds if it is at least the CPU's less one standard error."""
    if setup.sets is None:
        raise LeftOut("set FASTQWEM_DATA to the folder that holds eval/")
    for objective in ("sgns", "qwem"):
        with setup.report.trying(f"quality of {objective}"):
            options = {"objective": objective, "epochs": setup.scale.quality_epochs}
            (theirs, slow), (mine, fast) = (sides(setup, device, options) for device in ("cpu", "cuda"))
            for device, rate in (("cpu", slow), ("cuda", fast)):
                setup.report.add(f"{objective}, {device}: speed of these runs", rate / 1e6, "M words/s")
            for key in mine:
                compare(setup, f"{objective}: {key}", mine[key], theirs[key])


def sides(setup: Setup, device: str, options: dict[str, Any]) -> tuple[dict[str, list[float]], float]:
    """Return the scores of each seed, and the mean of raw words per second."""
    assert setup.sets is not None
    found: dict[str, list[float]] = {}
    rates = []
    for seed in setup.scale.seeds:
        setup.budget.check(60)
        model = setup.train(device=device, seed=seed, **options)
        rates.append(words_per_second(setup.corpus, model))
        for key, value in scores(model.vectors, setup.sets).items():
            found.setdefault(key, []).append(value)
    return found, float(np.mean(rates))


def compare(setup: Setup, what: str, mine: list[float], theirs: list[float]) -> None:
    """Add a row: the GPU's mean, and whether it holds."""
    (mean, error), (bar, spread) = mean_and_error(mine), mean_and_error(theirs)
    allowed = float(np.sqrt(np.nan_to_num(error) ** 2 + np.nan_to_num(spread) ** 2))  # of the difference of two means
    note = f"+- {error:.4f}, cpu {bar:.4f} +- {spread:.4f}, difference {mean - bar:+.4f}"
    if np.isnan(bar):
        setup.report.add(what, mean, note="the vocabulary covers too little of the set")
    else:
        setup.report.judge(what, bool(mean >= bar - allowed), note, mean)
