"""Types of the compiled module; private."""

from typing import Any

import numpy as np

build_mode: str
compiler: str

def active_isa() -> str: ...
def available_isas() -> list[str]: ...
def force_isa(name: str) -> None: ...
# spectral
class TargetMatrix:
    def __init__(
        self,
        indptr: np.ndarray[Any, Any],
        indices: np.ndarray[Any, Any],
        counts: np.ndarray[Any, Any],
        formula: str,
        joint: np.ndarray[Any, Any],
        noise: np.ndarray[Any, Any],
        gamma: np.ndarray[Any, Any],
        weighted: bool,
        scale: float,
        beta: float,
        floor: float,
        shift: float,
        lowest: float,
        unseen: float,
        workers: int,
    ) -> None: ...
    def values(self, out: np.ndarray[Any, Any], workers: int) -> None: ...
    def product(
        self, values: np.ndarray[Any, Any], x: np.ndarray[Any, Any], out: np.ndarray[Any, Any], workers: int
    ) -> None: ...
    def exact_product(self, x: np.ndarray[Any, Any], out: np.ndarray[Any, Any], workers: int) -> None: ...
    def excess_square(self, workers: int) -> float: ...
