"""SGNS's own loss from counts: alternating least squares on parabolas that lie above it.

Seen pairs are few enough to take their logistic loss as it is; of the others there are V^2, all of them negatives
with rank-one weights, and the sum of a quadratic function over them needs no more than two Gram matrices. So the
unseen ones get one parabola for all: the best one for logits that are normally distributed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..progress import Tick
from .alternating import PairProblem
from .slices import RowSlices
from .start import SpectralStart

__all__ = ["LogisticProblem", "Parabola"]

Array = np.ndarray[Any, np.dtype[Any]]

_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()


@dataclass(frozen=True)
class Parabola:
    """``level + slope x + bend x^2 / 2`` in place of ``log(1 + e^x)``."""

    level: float
    slope: float
    bend: float

    @classmethod
    def for_normal(cls, mean: float, deviation: float) -> Parabola:
        """Return the best one in mean square for x normal with this mean and standard deviation.

        Its Hermite expansion to second order: ``E f + E f' (x - m) + 1/2 E f'' ((x - m)^2 - s^2)``, so that the mean
        of the parabola is that of the function.
        """
        x = mean + deviation * _NODES
        sigma = 1.0 / (1.0 + np.exp(-x))
        bend = float(_NODE_WEIGHTS @ (sigma * (1.0 - sigma)))
        slope = float(_NODE_WEIGHTS @ sigma) - bend * mean
        level = float(_NODE_WEIGHTS @ np.logaddexp(0.0, x)) - slope * mean - bend * (mean**2 + deviation**2) / 2
        return cls(level, slope, bend)


class LogisticProblem(PairProblem):
    """``sum_ij A_ij log(1 + e^-x) + B_ij log(1 + e^x)`` and the ridge: SGNS with word2vec's weights.

    The second term is taken as a `Parabola` where a pair was never seen; its coefficients follow the mean and the
    variance of x over the negatives, which W^T r, C^T q and two Gram matrices give, and are renewed before each half
    sweep. Objectives are of that approximation: none rises within a half sweep, all are close to the exact loss.

    Notes
    -----
    Row by row, each logarithm is replaced by a parabola that touches it at the present x and lies above it (Jaakkola,
    Jordan 2000, section 2), which leaves `PairProblem`'s weighted least squares. Source of the loss: Mikolov et al.
    2013 (arXiv 1310.4546), equation 4, with the weights of `fastqwem.counts.pair_weights.PairWeights`.
    """

    def _improve(
        self, side: int, moved: Array, fixed: Array, diagonal: Array, tick: Tick | None
    ) -> tuple[float, float]:
        drawn, noise = self._drawn(side)
        mean = self._mean(fixed, noise)
        parabola = self._parabola(moved, self._drawn(1 - side)[1], mean, diagonal)
        before, after = self._solve(
            moved,
            fixed,
            drawn[None],
            2 * parabola.bend * diagonal[None],
            parabola.slope * mean[None],
            tick,
            (noise, parabola),
        )
        constant = self._weights.negative * parabola.level
        return before + constant, after + constant

    def _parabola(self, moved: Array, weights: Array, fixed_mean: Array, fixed_diagonal: Array) -> Parabola:
        """Return the parabola for the negatives' present logits; the fixed factor's Gram matrix is diagonal."""
        mean = float(self._mean(moved, weights) @ fixed_mean)
        squares = self._slices.total(lambda rows: weights[rows] @ np.square(moved[rows], dtype=np.float64))
        variance = float(squares @ fixed_diagonal) - mean**2
        return Parabola.for_normal(mean, np.sqrt(max(variance, 0.0)))

    def spectral_pair(
        self, start: SpectralStart, d: int, seed: int, slices: RowSlices, workers: int
    ) -> tuple[Array, Array]:
        """Return the start (W, C): QWEM's closed form, with one dimension given to the mean logit.

        The best constant logit is ``-ln negative``, while rows that are alike in W and C make it positive. The weakest
        dimension becomes ``(b, -b)``; without it the first sweep would do nothing else.
        """
        w, c = super().spectral_pair(start, d, seed, slices, workers)
        negative = self._weights.negative
        if d > 1 and negative > 1:
            w[:, -1] = np.sqrt(np.log(negative))
            c[:, -1] = -w[:, -1]
        return w, c
