"""The matrix that is factorised: M*, PMI and their kin, as an operator that is never dense.

Every kind of target gives one constant to all pairs that never co-occur, so it is ``unseen * g g^T + S`` with S on the
support of the counts, and g of ones unless pairs are weighted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from .. import _core
from ..checks import check_choice, check_real, resolve_workers
from ..counts.cooccurrence import Cooccurrence
from ..counts.row_parts import any_mapped, kernel_parts
from ..storage import is_mapped
from .workspace import Workspace

__all__ = ["KINDS", "Target"]

KINDS = ("qwem", "pmi", "ppmi", "sppmi")
PMI_FLOOR = 1e-25
"""Added to the ratio inside the logarithm of PMI, as the paper does (section 3.3 of its evaluation protocol)."""
SLAB = 32
"""Columns per pass of the float64 product: a slab of X this wide stays in the last-level cache."""
_LOWEST_LOG = -600.0
"""Floor of the logarithm of a noise probability, so that no exponent makes one vanish."""

Array = np.ndarray[Any, np.dtype[Any]]


class Target(LinearOperator):
    """Target matrix of co-occurrence counts, a symmetric `scipy.sparse.linalg.LinearOperator` of shape (V, V).

    With ``P_ij`` the share of all counts that pair ij holds, ``P_i`` its row sum, ``Q`` the noise distribution
    (proportional to ``P_i ** ns_exponent``), ``r_ij = (P_i Q_j + Q_i P_j) / 2``, k = `negative`, beta = `smoothing`
    and the smoothed ``P'_ij = (P_ij + beta r_ij) / (1 + beta)``, pair ij has the value

    ======== ===================================================================
    kind     value
    ======== ===================================================================
    "qwem"   ``2 (P' - k r) / (P' + k r)``, M* of QWEM, between -2 and 2
    "pmi"    ``log(P' / r + 1e-25) - log k``
    "ppmi"   ``max(0, log(P' / r))``
    "sppmi"  ``max(0, log(P' / r) - log k)``
    ======== ===================================================================

    times ``sqrt(g_i g_j)`` with ``g_i = (P_i / mean P) ** weight_exponent``: the rank-one weights under which the
    factorisation of M* still has a closed form.

    Parameters
    ----------
    counts : Cooccurrence
        Symmetric counts, integers. They are used in place, not copied.
    kind : {"qwem", "pmi", "ppmi", "sppmi"}
    negative : float, greater than 0
        Negatives per positive pair, k. Need not be whole.
    ns_exponent : float
        Exponent of the noise distribution; word2vec's is 0.75. r is made symmetric, as tied vectors see it.
    smoothing : float, at least 0
        beta: how much of r is mixed into the counts. It lifts unseen pairs from -2 towards 0.
    weight_exponent : float
        Exponent of the weights g; 0 weighs all pairs alike.

    Attributes
    ----------
    unseen : float
        Value of a pair without counts, before its weight.
    gamma : float64 array, shape (V,)
        ``sqrt(g_i)``. A word that never co-occurs has no defined row: its gamma is 0, which makes its row of the
        target, and its vector, zero.
    counts, vocab, options
        What the target was made from; options is a dictionary.

    Raises
    ------
    ValueError
        If an argument is out of range or not finite, or the counts hold no pairs.
    TypeError
        If `counts` are not counts of integers, or a number is no number.

    Notes
    -----
    Products with float64 operands compute every value from its integer count in float64; products with float32
    operands use a float32 copy of the values (4 bytes per nonzero), made at the first one. Counts that are mapped from
    files are read part by part, and what was used leaves memory. Sources: M* and its weights,
    Karkada et al. 2025 (arXiv 2502.09863), Theorem 1 and Proposition 2; the smoothing is ours.

    Examples
    --------
    >>> target = Target(counts, negative=2, ns_exponent=0.75)  # doctest: +SKIP
    >>> spectrum = solve(target, vector_size=200)  # doctest: +SKIP
    """

    def __init__(
        self,
        counts: Cooccurrence,
        kind: str = "qwem",
        negative: float = 1,
        ns_exponent: float = 1.0,
        smoothing: float = 0.0,
        weight_exponent: float = 0.0,
    ) -> None:
        check_choice("kind", kind, KINDS)
        k = check_real("negative", negative, 0, open_minimum=True)
        beta = check_real("smoothing", smoothing, 0)
        alpha = check_real("ns_exponent", ns_exponent)
        weight = check_real("weight_exponent", weight_exponent)
        if kind == "ppmi" and k != 1:
            raise ValueError(f"negative must be 1 for kind 'ppmi', got {k:g}; kind 'sppmi' subtracts log(negative)")
        self._parts = kernel_parts(counts)
        self.counts = counts
        self.vocab = counts.vocab
        self.options: dict[str, Any] = {
            "kind": kind,
            "negative": k,
            "ns_exponent": alpha,
            "smoothing": beta,
            "weight_exponent": weight,
        }
        n_words = len(counts.vocab)
        if counts.total <= 0:
            raise ValueError("counts hold no pairs: no two words of the vocabulary stand within the window")
        super().__init__(dtype=np.dtype(np.float64), shape=(n_words, n_words))  # type: ignore[call-arg]
        self._workers = resolve_workers(0)
        joint = counts.marginals / counts.total
        self.gamma = _gamma(joint, weight)
        self._noise = _noise(joint, alpha)
        self._joint = joint
        self._constants = _constants(kind, k, beta)
        self.unseen: float = self._constants["unseen"]
        half = counts.total * self._noise / 2  # joint_i half_j + half_i joint_j = total r_ij
        if kind == "qwem":
            half *= beta + k * (1 + beta)
        self._core = _core.TargetMatrix(
            parts=self._parts,
            joint=joint,
            noise=half,
            gamma=self.gamma,
            weighted=weight != 0,
            workers=self._workers,
            **self._constants,
        )
        self._values: Array | None = None

    @property
    def workers(self) -> int:
        """Threads that a product uses; results do not depend on it. Assign to change it, 0 means all cores."""
        return self._workers

    @workers.setter
    def workers(self, workers: int) -> None:
        self._workers = resolve_workers(workers)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"<Target of {self.shape[0]} words, {self._nnz} stored pairs: {options}>"

    @property
    def _nnz(self) -> int:
        return sum(len(indices) for _, indices, _, _ in self._parts)

    def values(self, workspace: Workspace | None = None) -> Array:
        """Return the nonzeros of ``gamma S gamma`` as float32, in the order of the counts; made once.

        Parameters
        ----------
        workspace : Workspace, optional
            Where to put them; by default in memory. Those of counts on disk go to disk unless it has a budget.
        """
        if self._values is None:
            on_disk = workspace is not None and not workspace.limited and any_mapped(self._parts)
            values = (workspace or Workspace()).empty(self._nnz, np.float32, on_disk)
            self._core.values(values, is_mapped(values), self._workers)
            self._values = values
        return self._values

    def forget_values_on_disk(self) -> None:
        """Let the scratch file go that `values` may be in."""
        if self._values is not None and is_mapped(self._values):
            self._values = None

    def multiply(self, x: Array, out: Array | None = None, *, exact: bool = False, rough: bool = False) -> Array:
        """Return M x.

        Parameters
        ----------
        x : float32 or float64 array, shape (V, b), C-contiguous
        out : array, optional
            Result: float32 for float32 `x`, float64 for float64 `x` or if `exact`.
        exact : bool
            Compute with float64 values and sums even if `x` is float32.
        rough : bool
            Read float32 `x` rounded to 8 binary digits where b is a multiple of 32, which is faster; for starts that
            are improved later.
        """
        if x.dtype == np.float32 and not exact:
            out = np.empty_like(x) if out is None else out
            values = self.values()
            self._core.product(values, is_mapped(values), x, out, rough and x.shape[1] % 32 == 0, self._workers)
            return out
        out = np.empty(x.shape, np.float64) if out is None else out
        if x.shape[1] <= SLAB:
            self._core.exact_product(x, out, self._workers)
            return out
        for at in range(0, x.shape[1], SLAB):
            slab = np.ascontiguousarray(x[:, at : at + SLAB])
            result = np.empty(slab.shape, np.float64)
            self._core.exact_product(slab, result, self._workers)
            out[:, at : at + SLAB] = result
        return out

    def _matmat(self, x: Any) -> Array:
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        return self.multiply(np.ascontiguousarray(x, dtype=dtype))

    def _matvec(self, x: Any) -> Array:
        return self._matmat(np.reshape(x, (self.shape[0], 1))).reshape(np.shape(x))

    def _adjoint(self) -> Target:
        return self

    _transpose = _adjoint

    def todense(self) -> Array:
        """Return the target as a float64 array of shape (V, V): 8 V^2 bytes, for small vocabularies and tests."""
        return self.multiply(np.eye(self.shape[0]))

    def frobenius_norm(self) -> float:
        """Return the Frobenius norm of the target, in float64 and without forming it (one pass over the counts)."""
        square = float(np.square(self.gamma).sum())
        return math.sqrt(max(0.0, self._core.excess_square(self._workers) + (self.unseen * square) ** 2))

    def loss(self, vectors: Any) -> float:
        """Return ``1/4 sum_ij g_i g_j (w_i . w_j - M_ij)^2``, the loss of Theorem 1 with its constant.

        The paper's own loss is this minus ``frobenius_norm() ** 2 / 4``. Cost: one float64 product with d columns.

        Parameters
        ----------
        vectors : array, shape (V, d)
            One row per word (W), without weights.
        """
        scaled, image = self._scaled(vectors)
        gram = scaled.T @ scaled
        return 0.25 * float(np.square(gram).sum() - 2 * np.vdot(scaled, image) + self.frobenius_norm() ** 2)

    def gradient(self, vectors: Any) -> Array:
        """Return the gradient of `loss` with respect to `vectors`, float64 of shape (V, d)."""
        scaled, image = self._scaled(vectors)
        return np.asarray(self.gamma[:, None] * (scaled @ (scaled.T @ scaled) - image))

    def _scaled(self, vectors: Any) -> tuple[Array, Array]:
        """Return (gamma W, M gamma W) in float64."""
        w = np.asarray(vectors, dtype=np.float64)
        if w.ndim != 2 or w.shape[0] != self.shape[0]:
            raise ValueError(f"vectors must have shape ({self.shape[0]}, d), got {w.shape}")
        scaled = np.ascontiguousarray(self.gamma[:, None] * w)
        return scaled, self.multiply(scaled)


def _noise(joint: Array, exponent: float) -> Array:
    """Return ``joint ** exponent`` over the words that occur, made to sum to one; zero for the others."""
    seen = joint > 0
    log = exponent * np.log(joint[seen])
    weight = np.exp(np.maximum(log - log.max(), _LOWEST_LOG))
    noise = np.zeros_like(joint)
    noise[seen] = weight / weight.sum()
    return noise


def _gamma(joint: Array, exponent: float) -> Array:
    """Return ``(joint / mean) ** (exponent / 2)``, zero for words that never co-occur."""
    seen = joint > 0
    gamma = np.zeros_like(joint)
    with np.errstate(over="ignore", under="ignore"):
        gamma[seen] = (joint[seen] / joint.mean()) ** (exponent / 2)
        largest = float(gamma.max() ** 2)
    if not largest < 1e30:
        raise ValueError(f"weight_exponent must leave weights below 1e30, got {exponent:g}: the largest is {largest:g}")
    return gamma


def _constants(kind: str, k: float, beta: float) -> dict[str, Any]:
    """Return the numbers of the formula of one value, see csrc/spectral/target_matrix.h.

    For "qwem", with kappa = k (1 + beta), a = beta - kappa and b = beta + kappa: M = 2 (P + a r) / (P + b r), so
    unseen pairs have 2 a / b and S = 4 kappa P / (b (P + b r)).
    """
    if kind == "qwem":
        kappa = k * (1 + beta)
        b = beta + kappa
        return {
            "formula": "ratio", "scale": 4 * kappa / b, "unseen": 2 * (beta - kappa) / b,
            "beta": 0.0, "floor": 0.0, "shift": 0.0, "lowest": 0.0,
        }  # fmt: skip
    floor = PMI_FLOOR if kind == "pmi" else 0.0
    lowest = -math.inf if kind == "pmi" else 0.0
    ratio = beta / (1 + beta) + floor
    unseen = max(lowest, (math.log(ratio) if ratio > 0 else -math.inf) - math.log(k))
    return {
        "formula": "logarithm", "scale": 1.0, "unseen": unseen,
        "beta": beta, "floor": floor, "shift": math.log(k), "lowest": lowest,
    }  # fmt: skip
