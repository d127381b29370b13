"""From a block to the steps that train it: which rows are inputs and outputs, and the weight of every pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Block
from .huffman import HuffmanTree
from .settings import Settings

__all__ = ["Term", "terms"]

Array = NDArray[Any]
Words = NDArray[np.int32]


@dataclass(frozen=True)
class Term:
    """One step.

    Attributes
    ----------
    input_words : int32 array, shape (r,)
        Rows of "input" that are read and updated; a word may occur several times, and then its updates add up.
    mix : array, shape (c, r), or None
        Inputs are ``mix @ rows``; None for the rows themselves.
    spread : array, shape (r, c), or None
        What is added to the rows is ``spread @`` what is added to the inputs.
    output_matrix : {"input", "output", "nodes"}
    output_rows : int32 array, shape (o,)
    weights : int64 array, shape (c, o)
    exact : bool
        Negatives in expectation: the outputs are the centres only.
    pairs : int
        That the term counts for in the mean loss: hierarchical softmax beside negatives counts none, so that its loss
        adds to that of the same pairs.
    """

    input_words: Words
    mix: Array | None
    spread: Array | None
    output_matrix: str
    output_rows: Words
    weights: NDArray[np.int64]
    exact: bool
    pairs: int


def terms(block: Block, ids: Words, settings: Settings, tree: HuffmanTree | None) -> Iterator[Term]:
    """The steps of a block in order: centres against negatives, then hierarchical softmax centre by centre."""
    if settings.negative:
        yield _against_negatives(block, ids, settings)
    if settings.hs:
        assert tree is not None
        for place in range(len(block.centers)):
            yield _down_the_tree(block, place, ids, settings, tree)


def _against_negatives(block: Block, ids: Words, settings: Settings) -> Term:
    """Centres with weight 1 and negatives with minus the number of centres that they are not equal to."""
    centers = ids[block.centers]
    windows = block.windows.astype(np.int64)
    seen = windows if settings.architecture == "skipgram" else np.diag(windows.any(axis=0).astype(np.int64))
    outputs, weights = centers, seen
    if not settings.exact_negatives:
        sampled = -seen @ (centers[:, None] != block.negatives).astype(np.int64)
        outputs, weights = np.concatenate([centers, block.negatives]), np.hstack([seen, sampled])
    mix, spread = _mixing(block.windows, settings)
    matrix = "input" if settings.tied else "output"
    words = ids[block.inputs]
    return Term(words, mix, spread, matrix, outputs, weights, settings.exact_negatives, int(seen.sum()))


def _down_the_tree(block: Block, place: int, ids: Words, settings: Settings, tree: HuffmanTree) -> Term:
    """The inner nodes above one centre: weight 1 where its code is 0, -1 where it is 1."""
    window = block.windows[:, place]
    path = tree.path(int(ids[block.centers[place]]))
    signs = 1 - 2 * tree.codes[path].astype(np.int64)
    rows = int(window.sum()) if settings.architecture == "skipgram" else int(window.any())
    mix, spread = _mixing(np.ones((int(window.sum()), rows), bool), settings)
    words = ids[block.inputs[window]]
    return Term(
        words,
        mix,
        spread,
        "nodes",
        tree.points[path],
        np.tile(signs, (rows, 1)),
        False,
        0 if settings.negative else rows,
    )


def _mixing(windows: NDArray[np.bool_], settings: Settings) -> tuple[Array | None, Array | None]:
    """`mix` and `spread` of a Term: CBOW's input is the mean or the sum of each window.

    The mean's update is added in full to every word of the window, the sum's is divided among them, as in gensim.
    """
    if settings.architecture == "skipgram":
        return None, None
    share = windows / np.maximum(windows.sum(axis=0), 1)
    return (share.T, windows.astype(np.float64)) if settings.cbow_mean else (windows.T.astype(np.float64), share)
