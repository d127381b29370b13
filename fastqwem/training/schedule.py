"""The learning rate: one float32 per chunk, falling linearly over the epochs of one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .options import Options

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """From `alpha` down to `min_alpha` over `epochs` epochs.

    Attributes
    ----------
    alpha, min_alpha : float
    first_epoch : int
        Epochs that the model had seen before, counted over its whole life, so that samples are always fresh.
    epochs : int
    """

    alpha: float
    min_alpha: float
    first_epoch: int
    epochs: int

    @classmethod
    def of(cls, options: Options, first_epoch: int) -> Schedule:
        """Return the schedule of options that begins with an epoch."""
        return cls(options.alpha, options.min_alpha, first_epoch, options.epochs)

    @property
    def end(self) -> int:
        """The number of the epoch before which it ends."""
        return self.first_epoch + self.epochs

    def rates(self, n_tokens: int, epoch: int, first_chunk: int, last_chunk: int) -> NDArray[np.float32]:
        """Return the rates of chunks ``[first_chunk, last_chunk)`` of an epoch, shape (last_chunk - first_chunk,)."""
        positions = _core.TRAINING_CHUNK * np.arange(first_chunk, last_chunk, dtype=np.float64)
        done = ((epoch - self.first_epoch) * n_tokens + positions) / (self.epochs * n_tokens)
        return np.maximum(self.min_alpha, self.alpha - (self.alpha - self.min_alpha) * done).astype(np.float32)
