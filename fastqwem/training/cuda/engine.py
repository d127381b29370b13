"""The engine of ``device="cuda"``: the face of `fastqwem.training.engine.Engine` over a `DeviceTrainer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...storage import release_pages
from ...text.vocab import Vocab
from ..engine import moment_arguments
from ..options import Options
from ..sampling import held_out_limit, keep_limits, kept_shares, noise_weights
from ..state import Moments
from .sizes import Sizes
from .trainer import DeviceTrainer

__all__ = ["CudaEngine"]

Floats = NDArray[np.float32]
_ROWS = 1 << 14


class CudaEngine:
    """A `DeviceTrainer` and the names of its matrices.

    Attributes
    ----------
    trainer : DeviceTrainer
    noise, shares : float64 arrays, shape (V,)
        The noise distribution, and each word's expected share of the kept tokens; both add up to 1.
    """

    def __init__(self, options: Options, vocab: Vocab, **tuning: Any) -> None:
        self.names = options.matrices
        self.shape = (len(vocab), options.vector_size)
        weights = noise_weights(vocab.counts, options.ns_exponent)
        self.noise = weights / weights.sum()
        self.shares = kept_shares(vocab.counts, options.sample)
        self.trainer = DeviceTrainer(
            Sizes.of_options(options),
            vocab_size=len(vocab),
            seed=options.seed,
            held_out=held_out_limit(options.held_out),
            negative=options.negative,
            tied=options.tied,
            keep=keep_limits(vocab.counts, options.sample),
            weights=weights,
            shares=self.shares,
            **tuning,
        )

    def fill(self, write: Callable[[str, Floats], None]) -> None:
        """Have every matrix written by ``write(name, matrix)``, on the host, and copy it to the device."""
        for name in self.names:
            matrix = np.empty(self.shape, np.float32)
            write(name, matrix)
            self.load({name: matrix})

    def load(self, matrices: Mapping[str, Floats]) -> None:
        """Copy matrices to the device, block by block."""
        for name, matrix in matrices.items():
            for at in range(0, len(matrix), _ROWS):
                self.trainer.write(name, matrix[at : at + _ROWS], at)
            release_pages(matrix)

    def matrices(self) -> dict[str, Floats]:
        """Return copies of the matrices."""
        return {name: self.trainer.matrix(name) for name in self.names}

    take = matrices

    def begin(self, chunk: int) -> None:
        """Forget the totals; training goes on with a chunk."""
        self.trainer.begin(chunk)

    def moments(self) -> Moments:
        """Return the moments of the matrices as they are."""
        return self.trainer.moments(self.noise, self.shares)

    def set_moments(self, moments: Moments) -> None:
        """Give the trainer what exact negatives need besides the rows of a block."""
        self.trainer.set_moments(*moment_arguments(moments, self.noise, self.shares))

    def is_finite(self) -> bool:
        """Tell whether all matrices hold finite numbers."""
        return all(bool(np.isfinite(rows).all()) for name in self.names for rows in self.trainer.read(name))
