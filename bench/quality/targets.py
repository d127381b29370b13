"""Quality of the closed form against its options: ``python bench/quality/targets.py TEXT [--max-vocab 10000]``.

Needs the evaluation sets of FASTQWEM_DATA (``eval/questions-words.txt`` and ``eval/similarity/EN-*.txt``), which are
not ours to ship. Prints one line per target: analogies (top-1 3CosAdd over the questions whose words are all in the
vocabulary) and Spearman correlations. Out-of-vocabulary words are removed before windowing.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from fastqwem import Corpus, Target, count, solve
from fastqwem.vectors import evaluate

# negative, ns_exponent, smoothing, weight_exponent
TARGETS = [
    (1, 1.0, 0.0, 0.0), (2, 0.75, 0.0, 0.0), (1, 0.75, 0.0, 0.5), (1, 1.0, 0.0, 0.5), (2, 0.75, 0.0, 0.5),
    (2, 0.75, 0.0, 0.75), (2, 0.75, 0.0, 1.0), (3, 0.75, 0.0, 0.5), (5, 0.75, 0.0, 0.5), (2, 0.75, 0.1, 0.5),
]  # fmt: skip
SETS = ("MEN-TR-3k", "WS-353-ALL", "SIMLEX-999", "RW-STANFORD")


def main() -> None:
    """Count once, solve and score every target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--max-vocab", type=int, default=10_000, help="0 for all words")
    parser.add_argument("--restrict-vocab", type=int, default=None, help="words that take part in analogies")
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--vector-size", type=int, default=200)
    options = parser.parse_args()
    folder = os.environ.get("FASTQWEM_DATA")
    if folder is None:
        raise SystemExit("set FASTQWEM_DATA to the folder that holds eval/")
    sets = Path(folder) / "eval"
    corpus = Corpus.from_text(options.text, max_vocab=options.max_vocab or None, progress=False)
    counts = count(corpus, options.window, progress=False)
    print(counts)
    for negative, exponent, smoothing, weight in TARGETS:
        target = Target(counts, negative=negative, ns_exponent=exponent, smoothing=smoothing, weight_exponent=weight)
        start = time.perf_counter()
        vectors = solve(target, options.vector_size, progress=False).vectors()
        spent = time.perf_counter() - start
        questions = evaluate.analogies(vectors, sets / "questions-words.txt", options.restrict_vocab)
        scores = [evaluate.similarity(vectors, sets / "similarity" / f"EN-{name}.txt") for name in SETS]
        print(
            f"negative={negative} ns_exponent={exponent} smoothing={smoothing} weight_exponent={weight}: "
            f"analogies {questions.accuracy:.3f} of {questions.covered}, "
            + ", ".join(f"{n} {s.spearman:.3f} of {s.covered}" for n, s in zip(SETS, scores, strict=True))
            + f", solved in {spent:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
