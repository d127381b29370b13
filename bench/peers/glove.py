"""GloVe's vocab_count and cooccur, found through the environment variable FASTQWEM_GLOVE (its build folder)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def available() -> Path | None:
    """Return the folder that holds the two programs, or None."""
    folder = Path(os.environ.get("FASTQWEM_GLOVE", ""))
    return folder if os.access(folder / "cooccur", os.X_OK) and os.access(folder / "vocab_count", os.X_OK) else None


def cooccurrence(folder: Path, text: Path, scratch: Path, window: int = 10, memory_gb: float = 8.0) -> int:
    """Run both programs on a text file and return how many nonzeros they wrote (16 bytes each)."""
    vocab, out = scratch / "glove-vocab.txt", scratch / "glove-cooccurrence.bin"
    with open(text, "rb") as source, open(vocab, "wb") as to:
        subprocess.run([folder / "vocab_count", "-min-count", "5", "-verbose", "0"], stdin=source, stdout=to,
                       stderr=subprocess.DEVNULL, check=True)  # fmt: skip
    with open(text, "rb") as source, open(out, "wb") as to:
        subprocess.run([folder / "cooccur", "-memory", str(memory_gb), "-vocab-file", vocab, "-verbose", "0",
                        "-window-size", str(window), "-overflow-file", scratch / "overflow"],
                       stdin=source, stdout=to, stderr=subprocess.DEVNULL, check=True)  # fmt: skip
    nonzeros = out.stat().st_size // 16
    out.unlink()
    return nonzeros
