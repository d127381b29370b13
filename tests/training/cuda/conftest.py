"""These tests run kernels in Numba's simulator, which must be asked for before Numba is first imported."""

from __future__ import annotations

import os
import sys
import threading
from importlib import util
from pathlib import Path

import pytest

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


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


def share_arrays_safely():
    """Give threads of a block the same shared array even if two of them ask at the same time.

    The simulator knows an array by the line that asks for it, and looks it up without a lock.
    """
    from numba.core import types
    from numba.cuda.simulator import kernelapi
    from numba.np import numpy_support

    np, lock = kernelapi.np, threading.Lock()

    def array(self, shape, dtype):
        frame = sys._getframe(1)
        if isinstance(dtype, types.Type):
            dtype = numpy_support.as_dtype(dtype)
        with lock:
            return self._allocations.setdefault((frame.f_code, frame.f_lineno), np.empty(shape, dtype))

    kernelapi.FakeCUDAShared.array = array


@pytest.fixture(autouse=True, scope="session")
def quick_simulator():
    """Threads take turns more often: one of the simulator's waits for all others by asking again and again."""
    if missing() is None:
        share_arrays_safely()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(interval)
