"""The scores by which trained vectors are compared: analogies, and correlations with human ratings of word pairs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fastqwem import WordVectors
from fastqwem.vectors import evaluate

RESTRICT = 10_000  # words that take part in analogies, and in the second figure of each set of ratings
RATINGS = {"MEN": "MEN-TR-3k", "WS-353": "WS-353-ALL", "SimLex": "SIMLEX-999"}


def sets_folder() -> Path:
    """Return the folder eval of FASTQWEM_DATA."""
    folder = os.environ.get("FASTQWEM_DATA")
    if folder is None:
        raise SystemExit("set FASTQWEM_DATA to the folder that holds eval/")
    return Path(folder) / "eval"


def scores(vectors: WordVectors, sets: Path) -> dict[str, float]:
    """Return accuracy over questions of the top words, and Spearman correlations over all words and the top ones."""
    found = {"analogies": evaluate.analogies(vectors, sets / "questions-words.txt", RESTRICT).accuracy}
    for cut, mark in ((None, ""), (RESTRICT, "@10k")):
        for short, name in RATINGS.items():
            path = sets / "similarity" / f"EN-{name}.txt"
            found[short + mark] = evaluate.similarity(vectors, path, cut).spearman
    return found


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, NaN for a single value."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)
