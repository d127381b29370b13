"""Counts of any size whose target has a spectrum that is known exactly: words in groups, marginals after Zipf.

Word i has a whole number p_i, about 1/rank, and a group. A few frequent words, the head, are group 0 and stand beside
every word; other words stand beside the head and the words of their own group. The count of a pair is
``rho_ab p_i p_j`` for groups a and b, so marginals are ``p_i r_a`` with ``r_a = sum_b rho_ab s_b`` and s_b the sum of p
over group b, and with N the sum of all counts

    n_ij N / (n_i n_j) = rho_ab N / (r_a r_b),

the same for all pairs of two groups. So M* (with ns_exponent 1) is constant on the blocks of groups, Z K Z^T with Z
the indicators of groups: its eigenvectors with eigenvalues other than 0 are constant on groups, and those values are
the eigenvalues of ``D^1/2 K D^1/2`` with D the sizes of the groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

TOP = 20_000
"""Of p; TOP ** 2 times the largest rho must fit int32."""


@dataclass
class Planted:
    """The counts; rows are made when asked for.

    Attributes
    ----------
    weights : int64 array, shape (V,)
        p, falling.
    groups : int32 array, shape (V,)
    rho : int64 array, shape (B,)
        Of words of the same group; beside the head it is 1.
    """

    weights: np.ndarray
    groups: np.ndarray
    rho: np.ndarray

    def __post_init__(self):
        order = np.argsort(self.groups, kind="stable")
        members = np.split(order.astype(np.int32), np.cumsum(self.sizes)[:-1])
        head = members[0]
        self._columns, self._beside = [], []
        for b, own in enumerate(members):
            columns = np.arange(len(self.weights), dtype=np.int32) if b == 0 else np.concatenate([head, own])
            factor = np.where(self.groups[columns] == b, self.rho[b], 1)
            self._columns.append(columns)
            self._beside.append((factor * self.weights[columns]).astype(np.int32))
        lengths = np.array([len(columns) for columns in self._columns])
        self.indptr = np.concatenate([[0], np.cumsum(lengths[self.groups])])

    @classmethod
    def draw(cls, n_words, n_groups, decay=0.4, head=20, seed=0):
        """Sizes of groups fall like ``b ** -decay``; who is in which is drawn at random."""
        rng = np.random.default_rng(seed)
        share = np.arange(1, n_groups + 1) ** -decay
        sizes = np.maximum(1, np.floor((n_words - head) * share / share.sum())).astype(np.int64)
        sizes[0] += n_words - head - sizes.sum()
        groups = np.concatenate(
            [np.zeros(head, np.int32), rng.permutation(np.repeat(np.arange(1, n_groups + 1), sizes))]
        )
        weights = np.maximum(1, TOP // np.arange(1, n_words + 1))
        return cls(weights, groups.astype(np.int32), rng.integers(1, 5, n_groups + 1))

    @property
    def sizes(self):
        """Words of each group."""
        return np.bincount(self.groups, minlength=len(self.rho))

    def rows(self, first, last):
        """Return indices and counts, int32, of rows [first, last)."""
        groups = self.groups[first:last]
        indices = np.concatenate([self._columns[g] for g in groups])
        beside = np.concatenate([self._beside[g] for g in groups])
        beside *= np.repeat(self.weights[first:last].astype(np.int32), np.diff(self.indptr[first : last + 1]))
        return indices, beside

    def blocks(self):
        """Return K, float64 (B, B): the value of M* for words of two groups."""
        sums = np.bincount(self.groups, self.weights, len(self.rho))
        rho = np.diag(self.rho.astype(float))
        rho[0, 1:] = rho[1:, 0] = 1
        r = rho @ sums
        ratio = rho * (sums @ r) / np.outer(r, r)
        return 2 * (ratio - 1) / (ratio + 1)

    def top(self, count):
        """Return the largest eigenvalues, falling, and their vectors as one number per group, (B, count).

        Word i of group b has the b-th of these numbers in the eigenvector of M*. There are `count` non-zero values only
        if there are more groups than that.
        """
        root = np.sqrt(self.sizes)
        n = len(root)
        values, vectors = scipy.linalg.eigh(root[:, None] * self.blocks() * root, subset_by_index=(n - count, n - 1))
        return values[::-1], vectors[:, ::-1] / root[:, None]


def check_recovered(planted, spectrum):
    """Hold a spectrum to the planted one, by bounds that follow from its own residuals; return the worst of each.

    Residual norms rho_i of orthonormal vectors bound the distance of their values to as many eigenvalues of M by the
    norm of the residual matrix, so by the root of the sum of squares; rounding to float32 adds 6e-8 |M|. The part of a
    vector outside of the eigenspace of all eigenvalues within g of its own is at most rho_i / g.
    """
    d = len(spectrum.values)
    values, vectors = planted.top(min(d + 100, len(planted.rho)))
    lowest = 2.0 * len(planted.groups)  # |M| is at most the largest sum of a row
    rounding = 6e-8 * lowest
    bound = float(np.linalg.norm(spectrum.certificate.residuals)) + np.sqrt(d) * rounding
    errors = np.abs(spectrum.values - values[:d])
    assert errors.max() <= bound, (errors.max(), bound)
    reach = 20 * spectrum.certificate.tolerance
    assert values[-1] < spectrum.values[-1] - reach  # all of the eigenvalues within reach are among those we have
    worst = 0.0
    scaled = spectrum.eigenvectors
    sums = np.stack([np.bincount(planted.groups, scaled[:, i], len(planted.rho)) for i in range(d)], axis=1)
    for i in range(d):
        near = np.abs(values - spectrum.values[i]) <= reach
        inside = np.linalg.norm(vectors[:, near].T @ sums[:, i])
        length = np.linalg.norm(scaled[:, i].astype(np.float64))
        outside = np.sqrt(max(0.0, length**2 - inside**2))
        limit = (spectrum.certificate.residuals[i] + rounding) / reach
        assert outside <= limit + 1e-3, (i, outside, limit)  # what float32 leaves of a difference of squares
        worst = max(worst, outside)
    return float(errors.max()), bound, worst
