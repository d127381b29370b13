"""word2vec.c, found through FASTQWEM_WORD2VEC_C (built as shipped) and FASTQWEM_WORD2VEC_C_OFAST (with -Ofast).

Take a copy that asks feof for the end of the text: one with a flag of its own never clears it, so that the thread
that meets the end trains for one epoch only.
"""

from __future__ import annotations

from pathlib import Path

from .program import Measured, Settings, named_by, run


def available(ofast: bool = False) -> Path | None:
    """Return the program, or None."""
    return named_by("FASTQWEM_WORD2VEC_C_OFAST" if ofast else "FASTQWEM_WORD2VEC_C")


def measure(program: Path, text: Path, settings: Settings, scratch: Path, n_tokens: int) -> Measured:
    """Train on a text whose vocabulary has `n_tokens` occurrences in it; vectors in word2vec's binary format."""
    s = settings
    command: list[str | Path] = [
        program, "-train", "text", "-output", "word2vec.bin", "-binary", "1", "-size", str(s.vector_size),
        "-window", str(s.window), "-negative", str(s.negative), "-hs", "0", "-sample", str(s.sample),
        "-iter", str(s.epochs), "-threads", str(s.threads), "-min-count", str(s.min_count), "-cbow", str(int(s.cbow)),
    ]  # fmt: skip
    return Measured(run(command, text, scratch) * n_tokens * s.epochs, scratch / "word2vec.bin")
