"""What one score costs, and what it does: SGNS and its quadratic approximation QWEM.

The score x of an input and an output carries a weight m, positive for a pair that was seen and negative for a sampled
one. With z = x for m >= 0 and z = -x for m < 0,

    SGNS   loss |m| log(1 + e^-z)     pull m sigmoid(-z)
    QWEM   loss |m| (-z + z^2 / 4)    pull m (1 - z / 2)

where the pull is minus the derivative of the loss with respect to x. QWEM is twice the expansion of SGNS to second
order without its constant, 2 log 2 (arXiv 2502.09863, section 3).

Twice here: the functions of one score are float32 in Numba's subset, for a device; `pull` and `loss` are the same for
arrays of any dtype. A test holds them to each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["OBJECTIVES", "damping", "loss", "pull", "qwem_loss", "qwem_pull", "sgns_loss", "sgns_pull"]

OBJECTIVES = ("sgns", "qwem")

ZERO, ONE, HALF, QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)


def sgns_pull(score: Any, weight: Any) -> Any:
    """``m sigmoid(-z)`` of one float32 score and weight, without overflow at any score."""
    z = score if weight >= ZERO else -score
    e = np.float32(math.exp(-abs(z)))
    return weight * (e if z >= ZERO else ONE) / (ONE + e)


def sgns_loss(score: Any, weight: Any) -> Any:
    """``|m| log(1 + e^-z)`` of one float32 score and weight, without overflow at any score."""
    z = score if weight >= ZERO else -score
    return abs(weight) * (max(-z, ZERO) + np.float32(math.log1p(math.exp(-abs(z)))))


def qwem_pull(score: Any, weight: Any) -> Any:
    """``m (1 - z / 2)`` of one float32 score and weight."""
    z = score if weight >= ZERO else -score
    return weight * (ONE - HALF * z)


def qwem_loss(score: Any, weight: Any) -> Any:
    """``|m| (-z + z^2 / 4)`` of one float32 score and weight."""
    z = score if weight >= ZERO else -score
    return abs(weight) * (QUARTER * z - ONE) * z


def pull(objective: str, scores: Any, weights: Any) -> Any:
    """Minus the derivative of `loss` with respect to the scores: arrays of one shape and one dtype."""
    z = np.where(weights < 0, -scores, scores)
    if objective == "qwem":
        return weights * (1 - z / 2)
    e = np.exp(-np.abs(z))
    return weights * np.where(z >= 0, e, 1) / (1 + e)


def loss(objective: str, scores: Any, weights: Any) -> Any:
    """The loss of every score: arrays of one shape and one dtype."""
    z = np.where(weights < 0, -scores, scores)
    if objective == "qwem":
        return np.abs(weights) * (-z + z * z / 4)
    return np.abs(weights) * (np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z))))


def damping(alpha: Any, mass: Any) -> Any:
    """Factor of a row's QWEM update: ``1 / (1 + alpha * mass)``, `mass` = sum |m| |other row|^2.

    As a function of one row, the others fixed, the loss of a block is quadratic with the Hessian
    ``H = 1/2 sum |m| o o^T``, whose norm is at most mass / 2. A damped step is ``x + alpha' (b - H x)`` with
    ``alpha' H <= (alpha mass / 2) / (1 + alpha mass) < 1/2``, so for any alpha it goes less than half of the way to
    the minimum in every direction, and with ``b = sum m o`` a row grows by less than ``sqrt(alpha sum |m|) / 2``.
    Rows of one word, whose steps meet in one vector, and bags of CBOW, whose steps overlap, therefore have the masses
    of all of them (`terms.Term.meet_inputs`): the bounds are those of a word's steps together.
    """
    return ONE / (ONE + alpha * mass)
