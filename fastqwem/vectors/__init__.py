"""Using vectors: neighbours, analogies, files, evaluation."""

from __future__ import annotations

from . import evaluate, formats
from .word_vectors import UnknownWordError, WordVectors

__all__ = ["UnknownWordError", "WordVectors", "evaluate", "formats"]
