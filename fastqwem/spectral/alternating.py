"""Alternating least squares on QWEM's quadratic loss: one factor at a time, the other fixed, from counts or a target.

SGNS's loss, in logistic.py, is reduced to it.

A problem knows how to improve one factor, or both tied; the loop is `alternate` in factorize.py.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, Protocol

import numpy as np

from .. import _core
from ..counts.cooccurrence import Cooccurrence
from ..counts.pair_weights import PairWeights, gram_line, inner_line
from ..numeric import inverse_or_zero
from ..progress import Tick
from .slices import RowSlices
from .spectrum import Spectrum
from .start import SpectralStart
from .workspace import Workspace

__all__ = ["Factors", "PairProblem", "Problem", "TargetProblem"]

Array = np.ndarray[Any, np.dtype[Any]]
TYPICAL_CURVATURE = 0.4
"""Of the logistic loss beside QWEM's, for the preconditioner: that of its bound at |x| = 2."""


@dataclass
class Factors:
    """W and C, the same array where they are tied."""

    w: Array
    c: Array


class Problem(Protocol):
    """What the loop and the start need to know.

    Attributes
    ----------
    n : int
        Words.
    dtype : float32 or float64
        Of the factors.
    least : float
        Pairs of less expected weight are drawn, see `PairProblem`; only with counts.
    """

    n: int
    dtype: Any
    least: float

    def penalty(self, factors: Factors) -> float:
        """Return the ridge's share of the objective."""

    def improve(self, side: int, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        """Improve factor W (side 0) or C (1), and return the objective before and after."""

    def improve_tied(self, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        """Improve W = C, and return the objective before and after."""

    def unscaled(self, x: Array) -> Array:
        """Return the rows of a factor as the user gets them, without weights of a target."""

    def spectral_pair(
        self, start: SpectralStart, d: int, seed: int, slices: RowSlices, workers: int
    ) -> tuple[Array, Array]:
        """Return the rough closed form as a start (W, C)."""

    def spectrum_rows(self, spectrum: Spectrum, d: int) -> Array:
        """Return the rows of a spectrum as a start."""


class PairProblem:
    """``sum_ij A_ij (x^2/4 - x) + B_ij (x^2/4 + x) + 1/2 sum_i ridge_i (|w_i|^2 + |c_i|^2)``, word2vec's weights.

    Parameters
    ----------
    counts : Cooccurrence
    weights : PairWeights
        Of these counts.
    ridge : float64 array, shape (V,)
        In units of the weights, which sum to one.
    steps : int
        Conjugate gradients per row.
    as_bytes : bool
        Whether the fixed factor is read as bytes.
    slices : RowSlices
    workers : int
    workspace : Workspace, optional
        For what the spectral start needs.
    pairs : float
        Pairs that the weights stand for, for `least`.
    seed : int
        Of the pairs that are drawn.

    Attributes
    ----------
    least : float
        A pair of words that stands for fewer pairs is drawn, with the probability of its share of so many, and then
        stands for so many: sums over pairs stay right on average, and there are fewer. At first 0: all count.

    Notes
    -----
    B is rank one, so its share of every row's normal matrix is the same Gram matrix G, up to a factor (Hu, Koren,
    Volinsky 2008, section 4). Both factors are turned into the eigenvectors of G, which changes neither x nor the
    ridge, makes G diagonal, and the diagonal of the normal matrix a good preconditioner.
    """

    dtype = np.float32
    least = 0.0

    def __init__(
        self,
        counts: Cooccurrence,
        weights: PairWeights,
        ridge: Array,
        steps: int,
        as_bytes: bool,
        slices: RowSlices,
        workers: int,
        workspace: Workspace | None = None,
        pairs: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._counts, self._weights, self._ridge, self._steps = counts, weights, ridge, steps
        self._bytes, self._pairs, self._key = as_bytes, pairs, seed % 2**32
        self._slices, self._workers = slices, workers
        self.n = len(ridge)
        self._workspace = workspace
        self._solver = _core.RowSolver(weights.parts, weights.keep, workers)

    def penalty(self, factors: Factors) -> float:
        return self._penalty(factors.w) + self._penalty(factors.c)

    def _penalty(self, x: Array) -> float:
        def part(rows: slice) -> Array:
            return np.asarray(self._ridge[rows] @ np.einsum("ij,ij->i", x[rows], x[rows]))

        return 0.5 * float(self._slices.total(part))

    def improve(self, side: int, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        fixed = factors.c if side == 0 else factors.w
        diagonal, turn = np.linalg.eigh(self._gram(fixed, self._drawn(side)[1]))
        self._turn(factors.w, turn)
        self._turn(factors.c, turn)
        moved, fixed = (factors.w, factors.c) if side == 0 else (factors.c, factors.w)
        constant = self._penalty(fixed)
        before, after = self._improve(side, moved, fixed, diagonal[::-1], tick)
        return before + constant, after + constant

    def _drawn(self, side: int) -> tuple[Array, Array]:
        """Return B's factors: of the rows of the side that moves, times k, and of those of the fixed one."""
        k, r, q = self._weights.negative, self._weights.rows, self._weights.noise
        return (k * r, q) if side == 0 else (k * q, r)

    def _improve(
        self, side: int, moved: Array, fixed: Array, diagonal: Array, tick: Tick | None
    ) -> tuple[float, float]:
        """Improve the rows of `moved` in place, G being diagonal; return the sums over all rows before and after."""
        drawn, noise = self._drawn(side)
        return self._solve(moved, fixed, drawn[None], diagonal[None], self._mean(fixed, noise)[None], tick)

    def improve_tied(self, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        """Improve W = C along the way to the row-wise solution with C fixed, to the lowest point of that line.

        That way leads down, for with symmetric weights the gradient of the tied loss is twice that in W alone.
        """
        pairs = self._weights
        k, r, q = pairs.negative, pairs.rows, pairs.noise
        old, solved = factors.w, factors.w.copy()
        grams = np.stack([self._gram(old, q), self._gram(old, r)])
        means = np.stack([self._mean(old, q), self._mean(old, r)])
        self._solve(solved, old, k / 2 * np.stack([r, q]), grams, means, tick)
        step = solved - old
        line = pairs.loss_line(old, step, old, step)
        products = [np.einsum("ij,ij->i", a, b, dtype=np.float64) for a, b in ((old, old), (old, step), (step, step))]
        line[:3] += self._ridge @ products[0], 2 * self._ridge @ products[1], self._ridge @ products[2]
        size, value = lowest_ahead(line)
        factors.w = factors.c = (old + np.float32(size) * step) if size else old
        return float(line[0]), value

    def _solve(
        self,
        moved: Array,
        fixed: Array,
        drawn: Array,
        grams: Array,
        means: Array,
        tick: Tick | None,
        logistic: tuple[Array, Any] | None = None,
    ) -> tuple[float, float]:
        """Improve the rows of `moved` in place, each system divided by the weights of its row: float32 has room then.

        `drawn` holds the weight of each row in each Gram matrix and mean; `logistic` the noise of the fixed rows and
        the parabola of unseen pairs.
        """
        pairs = self._weights
        mass = pairs.rows + drawn.sum(axis=0)
        mass = np.where(mass > 0, mass, 1.0)
        square = self._slices.total(lambda rows: pairs.rows[rows] @ np.square(fixed[rows]))
        noise, parabola = None, (0.0, 0.0, 0.0)
        if logistic is not None:
            noise, parabola = logistic[0].astype(np.float32), astuple(logistic[1])
            square = TYPICAL_CURVATURE * square
        before, after = self._solver.solve(
            x=moved,
            fixed=fixed,
            rows=pairs.keep / (pairs.total * mass),
            weights=np.ascontiguousarray(drawn / mass),
            grams=np.ascontiguousarray(grams, dtype=np.float32),
            means=means.astype(np.float32),
            ridge=self._ridge / mass,
            mass=mass,
            seen=pairs.rows / mass,
            square=square.astype(np.float32),
            steps=self._steps,
            noise=noise,
            parabola=parabola,
            bytes=self._bytes,
            least=self.least / self._pairs,
            key=self._key,
            workers=self._workers,
            progress=tick,
        )
        return before, after

    def _mean(self, x: Array, weights: Array) -> Array:
        return self._slices.total(lambda rows: weights[rows] @ x[rows])

    def _gram(self, x: Array, weights: Array) -> Array:
        def part(rows: slice) -> Array:
            weighed = x[rows] * np.sqrt(weights[rows, None]).astype(x.dtype)
            return np.asarray(weighed.T @ weighed, np.float64)  # of a matrix with itself: half the work

        return self._slices.total(part)

    def _turn(self, x: Array, turn: Array) -> None:
        """Multiply x, in place, by an orthogonal matrix, columns in reverse: those of the largest eigenvalues first."""
        small = np.ascontiguousarray(turn[:, ::-1]).astype(np.float32)

        def part(rows: slice) -> None:
            x[rows] = x[rows] @ small

        self._slices.map(part)

    def unscaled(self, x: Array) -> Array:
        return x

    def spectral_pair(
        self, start: SpectralStart, d: int, seed: int, slices: RowSlices, workers: int
    ) -> tuple[Array, Array]:
        rows = start.rows(self._counts, d, seed, slices, workers, self._workspace)
        return rows, rows.copy()

    def spectrum_rows(self, spectrum: Spectrum, d: int) -> Array:
        return spectrum.matrix(min(d, len(spectrum)))


class TargetProblem:
    """``1/4 (|W C^T - M|_F^2 - |M|_F^2) + ridge/2 (|W|_F^2 + |C|_F^2)``: Setting 3.1, all pairs weigh alike.

    Every row then has the same normal matrix ``C^T C / 2 + ridge``, and its right-hand side is a product with the
    target: a half sweep is exact, and without a ridge a step of subspace iteration. float64 throughout.

    Parameters
    ----------
    target : symmetric matrix or linear operator, shape (V, V)
    ridge : float
    slices : RowSlices
    """

    dtype = np.float64
    least = 0.0

    def __init__(self, target: Any, ridge: float, slices: RowSlices) -> None:
        self._target, self._ridge, self._slices = target, ridge, slices
        self.n = target.shape[0]
        gamma = getattr(target, "gamma", None)
        self.gamma: Array = np.ones(self.n) if gamma is None else gamma
        self._image: tuple[Array, Array] | None = None  # (W, M W) of the last tied step

    def _apply(self, x: Array) -> Array:
        return np.asarray(self._target @ x)

    def penalty(self, factors: Factors) -> float:
        return 0.5 * self._ridge * float(np.vdot(factors.w, factors.w) + np.vdot(factors.c, factors.c))

    def improve(self, side: int, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        fixed = factors.c if side == 0 else factors.w
        image = self._apply(fixed)
        gram = fixed.T @ fixed

        def objective(moved: Array) -> float:
            quadratic = 0.25 * float(np.vdot(moved.T @ moved, gram)) - 0.5 * float(np.vdot(moved, image))
            return quadratic + 0.5 * self._ridge * float(np.vdot(moved, moved) + np.vdot(fixed, fixed))

        before = objective(factors.w if side == 0 else factors.c)
        moved = self._solved(gram, image)
        if side == 0:
            factors.w = moved
        else:
            factors.c = moved
        return before, objective(moved)

    def improve_tied(self, factors: Factors, tick: Tick | None) -> tuple[float, float]:
        old = factors.w
        known = self._image
        image = known[1] if known is not None and known[0] is old else self._apply(old)
        step = self._solved(old.T @ old, image) - old
        image_step = self._apply(step)
        squares = gram_line(old, step)
        line = 0.25 * inner_line(squares, squares)
        cross = float(np.vdot(old, image_step))
        line[:3] -= 0.5 * np.array([np.vdot(old, image), 2 * cross, np.vdot(step, image_step)])
        line[:3] += self._ridge * np.array([np.vdot(old, old), 2 * np.vdot(old, step), np.vdot(step, step)])
        size, value = lowest_ahead(line)
        if size:
            factors.w = factors.c = old + size * step
            self._image = factors.w, image + size * image_step
        return float(line[0]), value

    def _solved(self, gram: Array, image: Array) -> Array:
        """Return ``M C (C^T C + 2 ridge)^+``, from C^T C and M C."""
        system = gram + 2 * self._ridge * np.eye(len(gram))
        return np.asarray(image @ np.linalg.pinv(system, hermitian=True))

    def unscaled(self, x: Array) -> Array:
        return np.asarray(x * inverse_or_zero(self.gamma)[:, None])

    def spectral_pair(
        self, start: SpectralStart, d: int, seed: int, slices: RowSlices, workers: int
    ) -> tuple[Array, Array]:
        rows = start.scaled(self._target, d, seed, slices)
        return rows, rows.copy()

    def spectrum_rows(self, spectrum: Spectrum, d: int) -> Array:
        return np.asarray(spectrum.matrix(min(d, len(spectrum))) * self.gamma[:, None])


def lowest_ahead(line: Array) -> tuple[float, float]:
    """Return where ahead (s > 0) a quartic in s is lowest, and its value; 0 where nothing ahead is lower."""
    roots = np.roots(np.polynomial.polynomial.polyder(line)[::-1])
    ahead = roots.real[(np.abs(roots.imag) <= 1e-9 * np.abs(roots)) & (roots.real > 0)]
    values = np.polynomial.polynomial.polyval(ahead, line)
    if not len(ahead) or not values.min() < line[0]:
        return 0.0, float(line[0])
    return float(ahead[values.argmin()]), float(values.min())
