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
    weights : float64 array, shape (c, o)
    meet_inputs : float64 array, shape (c, c)
        Of QWEM's damping: at most how many times as much as its own step the step of input i' moves input i.
    meet_outputs : float64 array, shape (o, o)
        The same of the outputs.
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
    weights: Array
    meet_inputs: Array
    meet_outputs: Array
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
    """Centres with weight 1, and negatives with -1/s for each centre of the input that they are not equal to."""
    centers = ids[block.centers]
    windows = block.windows.astype(np.float64)
    seen = windows if settings.architecture == "skipgram" else np.diag(windows.any(axis=0).astype(np.float64))
    outputs, weights = centers, seen
    if not settings.exact_negatives:
        others = centers[:, None] != block.negatives
        sampled = -settings.negative / len(block.negatives) * (seen @ others)
        outputs, weights = np.concatenate([centers, block.negatives]), np.hstack([seen, sampled])
    mix, spread = _mixing(block.windows, settings)
    matrix = "input" if settings.tied else "output"
    words = ids[block.inputs]
    return Term(
        words,
        mix,
        spread,
        matrix,
        outputs,
        weights,
        _meet_inputs(words, block.windows, settings),
        _meet(outputs),
        settings.exact_negatives,
        int(seen.sum()),
    )


def _down_the_tree(block: Block, place: int, ids: Words, settings: Settings, tree: HuffmanTree) -> Term:
    """The inner nodes above one centre: weight 1 where its code is 0, -1 where it is 1."""
    window = block.windows[:, place]
    path = tree.path(int(ids[block.centers[place]]))
    signs = 1.0 - 2.0 * tree.codes[path]
    rows = int(window.sum()) if settings.architecture == "skipgram" else int(window.any())
    whole = np.ones((int(window.sum()), rows), bool)
    mix, spread = _mixing(whole, settings)
    words = ids[block.inputs[window]]
    return Term(
        words,
        mix,
        spread,
        "nodes",
        tree.points[path],
        np.tile(signs, (rows, 1)),
        _meet_inputs(words, whole, settings),
        _meet(tree.points[path]),
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


def _meet(words: Words) -> Array:
    """1 where rows are of the same word: all their steps meet in one vector."""
    same: NDArray[np.bool_] = words[:, None] == words
    return same.astype(np.float64)


def _meet_inputs(words: Words, windows: NDArray[np.bool_], settings: Settings) -> Array:
    """`_meet` for skip-gram; for CBOW, whose windows overlap, how often a word stands in a window at most.

    The step of window t' goes, with the mean, in full to each of its words, and moves the mean of window t by the part
    of t's words that t' holds, each as many times as t' holds it. With the sum it is the same for what matters, the
    eigenvalues of all steps together.
    """
    if settings.architecture == "skipgram":
        return _meet(words)
    most = [np.unique(words[window], return_counts=True)[1].max(initial=0) for window in windows.T]
    return np.tile(np.array(most, np.float64), (len(most), 1))
