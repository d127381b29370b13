"""Block Lanczos with full reorthogonalisation and thick restarts: the recurrence, without any policy.

All dense work is BLAS-3 over slices of rows (see slices.py). The projected
matrix T = A^T M A is a by-product of the orthogonalisation. The basis may be float32; T and all inner products that
decide anything are float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .slices import RowSlices, TallMatrix
from .workspace import Workspace

__all__ = ["BlockLanczos", "eigh_descending"]

Array = np.ndarray[Any, np.dtype[Any]]
Apply = Callable[[Array], Array]

NOISE = 20.0
"""A direction shorter than NOISE * eps * |M q| is rounding noise, not a new direction of the Krylov space."""


def eigh_descending(matrix: Array) -> tuple[Array, Array]:
    """Return eigenvalues in descending order and the eigenvectors, as columns, of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors[:, ::-1]


class BlockLanczos:
    """A growing orthonormal basis of the block Krylov space of a symmetric operator.

    Parameters
    ----------
    apply : callable
        C-contiguous (n, b) array of `dtype` -> M times it, a new array of the same kind.
    n : int
        Order of M.
    block : int
        Vectors added per step, b.
    capacity : int
        Most vectors to hold; `restart` makes room. At least 3 b, or n.
    dtype : float32 or float64
    rng : numpy.random.Generator
        Source of the start block and of replacements where the Krylov space is exhausted.
    rows : RowSlices, optional
        The slices of n rows and their threads; by default one thread.
    workspace : Workspace, optional
        Where the basis is; by default in memory.

    Attributes
    ----------
    dtype : numpy.dtype
        Of the basis.
    size : int
        Vectors whose image under M is known: T is ``projected()``, of shape (size, size).
    passes : int
        Products with M so far.
    exhausted : bool
        The basis spans the whole space.
    """

    def __init__(
        self,
        apply: Apply,
        n: int,
        block: int,
        capacity: int,
        dtype: Any,
        rng: np.random.Generator,
        rows: RowSlices | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self._rows = RowSlices(n) if rows is None else rows
        self._apply = apply
        self._n = n
        self.block = min(block, n)
        self.dtype = np.dtype(dtype)
        self._rng = rng
        self._basis = TallMatrix(n, min(capacity, n), self.dtype, workspace)
        self._t = np.zeros((self._basis.shape[1],) * 2)
        self._next: Array | None = None  # the block that follows, orthonormal to the basis
        self._coupling = np.zeros((0, 0))  # next^T M (last block), and what was dropped as noise
        self._last = 0  # first vector of the last block
        self._local = 0  # the images of the next block meet only vectors from here on
        self.inexact = False  # images of the basis may leave its span, so that every projection must be full
        self.size = 0
        self.passes = 0

    @property
    def exhausted(self) -> bool:
        return self.size >= self._n

    @property
    def full(self) -> bool:
        """Whether the next block would not fit without a restart."""
        return self.size + self.block > self.capacity and self.capacity != self._n

    @property
    def capacity(self) -> int:
        return int(self._basis.shape[1])

    def projected(self) -> Array:
        """Return T, float64 and exactly symmetric."""
        t = self._t[: self.size, : self.size]
        return (t + t.T) / 2

    def start(self, vectors: Array, images_leave: bool = False) -> None:
        """Begin with a block of vectors beside the (maybe empty) basis; any rank, filled up with random ones."""
        block = np.ascontiguousarray(vectors, dtype=self.dtype)
        for _ in range(2):
            self._project(block, 0)
        lengths = np.linalg.norm(vectors, axis=0)
        fresh, _ = self._orthonormalise(block, float(lengths.max(initial=0.0)))
        self._next = self._fill(fresh)
        self._coupling = np.zeros((self._next.shape[1], 0))
        self._local = 0
        self.inexact = self.inexact or images_leave

    def reset(self, values: Array, vectors: TallMatrix, block: int) -> None:
        """Replace the basis by Ritz vectors, orthonormal, and use blocks of another width from now on.

        The vectors are the first columns of a matrix, as many as there are values.
        """
        k = len(values)

        def put(_: slice, basis: Array, part: Array) -> None:
            basis[:, :k] = part[:, :k]

        self._rows.map(put, self._basis, vectors)
        self._t[:] = 0
        self._t[:k, :k] = np.diag(values)
        self._next, self.block = None, min(block, self._n)
        self.size = k

    def step(self) -> None:
        """Add the next block to the basis and prepare the one that follows: one product with M."""
        block = self._next
        if block is None or self.full:
            raise RuntimeError("no block to add: call start or restart first")
        begin, end = self.size, self.size + block.shape[1]

        def put(rows: slice, basis: Array) -> None:
            basis[:, begin:end] = block[rows]

        self._rows.map(put, self._basis)
        image = self._apply(block)
        self.passes += 1
        lengths = np.sqrt(_square_norms(self._rows, image))
        if not np.isfinite(lengths).all():
            raise ValueError("target has values that are not finite")
        self.size = end
        low = 0 if self.inexact else self._local
        column = np.zeros((end, end - begin))
        column[low:] = self._project(image, low)
        for _ in range(3):  # one full pass, and again while it removes most of what was there
            before = _square_norms(self._rows, image)
            column += self._project(image, 0)
            if np.all(_square_norms(self._rows, image) > 0.25 * before):
                break
        self._t[:end, begin:end] = column
        self._t[begin:end, :end] = column.T
        fresh, self._coupling = self._orthonormalise(image, float(lengths.max(initial=0.0)))
        self._next = self._fill(fresh)
        self._last, self._local = begin, begin

    def residuals(self, coefficients: Array) -> Array:
        """Return the residual norms of Ritz vectors, given as columns of coefficients in the basis."""
        if self.exhausted:
            return np.zeros(coefficients.shape[1])
        return np.asarray(np.linalg.norm(self._coupling @ coefficients[self._last :], axis=0))

    def combine(self, coefficients: Array) -> Array:
        """Return basis times coefficients, C-contiguous of the basis' dtype."""
        small = coefficients.astype(self.dtype)
        out = np.empty((self._n, coefficients.shape[1]), self.dtype)
        self._rows.map(lambda rows, basis: np.matmul(basis[:, : self.size], small, out=out[rows]), self._basis)
        return out

    def combine_to(self, out: TallMatrix, coefficients: Array) -> None:
        """Put basis times coefficients into a matrix."""
        small = coefficients.astype(self.dtype)

        def fill(_: slice, basis: Array, part: Array) -> None:
            part[:] = basis[:, : self.size] @ small

        self._rows.map(fill, self._basis, out)

    def restart(self, values: Array, coefficients: Array) -> None:
        """Keep only some Ritz vectors (exact combinations of the basis), and the next block."""
        k = len(values)
        small = coefficients.astype(self.dtype)

        def keep(_: slice, basis: Array) -> None:
            basis[:, :k] = basis[:, : self.size] @ small

        self._rows.map(keep, self._basis)
        coupling = self._coupling @ coefficients[self._last :]
        self._t[:] = 0
        self._t[:k, :k] = np.diag(values)
        self._coupling = coupling
        self.size, self._last, self._local = k, 0, 0

    def _project(self, x: Array, low: int) -> Array:
        """Remove from x its part in basis vectors [low, size), in place, and return the coefficients."""
        if low == self.size:
            return np.zeros((0, x.shape[1]))
        coefficients = self._rows.total(lambda rows, basis: basis[:, low : self.size].T @ x[rows], self._basis)
        small = coefficients.astype(self.dtype)

        def remove(rows: slice, basis: Array) -> None:
            x[rows] -= basis[:, low : self.size] @ small

        self._rows.map(remove, self._basis)
        return coefficients

    def _orthonormalise(self, x: Array, scale: float) -> tuple[Array, Array]:
        """Return (q, r) with x = q r + noise: q orthonormal, orthogonal to the basis, of the rank of x.

        r has as many rows as x has columns: those beyond the columns of q belong to directions that were dropped,
        being shorter than the rounding errors of a product of length `scale`.
        """
        q, sigma, r = _thin_svd(self._rows, x)
        noise = NOISE * float(np.finfo(self.dtype).eps) * scale
        rank = min(int((sigma > noise).sum()), self._n - self.size)
        q = np.ascontiguousarray(q[:, :rank])
        if rank and sigma[rank - 1] < 0.05 * scale:  # short directions have magnified the errors of the projection
            self._project(q, 0)
            q, length, turn = _thin_svd(self._rows, q)
            r[:rank] = turn @ (sigma[:rank, None] * r[:rank])
            r[:rank] *= length[:, None]
            r[rank:] *= sigma[rank:, None]
            return q, r
        return q, sigma[:, None] * r

    def _fill(self, q: Array) -> Array:
        """Return q with random columns, orthogonal to everything, up to the width of a block."""
        width = min(self.block, self._n - self.size)
        if q.shape[1] >= width:
            return q[:, :width] if q.shape[1] > width else q
        extra = self._rng.standard_normal((self._n, width - q.shape[1])).astype(self.dtype)
        for _ in range(3):
            self._project(extra, 0)
            extra -= q @ (q.T @ extra)
            extra, _, _ = _thin_svd(self._rows, extra)
        return np.ascontiguousarray(np.hstack([q, extra]))


def _square_norms(slices: RowSlices, x: Array) -> Array:
    """Return the squared lengths of the columns, in float64."""
    return slices.total(lambda rows: np.einsum("ij,ij->j", x[rows], x[rows], dtype=np.float64))


def _thin_svd(slices: RowSlices, x: Array) -> tuple[Array, Array, Array]:
    """Return q (n, b), sigma (b,) and r (b, b) orthogonal with x = q diag(sigma) r; sigma falls.

    float32: from the Gram matrix in float64, whose error (1e-8 of the longest) is below float32's own. float64: from
    QR decompositions of slices, stacked.
    """
    if x.dtype == np.float32:

        def gram_of(rows: slice) -> Array:
            wide = x[rows].astype(np.float64)
            return wide.T @ wide

        square, turn = eigh_descending(slices.total(gram_of))
        sigma = np.sqrt(np.maximum(square, 0.0))
        kept = sigma > 1e-30
        factor = (turn * np.where(kept, 1.0 / np.where(kept, sigma, 1.0), 0.0)).astype(np.float32)
        q = np.empty_like(x)
        slices.map(lambda rows: np.matmul(x[rows], factor, out=q[rows]))
        return q, sigma, turn.T.copy()
    pieces = slices.map(lambda rows: np.linalg.qr(x[rows]))
    outer, triangle = np.linalg.qr(np.vstack([piece[1] for piece in pieces]))
    left, sigma, r = np.linalg.svd(triangle)
    outer = outer @ left[:, : len(sigma)]
    q = np.empty((len(x), len(sigma)))
    at = row = 0
    for orthogonal, small in pieces:
        np.matmul(orthogonal, outer[at : at + len(small)], out=q[row : row + len(orthogonal)])
        at += len(small)
        row += len(orthogonal)
    return q, sigma, r
