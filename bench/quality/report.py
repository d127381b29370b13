"""All roads from a text to vectors, judged on what none was tuned on: ``python bench/quality/report.py TEXT [...]``.

Prints two tables in Markdown. Scores: accuracy on the held-out half of the analogy questions among the top 10,000 and
30,000 words (``scoring.split_questions``), and Spearman's correlation with five sets of ratings over all words, each
with its 95 % bootstrap interval (1000 resamples of questions or pairs, the same for every row). Differences: each row
minus ``--reference``, resampled together, on what both cover; bold where the interval excludes 0. Intervals are about
which questions were asked, not about the seed or the corpus; questions of a section share words, so they are a little
too narrow. MEN and WS-353 were looked at in tuning, the other ratings were not.

Seconds are from the text file to a saved file of vectors, each row from the beginning. With ``--max-vocab`` our rows
see only so many words, out-of-vocabulary words removed before windowing; gensim too, which may settle on somewhat
fewer; saved peers, trained on more, are cut to as many. A peer is STEM, for STEM.npy with its words, one a line, in
STEM.words, or any file that ``WordVectors.load`` reads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from scoring import Measured, interval, measured, paired_interval, sets_folder, split_questions

from fastqwem import Corpus, Target, WordVectors, count, factorize, solve, train
from fastqwem.vectors import evaluate

Made = tuple[WordVectors, float | None]


def closed_form(corpus: Corpus, options: argparse.Namespace, **target: Any) -> WordVectors:
    """Solve a target of the default counts."""
    counts = count(corpus, options.window, workers=options.workers, progress=False)
    solved = solve(Target(counts, **target), options.vector_size, workers=options.workers, progress=False)
    return solved.vectors()


def factorized(corpus: Corpus, options: argparse.Namespace, objective: str) -> WordVectors:
    """Factorize the default counts."""
    counts = count(corpus, options.factorize_window, workers=options.workers, progress=False)
    size = options.vector_size
    return factorize(counts, size, objective=objective, workers=options.workers, progress=False).vectors


def trained(corpus: Corpus, options: argparse.Namespace, objective: str) -> WordVectors:
    """Train with the peer's settings."""
    return train(
        corpus, objective=objective, vector_size=options.vector_size, window=options.training_window, sample=1e-4,
        epochs=options.epochs, workers=options.workers, progress=False,
    ).vectors  # fmt: skip


ROWS: dict[str, Callable[[Corpus, argparse.Namespace], WordVectors]] = {
    "spectral": lambda c, o: closed_form(c, o, negative=2, ns_exponent=0.75, weight_exponent=0.5),
    "ppmi": lambda c, o: closed_form(c, o, kind="ppmi", ns_exponent=0.75),
    "factorize-qwem": lambda c, o: factorized(c, o, "qwem"),
    "factorize-sgns": lambda c, o: factorized(c, o, "sgns"),
    "train-sgns": lambda c, o: trained(c, o, "sgns"),
    "train-qwem": lambda c, o: trained(c, o, "qwem"),
}


def ours(name: str, options: argparse.Namespace, scratch: Path) -> Made:
    """Go one of our roads from the text to a saved file: (vectors, seconds)."""
    began = time.perf_counter()
    corpus = Corpus.from_text(
        options.text, min_count=options.min_count, max_vocab=options.max_vocab or None, workers=options.workers,
        progress=False,
    )  # fmt: skip
    vectors = ROWS[name](corpus, options)
    vectors.save(scratch / "vectors.fqv")
    return vectors, time.perf_counter() - began


def gensims(options: argparse.Namespace, scratch: Path) -> Made:
    """Train gensim's SGNS, as fast as it goes, and save: (vectors, seconds)."""
    from peers import gensim_word2vec

    began = time.perf_counter()
    model = gensim_word2vec.train(
        options.text, options.vector_size, options.workers, window=options.training_window, epochs=options.epochs,
        min_count=options.min_count, max_final_vocab=options.max_vocab or None,
    )  # fmt: skip
    model.wv.save(str(scratch / "gensim.kv"))
    return WordVectors(model.wv.index_to_key, model.wv.vectors), time.perf_counter() - began


