"""What the tests of the spectral part share."""

from __future__ import annotations

import isas
import pytest

from fastqwem import _core


@pytest.fixture(params=isas.ALL)
def isa(request):
    _core.force_isa(request.param)
    yield request.param
    _core.force_isa("")
