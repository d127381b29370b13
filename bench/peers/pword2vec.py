"""pWord2Vec, found through FASTQWEM_PWORD2VEC; only a build with a real BLAS is a peer."""

from __future__ import annotations

from pathlib import Path

from .program import Measured, Settings, named_by, run


def available() -> Path | None:
    """Return the program, or None."""
    return named_by("FASTQWEM_PWORD2VEC")


def measure(program: Path, text: Path, settings: Settings, scratch: Path, n_tokens: int) -> Measured:
    """Train on a text whose vocabulary has `n_tokens` occurrences in it; vectors in word2vec's binary format."""
    s = settings
    if s.cbow:
        raise ValueError("pWord2Vec has skip-gram only")
    command: list[str | Path] = [
        program, "-train", "text", "-output", "pword2vec.bin", "-binary", "1", "-size", str(s.vector_size),
        "-window", str(s.window), "-negative", str(s.negative), "-sample", str(s.sample), "-iter", str(s.epochs),
        "-threads", str(s.threads), "-min-count", str(s.min_count), "-batch-size", str(2 * s.window + 1),
    ]  # fmt: skip
    return Measured(run(command, text, scratch) * n_tokens * s.epochs, scratch / "pword2vec.bin")
