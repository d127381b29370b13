"""Run a program with our classes under gensim's names: ``python -m fastqwem.models PROGRAM [ARGUMENT ...]``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from .substitute import patch


def main() -> None:
    """Run the program that the command line names."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    del sys.argv[0]
    patch()
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
