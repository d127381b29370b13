"""From the ids of a corpus to blocks: the groups of centres that share negatives and are trained in one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import random, sampling
from .settings import Settings

__all__ = ["CHUNK", "Block", "draws_per_negative", "epoch_blocks", "held_out_blocks", "kept_positions", "radii"]

CHUNK = 8192  # positions; the unit that threads take and that has one learning rate

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Up to T consecutive centres of one sentence and one chunk.

    Attributes
    ----------
    centers : int64 array, shape (t,)
        Positions in the corpus, t = 1 .. T.
    inputs : int64 array, shape (c,)
        Positions of the kept tokens that cover all windows of the block, in order; the centres may be among them.
    windows : bool array, shape (c, t)
        Whether an input is in a centre's window.
    negatives : int32 array, shape (negative * s,)
        Words, drawn at the position of the first centre; s = `draws_per_negative`. Empty with exact negatives.
    """

    centers: Positions
    inputs: Positions
    windows: NDArray[np.bool_]
    negatives: NDArray[np.int32]


def kept_positions(ids: NDArray[np.int32], epoch_key: Any, keep: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether each position of the corpus survives the subsampling of frequent words, shape (n_tokens,)."""
    x0, _ = random.bits(epoch_key, np.arange(len(ids)), random.POSITION_DRAW)
    kept: NDArray[np.bool_] = sampling.keep(x0, keep[ids])
    return kept


def radii(n_tokens: int, epoch_key: Any, settings: Settings) -> Positions:
    """How far the window of each position reaches, int64, shape (n_tokens,)."""
    if not settings.shrink_windows:
        return np.full(n_tokens, settings.window, np.int64)
    _, x1 = random.bits(epoch_key, np.arange(n_tokens), random.POSITION_DRAW)
    return np.asarray(sampling.radius(x1, settings.window), np.int64)


def held_out_positions(n_tokens: int, settings: Settings) -> NDArray[np.bool_]:
    """Which positions are no centres in any epoch, shape (n_tokens,); they stay in the windows of others."""
    k = random.key(settings.seed, random.HELD_OUT_EPOCH)
    x0, _ = random.bits(k, np.arange(n_tokens), random.HELD_OUT_DRAW)
    out: NDArray[np.bool_] = sampling.held_out(x0, np.uint64(settings.held_out))
    return out


def draws_per_negative(shared_negatives: int) -> int:
    """s: negatives that blocks of up to T = `shared_negatives` centres draw for each one that they count.

    Each weighs ``1 / s``. Centres that share their negatives learn from fewer different words; two of half the weight
    make up for it.
    """
    return 2 if shared_negatives > 1 else 1


def draw_negatives(
    epoch_key: Any, position: int, number: int, table: tuple[NDArray[np.uint32], NDArray[np.int32]]
) -> NDArray[np.int32]:
    """The `number` negatives of the block whose first centre is at `position`; `table` is from `alias_table`."""
    threshold, alias = table
    draws = random.NEGATIVE_DRAW + np.arange(number)
    x0, x1 = random.bits(epoch_key, np.full(number, position), draws)
    column = sampling.column(x0, len(threshold)).astype(np.int64)
    words: NDArray[np.int32] = np.where(x1 < threshold[column], column, alias[column]).astype(np.int32)
    return words


def epoch_blocks(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    epoch: int,
    settings: Settings,
    first_chunk: int = 0,
    last_chunk: int | None = None,
) -> Iterator[tuple[int, Block]]:
    """Every block of an epoch, in order, with the number of its chunk.

    Tokens that are not kept are taken out before windows are laid, so windows reach further (as in word2vec). A
    window reaches over the border of a chunk, never over that of a sentence. The last block of a sentence in a
    chunk may have fewer than T centres. A block has no pairs if its sentence keeps a single token, and then does
    nothing: backends may skip it, but its centre counts as trained.

    Parameters
    ----------
    ids : int32 array, shape (n_tokens,)
    offsets : int64 array, shape (n_sentences + 1,)
    epoch : int
        Below 2^32 - 1.
    settings : Settings
    first_chunk, last_chunk : int
        Chunks ``first_chunk .. last_chunk - 1`` only; a chunk is `CHUNK` positions.
    """
    last = -(-len(ids) // CHUNK) if last_chunk is None else last_chunk
    out = held_out_positions(len(ids), settings)
    yield from _blocks(ids, offsets, epoch, settings, ~out, settings.shared_negatives, range(first_chunk, last))


def held_out_blocks(
    ids: NDArray[np.int32], offsets: NDArray[np.int64], epoch: int, settings: Settings
) -> Iterator[Block]:
    """The blocks of the held-out positions that the epoch keeps: one centre each, hence negatives of its own."""
    out = held_out_positions(len(ids), settings)
    for _, block in _blocks(ids, offsets, epoch, settings, out, 1, range(-(-len(ids) // CHUNK))):
        yield block


def _blocks(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    epoch: int,
    settings: Settings,
    wanted: NDArray[np.bool_],
    group: int,
    chunks: range,
) -> Iterator[tuple[int, Block]]:
    """Blocks of `group` centres among the positions that are kept and `wanted`."""
    epoch_key = random.key(settings.seed, epoch)
    kept = kept_positions(ids, epoch_key, settings.keep)
    radius = radii(len(ids), epoch_key, settings)
    table = sampling.alias_table(settings.noise)
    number = 0 if settings.exact_negatives else settings.negative * draws_per_negative(group)
    for chunk, begin, end in _sentences_by_chunk(offsets, chunks):
        line = begin + np.flatnonzero(kept[begin:end])
        inside = (line >= chunk * CHUNK) & (line < (chunk + 1) * CHUNK) & wanted[line]
        places = np.flatnonzero(inside)
        for start in range(0, len(places), group):
            yield chunk, _block(line, places[start : start + group], radius, epoch_key, settings, table, number)


def _sentences_by_chunk(offsets: NDArray[np.int64], chunks: range) -> Iterator[tuple[int, int, int]]:
    """(chunk, begin, end) of every sentence that has positions in a chunk; begin and end are the sentence's."""
    for chunk in chunks:
        low, high = chunk * CHUNK, (chunk + 1) * CHUNK
        for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            if begin < high and end > low and begin < end:
                yield chunk, begin, end


def _block(
    line: Positions,
    places: Positions,
    radius: Positions,
    epoch_key: Any,
    settings: Settings,
    table: tuple[NDArray[np.uint32], NDArray[np.int32]],
    number: int,
) -> Block:
    """The block of the centres ``line[places]`` of a sentence whose kept positions are `line`."""
    reach = radius[line[places]]
    low = max(0, int((places - reach).min()))
    high = min(len(line), int((places + reach).max()) + 1)
    near = np.arange(low, high)
    windows = (np.abs(near[:, None] - places) <= reach) & (near[:, None] != places)
    negatives = draw_negatives(epoch_key, int(line[places[0]]), number, table)
    return Block(line[places], line[low:high], windows, negatives)
