"""Speed of training beside the peers, in one run: ``python bench/training.py TEXT [ROW ...] [--repeat 3]``.

Every figure is raw words per second: tokens of the vocabulary (at least 5 occurrences), before subsampling, by wall
time spent training. Reading, encoding and building vocabularies stay outside on both sides (``peers/program.py`` says
how). Sides alternate after a warm-up of each on the head of the text, medians count. A row whose peer is not found says
so. Speed is worth something only where ``training_quality.py`` finds the quality as good. TEXT is plain text, one
sentence per line, on a machine that does nothing else.

Rows ``threads``, ``peak`` and ``exact`` compare ours with itself: with one thread, with the multiply-adds the
processor can do, and QWEM with exact negatives with QWEM with sampled ones by the time to the same loss.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exact_negatives import print_exact
from peers import fasttext, gensim_word2vec, pword2vec, word2vec_c
from peers.program import Settings

from fastqwem import Corpus, train

Rate = Callable[[], float]
_FLOPS = 216  # of a trained word per dimension: 36 pairs, each a dot product and two updates; window and negative 5
_WARM_LINES = 8_000  # of the text, about 4 MB


@dataclass(frozen=True)
class Setup:
    """What the rows work on."""

    text: Path
    scratch: Path
    corpus: Corpus
    settings: Settings
    chosen: dict[str, Any]  # options of ours that peers do not have

    def head(self) -> Setup:
        """Return the same for the first lines of the text."""
        path = self.scratch / "head"
        with open(self.text, "rb") as source, open(path, "wb") as to:
            to.writelines(line for line, _ in zip(source, range(_WARM_LINES), strict=False))
        corpus = Corpus.from_text(path, min_count=self.settings.min_count, progress=False)
        return replace(self, text=path, corpus=corpus)

    def train(self, **changes: Any) -> Any:
        """Train ours."""
        s = self.settings
        options = {
            "vector_size": s.vector_size, "window": s.window, "negative": s.negative, "sample": s.sample,
            "epochs": s.epochs, "workers": s.threads, "architecture": "cbow" if s.cbow else "skipgram",
        }  # fmt: skip
        return train(self.corpus, progress=False, **(options | self.chosen | changes))

    def ours(self, **changes: Any) -> float:
        """Return the raw words per second of ours."""
        history = self.train(**changes).history
        return len(self.corpus.ids) * len(history) / sum(record.seconds for record in history)

    def theirs(self, peer: Any, program: Path | None) -> float:
        """Return the raw words per second of a peer."""
        where = (self.text, self.settings, self.scratch, len(self.corpus.ids))
        measured = peer.measure(*where) if program is None else peer.measure(program, *where)
        return float(measured.words_per_second)


def alternate(repeat: int, *sides: Rate) -> list[list[float]]:
    """Return the rates of each side, measured in turns."""
    return [list(rates) for rates in zip(*([side() for side in sides] for _ in range(repeat)), strict=True)]


def print_ratio(label: str, ours: Iterable[float], theirs: Iterable[float]) -> None:
    """Print medians, their ratio and every repetition, in thousands of words per second."""
    mine, peer = statistics.median(ours), statistics.median(theirs)
    spread = ", ".join(f"{a / 1e3:.0f}/{b / 1e3:.0f}" for a, b in zip(ours, theirs, strict=True))
    print(f"{label}: {mine / 1e3:,.0f} k / {peer / 1e3:,.0f} k words/s = {mine / peer:.2f}x   ({spread})", flush=True)


def peer_row(setup: Setup, repeat: int, name: str, peer: Any, program: Path | None) -> None:
    """Ours beside one peer at the same settings."""
    s = setup.settings
    head = setup.head()
    head.ours(), head.theirs(peer, program)
    rates = alternate(repeat, setup.ours, lambda: setup.theirs(peer, program))
    print_ratio(f"{'CBOW' if s.cbow else 'skip-gram'}, d={s.vector_size}, {s.threads} threads | {name}", *rates)


def gensim_row(setup: Setup, repeat: int) -> None:
    """gensim from a file."""
    if not gensim_word2vec.available():
        raise ImportError("gensim is not installed")
    peer_row(setup, repeat, "gensim corpus_file", gensim_word2vec, None)


def cbow_row(setup: Setup, repeat: int) -> None:
    """gensim's CBOW from a file."""
    gensim_row(replace(setup, settings=replace(setup.settings, cbow=True)), repeat)


