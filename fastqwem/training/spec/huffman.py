"""The tree of hierarchical softmax: a word's probability is a product of binary decisions on the way to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HuffmanTree", "huffman_tree"]


@dataclass(frozen=True)
class HuffmanTree:
    """Paths from the root to every word.

    Attributes
    ----------
    ends : int64 array, shape (V,)
        Word w has entries ``ends[w - 1] : ends[w]`` (from 0 for w = 0) of the other two.
    points : int32 array
        Inner nodes from the root down, as rows 0 .. V - 2 of the matrix "nodes".
    codes : uint8 array
        Which way each of them is left: 0 (learned as positive) or 1.
    """

    ends: NDArray[np.int64]
    points: NDArray[np.int32]
    codes: NDArray[np.uint8]

    def path(self, word: int) -> slice:
        """Where `points` and `codes` hold the path of a word."""
        return slice(int(self.ends[word - 1]) if word else 0, int(self.ends[word]))


def huffman_tree(counts: NDArray[np.int64]) -> HuffmanTree:
    """The Huffman tree of `counts` (descending), made as word2vec makes it.

    Two queues: the leaves from the rarest on, and the inner nodes in the order of their making. Each step joins the
    two smallest heads, the inner node before a leaf of the same count; the first taken gets code 0, the second 1.
    Inner node n (V .. 2V - 2) has row n - V.

    Raises
    ------
    ValueError
        If there are fewer than two words.
    """
    size = len(counts)
    if size < 2:
        raise ValueError(f"a Huffman tree needs at least 2 words, got {size}")
    total = [int(count) for count in counts]
    parent, code = [0] * (2 * size - 1), [0] * (2 * size - 1)
    leaf, inner = size - 1, size
    for node in range(size, 2 * size - 1):
        count = 0
        for bit in (0, 1):
            if leaf >= 0 and (inner == node or total[leaf] < total[inner]):
                taken, leaf = leaf, leaf - 1
            else:
                taken, inner = inner, inner + 1
            parent[taken], code[taken] = node, bit
            count += total[taken]
        total.append(count)

    points: list[int] = []
    codes: list[int] = []
    ends: list[int] = []
    for word in range(size):
        path, node = [], word
        while node != 2 * size - 2:
            path.append((parent[node] - size, code[node]))
            node = parent[node]
        points.extend(point for point, _ in reversed(path))
        codes.extend(bit for _, bit in reversed(path))
        ends.append(len(points))
    return HuffmanTree(np.array(ends, np.int64), np.array(points, np.int32), np.array(codes, np.uint8))
