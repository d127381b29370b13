"""Word2Vec(sentences) beside gensim's, in one run: ``python bench/gensim_training.py TEXT [options]``.

Both sides get the same list of token lists in memory and the same arguments, gensim's defaults but for the number of
workers; what counts is the whole call, vocabulary included. Sides alternate, medians count. With --quality both are
scored too (needs the evaluation sets of FASTQWEM_DATA, see ``README.md``).
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from gensim.models import Word2Vec as Theirs
from scoring import scores, sets_folder

from fastqwem import WordVectors
from fastqwem.models import Word2Vec as Ours

SIDES = {"ours": Ours, "gensim": Theirs}


def run(kind: Any, sentences: list[list[str]], arguments: dict[str, Any]) -> tuple[float, Any]:
    """Return (seconds of the whole call, model)."""
    start = time.perf_counter()
    model = kind(sentences, **arguments)
    return time.perf_counter() - start, model


def main() -> None:
    """Measure skip-gram and CBOW."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=["skipgram", "cbow"], default=["skipgram", "cbow"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--quality", action="store_true")
    options = parser.parse_args()
    with options.text.open(encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    print(f"{sum(map(len, sentences)):,} words in {len(sentences):,} sentences; seconds ours / gensim", flush=True)
    for kind in options.kinds:
        arguments = {
            "sg": int(kind == "skipgram"), "workers": options.workers, "vector_size": options.vector_size,
            "epochs": options.epochs, "sample": options.sample,
        }  # fmt: skip
        times: dict[str, list[float]] = {side: [] for side in SIDES}
        for repetition in range(options.repeat):
            for side, made in SIDES.items():
                seconds, model = run(made, sentences, arguments | {"seed": repetition + 1})
                times[side].append(seconds)
                if options.quality:
                    found = scores(WordVectors(model.wv.index_to_key, model.wv.vectors), sets_folder())
                    print(f"  {side}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()), flush=True)
        mine, peer = (statistics.median(times[side]) for side in SIDES)
        each = ", ".join(f"{a:.1f}/{b:.1f}" for a, b in zip(*times.values(), strict=True))
        print(f"{kind}: {mine:.2f} s / {peer:.2f} s = {peer / mine:.2f}x   ({each})", flush=True)


if __name__ == "__main__":
    main()
