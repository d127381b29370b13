"""Files for TensorBoard's embedding projector, and whatever else reads tables: vectors, and words beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import numpy as np
import numpy.typing as npt

__all__ = ["write_metadata", "write_table"]

_ROWS = 512


def write_table(file: IO[bytes], vectors: npt.NDArray[np.float32]) -> None:
    """Write one line per vector, numbers apart by tabs; nine digits bring every float32 back exactly."""
    row = "\t".join(["%.9g"] * vectors.shape[1]) + "\n"
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS]
        file.write((row * len(block) % tuple(block.ravel().tolist())).encode())


def write_metadata(file: IO[bytes], words: Sequence[str], counts: Sequence[int] | None) -> None:
    """Write one line per word, with its count if there are any; then, as the projector wants it, a line of titles."""
    if counts is None:
        file.writelines(f"{word}\n".encode() for word in words)
        return
    file.write(b"word\tcount\n")
    file.writelines(f"{word}\t{count}\n".encode() for word, count in zip(words, counts, strict=True))
