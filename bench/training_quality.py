"""Quality of training beside gensim's at the same settings: ``python bench/training_quality.py TEXT [options]``.

Trains ours once per seed and prints the mean of each score with its standard error; beside it gensim's, trained here
with the same seeds, or read from a folder of saved vectors (``--peer-vectors FOLDER --peer sg200``: every
sg200_*.npy with its words, one a line, in sg200_*.words). A score holds if ours is at least gensim's mean minus its
standard error. Needs the evaluation sets of FASTQWEM_DATA, see ``README.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scoring import mean_and_error, scores, sets_folder

from fastqwem import Corpus, WordVectors, train


def ours(corpus: Corpus, options: argparse.Namespace) -> Iterator[WordVectors]:
    """Train with each seed."""
    chosen: dict[str, Any] = {name: value for name in ("alpha", "shared_negatives") if (value := vars(options)[name])}
    for seed in options.seeds:
        model = train(
            corpus, objective=options.objective, architecture=options.architecture, vector_size=options.vector_size,
            window=options.window, negative=options.negative, sample=options.sample, epochs=options.epochs, seed=seed,
            exact_negatives=options.exact_negatives, workers=options.workers, progress=False, **chosen,
        )  # fmt: skip
        history = model.history
        rate = len(corpus.ids) * len(history) / sum(record.seconds for record in history)
        losses = " ".join(f"{record.loss:.4f}" for record in history)
        print(f"ours, seed {seed}: {rate / 1e3:,.0f} k words/s, loss {losses}", flush=True)
        yield model.vectors


def gensims(options: argparse.Namespace) -> Iterator[WordVectors]:
    """Read the saved vectors, or train with each seed."""
    if options.peer_vectors:
        for path in sorted(options.peer_vectors.glob(f"{options.peer}_*.npy")):
            yield WordVectors(path.with_suffix(".words").read_text(encoding="utf-8").split("\n"), np.load(path))
        return
    from peers import gensim_word2vec

    for seed in options.seeds:
        model = gensim_word2vec.train(
            options.text, options.vector_size, options.workers, window=options.window, negative=options.negative,
            sample=options.sample, epochs=options.epochs, seed=seed, sg=int(options.architecture == "skipgram"),
        )  # fmt: skip
        yield WordVectors(model.wv.index_to_key, model.wv.vectors)


def table(vectors: Iterator[WordVectors], name: str, sets: Path) -> dict[str, tuple[float, float]]:
    """Score all of one side, a line each, and return mean and standard error by score."""
    rows = []
    for each in vectors:
        rows.append(scores(each, sets))
        print(f"{name}: " + ", ".join(f"{key} {value:.4f}" for key, value in rows[-1].items()), flush=True)
    return {key: mean_and_error([row[key] for row in rows]) for key in rows[0]} if rows else {}


def main() -> None:
    """Train, score and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--objective", choices=["sgns", "qwem"], default="sgns")
    parser.add_argument("--architecture", choices=["skipgram", "cbow"], default="skipgram")
    parser.add_argument("--vector-size", type=int, default=200)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-4)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--alpha", type=float, help="of ours; its default if left out")
    parser.add_argument("--shared-negatives", type=int, help="of ours; its default if left out")
    parser.add_argument("--exact-negatives", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peer-vectors", type=Path, help="folder of saved vectors of gensim")
    parser.add_argument("--peer", default="sg200", help="which of them: the part of their names before _SEED.npy")
    parser.add_argument("--no-peer", action="store_true", help="ours alone")
    options = parser.parse_args()
    sets = sets_folder()
    corpus = Corpus.from_text(options.text, min_count=5, progress=False)
    mine = table(ours(corpus, options), "ours", sets)
    peer = {} if options.no_peer else table(gensims(options), "gensim", sets)
    for key, (mean, error) in mine.items():
        line = f"{key:12} ours {mean:.4f} +- {error:.4f}"
        if key in peer:
            theirs, bar = peer[key]
            verdict = "holds" if mean >= theirs - np.nan_to_num(bar) else "BELOW"
            line += f"   gensim {theirs:.4f} +- {bar:.4f}   {mean - theirs:+.4f} {verdict}"
        print(line)


if __name__ == "__main__":
    main()
