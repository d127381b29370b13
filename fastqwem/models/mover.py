"""The cheapest way to move one heap of weights to another, as a linear program."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["movers_distance"]

Array = npt.NDArray[Any]


def movers_distance(from_vectors: Array, from_weights: Array, to_vectors: Array, to_weights: Array) -> float:
    """Return the smallest cost of moving weights that sum to 1, at the Euclidean distance per unit moved.

    Parameters
    ----------
    from_vectors, to_vectors : arrays, shapes (n, d) and (m, d)
    from_weights, to_weights : arrays, shapes (n,) and (m,)
    """
    # Slow to import, and few programs ask for this.
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack
    from scipy.spatial.distance import cdist

    costs = cdist(from_vectors.astype(np.float64), to_vectors.astype(np.float64))
    n, m = costs.shape
    if n == 1 or m == 1:  # then there is only one way
        return float(from_weights @ costs @ to_weights)
    # A variable per pair: what a word gives away and what another gets must add up to their weights.
    gives = kron(eye_array(n), np.ones((1, m)))
    gets = kron(np.ones((1, n)), eye_array(m))
    # The last equation follows from the others; with it, rounding could make them contradict.
    rules: Any = vstack([gives, gets], format="csr")[:-1]
    weights = np.concatenate([from_weights, to_weights])[:-1]
    answer: Any = linprog(costs.ravel(), A_eq=rules, b_eq=weights, method="highs-ds")
    if not answer.success:
        raise ArithmeticError(f"the transport problem of {n} x {m} words was not solved: {answer.message}")
    return max(0.0, float(answer.fun))
