"""These tests run kernels in Numba's simulator, which must be asked for before Numba is first imported."""

from __future__ import annotations

import os
import sys
from importlib import util
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import simulator  # noqa: E402

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"


def missing():
    """Why these tests cannot run, or None."""
    if util.find_spec("numba") is None:
        return "Numba is not installed (the extra cuda-sim has it)"
    from numba import config

    if not config.ENABLE_CUDASIM:
        return "Numba was imported without its simulator: run these tests in a process of their own"
    return None


def pytest_collection_modifyitems(items):
    reason = missing()
    if reason is not None:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True, scope="session")
def quick_simulator():
    if missing() is None:
        simulator.quicken()
