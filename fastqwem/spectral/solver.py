"""The closed form: top eigenpairs of a target, with the proof that they are what they claim to be.

Block Lanczos in float32 while the tolerance allows it, Rayleigh-Ritz and residuals in float64, then a probe for missed
eigenvalues in the orthogonal complement; whatever the probe finds goes back into the iteration. ARPACK (SciPy's
`eigsh`) is not used: one vector at a time, it cannot see multiplicities and may report a wrong set as converged.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.sparse.linalg import aslinearoperator

from ..checks import check_integer, check_real, resolve_workers
from ..errors import ConvergenceError
from ..progress import Progress, Tick, track
from .krylov import BlockLanczos, eigh_descending
from .slices import RowSlices, TallMatrix
from .spectrum import Certificate, Spectrum
from .target import SLAB, Target
from .workspace import Workspace

__all__ = ["solve"]

Array = np.ndarray[Any, np.dtype[Any]]
_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)

BLOCK = 16
"""Vectors per pass: a cache line of float32 per nonzero. 32 cost less per vector, but need a fifth more vectors."""
EXTRA = 8
"""Ritz vectors beyond d that take part in the last Rayleigh-Ritz, and tell the gap."""
PROBE_BLOCK, PROBE_STEPS = 16, 8
BASIS_BYTES = 2 << 30
"""Most bytes for the basis, in memory or on disk; beyond it the iteration restarts."""
DENSE = 384
"""Orders up to which LAPACK on the dense matrix is faster than any iteration."""
SINGLE_TOL = 3e-6
"""Below this relative tolerance float32 cannot deliver, and the iteration runs in float64."""
SAFETY = 0.5
"""The iteration stops at this share of the tolerance, to leave room for the rounding of its estimates."""


def solve(
    target: Any,
    vector_size: int = 200,
    tol: float = 1e-5,
    seed: int = 0,
    workers: int = 0,
    progress: Progress = None,
    max_passes: int = 1000,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
) -> Spectrum:
    """Find the algebraically largest eigenpairs of a symmetric target.

    Parameters
    ----------
    target : Target, or any symmetric matrix, sparse array or scipy LinearOperator
        Only a `Target` is iterated in float32; anything else in float64. Symmetry is not checked.
    vector_size : int
        Number of pairs, d; at most the order V of the target.
    tol : float
        Every residual norm ``|M v - lambda v|`` will be at most ``tol * |lambda_1|``, measured in float64.
    seed : int
        Of the random start block. The same seed, machine and BLAS give the same bits, whatever `workers` is.
    workers : int
        Threads of the sparse products; 0 means all cores. BLAS keeps its own setting.
    progress : bool, callable or None
        See `fastqwem.progress.Progress`; counts passes over the matrix.
    max_passes : int
        Give up after so many products of the matrix with a block of 16 vectors.
    memory : int or str, optional
        Most memory that the process may hold, in bytes or as text such as "4GB", what it holds already included. What
        does not fit goes to files in `scratch`; the result is the same, bit for bit. Counts should then be mapped,
        ``Cooccurrence.load(path, mmap=True)``: they are read as the solver goes along.
    scratch : path, optional
        Folder for those files; the system's temporary folder by default. At most ``4 V m + 4 nnz + 12 V (d + 8)``
        bytes, with m as below; they are gone when solving is over, or the process is.

    Returns
    -------
    Spectrum
        Its certificate tells how good it is.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, `memory` holds not even what must be in memory (the message tells how much
        that is), or the target holds values that are not finite.
    OSError
        If the scratch folder has no room or cannot be written. Nothing is left there.
    fastqwem.errors.ConvergenceError
        If `max_passes` did not suffice. Its `spectrum` holds what there is.

    Notes
    -----
    Cost: about a hundred passes of ``2 * 16 * nnz`` flops, with ``64 V m`` flops of BLAS-3 each for a basis of up to
    m = 2.5 d + 160 vectors. The basis takes ``4 V m`` bytes; m is made smaller, down to 1.25 d + 132, where that
    would exceed 2 GiB. The eigenproblem is Theorem 1 of Karkada et al. 2025; for block Krylov methods with blocks
    smaller than d see Chen et al., arXiv 2508.06486.

    Examples
    --------
    >>> spectrum = solve(target, vector_size=200)  # doctest: +SKIP
    >>> print(spectrum.certificate)  # doctest: +SKIP
    """
    problem = _Problem.of(target, workers)
    d = check_integer("vector_size", vector_size, 1)
    if d > problem.n:
        raise ValueError(f"vector_size must be at most the vocabulary size {problem.n}, got {d}")
    check_real("tol", tol, 0, open_minimum=True)
    check_integer("seed", seed, 0)
    check_integer("max_passes", max_passes, 1)
    workspace = Workspace(memory, scratch)
    with track(progress, "solving", unit="pass") as tick:
        solver = _Solver(problem, d, float(tol), seed, max_passes, tick, workspace)
        return solver.run()


@dataclass
class _Problem:
    """A symmetric operator as the solver sees it."""

    n: int
    apply: Callable[[Array], Array]  # float32 or float64, the same back
    exact: Callable[[Array], Array]  # to float64
    single: bool
    target: Target | None
    workers: int

    @staticmethod
    def of(target: Any, workers: int) -> _Problem:
        threads = resolve_workers(workers)
        if isinstance(target, Target):
            target.workers = threads
            return _Problem(
                target.shape[0], target.multiply, lambda x: target.multiply(x, exact=True), True, target, threads
            )
        try:
            operator = aslinearoperator(target)
        except TypeError:
            raise TypeError(f"target must be a symmetric matrix or operator, got {type(target).__name__}") from None
        if operator.shape[0] != operator.shape[1]:
            raise ValueError(f"target must be square, got shape {operator.shape}")
        if operator.shape[0] == 0:
            raise ValueError("target must have at least one row, got shape (0, 0)")
        if np.issubdtype(operator.dtype, np.complexfloating):
            raise ValueError(f"target must be real, got {operator.dtype}")

        def apply(x: Array) -> Array:
            return np.ascontiguousarray(operator.matmat(x.astype(np.float64, copy=False)), dtype=np.float64)

        return _Problem(operator.shape[0], apply, apply, False, None, threads)


@dataclass
class _Ritz:
    """Rayleigh-Ritz pairs in float64, measured: d + extra values, vectors as columns, residual norms."""

    values: Array
    vectors: TallMatrix
    residuals: Array


class _Solver:
    def __init__(
        self,
        problem: _Problem,
        d: int,
        tol: float,
        seed: int,
        max_passes: int,
        tick: Tick | None,
        workspace: Workspace | None = None,
    ) -> None:
        self.workspace = workspace or Workspace()
        self.problem, self.d, self.tol, self.max_passes, self.tick = problem, d, tol, max_passes, tick
        self.rng = np.random.default_rng(seed)
        self.rows = RowSlices(problem.n, problem.workers)
        self.began = time.perf_counter()
        self.passes = 0
        self.start_block: Array | None = None  # tests put one here that misses an eigenvector

    def run(self) -> Spectrum:
        """Return the certified spectrum, or raise ConvergenceError."""
        with self.rows.working(), self.workspace.reserved(self._needed(), self._what):
            try:
                return self._run()
            finally:
                if self.problem.target is not None:
                    self.problem.target.forget_values_on_disk()

    @property
    def _what(self) -> str:
        return f"solve for {self.d} pairs of order {self.problem.n:,}"

    def _needed(self) -> int:
        """Return the bytes that must be in memory: the result, the blocks of a step, and what threads work with."""
        n = self.problem.n
        if self._is_small():
            return 6 * 8 * n * n
        threads = self.problem.workers * self.rows.height * 24 * (self.d + EXTRA)
        projected = 200 * self._capacity(BLOCK, 4) ** 2  # the matrix, and LAPACK's copies
        return self._rows_needed(4 if self._in_single else 8) + threads + projected

    def _rows_needed(self, itemsize: int) -> int:
        """Return the bytes of the result and half a dozen blocks, or one of them and a slab of the float64 product."""
        blocks = max(6 * BLOCK * itemsize, BLOCK * itemsize + SLAB * (itemsize + 8))
        return self.problem.n * (self.d * itemsize + blocks)

    @property
    def _in_single(self) -> bool:
        return self.problem.single and self.tol >= SINGLE_TOL

    def _run(self) -> Spectrum:
        if self._is_small():
            return self._dense()
        if self._in_single:
            spectrum = self._iterate(np.float32)
            if spectrum.certificate.converged:
                return spectrum
            if self.passes < self.max_passes:
                _LOG.info("float32 stopped at %s; starting again in float64", spectrum.certificate)
                with self.workspace.reserved(self._rows_needed(8) - self._rows_needed(4), self._what):
                    spectrum = self._iterate(np.float64)
        else:
            spectrum = self._iterate(np.float64)
        if not spectrum.certificate.converged:
            raise ConvergenceError(
                f"the eigensolver did not converge in {self.passes} passes: {spectrum.certificate}; "
                "raise max_passes or tol",
                spectrum,
            )
        return spectrum

    def _is_small(self) -> bool:
        return self.problem.n <= max(DENSE, min(3 * self.d, 2048))

    # --- the iteration ---------------------------------------------------------------------------------------

    def _apply(self, x: Array) -> Array:
        self.passes += 1
        if self.tick is not None:
            self.tick(self.passes, 0)
        return self.problem.apply(x)

    def _iterate(self, dtype: Any) -> Spectrum:
        n, d = self.problem.n, self.d
        block = BLOCK if n >= 32 * BLOCK else max(1, n // 32)
        capacity = self._capacity(block, np.dtype(dtype).itemsize)
        lanczos = BlockLanczos(self._apply, n, block, capacity, dtype, self.rng, self.rows, self.workspace)
        if self.problem.target is not None and dtype == np.float32:
            self.problem.target.values(self.workspace)  # the basis, which is read more often, has the first choice
        start = self.start_block
        lanczos.start(self.rng.standard_normal((n, block)) if start is None else start)
        while True:
            ritz, good = self._converge(lanczos)
            threshold = self._threshold(ritz.values)
            if not good:
                return self._finish(ritz, threshold, np.nan, False, dtype)
            if d == n:
                return self._finish(ritz, threshold, np.nan, True, dtype)
            probe = self._probe(lanczos, ritz)
            if probe <= ritz.values[d - 1] + threshold:
                return self._finish(ritz, threshold, probe, True, dtype)
            _LOG.info("the probe found %.6g above eigenvalue %d, %.6g: going on", probe, d, ritz.values[d - 1])
            if self.passes >= self.max_passes:
                return self._finish(ritz, threshold, probe, False, dtype)

    def _capacity(self, block: int, itemsize: int) -> int:
        """Return how many vectors the basis may hold.

        On word counts (V = 10,000, d = 200) a basis of 450 needs a tenth more passes than one of 1,264, which
        hardly restarts at all, and orthogonalises in a third of the time.
        """
        n, d = self.problem.n, self.d
        wanted = 5 * d // 2 + 10 * block
        least = d + d // 4 + 8 * max(block, PROBE_BLOCK) + 4
        return min(n, max(least, min(wanted, BASIS_BYTES // (n * itemsize))))

    def _threshold(self, values: Array) -> float:
        """Return the largest residual to accept: relative to lambda_1, but nothing below rounding errors."""
        rounding = 1e-14 * math.sqrt(self.problem.n) * float(np.abs(values).max())
        return max(self.tol * abs(float(values[0])), rounding)

    def _converge(self, lanczos: BlockLanczos) -> tuple[_Ritz, bool]:
        """Step until d pairs stand in float64; False if the passes or the precision did not suffice."""
        for share in (SAFETY, SAFETY / 5):
            _, coefficients, done = self._step_until(lanczos, share)
            ritz = self._rayleigh_ritz(lanczos, coefficients[:, : self.d + EXTRA])
            if ritz.residuals[: self.d].max() <= self._threshold(ritz.values):
                return ritz, True
            if not done:
                break
        return ritz, False

    def _step_until(self, lanczos: BlockLanczos, share: float) -> tuple[Array, Array, bool]:
        """Step until the estimated residuals are within a share of the tolerance: Ritz values and coefficients."""
        d = self.d
        check = self.passes + max(1, -(-(d + d // 2 - lanczos.size) // BLOCK))  # no sense below 1.5 d vectors
        before: tuple[int, float] | None = None
        while True:
            while not (lanczos.full or lanczos.exhausted or (self.passes >= check and lanczos.size >= d)):
                lanczos.step()
            values, coefficients = _call(lambda: eigh_descending(lanczos.projected()), lanczos.size)
            worst = float(lanczos.residuals(coefficients[:, :d]).max())
            goal = share * self._threshold(values[:d])
            _LOG.debug("pass %d, %d vectors: residual %.3g, goal %.3g", self.passes, lanczos.size, worst, goal)
            if worst <= goal or lanczos.exhausted:
                return values, coefficients, True
            if self.passes >= self.max_passes:
                return values, coefficients, False
            check = self.passes + _forecast(before, (self.passes, worst), goal)
            before = (self.passes, worst)
            if lanczos.full:
                kept = self._kept(values, lanczos)
                lanczos.restart(values[kept], coefficients[:, kept])

    def _kept(self, values: Array, lanczos: BlockLanczos) -> Array:
        """Return which Ritz pairs survive a restart: some more than d, and the few most negative.

        The constant of unseen pairs makes one eigenvalue far below all others; were it dropped, every restart would
        have to find it again.
        """
        spare = max(0, lanczos.capacity - self.d - lanczos.block) // 3  # most of the room is for new blocks
        upper = min(self.d + min(max(self.d // 2, 2 * lanczos.block), spare), len(values))
        lower = min(4, len(values) - upper)
        return np.concatenate([np.arange(upper), np.arange(len(values) - lower, len(values))])

    def _rayleigh_ritz(self, lanczos: BlockLanczos, coefficients: Array) -> _Ritz:
        """Return the Ritz pairs of the span of these combinations, nearly orthonormal, all in float64."""
        n, k = self.problem.n, coefficients.shape[1]
        basis = TallMatrix(n, k, lanczos.dtype, self.workspace)
        lanczos.combine_to(basis, coefficients)
        image = self._image(basis)
        self.passes += -(-k // BLOCK)

        def products(_: slice, part: Array, image: Array) -> Array:
            wide = part.astype(np.float64)
            return np.stack([wide.T @ wide, wide.T @ image])

        gram, projected = self.rows.total(products, basis, image)
        half = np.linalg.inv(np.linalg.cholesky(gram))
        values, turn = _call(lambda: eigh_descending(half @ ((projected + projected.T) / 2) @ half.T), k)
        turn = half.T @ turn

        def square_residuals(_: slice, part: Array, image: Array) -> Array:
            vectors = part @ turn
            squares = np.asarray(np.square(image @ turn - vectors * values).sum(axis=0))
            image[:] = vectors  # in the place of what is not needed any more
            return squares

        return _Ritz(values, image, np.sqrt(self.rows.total(square_residuals, basis, image)))

    def _image(self, basis: TallMatrix) -> TallMatrix:
        """Return M times a matrix, in float64, a slab of columns at a time."""
        n, k = basis.shape
        result = TallMatrix(n, k, np.float64, self.workspace)
        for at in range(0, k, SLAB):
            columns = slice(at, min(at + SLAB, k))
            slab = np.empty((n, columns.stop - at), basis.dtype)

            def take(rows: slice, part: Array, to: Array = slab, columns: slice = columns) -> None:
                to[rows] = part[:, columns]

            self.rows.map(take, basis)
            product = self.problem.exact(slab)

            def put(rows: slice, part: Array, product: Array = product, columns: slice = columns) -> None:
                part[:, columns] = product[rows]

            self.rows.map(put, result)
        return result

    def _probe(self, lanczos: BlockLanczos, ritz: _Ritz) -> float:
        """Return the largest Ritz value of a fresh random block Lanczos orthogonal to the d vectors.

        The basis is left holding those vectors and what the probe found, ready to go on from there.
        """
        d, n = self.d, self.problem.n
        lanczos.reset(ritz.values[:d], ritz.vectors, PROBE_BLOCK)
        lanczos.start(self.rng.standard_normal((n, min(PROBE_BLOCK, n - d))), images_leave=True)
        for _ in range(PROBE_STEPS):
            if lanczos.full or lanczos.exhausted:
                break
            lanczos.step()
        return float(np.linalg.eigvalsh(lanczos.projected()[d:, d:])[-1])

    # --- the result ------------------------------------------------------------------------------------------

    def _signed(self, matrix: TallMatrix, dtype: Any) -> Array:
        """Return the first d columns, with signs such that the entry of largest magnitude is positive."""

        def extremes(_: slice, part: Array) -> Array:
            return np.stack([part[:, : self.d].max(axis=0), -part[:, : self.d].min(axis=0)])

        most = np.max(self.rows.map(extremes, matrix), axis=0)
        signs = np.where(most[0] >= most[1], 1.0, -1.0)
        result = np.empty((self.problem.n, self.d), dtype)

        def fill(rows: slice, part: Array) -> None:
            result[rows] = part[:, : self.d] * signs

        self.rows.map(fill, matrix)
        return result

    def _dense(self) -> Spectrum:
        matrix = np.ascontiguousarray(self.problem.exact(np.eye(self.problem.n)))
        if not np.isfinite(matrix).all():
            raise ValueError("target has values that are not finite")
        self.passes += -(-self.problem.n // BLOCK)
        values, vectors = _call(lambda: eigh_descending((matrix + matrix.T) / 2), self.problem.n)
        k, d = min(self.d + 1, self.problem.n), self.d
        chosen = np.ascontiguousarray(vectors[:, :k])
        residuals = np.linalg.norm(self.problem.exact(chosen) - chosen * values[:k], axis=0)
        ritz = _Ritz(values[:k], TallMatrix.of(chosen), residuals)
        threshold = self._threshold(values)
        good = bool(residuals[:d].max() <= threshold)
        probe = float(values[d]) if d < len(values) else np.nan
        spectrum = self._finish(ritz, threshold, probe, good, np.float64, "dense")
        if not good:
            raise ConvergenceError(
                f"the target is not symmetric, or tol is too small: {spectrum.certificate}", spectrum
            )
        return spectrum

    def _finish(
        self, ritz: _Ritz, threshold: float, probe: float, converged: bool, dtype: Any, method: str | None = None
    ) -> Spectrum:
        d = self.d
        vectors = self._signed(ritz.vectors, dtype)

        def gram_of(rows: slice) -> Array:
            wide = vectors[rows].astype(np.float64)
            return wide.T @ wide

        gram = self.rows.total(gram_of)
        following = float(np.nanmax(np.r_[ritz.values[d : d + 1], probe, -np.inf]))
        gap = float(ritz.values[d - 1]) - following
        tied = bool(gap <= threshold)
        if tied:
            _LOG.warning("eigenvalue %d is tied with the next (gap %.3g): its vector is not unique", d, gap)
        certificate = Certificate(
            residuals=ritz.residuals[:d].copy(),
            tolerance=threshold,
            orthogonality=float(np.abs(gram - np.eye(d)).max()),
            probe=float(probe),
            gap=gap,
            tied=tied,
            converged=converged,
            passes=self.passes,
            seconds=time.perf_counter() - self.began,
            method=method or f"block Lanczos, {np.dtype(dtype).name}",
        )
        _LOG.info("%d eigenpairs of order %d, %s", d, self.problem.n, certificate)
        target = self.problem.target
        if target is None:
            return Spectrum(ritz.values[:d].copy(), vectors, None, {"kind": "matrix"}, certificate)
        return Spectrum(ritz.values[:d].copy(), vectors, target.vocab, target.options, certificate, target.gamma)


def _forecast(before: tuple[int, float] | None, now: tuple[int, float], goal: float) -> int:
    """Return after how many passes to look again, from the last two residuals; looking costs an eigenproblem."""
    if before is None or before[1] <= now[1]:
        return max(4, now[0] // 3)
    rate = np.log(before[1] / now[1]) / (now[0] - before[0])
    needed = np.log(max(now[1], 1e-300) / max(goal, 1e-300)) / rate
    return int(np.clip(np.ceil(0.5 * needed), 4, 20))  # convergence speeds up towards the end


def _call(function: Callable[[], _T], order: int) -> _T:
    """Return function(), on a thread if it works on a matrix so large that LAPACK would hold up Ctrl-C.

    An interrupted call is abandoned: its thread ends when LAPACK does, and what it returns is dropped.
    """
    if order < 1000:
        return function()
    result: list[_T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(function())
        except BaseException as error:  # handed to the waiting thread
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
    if failure:
        raise failure[0]
    return result[0]