def saved(stem: str, options: argparse.Namespace) -> WordVectors:
    """Read the vectors of a peer, as many words as ours have."""
    words, rows = Path(f"{stem}.words"), Path(f"{stem}.npy")
    if words.exists() and rows.exists():
        vectors = WordVectors(words.read_text(encoding="utf-8").rstrip("\n").split("\n"), np.load(rows))
    else:
        vectors = WordVectors.load(stem)
    end = options.max_vocab or len(vectors)
    return WordVectors(vectors.words[:end], vectors.vectors[:end])


def made(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, Made]]:
    """Yield the name, the vectors and the seconds of every row, peers first."""
    for name, stem, *seconds in options.peer:
        yield name, (saved(stem, options), float(seconds[0]) if seconds else None)
    if options.gensim:
        yield "gensim", gensims(options, scratch)
    for name in options.rows:
        yield name, ours(name, options, scratch)


def print_table(title: str, head: list[str], rows: list[list[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n")
    for line in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(line) + " |")


def score_cell(each: Measured | None) -> str:
    """Return a score and its interval."""
    if each is None or each.covered.sum() < 2:
        return "-"
    low, high = interval(each)
    return f"{each.score():.3f} ({low:.3f} to {high:.3f})"


def difference_cell(one: Measured | None, other: Measured | None) -> str:
    """Return a difference and its interval, bold where that excludes 0."""
    if one is None or other is None or (one.covered & other.covered).sum() < 2:
        return "-"
    difference, low, high = paired_interval(one, other)
    mark = "**" if low > 0 or high < 0 else ""
    return f"{mark}{difference:+.3f}{mark} ({low:+.3f} to {high:+.3f})"


def print_report(results: dict[str, tuple[dict[str, Measured], float | None]], reference: str) -> None:
    """Print both tables."""
    columns = list(dict.fromkeys(column for found, _ in results.values() for column in found))
    head = [f"{column}, {max(_covered(found, column) for found, _ in results.values()):,}" for column in columns]
    rows = [
        [name, "-" if seconds is None else f"{seconds:.1f}", *(score_cell(found.get(c)) for c in columns)]
        for name, (found, seconds) in results.items()
    ]
    print_table("Scores, and how many questions or pairs are covered at most:", ["row", "seconds", *head], rows)
    base, base_seconds = results[reference]
    rows = []
    for name, (found, seconds) in results.items():
        if name != reference:
            times = "-" if seconds is None or base_seconds is None else f"{base_seconds / seconds:.1f}x"
            rows.append([name, times, *(difference_cell(found.get(c), base.get(c)) for c in columns)])
    print_table(f"Difference from {reference}, on what both cover:", ["row", "speed", *columns], rows)


def _covered(found: dict[str, Measured], column: str) -> int:
    return int(found[column].covered.sum()) if column in found else 0


def main() -> None:
    """Make all rows, score them and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--max-vocab", type=int, default=0, help="0 for all words")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--rows", nargs="*", choices=list(ROWS), default=list(ROWS), help="all by default")
    parser.add_argument("--peer", nargs="+", action="append", default=[], metavar="NAME STEM [SECONDS]")
    parser.add_argument("--gensim", action="store_true", help="train gensim's SGNS too")
    parser.add_argument("--reference", help="row of the differences; by default the first peer, gensim or row")
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--window", type=int, default=16, help="of the closed forms, linear")
    parser.add_argument("--factorize-window", type=int, default=8, help="of factorize, as on the command line")
    parser.add_argument("--training-window", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if any(len(peer) not in (2, 3) for peer in options.peer):
        parser.error("--peer takes NAME STEM [SECONDS]")
    names = [*(peer[0] for peer in options.peer), *(["gensim"] if options.gensim else []), *options.rows]
    if len(set(names)) < len(names) or not names:
        parser.error(f"rows must have distinct names and be at least one, got {names}")
    reference = options.reference or names[0]
    if reference not in names:
        parser.error(f"--reference must be one of {names}, got {reference!r}")
    sets = sets_folder()
    _, held_out = split_questions(evaluate.read_analogies(sets / "questions-words.txt"))
    results: dict[str, tuple[dict[str, Measured], float | None]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, (vectors, seconds) in made(options, Path(scratch)):
            found = measured(vectors, held_out, sets)
            results[name] = found, seconds
            short = ", ".join(f"{column} {each.score():.3f}" for column, each in found.items())
            print(f"{name}: {len(vectors):,} words, {short}", flush=True)
    print_report(results, reference)


if __name__ == "__main__":
    main()
