"""How far training has come: everything but the matrices that going on with the same result needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EpochRecord", "Moments", "State", "mean_loss"]

Moments = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch came to.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    alpha : float
        The learning rate at its end.
    loss : float
        Mean loss per pair while training (not of the vectors at its end), NaN if it had no pairs. For skip-gram with
        negative sampling a pair has 1 + negative terms.
    held_out_loss : float or None
        Mean loss per pair of the held-out positions after it; None if none were held out.
    pairs, words : int
        Pairs and center words trained.
    seconds : float
        Of training alone: without callbacks, checkpoints and held-out loss.
    words_per_second : float
        Tokens of the corpus, those dropped by `sample` included, per second.
    """

    epoch: int
    alpha: float
    loss: float
    held_out_loss: float | None
    pairs: int
    words: int
    seconds: float
    words_per_second: float


@dataclass(frozen=True)
class State:
    """A place in training; replaced as a whole, so that an interruption never leaves half of a change.

    Attributes
    ----------
    epoch, chunk : int
        All chunks before this one are done; epochs count from 0 over the model's whole life.
    first_epoch : int
        The epoch with which the present schedule began.
    history : tuple of EpochRecord
    loss, pairs, words, seconds : float, int, int, float
        Sums over the part of the running epoch that is done.
    moments : tuple of arrays or None
        The moments that exact negatives of the running span use; None between spans.
    """

    epoch: int = 0
    chunk: int = 0
    first_epoch: int = 0
    history: tuple[EpochRecord, ...] = ()
    loss: float = 0.0
    pairs: int = 0
    words: int = 0
    seconds: float = 0.0
    moments: Moments | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all but the moments, which are arrays, as JSON values."""
        names = ("epoch", "chunk", "first_epoch", "loss", "pairs", "words", "seconds")
        values = {name: getattr(self, name) for name in names}
        return values | {"history": [vars(record) for record in self.history]}

    @classmethod
    def from_json(cls, values: dict[str, Any], moments: Moments | None) -> State:
        """Inverse of `to_json`; TypeError or ValueError if they are no such state."""
        history = tuple(EpochRecord(**record) for record in values["history"])
        state = cls(**(values | {"history": history, "moments": moments}))
        if not 0 <= state.first_epoch <= state.epoch or state.chunk < 0:
            raise ValueError(f"no such place: epoch {state.epoch}, chunk {state.chunk}")
        return state


def mean_loss(loss: float, pairs: int) -> float:
    """Return the loss per pair, NaN if there are none."""
    return loss / pairs if pairs else math.nan
