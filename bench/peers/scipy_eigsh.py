"""The top of M* with SciPy's own tools: its sparse product and ARPACK."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, eigsh


def plain_operator(counts: Any) -> LinearOperator:
    """M* of plain counts (k = 1, exponent 1) as a SciPy user would write it: S as CSR, minus twice the ones."""
    matrix = counts.matrix
    p = counts.marginals / counts.total
    rows = np.repeat(np.arange(len(p), dtype=np.int32), np.diff(matrix.indptr))
    joint = matrix.data / counts.total
    values = 4 * joint / (joint + p[rows] * p[matrix.indices])
    del rows, joint
    s = sp.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)
    return LinearOperator(s.shape, matvec=lambda x: s @ x - 2 * x.sum(), dtype=np.float64)


def top(operator: LinearOperator, k: int, tol: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the k algebraically largest eigenvalues, descending, and their vectors.

    The basis of 1.5 k vectors is the best for it that we found (68k words, k = 200: 87 s; 92 s with the default of
    2 k + 1, which looks so rarely that it ends at 1e-14; 106 s with 1.25 k).
    """
    start = np.random.default_rng(0).standard_normal(operator.shape[0])
    values, vectors = eigsh(operator, k=k, which="LA", tol=tol, v0=start, ncv=min(3 * k // 2, operator.shape[0]))
    return values[::-1], vectors[:, ::-1]
