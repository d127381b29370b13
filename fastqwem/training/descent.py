"""Methods of descent on an exact objective: plain steps, and L-BFGS with a preconditioner made of weights and Grams."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .objectives import Objective, Point

__all__ = ["accelerated_steps", "gradient_norm", "gradient_steps"]

Array = np.ndarray[Any, np.dtype[Any]]
Factors = tuple[Array, ...]

MEMORY = 6
"""Pairs of steps and gradient differences that L-BFGS keeps."""
ENOUGH, FLAT = 1e-4, 0.9
"""The usual constants of Armijo and Wolfe: least share of the promised descent, largest share of slope left."""

ROUNDING = 1e-13
"""Relative differences of losses below this say nothing."""


def gradient_steps(objective: Objective, point: Point, sizes: Iterable[float]) -> Iterator[tuple[Point, float]]:
    """Yield (point, size) after each step ``W -= size * rate * gradient / mass``: Euler steps of the paper's flow."""
    scales = [objective.rate * inverse for inverse in _inverses(objective)]
    for size in sizes:
        factors = tuple(
            x - ((size * scale)[:, None] * g).astype(x.dtype, copy=False)
            for x, scale, g in zip(point.factors, scales, point.gradients, strict=True)
        )
        point = objective.at(factors)
        yield point, size


def gradient_norm(objective: Objective, point: Point) -> float:
    """Return the length of the gradient, the square of each row divided by its mass."""
    return float(
        np.sqrt(
            sum(
                inverse @ np.einsum("ij,ij->i", g, g, dtype=np.float64)
                for inverse, g in zip(_inverses(objective), point.gradients, strict=True)
            )
        )
    )


def accelerated_steps(objective: Objective, point: Point) -> Iterator[tuple[Point, float]]:
    """Yield (point, 1.0) after each step of preconditioned L-BFGS; ends where rounding hides any descent.

    A row is divided by its mass, and multiplied by the inverse of the mean of ``c c^T``: the Hessian of each row up to
    that mean. Where the loss along a line is a polynomial its exact minimiser is the step: always if that comes
    without a product of its own (a target), else only where the unit step is a poor one (about one step in twenty).

    Measured on text (1,500 words, d = 32, word2vec's weights, one seed), excess over the lowest loss that any variant
    reached, after the work of 30 gradients, untied and tied: 0.15 and 4 %; with rows divided by masses only 3 and 6 %;
    nonlinear conjugate gradients with an exact line search at every step 0.4 and 24 %, for such a search costs as much
    as a gradient. Damping by a tenth of the mean instead: 0.1 and 8 %.
    """
    history: deque[tuple[Factors, Factors]] = deque(maxlen=MEMORY)
    while True:
        direction = _lbfgs_direction(objective, point, history)
        slope = _dot(point.gradients, direction)
        found = _search(objective, point, direction, slope, first=not history) if slope < 0 else None
        if found is None:
            if not history:
                return
            history.clear()  # what it says of the curvature may be out of date: once more without
            continue
        new, size = found
        step = tuple(size * x for x in direction)
        change = tuple(a - b for a, b in zip(new.gradients, point.gradients, strict=True))
        if _dot(step, change) > 0:
            history.append((step, change))
        point = new
        yield point, 1.0


def _search(
    objective: Objective, point: Point, direction: Factors, slope: float, first: bool
) -> tuple[Point, float] | None:
    """Return a point of lower loss along the direction, and how far it is; None if there is none to be found."""
    if objective.free_lines or first:
        new, size = _exact(objective, point, direction)
        if new is not None:
            return (new, size) if _better(objective, new, point) else None
    size = 1.0
    for _ in range(30):
        new = objective.at(_moved(point.factors, size, direction))
        low = new.loss <= point.loss + ENOUGH * size * slope
        if low and abs(_dot(new.gradients, direction)) <= FLAT * abs(slope):
            return new, size
        exact, exact_size = _exact(objective, point, direction)
        if exact is not None:
            return (exact, exact_size) if _better(objective, exact, point) else None
        if low:
            return new, size
        excess = new.loss - point.loss - size * slope
        parabola = -slope * size**2 / (2 * excess) if np.isfinite(excess) and excess > 0 else 0.0
        size = float(np.clip(parabola, 0.1 * size, 0.5 * size))
    return None


def _better(objective: Objective, new: Point, old: Point) -> bool:
    """Return whether the loss is lower, or where rounding hides that, the gradient."""
    if abs(new.loss - old.loss) <= ROUNDING * abs(old.loss):
        return gradient_norm(objective, new) < gradient_norm(objective, old)
    return new.loss < old.loss


def _exact(objective: Objective, point: Point, direction: Factors) -> tuple[Point | None, float]:
    """Return the lowest point ahead on the line and its distance; None if the loss is no polynomial there."""
    line = objective.along(point, direction)
    if line is None:
        return None, 0.0
    roots = np.roots(np.polynomial.polynomial.polyder(line.coefficients)[::-1])
    ahead = roots.real[(np.abs(roots.imag) <= 1e-9 * np.abs(roots)) & (roots.real > 0)]
    if not len(ahead):
        return None, 0.0
    size = float(ahead[np.argmin(np.polynomial.polynomial.polyval(ahead, line.coefficients))])
    images = _moved(point.images, size, line.images) if line.images else ()
    return objective.at(_moved(point.factors, size, direction), images), size


def _lbfgs_direction(objective: Objective, point: Point, history: deque[tuple[Factors, Factors]]) -> Factors:
    """Return minus the inverse Hessian times the gradient, as the two loops of L-BFGS know it."""
    rest = point.gradients
    shares = []
    for step, change in reversed(history):
        share = _dot(step, rest) / _dot(step, change)
        shares.append(share)
        rest = _moved(rest, -share, change)
    solve = _preconditioner(objective, point.factors)
    result = solve(rest)
    if history:  # the secant of the last step sets the scale
        step, change = history[-1]
        scale = _dot(step, change) / _dot(change, solve(change))
        result = tuple(scale * x for x in result)
    for (step, change), share in zip(history, reversed(shares), strict=True):
        result = _moved(result, share - _dot(change, result) / _dot(step, change), step)
    return tuple(-x for x in result)


def _preconditioner(objective: Objective, factors: Factors) -> Any:
    """Return the function that divides the rows by their masses and by the mean curvature, damped by its mean."""
    inverses = []
    for gram in objective.curvatures(factors):
        d = len(gram)
        mean = float(np.trace(gram)) / d
        damped = gram + mean * np.eye(d) if mean > 0 else np.eye(d)
        inverses.append(2 * objective.rate * np.linalg.inv(damped))
    masses = _inverses(objective)

    def solve(rows: Factors) -> Factors:
        return tuple(
            ((mass[:, None] * x) @ inverse).astype(x.dtype, copy=False)
            for x, mass, inverse in zip(rows, masses, inverses, strict=True)
        )

    return solve


def _inverses(objective: Objective) -> list[Array]:
    """Return one over the masses, zero for words without any: their gradients are zero."""
    return [np.where(mass > 0, 1.0 / np.where(mass > 0, mass, 1.0), 0.0) for mass in objective.masses]


def _moved(factors: Factors, size: float, direction: Factors) -> Factors:
    return tuple(x + size * y for x, y in zip(factors, direction, strict=True))


def _dot(a: Factors, b: Factors) -> float:
    """Return the inner product in float64."""
    return float(sum(np.einsum("ij,ij->", x, y, dtype=np.float64, optimize=False) for x, y in zip(a, b, strict=True)))
