"""What the sampler is told: which tokens to keep, how noise is distributed, how much is held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..counts.subsampling import keep_probabilities
from ..errors import CorpusError
from ..text.vocab import Vocab

__all__ = ["check_learnable", "held_out_limit", "keep_limits", "kept_shares", "noise_weights"]

_ALL = 2**32


def keep_limits(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32]:
    """Return the keep probability of each word in units of 2^-32, uint32 (V,); `sample` 0 keeps everything."""
    kept = keep_probabilities(counts, sample)
    limits: NDArray[np.uint32] = np.minimum(np.floor(kept * _ALL), _ALL - 1).astype(np.uint32)
    return limits


def kept_shares(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """Return each word's expected share of the tokens that are kept, float64 (V,)."""
    kept: NDArray[np.float64] = counts * (keep_limits(counts, sample).astype(np.float64) + 1)
    kept /= kept.sum()
    return kept


def noise_weights(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """Return ``counts ** ns_exponent``, float64 (V,), and 0 for words that never occur; ValueError if not finite."""
    seen = counts > 0
    with np.errstate(over="ignore", under="ignore"):
        weights = np.where(seen, np.where(seen, counts, 1).astype(np.float64) ** ns_exponent, 0.0)
        total = weights.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"ns_exponent must leave the noise weights finite and above 0, got {ns_exponent:g}")
    return weights


def held_out_limit(held_out: float) -> int:
    """Return the share of positions held out in units of 2^-32."""
    return int(held_out * _ALL)


def check_learnable(vocab: Vocab, offsets: NDArray[np.int64]) -> None:
    """Raise CorpusError if the corpus holds nothing to learn from: fewer than two words, or no two in a sentence."""
    if len(vocab) < 2:
        raise CorpusError(f"training needs at least two words, the vocabulary has {len(vocab)}")
    if offsets[-1] == 0:
        raise CorpusError("the corpus is empty: it has no tokens of the vocabulary")
    if not vocab.total:
        raise CorpusError("the vocabulary has no counts: all are 0")
    step = 1 << 20  # blocks, so that mapped offsets do not fill the memory
    if all(np.diff(offsets[at : at + step + 1]).max(initial=0) < 2 for at in range(0, len(offsets), step)):
        raise CorpusError("no training pairs: every sentence has fewer than two tokens of the vocabulary")
