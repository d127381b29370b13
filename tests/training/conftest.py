"""What the tests of training share."""

from __future__ import annotations

import isas
import pytest
from topics import topical

from fastqwem import Corpus, _core


@pytest.fixture(scope="session")
def corpus():
    """24,000 tokens: three chunks of 8,192."""
    return Corpus.from_sentences(topical(), min_count=1)


@pytest.fixture(params=isas.COMMON)
def isa(request):
    """Runs the test on one instruction set; trainers choose theirs when they are made."""
    _core.force_isa(request.param)
    yield request.param
    _core.force_isa("")
