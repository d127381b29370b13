"""The kernel that draws: from the ids of a chunk to its line of kept tokens, its windows and its blocks.

One thread block takes one chunk. A line holds the kept tokens of the chunk and, on either side, those of the same
sentence that windows reach: the work of `spec.blocks`, whose functions of one draw run here as they stand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cuda, int32, int64, uint64

from ..spec import compiled, random
from .sizes import Sizes

__all__ = ["COUNTS", "THREADS", "line_length", "line_signature", "make_lines"]

THREADS = 256
GROUP = 16  # neighbours whose counts are added up one by one
COUNTS = 3  # blocks, centres and pairs of a chunk

POSITION_DRAW = random.POSITION_DRAW
HELD_OUT_DRAW = random.HELD_OUT_DRAW


def line_length(sizes: Sizes) -> int:
    """Return how many tokens a line has at most."""
    return sizes.chunk + 2 * sizes.window


def line_signature() -> tuple[Any, ...]:
    """Return the types of the arguments of the kernel that `make_lines` makes."""
    from numba import uint32

    lists = (int32[:, ::1], int64[:, ::1], *(int32[:, ::1],) * 4, int64[:, ::1])
    return (int32[::1], int64[::1], int64, int64, int64, uint64, uint64, uint64, uint32[::1], *lists)


@cache  # compiled once in a process
def make_lines(sizes: Sizes, held_out: bool = False, threads: int = THREADS) -> Any:
    """Return the kernel, to be launched with a thread block of so many `threads` for each chunk.

    Its arguments, `n` being the tokens that are on the device and c the chunks:

    - ids int32 (n,), offsets int64 (sentences + 1,): the tokens and where their sentences begin and the last ends;
    - base: the position of ``ids[0]`` in the corpus; n_tokens: of the whole corpus; first_chunk;
    - key, held_out_key, limit: of the epoch, of the held-out positions, and how many those are;
    - keep uint32 (V,);
    - words int32, places int64 (c, `line_length`): the line, as words and as positions in the corpus;
    - centers, low, high int32 (c, chunk): each centre's place in the line and its window ``low .. high - 1`` there;
    - starts int32 (c, chunk + 1): the first centre of each block, then how many centres there are;
    - counts int64 (c, 3): blocks, centres, pairs.

    Parameters
    ----------
    sizes : Sizes
    held_out : bool
        The centres are the positions held out, rather than the others, each a block of its own.
    threads : int
        A multiple of 16.
    """
    scalars = compiled.compile_scalars(cuda.jit(device=True))
    bits, is_kept, draw_radius, is_held_out = scalars.bits, scalars.keep, scalars.radius, scalars.held_out
    window, shrink, gaps, chunk = sizes.window, sizes.shrink, sizes.gaps, sizes.chunk
    group = 1 if held_out else sizes.centers
    groups = threads // GROUP

    @cuda.jit(device=True)
    def kept(ids, keep, key, base, at):
        x0, _ = bits(key, base + at, POSITION_DRAW)
        return is_kept(x0, uint64(keep[ids[at]]))

    @cuda.jit(device=True)
    def count_before(tally, sums, value):
        """The sum of `value` over the threads up to this one; it is left in tally, the sums of groups in sums."""
        thread = cuda.threadIdx.x
        tally[thread] = value
        cuda.syncthreads()
        total = int32(0)
        first = thread // GROUP * GROUP
        for i in range(first, thread + 1):
            total += tally[i]
        if thread == first + GROUP - 1:
            sums[thread // GROUP] = total
        cuda.syncthreads()
        for i in range(thread // GROUP):
            total += sums[i]
        return total

    @cuda.jit(device=True)
    def sentence_of(offsets, at):
        """The last sentence that begins at or before a position, so never an empty one."""
        below, above = int64(0), int64(len(offsets) - 1)
        while above - below > 1:
            middle = (below + above) // 2
            if offsets[middle] <= at:
                below = middle
            else:
                above = middle
        return below

    @cuda.jit(device=True)
    def reach(ids, offsets, base, begin, end, key, keep, ends):
        """Find the stretch of tokens that the line of positions begin .. end - 1 comes from; two threads do."""
        if cuda.threadIdx.x == 0:
            at, found = int64(begin), 0
            lowest = offsets[sentence_of(offsets, begin)]
            while at > lowest and found < window:
                at -= 1
                if kept(ids, keep, key, base, at):
                    found += 1
            ends[0] = at
        if cuda.threadIdx.x == 1:
            at, found = int64(end), 0
            highest = offsets[sentence_of(offsets, end - 1) + 1]
            while at < highest and found < window:
                if kept(ids, keep, key, base, at):
                    found += 1
                at += 1
            ends[1] = at
        cuda.syncthreads()

    @cuda.jit(device=True)
    def gather(
        ids, base, begin, end, key, held_out_key, limit, keep, slot, words, places, centers, high, ends, tally, sums
    ):  # fmt: skip
        """Write the line, the centres' places in it and, in `high`, their radii; return both lengths."""
        n_words, n_centers = int32(0), int32(0)
        for first in range(ends[0], ends[1], threads):
            at = first + cuda.threadIdx.x
            taken, center, x1 = False, False, uint64(0)
            if at < ends[1]:
                x0, x1 = bits(key, base + at, POSITION_DRAW)
                taken = is_kept(x0, uint64(keep[ids[at]]))
                center = taken and begin <= at and at < end
                if gaps and center:
                    h0, _ = bits(held_out_key, base + at, HELD_OUT_DRAW)
                    center = is_held_out(h0, limit) == held_out
            before = count_before(tally, sums, (int32(1) if taken else 0) + (int32(1 << 16) if center else 0))
            if taken:
                place = n_words + (before & 0xFFFF) - 1
                words[slot, place] = ids[at]
                places[slot, place] = base + at
                if center:
                    number = n_centers + (before >> 16) - 1
                    centers[slot, number] = place
                    high[slot, number] = int32(draw_radius(x1, window)) if shrink else int32(window)
            total = int32(0)
            for i in range(groups):
                total += sums[i]
            n_words += total & 0xFFFF
            n_centers += total >> 16
            cuda.syncthreads()
        return n_words, n_centers

    @cuda.jit(device=True)
    def lay_window(offsets, base, slot, number, n_words, places, centers, low, high):
        """Write the window of a centre; return how many others it holds, and whether the centre begins a block."""
        place = centers[slot, number]
        sentence = sentence_of(offsets, places[slot, place] - base)
        begins, stops = offsets[sentence] + base, offsets[sentence + 1] + base
        radius = high[slot, number]
        left = place
        while left > 0 and place - left < radius and places[slot, left - 1] >= begins:
            left -= 1
        right = place + 1
        while right < n_words and right - place <= radius and places[slot, right] < stops:
            right += 1
        low[slot, number] = left
        high[slot, number] = right
        below, above = int32(-1), int32(number)  # the first centre of the sentence is in (below, above]
        while above - below > 1:
            middle = (below + above) // 2
            if places[slot, centers[slot, middle]] < begins:
                below = middle
            else:
                above = middle
        return right - left - 1, (number - above) % group == 0

    @cuda.jit
    def lines(
        ids, offsets, base, n_tokens, first_chunk, key, held_out_key, limit, keep,
        words, places, centers, low, high, starts, counts,
    ):  # fmt: skip
        thread, slot = cuda.threadIdx.x, cuda.blockIdx.x
        tally = cuda.shared.array(threads, int32)
        sums = cuda.shared.array(groups, int32)
        ends = cuda.shared.array(2, int64)
        begin = (first_chunk + slot) * chunk - base
        end = min(begin + chunk, n_tokens - base)
        reach(ids, offsets, base, begin, end, key, keep, ends)
        n_words, n_centers = gather(
            ids, base, begin, end, key, held_out_key, limit, keep, slot, words, places, centers, high, ends, tally, sums
        )
        n_blocks, pairs = int32(0), int32(0)
        for first in range(0, n_centers, threads):
            number = first + thread
            starting = False
            if number < n_centers:
                others, starting = lay_window(offsets, base, slot, number, n_words, places, centers, low, high)
                pairs += others
            before = count_before(tally, sums, int32(1) if starting else int32(0))
            if starting:
                starts[slot, n_blocks + before - 1] = number
            for i in range(groups):
                n_blocks += sums[i]
            cuda.syncthreads()
        tally[thread] = pairs
        cuda.syncthreads()
        if thread == 0:
            total = int64(0)
            for i in range(threads):
                total += tally[i]
            starts[slot, n_blocks] = n_centers
            counts[slot, 0] = n_blocks
            counts[slot, 1] = n_centers
            counts[slot, 2] = total

    return lines
