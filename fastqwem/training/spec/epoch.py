"""An epoch, block by block and in order: the result that one thread must reach up to rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import CHUNK, epoch_blocks, held_out_blocks
from .huffman import huffman_tree
from .moments import Moments, center_share, moments, noise_share
from .settings import Settings
from .step import Step, exact_step, step
from .terms import Term, terms

__all__ = ["EpochResult", "Moments", "held_out_loss", "learning_rates", "matrix_shapes", "train_epoch"]

Array = NDArray[Any]


@dataclass(frozen=True)
class EpochResult:
    """What an epoch leaves.

    Attributes
    ----------
    matrices : dict of str to array
        By name, as `matrix_shapes` lists them.
    loss : float
        Sum over all steps, of the vectors before each of them.
    pairs : int
        What `loss` is divided by for the mean loss: of inputs and centres.
    words : int
        Centres trained.
    """

    matrices: dict[str, Array]
    loss: float
    pairs: int
    words: int


def matrix_shapes(settings: Settings) -> dict[str, tuple[int, int]]:
    """Names and shapes of the matrices: "input", "output" unless tied or without negatives, "nodes" with hs."""
    rows = {"input": settings.vocab_size}
    if settings.negative and not settings.tied:
        rows["output"] = settings.vocab_size
    if settings.hs:
        rows["nodes"] = settings.vocab_size - 1
    return {name: (number, settings.vector_size) for name, number in rows.items()}


def learning_rates(alpha: float, min_alpha: float, epoch: int, epochs: int, n_tokens: int) -> NDArray[np.float32]:
    """The rate of every chunk of an epoch (counted from 0): linear in the tokens done, not below `min_alpha`."""
    begins = CHUNK * np.arange(-(-n_tokens // CHUNK), dtype=np.float64)
    done = (epoch * n_tokens + begins) / (epochs * n_tokens)
    return np.maximum(min_alpha, alpha - (alpha - min_alpha) * done).astype(np.float32)


def train_epoch(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    epoch: int,
    settings: Settings,
    matrices: Mapping[str, Array],
    alphas: NDArray[np.float32],
    dtype: Any = np.float64,
    first_chunk: int = 0,
    fixed_moments: Moments | None = None,
) -> EpochResult:
    """Train some chunks of an epoch.

    Parameters
    ----------
    ids : int32 array, shape (n_tokens,)
    offsets : int64 array, shape (n_sentences + 1,)
    epoch : int
    settings : Settings
    matrices : dict of str to array
        Where to start from, as `matrix_shapes` lists them; they stay as they are.
    alphas : float32 array, shape (n_chunks,)
        Learning rates of the chunks `first_chunk` and on: as many are trained.
    dtype : {numpy.float32, numpy.float64}
        In which all is computed; losses are added up in float64 anyway.
    first_chunk : int
    fixed_moments : Moments, optional
        For exact negatives; by default those of `matrices`.

    Returns
    -------
    EpochResult
    """
    trained = {name: np.array(matrix, dtype) for name, matrix in matrices.items()}
    tree = huffman_tree(settings.counts) if settings.hs else None
    known = _moments_for(settings, trained, fixed_moments)
    total, pairs, words = 0.0, 0, 0
    for chunk, block in epoch_blocks(ids, offsets, epoch, settings, first_chunk, first_chunk + len(alphas)):
        words += len(block.centers)
        alpha = dtype(alphas[chunk - first_chunk])
        for term in terms(block, ids, settings, tree):
            done = _step(term, trained, alpha, settings, known)
            spread = done.inputs if term.spread is None else term.spread.astype(dtype) @ done.inputs
            np.add.at(trained["input"], term.input_words, spread)
            np.add.at(trained[term.output_matrix], term.output_rows, done.outputs)
            total, pairs = total + done.loss, pairs + term.pairs
    return EpochResult(trained, total, pairs, words)


def held_out_loss(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    epoch: int,
    settings: Settings,
    matrices: Mapping[str, Array],
    dtype: Any = np.float64,
    fixed_moments: Moments | None = None,
) -> tuple[float, int]:
    """Loss and pairs of the held-out positions that the epoch keeps, with these vectors; nothing is trained."""
    present = {name: np.asarray(matrix, dtype) for name, matrix in matrices.items()}
    tree = huffman_tree(settings.counts) if settings.hs else None
    known = _moments_for(settings, present, fixed_moments)
    total, pairs = 0.0, 0
    for block in held_out_blocks(ids, offsets, epoch, settings):
        for term in terms(block, ids, settings, tree):
            total += _step(term, present, dtype(0), settings, known).loss
            pairs += term.pairs
    return total, pairs


def _moments_for(settings: Settings, matrices: Mapping[str, Array], given: Moments | None) -> Moments | None:
    if not settings.exact_negatives or given is not None:
        return given
    return moments(matrices["input"], matrices["input" if settings.tied else "output"], settings)


def _step(term: Term, matrices: Mapping[str, Array], alpha: Any, settings: Settings, known: Moments | None) -> Step:
    rows = matrices["input"][term.input_words]
    x = rows if term.mix is None else term.mix.astype(rows.dtype) @ rows
    o = matrices[term.output_matrix][term.output_rows]
    weights, *meet = (array.astype(rows.dtype) for array in (term.weights, term.meet_inputs, term.meet_outputs))
    if not term.exact:
        return step(x, o, weights, alpha, settings.objective, *meet)
    assert known is not None
    rho = (noise_share(settings) / center_share(settings))[term.output_rows].astype(rows.dtype)
    return exact_step(x, o, weights, alpha, settings.negative, rho, known, *meet)
