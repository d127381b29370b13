"""Where alternating least squares begin: a rough closed form, without certificate, or what the user gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_integer, check_real
from ..counts.cooccurrence import Cooccurrence
from ..numeric import inverse_or_zero
from .krylov import BlockLanczos, eigh_descending
from .slices import RowSlices, row_slices
from .spectrum import Spectrum
from .target import Target
from .workspace import Workspace

__all__ = ["SpectralStart", "start_factors"]

Array = np.ndarray[Any, np.dtype[Any]]
DENSE = 512
"""Orders up to which LAPACK on the dense matrix is faster than any iteration."""


@dataclass(frozen=True)
class SpectralStart:
    """The closed form of a target as a start, as good as a number of passes makes it.

    Parameters
    ----------
    negative, ns_exponent, smoothing, weight_exponent
        Of the target, see `Target`.
    eigenvalue_exponent : float
        Rows are ``Gamma^-1 U Lambda ** eigenvalue_exponent``, scaled as a whole to the norm that 1/2 gives; less than
        1/2 makes weak dimensions stronger.
    passes, block : int
        Products of the target with a block of so many vectors; their span holds the result. More passes are taken
        where it would be narrower than three halves of the dimensions.
    """

    negative: float = 2.0
    ns_exponent: float = 0.75
    smoothing: float = 0.0
    weight_exponent: float = 0.5
    eigenvalue_exponent: float = 0.5
    passes: int = 32
    block: int = 32

    def __post_init__(self) -> None:
        check_real("negative", self.negative, 0, open_minimum=True)
        check_real("ns_exponent", self.ns_exponent)
        check_real("smoothing", self.smoothing, 0)
        check_real("weight_exponent", self.weight_exponent)
        check_real("eigenvalue_exponent", self.eigenvalue_exponent, 0)
        check_integer("passes", self.passes, 1)
        check_integer("block", self.block, 1)

    def rows(
        self,
        counts: Cooccurrence,
        d: int,
        seed: int,
        slices: RowSlices,
        workers: int,
        workspace: Workspace | None = None,
    ) -> Array:
        """Return the start as float32 of shape (V, d); basis and values of the target are made in the workspace."""
        workspace = workspace or Workspace()
        target = Target(counts, "qwem", self.negative, self.ns_exponent, self.smoothing, self.weight_exponent)
        target.workers = workers

        def apply(x: Array) -> Array:
            target.values(workspace)  # after the basis, which is read more often, has had its choice of memory
            return target.multiply(x, rough=True)

        values, vectors = self._eigenpairs(target, apply, d, seed, slices, workspace)
        inverse, scales = inverse_or_zero(target.gamma), self._scales(values)
        for rows in row_slices(len(vectors)):
            vectors[rows] = vectors[rows] * scales * inverse[rows, None]
        return vectors.astype(np.float32, copy=False)

    def scaled(self, target: Any, d: int, seed: int, slices: RowSlices) -> Array:
        """Return ``U Lambda ** eigenvalue_exponent`` of an operator as float64 of shape (V, d)."""
        values, vectors = self._eigenpairs(target, lambda x: np.asarray(target @ x), d, seed, slices, None, np.float64)
        return np.asarray(vectors * self._scales(values))

    def _scales(self, values: Array) -> Array:
        positive = np.maximum(values, 0.0)
        scales = np.where(positive > 0, positive**self.eigenvalue_exponent, 0.0)
        norm = float(np.linalg.norm(scales))
        return scales * (np.sqrt(positive.sum()) / norm) if norm else scales

    def _eigenpairs(
        self,
        target: Any,
        apply: Any,
        d: int,
        seed: int,
        slices: RowSlices,
        workspace: Workspace | None,
        dtype: Any = np.float32,
    ) -> tuple[Array, Array]:
        """Return the leading d Ritz values and vectors; values are zero beyond the order of the target."""
        n = target.shape[0]
        if n <= DENSE:
            values, vectors = eigh_descending(np.asarray(target @ np.eye(n)))
            values, vectors = values[:d], vectors[:, :d]
        else:
            passes = max(self.passes, -(-3 * d // (2 * self.block)))
            rng = np.random.default_rng(seed)
            lanczos = BlockLanczos(apply, n, self.block, passes * self.block, dtype, rng, slices, workspace)
            lanczos.start(rng.standard_normal((n, lanczos.block)))
            while lanczos.passes < passes and not lanczos.full and not lanczos.exhausted:
                lanczos.step()
            values, coefficients = eigh_descending(lanczos.projected())
            values, vectors = values[:d], lanczos.combine(coefficients[:, :d])
        missing = d - len(values)
        if not missing:
            return values, vectors
        return np.pad(values, (0, missing)), np.pad(vectors, ((0, 0), (0, missing)))


def start_factors(start: Any, problem: Any, d: int, seed: int, slices: RowSlices, workers: int) -> tuple[Array, Array]:
    """Return the factors (W, C) to begin with, new arrays of the problem's dtype.

    Raises
    ------
    TypeError, ValueError
        If `start` is none of the things that `factorize` takes, or does not fit the vocabulary and d.
    """
    if isinstance(start, str) and start == "spectral":
        start = SpectralStart()
    if isinstance(start, SpectralStart):
        pair: tuple[Array, Array] = problem.spectral_pair(start, d, seed, slices, workers)
        return pair
    if isinstance(start, str) and start == "random":
        rng = np.random.default_rng(seed)
        w, c = (rng.standard_normal((problem.n, d)) / np.sqrt(d) for _ in range(2))
        return w.astype(problem.dtype), c.astype(problem.dtype)
    if isinstance(start, str):
        raise ValueError(f"start must be 'spectral', 'random', a SpectralStart, a Spectrum or arrays, got {start!r}")
    pair = start if isinstance(start, tuple) else (start, start)
    if len(pair) != 2:
        raise ValueError(f"start must be one array or a pair (input, output), got {len(pair)} items")
    w, c = (_given(item, problem, d) for item in pair)
    return w, c


def _given(item: Any, problem: Any, d: int) -> Array:
    """Return a given start as a new array (V, d)."""
    if isinstance(item, Spectrum):
        rows = problem.spectrum_rows(item, d)
    else:
        rows = np.asarray(item)
        if rows.dtype.kind not in "fiu":
            raise TypeError(f"start must be numbers, a Spectrum, 'spectral' or 'random', got {type(item).__name__}")
    if rows.shape != (problem.n, d):
        raise ValueError(f"start must have shape ({problem.n}, {d}), got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("start must be finite, got NaN or infinity")
    return np.array(rows, problem.dtype, order="C")
