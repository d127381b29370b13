"""One step: inputs and outputs of a block against each other, all from the rows as they are at its start."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import objective as objectives
from .moments import Moments

__all__ = ["Step", "exact_step", "step"]

Array = NDArray[Any]


class Step(NamedTuple):
    """What a step does.

    Attributes
    ----------
    inputs : array, shape (c, d)
        What is added to the inputs.
    outputs : array, shape (o, d)
        What is added to the outputs.
    loss : float
        Before the step, summed in float64.
    """

    inputs: Array
    outputs: Array
    loss: float


def step(x: Array, o: Array, m: Array, alpha: Any, objective: str, meet_x: Array, meet_o: Array) -> Step:
    """One step of gradient descent on ``sum loss(x o^T, m)``; for QWEM, every row damped by `objective.damping`.

    Parameters
    ----------
    x : array, shape (c, d)
        Inputs.
    o : array of the same dtype, shape (o, d)
        Outputs.
    m : array of the same dtype, shape (c, o)
        Weights of the pairs: positive where seen, negative where sampled.
    alpha : scalar of the same dtype
        Learning rate.
    objective : {"sgns", "qwem"}
    meet_x, meet_o : arrays of the same dtype, shapes (c, c) and (o, o)
        ``meet_inputs`` and ``meet_outputs`` of the `Term`.
    """
    scores = x @ o.T
    g = alpha * objectives.pull(objective, scores, m)
    to_x, to_o = g @ o, g.T @ x
    if objective == "qwem":
        to_x *= objectives.damping(alpha, meet_x @ (np.abs(m) @ _squares(o)))[:, None]
        to_o *= objectives.damping(alpha, meet_o @ (np.abs(m).T @ _squares(x)))[:, None]
    return Step(to_x, to_o, float(objectives.loss(objective, scores, m).sum(dtype=np.float64)))


def exact_step(
    x: Array,
    o: Array,
    m: Array,
    alpha: Any,
    negative: int,
    rho: Array,
    moments: Moments,
    meet_x: Array,
    meet_o: Array,
) -> Step:
    """The expectation over the negatives of a QWEM skip-gram step.

    QWEM's loss of a negative is quadratic, so that its expectation needs only two moments of the words' vectors. It is
    over all words, the centre included: the objective of all pairs, where sampling leaves such negatives out. Outputs
    meet their negatives when they are centres: a word that is a negative ``rho`` times as often as it is a centre gets
    ``rho`` times the expected pull of an input at every pair. The loss returned is the expected one.

    Parameters
    ----------
    x : array, shape (c, d)
        Inputs.
    o : array, shape (t, d)
        Centres.
    m : array, shape (c, t)
        1 where the input is in the centre's window, else 0.
    alpha : scalar
    negative : int
        K: expected negatives a pair.
    rho : array, shape (t,)
        Probability of each centre as a negative over its share of the centres.
    moments : Moments
    meet_x, meet_o : arrays, shapes (c, c) and (t, t)
        As for `step`.
    """
    k = x.dtype.type(negative)
    scores = x @ o.T
    g = alpha * objectives.pull("qwem", scores, m)
    to_input, to_output = k * m.sum(axis=1), k * m.sum(axis=0) * rho
    to_x = g @ o - alpha * to_input[:, None] * (moments.mu + x @ moments.sigma / 2)
    to_o = g.T @ x - alpha * to_output[:, None] * (moments.nu + o @ moments.pi / 2)
    to_x *= objectives.damping(alpha, meet_x @ (m @ _squares(o) + to_input * _norm(moments.sigma)))[:, None]
    to_o *= objectives.damping(alpha, meet_o @ (m.T @ _squares(x) + to_output * _norm(moments.pi)))[:, None]
    pairs = objectives.loss("qwem", scores, m)
    noise = to_input * (x @ moments.mu + ((x @ moments.sigma) * x).sum(axis=1) / 4)
    return Step(to_x, to_o, float(pairs.sum(dtype=np.float64) + noise.sum(dtype=np.float64)))


def _norm(second: Array) -> float:
    """Return the largest eigenvalue of a second moment."""
    return float(np.linalg.eigvalsh(second)[-1])


def _squares(rows: Array) -> Array:
    """Squared length of every row."""
    lengths: Array = (rows * rows).sum(axis=1)
    return lengths
