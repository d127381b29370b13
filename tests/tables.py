"""Small tables of counts that look like those of text: few frequent words, many rare ones, many unseen pairs."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from fastqwem.counts.cooccurrence import Cooccurrence
from fastqwem.text.vocab import Vocab


def cooccurrence(table, dtype=np.int64, index=np.int32):
    matrix = sp.csr_array(np.asarray(table, dtype=dtype))
    matrix.indptr = matrix.indptr.astype(index)
    matrix.indices = matrix.indices.astype(np.int32)
    n = len(table)
    words = [f"w{i}" for i in range(n)]
    return Cooccurrence(matrix, Vocab(words, np.arange(n, 0, -1)), window=5, weighting="linear")


def random_table(n, seed=0, topics=4, mass=40.0):
    rng = np.random.default_rng(seed)
    frequency = 1 / (np.arange(n) + 2.0)
    affinity = rng.dirichlet(np.full(topics, 0.3), size=n)
    mean = mass * n * np.outer(frequency, frequency) * (0.05 + affinity @ affinity.T)
    half = np.triu(rng.poisson(mean))
    return half + half.T
