"""Search the options of vectors from counts: ``python bench/quality/tune.py TEXT [--grid name=v1,v2 ...]``.

Every combination of the grid is scored on the tuning half of the analogy questions (``scoring.split_questions``), on
MEN and on WS-353, and nothing else: the other half and the other ratings judge, in ``report.py``. Lines are printed as
they come, and at the end all of them, best first by ``--sort``: "mean" is that of analogies (itself the mean of its
cuts), MEN and WS-353. Needs the evaluation sets of FASTQWEM_DATA. Names of the grid, each with its default:

{names}

``road`` is solve (the closed form), sgns or qwem (factorize); names that a road does not have are ignored for it, and
combinations that then agree are tried once. Values left at "default" are those of the library.
Counts are made once per window, weighting and thin, starts once per counts, road and negatives; output, centred and
exponent cost no new solution.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from scoring import TUNED, Sections, measured, sets_folder, split_questions

from fastqwem import Cooccurrence, Corpus, SpectralStart, Target, WordVectors, count, factorize, solve
from fastqwem.counts.subsampling import keep_probabilities
from fastqwem.vectors import evaluate

Setting = dict[str, Any]

COUNTING = {"window": 16, "weighting": "linear", "thin": 0}
TARGET = {"negative": 2.0, "ns_exponent": 0.75, "weight_exponent": 0.5, "smoothing": 0.0}
START = {f"start_{name}": "default" for name in SpectralStart.__dataclass_fields__}
LOSS = dict.fromkeys(
    ["negative", "ns_exponent", "sample", "ridge", "ridge_exponent", "sweeps", "steps"], "default"
) | START  # fmt: skip
SHAPE = {"vector_size": 200}
OUTPUT = {"output": "default", "centred": 0, "exponent": 1.0}
ROADS = {"solve": TARGET, "sgns": LOSS, "qwem": LOSS}
HELP = {
    "window": "words to each side", "weighting": "linear, uniform or harmonic",
    "thin": "threshold of subsampling before windows are drawn; take sample=0 with it", "road": "solve, sgns or qwem",
    "vector_size": "dimensions", "output": "input, output, sum, concat, or a number b for W + b C; not for solve",
    "centred": "1: the mean row is subtracted", "exponent": "of the singular values of the vectors, after centring",
}  # fmt: skip


def names_help() -> str:
    """Return the names of the grid, a line each."""
    defaults = COUNTING | {"road": "sgns"} | SHAPE | OUTPUT
    lines = [f"    {name}={value}: {HELP[name]}" for name, value in defaults.items()]
    lines.append("    solve: " + ", ".join(f"{name}={value}" for name, value in TARGET.items()))
    lines.append("    sgns, qwem: " + ", ".join(LOSS))
    return "\n".join(lines)


def parsed(text: str) -> Any:
    """Return a value of the grid: a whole number, a number or a word."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def settings(grid: dict[str, list[Any]]) -> list[Setting]:
    """Return the distinct settings that the grid names, each with the names of its road, grouped by what they share.

    Raises
    ------
    ValueError
        If a name is of no road, or a road unknown.
    """
    known = {"road", *COUNTING, *TARGET, *LOSS, *SHAPE, *OUTPUT}
    if unknown := set(grid) - known:
        raise ValueError(f"a grid may name {', '.join(sorted(known))}; got {', '.join(sorted(unknown))}")
    found: dict[tuple[tuple[str, Any], ...], Setting] = {}
    for road in grid.get("road", ["sgns"]):
        if road not in ROADS:
            raise ValueError(f"road must be one of {', '.join(ROADS)}, got {road!r}")
        defaults = COUNTING | ROADS[road] | SHAPE | OUTPUT
        if road == "solve":
            defaults.pop("output")
        axes = [grid.get(name, [value]) for name, value in defaults.items()]
        for values in product(*axes):
            setting = {"road": road} | dict(zip(defaults, values, strict=True))
            found[tuple(setting.items())] = setting
    counts_of = {tuple(s[name] for name in COUNTING): None for s in found.values()}
    order = {key: place for place, key in enumerate(counts_of)}
    return sorted(found.values(), key=lambda s: order[tuple(s[name] for name in COUNTING)])


def thinned(corpus: Corpus, threshold: float, seed: int = 0) -> Corpus:
    """Return the corpus with tokens dropped as word2vec subsamples them, once; word counts stay those of all tokens."""
    if threshold == 0:
        return corpus
    keep = keep_probabilities(corpus.vocab.counts, threshold)
    kept = np.random.default_rng(seed).random(len(corpus.ids)) < keep[corpus.ids]
    before = np.concatenate(([0], np.cumsum(kept, dtype=np.int64)))
    return Corpus(corpus.vocab, corpus.ids[kept], before[corpus.offsets])


