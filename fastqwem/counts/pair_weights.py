"""word2vec's own weights of every pair of words, from counts: sparse for what was seen, rank one for what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from ..checks import check_real, resolve_workers
from .cooccurrence import Cooccurrence
from .row_parts import kernel_parts
from .subsampling import keep_probabilities

__all__ = ["PairWeights", "gram_line", "inner_line", "weighted_gram"]

Array = np.ndarray[Any, np.dtype[Any]]


class PairWeights:
    """The weights ``A_ij = a_i a_j n_ij / Z`` of seen pairs and ``B_ij = k r_i q_j`` of negatives.

    n are the counts, a the keep probabilities of subsampling, Z makes A sum to one, ``r_i = sum_j A_ij``, q is the
    noise distribution, proportional to ``count ** ns_exponent``. A is symmetric; B is not, unless k r and q agree.

    Parameters
    ----------
    counts : Cooccurrence
        Used in place, not copied.
    negative : float, greater than 0
        Negatives per pair, k.
    ns_exponent : float
    sample : float, at least 0
        Threshold t of subsampling: ``a = min(1, sqrt(t / f) + t / f)`` with f the share of a word in all tokens; 0
        keeps everything.
    workers : int
        Threads; 0 means all cores. Results do not depend on it.

    Attributes
    ----------
    keep, rows, noise : float64 arrays, shape (V,)
        a, r and q.
    negative : float
    total : float
        Z.
    parts : list
        The counts, as `fastqwem.counts.row_parts.kernel_parts` gives them.

    Raises
    ------
    ValueError
        If an argument is out of range, or the counts hold no pairs.
    TypeError
        If `counts` are not counts of integers.

    Notes
    -----
    The population objective of word2vec, but for windows that reach further over deleted tokens: counts of a corpus
    that was thinned first, with ``sample=0``, have that too. Source: Mikolov et al. 2013 (arXiv 1310.4546), section 2.
    """

    def __init__(
        self,
        counts: Cooccurrence,
        negative: float = 5,
        ns_exponent: float = 0.75,
        sample: float = 1e-3,
        workers: int = 0,
    ) -> None:
        self.negative = check_real("negative", negative, 0, open_minimum=True)
        exponent = check_real("ns_exponent", ns_exponent)
        threshold = check_real("sample", sample, 0)
        if not isinstance(counts, Cooccurrence):
            raise TypeError(f"counts must be a Cooccurrence, got {type(counts).__name__}")
        if counts.total <= 0:
            raise ValueError("counts hold no pairs: no two words of the vocabulary stand within the window")
        self.vocab = counts.vocab
        self._counts = counts
        self.parts = kernel_parts(counts)
        self._workers = resolve_workers(workers)
        frequency = self.vocab.counts / max(1, self.vocab.counts.sum())
        if not frequency.any():
            raise ValueError("counts must have a vocabulary whose words occur, got word counts of zero")
        self.keep = keep_probabilities(self.vocab.counts, threshold)
        self.noise = _noise(frequency, exponent)
        sums = self._ones(self._bind(self.keep))
        self.total = float(sums.sum())
        self._scale = 1.0 / self.total
        self._core = self._bind(self.keep * self._scale)
        self.rows: Array = sums / sums.sum()

    def _bind(self, rows: Array) -> Any:
        return _core.WeightedCounts(self.parts, rows, self.keep, self._workers)

    def _ones(self, core: Any) -> Array:
        """Return the row sums of the weighted counts."""
        ones = np.ones((len(self.keep), 1))
        out = np.empty_like(ones)
        core.gather(ones, ones, 0.0, 1.0, out, self._workers)
        return out[:, 0]

    def seen(self, rows: slice) -> Any:
        """Return a block of rows of A, a float64 CSR array."""
        block = self._counts.matrix[rows].astype(np.float64)
        block.data *= np.repeat(self.keep[rows] * self._scale, np.diff(block.indptr)) * self.keep[block.indices]
        return block

    def gather(self, w: Array, c: Array, alpha: float, beta: float) -> tuple[Array, float, float]:
        """Return ``sum_j A_ij (alpha x_ij + beta) c_j`` for every i, and the sums of ``A x`` and ``A x^2``.

        Parameters
        ----------
        w, c : float32 or float64 arrays, shape (V, d), C-contiguous, of one dtype
            ``x_ij = w_i . c_j``. Cost: 4 nnz d flops.
        """
        out = np.empty_like(c)
        first, second = self._core.gather(w, c, alpha, beta, out, self._workers)
        return out, first, second

    def line(self, w: Array, dw: Array, c: Array, dc: Array) -> tuple[Array, Array]:
        """Return the sums of ``A x`` (s^0 to s^2) and ``A x^2`` (s^0 to s^4) along ``w + s dw``, ``c + s dc``.

        Cost: 8 nnz d flops.
        """
        sums = np.array(self._core.line(w, dw, c, dc, self._workers))
        return sums[:3], sums[3:]

    def loss_line(self, w: Array, dw: Array, c: Array, dc: Array) -> Array:
        """Return the coefficients, s^0 to s^4, of QWEM's loss along ``w + s dw``, ``c + s dc``.

        The loss is the sum over all pairs of ``A (x^2 / 4 - x) + B (x^2 / 4 + x)``. Cost: `line`, and 6 V d^2 flops.
        """
        k, r, q = self.negative, self.rows, self.noise
        linear, square = self.line(w, dw, c, dc)
        coefficients = square / 4 + k / 4 * inner_line(gram_line(w, dw, r), gram_line(c, dc, q))
        a, b, e, f = r @ w, r @ dw, q @ c, q @ dc
        coefficients[:3] += k * np.array([a @ e, a @ f + b @ e, b @ f]) - linear
        return np.asarray(coefficients)


def weighted_gram(w: Array, weights: Array | None = None) -> Array:
    """Return ``w^T diag(weights) w`` in float64."""
    wide = w.astype(np.float64, copy=False)
    return np.asarray(wide.T @ (wide if weights is None else weights[:, None] * wide))


def gram_line(w: Array, step: Array, weights: Array | None = None) -> list[Array]:
    """Return the coefficients of ``(w + s step)^T diag(weights) (w + s step)`` from s^0 to s^2."""
    wide, steep = w.astype(np.float64, copy=False), step.astype(np.float64, copy=False)
    cross = wide.T @ (steep if weights is None else weights[:, None] * steep)
    return [weighted_gram(wide, weights), cross + cross.T, weighted_gram(steep, weights)]


def inner_line(left: list[Array], right: list[Array]) -> Array:
    """Return the coefficients of the inner product of two matrices whose entries are quadratic in s."""
    result = np.zeros(5)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i + j] += float(np.vdot(a, b))
    return result


def _noise(frequency: Array, exponent: float) -> Array:
    """Return ``frequency ** exponent`` over the words that occur, made to sum to one; zero for the others."""
    seen = frequency > 0
    noise = np.zeros_like(frequency)
    log = exponent * np.log(frequency[seen])
    noise[seen] = np.exp(log - log.max())
    noise /= noise.sum()
    return noise
