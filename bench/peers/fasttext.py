"""fastText without subwords, which is SGNS or CBOW with negative sampling, found through FASTQWEM_FASTTEXT."""

from __future__ import annotations

from pathlib import Path

from .program import Measured, Settings, named_by, run


def available() -> Path | None:
    """Return the program, or None."""
    return named_by("FASTQWEM_FASTTEXT")


def measure(program: Path, text: Path, settings: Settings, scratch: Path, n_tokens: int) -> Measured:
    """Train on a text whose vocabulary has `n_tokens` occurrences in it; vectors in word2vec's text format."""
    s = settings
    command: list[str | Path] = [
        program, "cbow" if s.cbow else "skipgram", "-input", "text", "-output", "fasttext", "-dim", str(s.vector_size),
        "-ws", str(s.window), "-neg", str(s.negative), "-loss", "ns", "-t", str(s.sample), "-epoch", str(s.epochs),
        "-thread", str(s.threads), "-minCount", str(s.min_count), "-minn", "0", "-maxn", "0",
    ]  # fmt: skip
    return Measured(run(command, text, scratch) * n_tokens * s.epochs, scratch / "fasttext.vec")