def word2vec_row(setup: Setup, repeat: int) -> None:
    """word2vec.c with its own makefile's options."""
    peer_row(setup, repeat, "word2vec.c as shipped", word2vec_c, found(word2vec_c.available(), "WORD2VEC_C"))


def ofast_row(setup: Setup, repeat: int) -> None:
    """word2vec.c compiled with -Ofast."""
    program = found(word2vec_c.available(ofast=True), "WORD2VEC_C_OFAST")
    peer_row(setup, repeat, "word2vec.c -Ofast", word2vec_c, program)


def fasttext_row(setup: Setup, repeat: int) -> None:
    """fastText without subwords."""
    peer_row(setup, repeat, "fastText without subwords", fasttext, found(fasttext.available(), "FASTTEXT"))


def pword2vec_row(setup: Setup, repeat: int) -> None:
    """pWord2Vec with a BLAS."""
    peer_row(setup, repeat, "pWord2Vec", pword2vec, found(pword2vec.available(), "PWORD2VEC"))


def found(program: Path | None, variable: str) -> Path:
    """Return the program; ImportError says which variable names it."""
    if program is None:
        raise ImportError(f"set FASTQWEM_{variable} to its program")
    return program


def threads_row(setup: Setup, repeat: int) -> None:
    """All threads beside one thread of ours."""
    setup.head().ours()
    rates = alternate(repeat, setup.ours, lambda: setup.ours(workers=1))
    print_ratio(f"ours, d={setup.settings.vector_size}, {setup.settings.threads} threads | 1 thread", *rates)


def peak_row(setup: Setup, repeat: int) -> None:
    """Trained words times their operations, as a share of what as many threads can multiply and add."""
    from fma_peak import peaks, sgemm

    from fastqwem import _core

    s = setup.settings
    if s.cbow or s.window != 5 or s.negative != 5:
        raise ImportError(f"{_FLOPS} operations per dimension hold for skip-gram with window 5 and negative 5")
    setup.head().ours()

    def operations() -> float:
        history = setup.train().history
        return _FLOPS * s.vector_size * sum(r.words for r in history) / sum(r.seconds for r in history)

    mine = statistics.median(rate for (rate,) in ([operations()] for _ in range(repeat)))
    shown = f"peak, d={s.vector_size}, {s.threads} threads, ours with {_core.active_isa()}: {mine / 1e9:.1f} Gflop/s"
    for bits, peak in peaks(s.threads).items():
        shown += f"; {mine / peak:.1%} of {peak / 1e9:.1f} (multiply-adds of {bits} bits)"
    product = sgemm(s.threads)
    print(f"{shown}; {mine / product:.1%} of {product / 1e9:.1f} (sgemm)", flush=True)


def exact_row(setup: Setup, repeat: int) -> None:
    """QWEM with exact negatives beside QWEM with sampled ones."""
    print_exact(setup.corpus, setup.settings, setup.train)


ROWS: dict[str, Callable[[Setup, int], None]] = {
    "gensim": gensim_row, "word2vec": word2vec_row, "word2vec-ofast": ofast_row, "fasttext": fasttext_row,
    "pword2vec": pword2vec_row, "cbow": cbow_row, "threads": threads_row, "peak": peak_row, "exact": exact_row,
}  # fmt: skip


def main() -> None:
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all of them by default")
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--shared-negatives", type=int, help="of ours; its default if left out")
    options = parser.parse_args()
    s = Settings(options.vector_size, options.window, options.negative, options.sample, options.epochs, options.workers)
    chosen = {"shared_negatives": options.shared_negatives} if options.shared_negatives else {}
    corpus = Corpus.from_text(options.text, min_count=s.min_count, progress=False)
    print(f"{options.text}: {len(corpus.ids):,} tokens, {len(corpus.vocab):,} words; {s}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        setup = Setup(options.text, Path(scratch), corpus, s, chosen)
        for name in options.rows or ROWS:
            try:
                ROWS[name](setup, options.repeat)
            except ImportError as error:
                print(f"{name}: left out, {error}", flush=True)


if __name__ == "__main__":
    main()
