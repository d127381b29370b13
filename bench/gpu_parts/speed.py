"""Raw words per second on the GPU, and beside it on all cores of the processor."""

from __future__ import annotations

import os
import time
from statistics import median
from typing import Any

from fastqwem import Corpus

from .setup import Setup, head, words_per_second

RUNS = (("sgns", {}), ("qwem", {}), ("qwem, exact negatives", {"exact_negatives": True}))


def run(setup: Setup) -> None:
    """Measure each objective at each size on the corpus, then on the one with more words."""
    measure(setup, setup.name, setup.corpus)
    with setup.report.trying("the corpus with more words"):
        if setup.second is not None:
            setup.budget.check(60)
            measure(setup, *setup.second())


def measure(setup: Setup, name: str, corpus: Corpus) -> None:
    """Add the rows of one corpus."""
    warm = head(corpus, setup.scale.warm_tokens)
    for size in setup.scale.vector_sizes:
        for run_name, changes in RUNS:
            what = f"{name}, V = {len(corpus.vocab):,}, d = {size}, {run_name}"
            options = {"objective": run_name[:4], "vector_size": size, "epochs": setup.scale.speed_epochs, **changes}
            with setup.report.trying(what):
                setup.train(warm, device="cuda", **(options | {"epochs": 1}))
                gpu_row(setup, what, corpus, options)
            if run_name == "sgns":
                with setup.report.trying(f"{what}, cpu"):
                    setup.budget.check(60)
                    rate = words_per_second(corpus, setup.train(corpus, device="cpu", **(options | {"epochs": 1})))
                    note = f"{os.cpu_count()} cores"
                    setup.report.add(f"{what}, cpu", rate / 1e6, "M words/s", note=note, facts={"cpu": rate})


def gpu_row(setup: Setup, what: str, corpus: Corpus, options: dict[str, Any]) -> None:
    """Train `repeat` times; the row is the median of training alone, its note every run and the whole calls."""
    rates, calls, model = [], [], None
    for _ in range(setup.scale.repeat):
        setup.budget.check(30)
        start = time.perf_counter()
        model = setup.train(corpus, device="cuda", **options)
        calls.append(len(corpus.ids) * len(model.history) / (time.perf_counter() - start))
        rates.append(words_per_second(corpus, model))
    assert model is not None
    kept = sum(record.words for record in model.history) / (len(corpus.ids) * len(model.history))
    facts = {
        "words_per_second": median(rates), "trained_share": kept, "vocab_size": len(corpus.vocab),
        "options": {key: options[key] for key in ("objective", "vector_size", "exact_negatives") if key in options},
    }  # fmt: skip
    runs = ", ".join(f"{rate / 1e6:.4g}" for rate in rates)
    note = f"runs {runs}; whole calls, copies included: {median(calls) / 1e6:.4g}; {kept:.1%} of the words trained"
    setup.report.add(what, median(rates) / 1e6, "M words/s", note=note, facts=facts)
