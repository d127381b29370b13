"""The exact objectives of QWEM and SGNS, with gradients, as sums over all pairs of words that are never sampled.

An objective works on a tuple of factors: ``(W,)`` where both words of a pair share their vectors, else ``(W, C)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import expit

from ..counts.pair_weights import PairWeights, gram_line, inner_line, weighted_gram

__all__ = ["Line", "Objective", "Point", "QwemObjective", "SgnsObjective", "TargetObjective"]

Array = np.ndarray[Any, np.dtype[Any]]
Factors = tuple[Array, ...]


@dataclass(frozen=True)
class Point:
    """Factors with their loss and gradients; images: the target times each factor, where there is a target."""

    factors: Factors
    loss: float
    gradients: Factors
    images: Factors = ()


@dataclass(frozen=True)
class Line:
    """The loss along a direction: its coefficients, from degree 0 to 4, and the images of the direction."""

    coefficients: Array
    images: Factors = ()


class Objective(Protocol):
    """What the methods of descent need to know.

    Attributes
    ----------
    rate : float
        The flow of the paper is ``dW/dt = -rate * gradient / mass``: 1/2 for tied factors, 1 for two, and twice that
        for SGNS, whose loss is half as steep near zero.
    masses : tuple of float64 arrays, shape (V,)
        The weights of all pairs of a word, summed: curvature of the loss in each row grows with it.
    free_lines : bool
        The loss along a line costs nothing that the point reached on it would not cost again.
    """

    rate: float
    masses: Factors
    free_lines: bool

    def at(self, factors: Factors, images: Factors = ()) -> Point:
        """Return loss and gradients at `factors`; known images are not computed again."""

    def along(self, point: Point, direction: Factors) -> Line | None:
        """Return the loss along a direction, or None if it is no polynomial."""

    def curvatures(self, factors: Factors) -> Factors:
        """Return a (d, d) matrix per factor: the mean of ``c c^T`` over the other words of a pair."""


def _sides(factors: Factors) -> tuple[Array, Array]:
    """Return (W, C), which are the same where factors are tied."""
    return factors[0], factors[-1]


def _dot(a: Array, b: Array) -> float:
    """Return the sum of products in float64."""
    return float(np.einsum("ij,ij->", a, b, dtype=np.float64, optimize=False))


class TargetObjective:
    """The paper's Setting 3.1, ``1/4 (|W C^T - M|_F^2 - |M|_F^2)``: all pairs weigh the same.

    Parameters
    ----------
    target : linear operator, shape (V, V)
        Only ``target @ x`` is used, and ``target.T @ x`` for untied factors; a tied one must be symmetric.
    tied : bool

    Notes
    -----
    ``1/4 |W C^T|^2 = 1/4 tr(W^T W C^T C)``, so a step costs a product with M per factor, and 4 V d^2 flops.
    """

    free_lines = True

    def __init__(self, target: Any, tied: bool) -> None:
        self._target, self._tied = target, tied
        self.rate = 0.5 if tied else 1.0
        ones = np.ones(target.shape[0])
        self.masses: Factors = (ones,) if tied else (ones, ones)

    def _images(self, factors: Factors) -> Factors:
        """Return (M W,) or (M C, M^T W): the image that each factor meets."""
        w, c = _sides(factors)
        if self._tied:
            return (np.asarray(self._target @ w),)
        return np.asarray(self._target @ c), np.asarray(self._target.T @ w)

    def at(self, factors: Factors, images: Factors = ()) -> Point:
        images = images or self._images(factors)
        w, c = _sides(factors)
        gram_w, gram_c = weighted_gram(w), weighted_gram(c)
        loss = 0.25 * float(np.vdot(gram_w, gram_c)) - 0.5 * _dot(w, images[0])
        half = 1.0 if self._tied else 0.5
        grams = (gram_c,) if self._tied else (gram_c, gram_w)
        gradients = tuple(
            half * (x @ gram.astype(x.dtype) - image) for x, gram, image in zip(factors, grams, images, strict=True)
        )
        return Point(factors, loss, gradients, images)

    def along(self, point: Point, direction: Factors) -> Line:
        images = self._images(direction)
        w, c = _sides(point.factors)
        dw, dc = _sides(direction)
        quartic = 0.25 * inner_line(gram_line(w, dw), gram_line(c, dc))
        linear = np.array(
            [_dot(w, point.images[0]), _dot(dw, point.images[0]) + _dot(w, images[0]), _dot(dw, images[0])]
        )
        quartic[:3] -= 0.5 * linear
        return Line(quartic, images)

    def curvatures(self, factors: Factors) -> Factors:
        return tuple(weighted_gram(x) for x in reversed(factors))


class QwemObjective:
    """``sum_ij A_ij (-x + x^2/4) + B_ij (x + x^2/4)``, ``x_ij = w_i . c_j``, with word2vec's own weights.

    Notes
    -----
    A is sparse: one pass over the counts per factor. B is rank one: its share is a function of the Gram matrices
    ``W^T diag(r) W`` and ``C^T diag(q) C`` and of the means ``W^T r`` and ``C^T q``. Tied factors see A and B made
    symmetric, because ``x_ij = x_ji``.
    """

    free_lines = False

    def __init__(self, weights: PairWeights, tied: bool) -> None:
        self._weights, self._tied = weights, tied
        self.rate = 0.5 if tied else 1.0
        self.masses = _masses(weights, tied)

    def at(self, factors: Factors, images: Factors = ()) -> Point:
        pairs = self._weights
        k, r, q = pairs.negative, pairs.rows, pairs.noise
        w, c = _sides(factors)
        gram_w, gram_c = weighted_gram(w, r), weighted_gram(c, q)
        mean_w, mean_c = r @ w, q @ c
        sparse_w, first, second = pairs.gather(w, c, 0.5, -1.0)
        loss = -first + second / 4 + k * (float(mean_w @ mean_c) + float(np.vdot(gram_w, gram_c)) / 4)
        rows_w = _drawn(w, k * r, gram_c, mean_c)
        rows_c = _drawn(c, k * q, gram_w, mean_w)
        if self._tied:
            return Point(factors, loss, (2 * sparse_w + rows_w + rows_c,))
        sparse_c, _, _ = pairs.gather(c, w, 0.5, -1.0)
        return Point(factors, loss, (sparse_w + rows_w, sparse_c + rows_c))

    def along(self, point: Point, direction: Factors) -> Line:
        w, c = _sides(point.factors)
        dw, dc = _sides(direction)
        return Line(self._weights.loss_line(w, dw, c, dc))

    def curvatures(self, factors: Factors) -> Factors:
        return _curvatures(self._weights, factors)


class SgnsObjective:
    """``sum_ij A_ij log(1 + e^-x) + B_ij log(1 + e^x)``, ``x_ij = w_i . c_j``, over all V^2 pairs.

    Parameters
    ----------
    weights : PairWeights
    tied : bool
    memory : int
        Bytes for the blocks of rows of x: at least one row, 40 V bytes, is worked on at a time.

    Notes
    -----
    Every pair has a logistic of its own, so a gradient costs 6 V^2 d flops and V^2 exponentials: 6 to 13 s of one core
    per 10^8 pairs at d = 100, the least with float32 and blocks that fit a cache.
    """

    free_lines = False

    def __init__(self, weights: PairWeights, tied: bool, memory: int) -> None:
        self._weights, self._tied = weights, tied
        self.rate = 1.0 if tied else 2.0
        self.masses = _masses(weights, tied)
        self._rows = max(1, memory // (40 * len(weights.rows)))

    def at(self, factors: Factors, images: Factors = ()) -> Point:
        w, c = _sides(factors)
        gradient_w, gradient_c = np.empty_like(w), np.zeros_like(c)
        loss = 0.0
        for begin in range(0, len(w), self._rows):
            rows = slice(begin, min(begin + self._rows, len(w)))
            part, slopes = self._block(w[rows] @ c.T, rows)
            loss += part
            np.matmul(slopes, c, out=gradient_w[rows])
            gradient_c += slopes.T @ w[rows]
        return Point(factors, loss, (gradient_w + gradient_c,) if self._tied else (gradient_w, gradient_c))

    def _block(self, x: Array, rows: slice) -> tuple[float, Array]:
        """Return the loss of a block of rows of x and its derivative in x."""
        pairs = self._weights
        drawn = pairs.negative * pairs.rows[rows]
        seen = pairs.seen(rows)
        at = np.repeat(np.arange(len(x)), np.diff(seen.indptr)), seen.indices
        logits = x[at].astype(np.float64)
        loss = float(seen.data @ np.logaddexp(0.0, -logits))
        decay = np.exp(-np.abs(x))
        softplus = np.maximum(x, 0)
        softplus += np.log1p(decay)
        loss += float(drawn @ (softplus @ pairs.noise))
        slopes = np.where(x >= 0, 1.0, decay).astype(x.dtype, copy=False)
        slopes /= 1 + decay  # the logistic function
        slopes *= drawn[:, None].astype(x.dtype)
        slopes *= pairs.noise.astype(x.dtype)
        slopes[at] -= (seen.data * expit(-logits)).astype(x.dtype)
        return loss, slopes

    def along(self, point: Point, direction: Factors) -> None:
        return None

    def curvatures(self, factors: Factors) -> Factors:
        return _curvatures(self._weights, factors)


def _drawn(x: Array, weights: Array, gram: Array, mean: Array) -> Array:
    """Return ``weights_i (mean + gram x_i / 2)``: the gradient of the negatives, quadratic in the logit."""
    return np.asarray((weights[:, None] * (mean + x @ gram / 2)).astype(x.dtype, copy=False))


def _masses(weights: PairWeights, tied: bool) -> Factors:
    """Return the sums of A + B over the pairs of each word; tied, over A + B made symmetric."""
    k, r, q = weights.negative, weights.rows, weights.noise
    return (r + k * (r + q) / 2,) if tied else ((1 + k) * r, r + k * q)


def _curvatures(weights: PairWeights, factors: Factors) -> Factors:
    """Return the means of ``c c^T`` as the words of the other side weigh them."""
    masses = _masses(weights, len(factors) == 1)
    return tuple(
        weighted_gram(x, mass / mass.sum()) for x, mass in zip(reversed(factors), reversed(masses), strict=True)
    )
