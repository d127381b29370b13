"""The compiled trainer with what a model's options and vocabulary make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..storage import release_pages
from ..text.vocab import Vocab
from .moments import noise_moments
from .options import Options
from .sampling import held_out_limit, keep_limits, kept_shares, noise_weights
from .state import Moments

if TYPE_CHECKING:
    from .cuda.engine import CudaEngine

__all__ = ["Engine", "make_engine", "moment_arguments"]

_ROWS = 1 << 12


def make_engine(options: Options, vocab: Vocab) -> Engine | CudaEngine:
    """Return the engine of a device, with matrices that are not filled yet; DeviceError if there is no such device."""
    if options.device == "cuda":
        from .cuda.engine import CudaEngine  # imports Numba

        return CudaEngine(options, vocab)
    return Engine(options, vocab)


def moment_arguments(moments: Moments, noise: NDArray[np.float64], shares: NDArray[np.float64]) -> tuple[Any, ...]:
    """Return what trainers are told of moments: these, the ratio of noise and shares, and the largest eigenvalues."""
    with np.errstate(divide="ignore", invalid="ignore"):  # words that never occur are no centers
        ratio = np.where(shares > 0, noise / shares, 0.0)
    norms = [float(np.linalg.eigvalsh(second)[-1]) for second in (moments[1], moments[3])]
    return (*moments, ratio.astype(np.float32), *norms)


class Engine:
    """A `_core.Trainer` and the names of its matrices.

    Attributes
    ----------
    trainer : _core.Trainer
    noise, shares : float64 arrays, shape (V,)
        The noise distribution, and each word's expected share of the kept tokens; both add up to 1.
    """

    def __init__(self, options: Options, vocab: Vocab) -> None:
        self.names = options.matrices
        weights = noise_weights(vocab.counts, options.ns_exponent)
        self.noise = weights / weights.sum()
        self.shares = kept_shares(vocab.counts, options.sample)
        self.trainer = _core.Trainer(
            vocab_size=len(vocab),
            vector_size=options.vector_size,
            objective=options.objective,
            architecture=options.architecture,
            window=options.window,
            negative=options.negative,
            shared_negatives=options.shared_negatives,
            shrink_windows=options.shrink_windows,
            cbow_mean=options.cbow_mean,
            tied=options.tied,
            hs=options.hs,
            exact_negatives=options.exact_negatives,
            held_out=held_out_limit(options.held_out),
            seed=options.seed,
            keep=keep_limits(vocab.counts, options.sample),
            noise=weights,
            counts=vocab.counts,
        )

    def matrices(self) -> dict[str, NDArray[np.float32]]:
        """Return writable views of the live matrices; their rows are padded."""
        return {name: self.trainer.matrix(name) for name in self.names}

    def fill(self, write: Callable[[str, NDArray[np.float32]], None]) -> None:
        """Have every matrix written by ``write(name, matrix)``."""
        for name, matrix in self.matrices().items():
            write(name, matrix)

    def load(self, matrices: Mapping[str, NDArray[Any]]) -> None:
        """Copy matrices in, block by block, so that mapped ones do not fill the memory."""
        for name, matrix in self.matrices().items():
            for at in range(0, len(matrix), _ROWS):
                matrix[at : at + _ROWS] = matrices[name][at : at + _ROWS]
                release_pages(matrices[name])

    def begin(self, chunk: int) -> None:
        """Forget the totals; training goes on with a chunk."""
        self.trainer.reset_totals()

    def moments(self) -> Moments:
        """Return the moments of the matrices as they are."""
        return noise_moments(self.matrices(), self.noise, self.shares)

    def set_moments(self, moments: Moments) -> None:
        """Give the trainer what exact negatives need besides the rows of a block."""
        self.trainer.set_moments(*moment_arguments(moments, self.noise, self.shares))

    def take(self) -> dict[str, NDArray[np.float32]]:
        """Return the matrices, C-contiguous and without a copy; the engine has none afterwards."""
        return {name: self.trainer.take(name) for name in self.names}

    def is_finite(self) -> bool:
        """Tell whether all matrices hold finite numbers."""
        return all(
            bool(np.isfinite(matrix[at : at + _ROWS]).all())
            for matrix in self.matrices().values()
            for at in range(0, len(matrix), _ROWS)
        )
