from __future__ import annotations

import pytest
from topics import topical

from fastqwem import Corpus


@pytest.fixture(scope="session")
def corpus():
    """24,000 tokens: three chunks of 8,192."""
    return Corpus.from_sentences(topical(), min_count=1)
