"""What the tests of gensim's face share."""

from __future__ import annotations

import warnings

import pytest


@pytest.fixture(scope="session")
def gensim_keyed():
    """gensim's own module of keyed vectors, where it is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports are not ours to judge
        return pytest.importorskip("gensim.models.keyedvectors", reason="gensim is not installed")
