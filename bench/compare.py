"""Ours beside the peers, in one run: ``python bench/compare.py TEXT [ROW ...] [--repeat 3]``.

Prints one line per row of the table in README: the median of each side and their ratio, with the fastest and the
slowest repetition. Sides alternate, so that a slow minute of the machine hits both. A row whose peer is not
installed says so. TEXT is plain text, one sentence per line.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastqwem import Corpus, Target, count, solve

Row = Callable[[Path, Path, int], tuple[str, Callable[[], Any], Callable[[], Any]]]


def text_row(text: Path, scratch: Path, workers: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Text to vocabulary and ids, beside gensim's vocabulary alone."""
    from peers import gensim_word2vec

    return (
        "text -> vocabulary + ids | gensim build_vocab",
        lambda: Corpus.from_text(text, workers=workers, progress=False),
        lambda: gensim_word2vec.build_vocab(text),
    )


def glove_row(text: Path, scratch: Path, workers: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Text to counts, window 10, 1/d, beside GloVe's two programs."""
    from peers import glove

    folder = glove.available()
    if folder is None:
        raise ImportError("set FASTQWEM_GLOVE to the build folder of GloVe")

    def ours() -> int:
        corpus = Corpus.from_text(text, workers=workers, progress=False)
        return count(corpus, 10, "harmonic", workers=workers, progress=False).nnz

    def theirs() -> int:
        return glove.cooccurrence(folder, text, scratch)

    assert ours() == theirs(), "both must find the same pairs"
    return "text -> counts, window 10, 1/d | GloVe vocab_count + cooccur", ours, theirs


def dense_row(text: Path, scratch: Path, workers: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Ids to counts, window 16 linear, V = 10,000, beside a compiled double loop."""
    from peers.dense_counts import dense_counts

    corpus = Corpus.from_text(text, max_vocab=10_000, workers=workers, progress=False)
    size = len(corpus.vocab)
    dense_counts(corpus.ids[:2], np.array([0, 2]), 2, 1)  # compile
    ours = count(corpus, 16, workers=workers, progress=False)
    dense = dense_counts(corpus.ids, corpus.offsets, size, 16)
    small = dense < 2**24  # float32 stops counting there
    assert np.array_equal(ours.matrix.toarray()[small], dense[small])
    return (
        "ids -> counts, window 16 linear, V=10k | Numba double loop",
        lambda: count(corpus, 16, workers=workers, progress=False),
        lambda: dense_counts(corpus.ids, corpus.offsets, size, 16),
    )


def eigen_row(text: Path, scratch: Path, workers: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Top 200 of M* over the whole vocabulary at a residual of 1e-5 lambda_1, beside eigsh."""
    from peers import scipy_eigsh

    counts = count(Corpus.from_text(text, workers=workers, progress=False), 10, workers=workers, progress=False)
    spectrum = solve(Target(counts), 200, workers=workers, progress=False)
    operator = scipy_eigsh.plain_operator(counts)
    tol = 1e-5 * spectrum.values[0] / spectrum.values[-1]  # eigsh measures residuals by each eigenvalue

    def theirs() -> np.ndarray:
        values, vectors = scipy_eigsh.top(operator, 200, tol)
        last = vectors[:, -1]  # the pair at the cut converges last
        residual = float(np.linalg.norm(operator @ last - values[-1] * last))
        print(f"  eigsh: residual of the last pair {residual / values[0]:.1e} lambda_1", flush=True)
        np.testing.assert_allclose(values, spectrum.values, rtol=1e-4)
        return values

    return (
        f"top 200 of M*, V={len(counts.vocab):,}, nnz={counts.nnz:,} | scipy eigsh",
        lambda: solve(Target(counts), 200, workers=workers, progress=False),
        theirs,
    )


def road_row(text: Path, scratch: Path, workers: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Text file to saved vectors, V = 10,000, d = 200, beside gensim's SGNS."""
    from peers import gensim_word2vec

    def ours() -> None:
        corpus = Corpus.from_text(text, max_vocab=10_000, workers=workers, progress=False)
        counts = count(corpus, 16, workers=workers, progress=False)
        spectrum = solve(Target(counts, negative=2, ns_exponent=0.75), 200, workers=workers, progress=False)
        spectrum.vectors().save(scratch / "vectors.fqv")

    def theirs() -> None:
        gensim_word2vec.train(text, workers=workers).wv.save(str(scratch / "vectors.kv"))

    return "text -> saved vectors, V=10k, d=200 | gensim SGNS, d=200, 5 epochs", ours, theirs


ROWS: dict[str, Row] = {
    "text": text_row, "glove": glove_row, "dense": dense_row, "eigen": eigen_row, "road": road_row
}  # fmt: skip


def seconds(side: Callable[[], Any]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    side()
    return time.perf_counter() - start


def main() -> None:
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all of them by default")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.rows or ROWS:
            try:
                label, ours, theirs = ROWS[name](options.text, Path(scratch), options.workers)
            except ImportError as error:
                print(f"{name}: left out, {error}")
                continue
            times = [(seconds(ours), seconds(theirs)) for _ in range(options.repeat)]
            (mine, peer) = (statistics.median(side) for side in zip(*times, strict=True))
            spread = ", ".join(f"{a:.2f}/{b:.1f}" for a, b in times)
            print(f"{label}: {mine:.2f} s / {peer:.1f} s = {peer / mine:.1f}x   ({spread})", flush=True)


if __name__ == "__main__":
    main()
