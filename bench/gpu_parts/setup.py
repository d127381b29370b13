"""What the parts work on and where their figures go: sizes, corpora, the time that is left, and the table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastqwem import Corpus, Vocab, train


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    vector_sizes: tuple[int, ...] = (128, 300)
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    min_count: int = 5
    seeds: tuple[int, ...] = (1, 2, 3)
    loss_epochs: int = 3
    quality_epochs: int = 5
    speed_epochs: int = 2
    repeat: int = 3
    warm_tokens: int = 500_000  # trained before anything is timed, so that kernels are compiled
    sampled_tokens: int = 500_000  # whose samples are compared
    synthetic: tuple[int, int] = (150_000, 50_000_000)  # words and tokens of the made-up corpus with a large vocabulary
    copied_bytes: int = 1 << 30  # beyond every cache
    cached_bytes: int = 20 << 20  # within the L2 of an H100 (50 MB) or H200 (60 MB)
    block: int = 16  # columns of the sparse-times-block product
    simulated: bool = False


TOY = Scale(
    vector_sizes=(32,), window=2, negative=2, sample=0.0, min_count=1, seeds=(1, 2), loss_epochs=2, quality_epochs=1,
    speed_epochs=1, repeat=1, warm_tokens=10, sampled_tokens=60, synthetic=(40, 30), copied_bytes=1 << 12,
    cached_bytes=1 << 11, simulated=True,
)  # fmt: skip
"""For the simulator, which needs a tenth of a second per word."""


class LeftOut(Exception):
    """Why a part, or a row of one, was not measured."""


class Budget:
    """The minutes of one call."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    def check(self, expected: float = 0.0) -> None:
        """Raise LeftOut unless so many seconds are left."""
        left = self.end - time.monotonic()
        if left < max(expected, 1.0):
            raise LeftOut(f"no time: {max(left, 0):.0f} s of this call's budget are left, about {expected:.0f} needed")


@dataclass(frozen=True)
class Row:
    """One line of the table; `verdict` is "ok", "FAILED" or "" where nothing is asked, `facts` is for other parts."""

    part: str
    what: str
    value: float | str | None
    unit: str = ""
    verdict: str = ""
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        value = (
            f"{self.value:,.4g}" if isinstance(self.value, float) else str("-" if self.value is None else self.value)
        )
        note = f"   ({self.note})" if self.note else ""
        return f"{self.part:10} {self.what:58} {value:>14} {self.unit:10} {self.verdict:6}{note}".rstrip()


class Report:
    """The rows so far, kept in a file so that parts can be measured by several calls."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.part = ""
        self.rows: list[Row] = []
        if path is not None and path.exists():
            self.rows = [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))]

    def begin(self, part: str) -> None:
        """Forget what an earlier call found for a part; rows go there from now on."""
        self.part = part
        self.rows = [row for row in self.rows if row.part != part]

    def add(self, what: str, value: float | str | None, unit: str = "", **more: Any) -> None:
        """Print and keep a row."""
        if isinstance(value, np.generic):
            value = value.item()
        self.rows.append(Row(self.part, what, float(value) if isinstance(value, int) else value, unit, **more))
        print(self.rows[-1], flush=True)
        self._save()

    def judge(self, what: str, good: bool, note: str, value: float | str | None = None, unit: str = "") -> None:
        """Add a row with a verdict."""
        self.add(what, value, unit, verdict="ok" if good else "FAILED", note=note)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Turn a failure of one row into a row, so that the rest goes on."""
        try:
            yield
        except LeftOut as why:
            self.add(what, None, note=f"left out: {why}")
        except Exception as error:
            self.add(what, None, verdict="FAILED", note=f"{type(error).__name__}: {' '.join(str(error).split())}")

    def found(self, part: str) -> list[Row]:
        """Return the rows of a part, of this call or an earlier one."""
        return [row for row in self.rows if row.part == part]

    def _save(self) -> None:
        if self.path is not None:
            beside = self.path.with_suffix(".part")
            beside.write_text(json.dumps([asdict(row) for row in self.rows], indent=1), encoding="utf-8")
            beside.replace(self.path)


@dataclass(frozen=True)
class Setup:
    """What every part is given."""

    corpus: Corpus
    name: str
    scale: Scale
    report: Report
    budget: Budget
    scratch: Path
    text: Path | None = None  # as plain text, for peers
    second: Callable[[], tuple[str, Corpus]] | None = None  # the corpus with more words, made when asked for
    sets: Path | None = None  # folder of the evaluation sets

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return the options of a training run at this scale."""
        s = self.scale
        fixed = {"vector_size": s.vector_sizes[0], "window": s.window, "negative": s.negative, "sample": s.sample}
        return {**fixed, "progress": False, **changes}

    def train(self, corpus: Corpus | None = None, **changes: Any) -> Any:
        """Train on the corpus, or another."""
        return train(self.corpus if corpus is None else corpus, **self.options(**changes))


def head(corpus: Corpus, tokens: int) -> Corpus:
    """Return the first sentences of a corpus, at least one and about so many tokens, with the whole vocabulary."""
    last = max(1, int(np.searchsorted(corpus.offsets, tokens, "right")) - 1)
    offsets = np.array(corpus.offsets[: last + 1])
    return Corpus(corpus.vocab, np.array(corpus.ids[: offsets[-1]]), offsets)


def zipf_corpus(words: int, tokens: int, sentence: int = 25, seed: int = 0) -> Corpus:
    """Return made-up text of independent words, word r with a probability that falls as 1 / (r + 2.7)."""
    weights = 1 / (np.arange(words) + 2.7)
    edges = np.cumsum(weights / weights.sum())
    rng = np.random.default_rng(seed)
    drawn = [np.searchsorted(edges, rng.random(min(1 << 22, tokens - at))) for at in range(0, tokens, 1 << 22)]
    ids = np.minimum(np.concatenate(drawn), words - 1)
    counts = np.bincount(ids, minlength=words)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(words, np.int32)
    rank[order] = np.arange(words, dtype=np.int32)
    kept = Vocab([f"w{r}" for r in range(words)], np.maximum(counts[order], 1))
    return Corpus(kept, rank[ids], np.append(np.arange(0, tokens, sentence), tokens).astype(np.int64))


def words_per_second(corpus: Corpus, model: Any) -> float:
    """Return raw words per second of training alone."""
    return len(corpus.ids) * len(model.history) / sum(record.seconds for record in model.history)