class Solutions:
    """The factors (W, C) of settings on one corpus; counts, starts and the last solution are kept while they serve."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._counts: tuple[Any, Cooccurrence] | None = None
        self._starts: dict[Any, tuple[Any, float]] = {}
        self._last: tuple[Any, Any] | None = None

    def counts(self, setting: Setting) -> Cooccurrence:
        """Return the counts of a setting."""
        key = tuple(setting[name] for name in COUNTING)
        if self._counts is None or self._counts[0] != key:
            self._counts = None  # free the old before the new
            self._starts, self._last = {}, None
            window, weighting, threshold = key
            self._counts = key, count(thinned(self.corpus, threshold), window, weighting, progress=False)
        return self._counts[1]

    def __call__(self, setting: Setting) -> tuple[Any, Any, str, float]:
        """Return (W, C or None, output by default, seconds from counts to factors)."""
        counts = self.counts(setting)
        key = tuple((name, value) for name, value in setting.items() if name not in OUTPUT)
        if self._last is None or self._last[0] != key:
            began = time.perf_counter()
            if setting["road"] == "solve":
                target = Target(counts, **{name: setting[name] for name in TARGET})
                w, c, output = solve(target, setting["vector_size"], progress=False).matrix(), None, "input"
                spent = time.perf_counter() - began
            else:
                w, c, output, spent = self._factorized(counts, setting)
            self._last = key, (w, c, output, spent)
        result: tuple[Any, Any, str, float] = self._last[1]
        return result

    def _factorized(self, counts: Cooccurrence, setting: Setting) -> tuple[Any, Any, str, float]:
        chosen = {name: setting[name] for name in LOSS if name not in START and setting[name] != "default"}
        start, start_seconds = self._start(counts, setting)
        began = time.perf_counter()
        result = factorize(
            counts, setting["vector_size"], objective=setting["road"], start=start, progress=False, **chosen
        )
        spent = start_seconds + time.perf_counter() - began
        return result.input_vectors, result.output_vectors, result.options["output"], spent

    def _start(self, counts: Cooccurrence, setting: Setting) -> tuple[Any, float]:
        given = {name[len("start_") :]: setting[name] for name in START if setting[name] != "default"}
        negative = {name: setting[name] for name in ("negative",) if setting[name] != "default"}  # moves sgns's start
        key = (setting["road"], setting["vector_size"], *negative.values(), *given.items())
        if key not in self._starts:
            began = time.perf_counter()
            start = factorize(
                counts, setting["vector_size"], objective=setting["road"], start=SpectralStart(**given), sweeps=0,
                progress=False, **negative,
            )  # fmt: skip
            self._starts[key] = (start.input_vectors, start.output_vectors), time.perf_counter() - began
        return self._starts[key]


def finished(w: Any, c: Any, output: Any, setting: Setting) -> Any:
    """Return the rows that the last names of a setting make of two factors."""
    if c is not None and setting["output"] != "default":
        output = setting["output"]
    if not isinstance(output, str):
        rows = w + output * c
    else:
        made = {"input": lambda: w, "output": lambda: c, "sum": lambda: w + c, "concat": lambda: np.hstack([w, c])}
        rows = made[output]()
    if setting["centred"]:
        rows = rows - rows.mean(axis=0, dtype=np.float64)
    if setting["exponent"] != 1:  # rows = U S V^T -> U S^p V^T, from the eigenvectors of their Gram matrix
        squares, v = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
        s = np.sqrt(np.maximum(squares, squares.max() * 1e-12))
        rows = rows @ (v * s ** (setting["exponent"] - 1))
    return np.asarray(rows, np.float32)


def tuning_scores(vectors: WordVectors, questions: Sections, sets: Path) -> dict[str, float]:
    """Return the scores that options may be chosen by."""
    found = {name: each.score() for name, each in measured(vectors, questions, sets, TUNED).items()}
    analogies = np.mean([value for name, value in found.items() if name.startswith("analogies")])
    return {"mean": float(np.mean([analogies, *(found[name] for name in TUNED)])), **found}


def tried(corpus: Corpus, chosen: list[Setting], sets: Path) -> Iterator[tuple[Setting, dict[str, float]]]:
    """Yield each setting with its scores and the seconds from counts to factors."""
    questions, _ = split_questions(evaluate.read_analogies(sets / "questions-words.txt"))
    solutions = Solutions(corpus)
    for setting in chosen:
        w, c, output, seconds = solutions(setting)
        vectors = WordVectors(corpus.vocab, finished(w, c, output, setting))
        yield setting, {**tuning_scores(vectors, questions, sets), "seconds": seconds}


def main() -> None:
    """Try the grid and print it, best first."""
    described = (__doc__ or "").format(names=names_help())
    parser = argparse.ArgumentParser(description=described, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--max-vocab", type=int, default=0, help="0 for all words")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--grid", nargs="+", action="extend", default=[], metavar="NAME=V1,V2")
    parser.add_argument("--sort", default="mean", help="score to sort by: mean, analogies@10,000, MEN or WS-353")
    options = parser.parse_args()
    axes = dict(axis.partition("=")[::2] for axis in options.grid)
    try:
        chosen = settings({name: [parsed(value) for value in values.split(",")] for name, values in axes.items()})
    except ValueError as error:
        parser.error(str(error))
    sets = sets_folder()
    corpus = Corpus.from_text(
        options.text, min_count=options.min_count, max_vocab=options.max_vocab or None, progress=False
    )
    varied = [name for name in axes if name != "road"]  # all others are the same in every line
    print(f"{len(corpus.vocab):,} words, {len(corpus.ids):,} tokens, {len(chosen)} settings", flush=True)
    lines = []
    for setting, found in tried(corpus, chosen, sets):
        if options.sort not in found:
            parser.error(f"--sort must be one of {', '.join(found)}, got {options.sort!r}")
        scores = " ".join(f"{name} {value:.4f}" for name, value in found.items() if name != "seconds")
        named = " ".join(f"{name}={setting[name]}" for name in varied if name in setting)
        lines.append((found[options.sort], f"{scores} {found['seconds']:6.1f} s  {setting['road']} {named}"))
        print(lines[-1][1], flush=True)
    print(f"\nbest first by {options.sort}, on the tuning half of the questions:")
    for _, line in sorted(lines, key=lambda line: -line[0]):
        print(line)


if __name__ == "__main__":
    main()
