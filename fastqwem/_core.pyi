"""Types of the compiled module; private."""

from collections.abc import Callable
from typing import Any

import numpy as np

_Array = np.ndarray[Any, Any]
_Tick = Callable[[int, int], None] | None

build_mode: str
compiler: str

def active_isa() -> str: ...
def available_isas() -> list[str]: ...
def force_isa(name: str) -> None: ...

# counts
def count_in_memory(
    ids: _Array, offsets: _Array, vocab_size: int, weights: _Array, n_workers: int, progress: _Tick
) -> tuple[_Array, _Array, _Array]: ...
def count_on_disk(
    ids: _Array,
    offsets: _Array,
    vocab_size: int,
    weights: _Array,
    n_workers: int,
    stretch: int,
    group_nonzeros: int,
    directory: bytes,
    progress: _Tick,
) -> tuple[_Array, bool, int, int, int]: ...
