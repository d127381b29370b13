"""What the tests of training share."""

from __future__ import annotations

import pytest

from fastqwem import _core


@pytest.fixture(params=_core.available_isas())
def isa(request):
    _core.force_isa(request.param)
    yield request.param
    _core.force_isa("")
