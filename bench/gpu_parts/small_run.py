"""Trains once on a little made-up text, for compute-sanitizer: ``small_run.py SIZE TOKENS -- NAME=VALUE ...``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any


def value_of(text: str) -> Any:
    """Return a number or truth value as such, anything else as text."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def main() -> None:
    """Train, and say so."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from fastqwem import train
    from gpu_parts.setup import zipf_corpus

    size, tokens = int(sys.argv[1]), int(sys.argv[2])
    changes = {name: value_of(value) for name, _, value in (each.partition("=") for each in sys.argv[4:])}
    options = {"vector_size": size, "device": "cuda", "epochs": 1, "progress": False, "sample": 0.0, **changes}
    model = train(zipf_corpus(200, tokens), **options)
    print(f"trained {model.history[-1].words} words, loss {model.loss:.4f}")


if __name__ == "__main__":
    main()
