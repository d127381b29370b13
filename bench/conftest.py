"""What the benchmarks share: the sample corpus, or the text that FASTQWEM_BENCH_TEXT names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # so that benchmarks import peers


@pytest.fixture(scope="session")
def sample() -> Path:
    """The text to measure on."""
    return Path(os.environ.get("FASTQWEM_BENCH_TEXT", Path(__file__).parent / "data" / "wiki-sample.txt.xz"))
