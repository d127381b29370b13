"""What the figures are made from, each made when first asked for and then kept."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fastqwem import Cooccurrence, Corpus, Spectrum, Target, TrainedModel, WordVectors, count, solve, train
from fastqwem.storage import atomic_write
from fastqwem.theory import plot, train_sampled
from fastqwem.theory.measured import Plan, plan

INIT = 1e-4  # standard deviation of the entries of small starts; the paper's is 1e-12 / sqrt(d)
QWEM_STEP, QWEM_BATCH = 0.25, 200_000  # time per step of SGD in units of one over the first eigenvalue; pairs per step


@dataclass(frozen=True)
class Row:
    """A number of ours beside the paper's."""

    what: str
    ours: float | str
    paper: float | str
    why: str = ""

    def __str__(self) -> str:
        def shown(value: float | str) -> str:
            return value if isinstance(value, str) else f"{value:.4g}"

        line = f"{self.what:52} ours {shown(self.ours):>10}   paper {shown(self.paper):>10}"
        return f"{line}   {self.why}".rstrip()


class Material:
    """Corpus, counts, spectra and models of one text."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    @cached_property
    def corpus(self) -> Corpus:
        """The text in the most frequent words; others are removed before windowing, as in the paper."""
        return Corpus.from_text(self.options.text, max_vocab=self.options.max_vocab, progress=False)

    @property
    def less_text(self) -> str:
        """Why most numbers differ."""
        return f"{self.corpus.n_tokens / 1e6:,.0f} M tokens instead of 2,000 M"

    @cached_property
    def counts(self) -> Cooccurrence:
        return count(self.corpus, self.options.window, progress=False)

    @cached_property
    def target(self) -> Target:
        return Target(self.counts)

    @cached_property
    def spectrum(self) -> Spectrum:
        return self.solved(self.options.vector_size)

    @cached_property
    def long_spectrum(self) -> Spectrum:
        """As many pairs as the figures on task vectors want."""
        return self.solved(max(self.options.pairs, self.options.vector_size))

    def solved(self, size: int, kind: str = "qwem") -> Spectrum:
        """Solve one of the matrices."""
        target = self.target if kind == "qwem" else Target(self.counts, kind=kind)
        return solve(target, min(size, self.options.max_vocab), progress=False)

    def word2vec(self, objective: str = "sgns", **options: Any) -> TrainedModel:
        """Train as the paper does as far as `train` can: window, one negative, tied vectors."""
        given = {"vector_size": self.options.vector_size, "negative": 1, "sample": 1e-4, "epochs": self.options.epochs}
        return train(self.corpus, objective, window=self.options.window, tied=True, progress=False, **(given | options))

    @cached_property
    def qwem_plan(self) -> tuple[Plan, int]:
        """The start of `qwem`, what is learned from there and when, and how many steps that takes."""
        d = self.options.vector_size
        planned = plan(self.spectrum, d, d, INIT)
        return planned, int(planned.end * float(planned.values[0]) / QWEM_STEP)

    @property
    def noise(self) -> str:
        """Why QWEM by sampling is not where exact gradients end."""
        return f"noise of {self.qwem_plan[1] * QWEM_BATCH / 1e6:,.0f} M sampled pairs; exact gradients end at svd(M*)"

    @cached_property
    def qwem(self) -> WordVectors:
        """QWEM by stochastic descent in the paper's setting, until the modes that are learned at all should be.

        Steps shrink tenfold over the last eighth, for the noise of sampling shrinks with them; the paper's do too.
        """
        planned, steps = self.qwem_plan
        sizes = np.full(steps, planned.end / steps)
        sizes[-max(1, steps // 8) :] /= 10
        run = train_sampled(
            self.target, step=sizes, max_steps=steps, batch=QWEM_BATCH, init=planned.start, progress=False
        )
        return WordVectors(self.counts.vocab, run.input_vectors)

    @cached_property
    def sgns(self) -> TrainedModel:
        """word2vec at its usual start."""
        return self.word2vec()

    @cached_property
    def sets(self) -> Path:
        """The folder of the evaluation sets."""
        folder = os.environ.get("FASTQWEM_DATA")
        if folder is None:
            raise SystemExit("set FASTQWEM_DATA to the folder that holds eval/")
        return Path(folder) / "eval"

    @property
    def questions(self) -> Path:
        return self.sets / "questions-words.txt"


def save(figure: Any, path: Path) -> None:
    """Write a picture."""
    with atomic_write(path) as file:
        file.write(plot.encode(figure))
    print(f"   {path}")
