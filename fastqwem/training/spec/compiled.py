"""The functions of one draw and one score, compiled: the same source on another machine."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

from . import objective, random, sampling

__all__ = ["SCALAR_FUNCTIONS", "compile_scalars"]

# Callees before callers.
SCALAR_FUNCTIONS = (
    random.philox,
    random.key,
    random.bits,
    sampling.keep,
    sampling.radius,
    sampling.held_out,
    sampling.column,
    sampling.negative,
    objective.sgns_pull,
    objective.sgns_loss,
    objective.qwem_pull,
    objective.qwem_loss,
    objective.damping,
)


def compile_scalars(jit: Callable[[Any], Any]) -> SimpleNamespace:
    """Compile `SCALAR_FUNCTIONS` with a decorator such as ``numba.njit`` or ``numba.cuda.jit(device=True)``.

    A compiled function may only call compiled ones, so each is compiled as a copy whose globals hold them in place of
    the plain ones.
    """
    compiled: dict[str, Any] = {}
    for function in SCALAR_FUNCTIONS:
        scope = {**function.__globals__, **compiled}
        compiled[function.__name__] = jit(FunctionType(function.__code__, scope, function.__name__))
    return SimpleNamespace(**compiled)
