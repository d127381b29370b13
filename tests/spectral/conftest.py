"""What the tests of the spectral part share."""

from __future__ import annotations

import pytest
from tables import cooccurrence, random_table

from fastqwem import _core


@pytest.fixture
def make_counts():
    return cooccurrence


@pytest.fixture
def make_table():
    return random_table


@pytest.fixture(params=_core.available_isas())
def isa(request):
    _core.force_isa(request.param)
    yield request.param
    _core.force_isa("")
