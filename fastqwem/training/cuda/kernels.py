"""The kernel that trains: one warp takes a block at a time, exactly one step of `spec.step`.

A thread block is one warp. Lane l has the columns l, l + 32, ... of every row. A step

1. gathers the words of its inputs and outputs, drawing the negatives, and copies their rows to shared memory;
2. computes the scores: each lane its columns' part of the products, which are written to shared memory and added up
   there, one score by one lane; that needs no exchange of registers, and so runs in Numba's simulator as it stands;
3. turns scores into coefficients, and the lengths of the rows into their damping (see `crowd`);
4. adds the change of every row to the matrices with one atomic addition of each entry, whose result nobody waits for.

All rows of a step are read before any is written, so one warp alone gives the specification's result up to rounding.
With many warps, a step may read rows that others are about to change, as threads do on the CPU (Hogwild); additions
are never lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from numba import cuda, float32, int32, uint32, uint64

from ..spec import compiled, random
from .crowd import care_of_others
from .lines import line_signature, make_lines
from .sizes import WARP, Sizes

__all__ = ["VARIANTS", "known_length", "make_kernel", "make_lines", "signature", "variants"]

NEGATIVE_DRAW = random.NEGATIVE_DRAW
# Arithmetic on integers of any size is in 64 bits, and an index with a sign may count from the end. The casts say that
# neither is meant, which saves a third of all instructions.
i32, u32 = int32, uint32
ZERO, HALF, QUARTER, ONE = float32(0), float32(0.5), float32(0.25), float32(1)
STRIDE = WARP + 1  # one more than the banks of shared memory: rows and columns are both free of conflicts
TOGETHER = 4  # rows that share a read of a second moment


def known_length(sizes: Sizes) -> int:
    """Return the length of the array `known` of the kernel."""
    return 2 * sizes.width * (sizes.width + 1) + 2 if sizes.exact else 1


def signature() -> tuple[Any, ...]:
    """Return the types of the arguments of the kernel that `make_kernel` makes."""
    line = (*line_signature()[9:],)
    floats = float32[::1]
    return (
        *line, int32, int32, floats, uint64, uint32[::1], int32[::1], floats, floats, floats, floats, floats, floats,
        floats,
    )  # fmt: skip


def variants(vector_size: int) -> Iterator[tuple[str, Sizes, bool]]:
    """Yield a name, sizes and whether it trains, of every kind of kernel there is, at gensim's usual settings."""
    usual: dict[str, Any] = {
        "vector_size": vector_size, "objective": "sgns", "window": 5, "negative": 5, "shared_negatives": 2,
        "shrink_windows": True, "exact_negatives": False, "held_out": 0.0,
    }  # fmt: skip
    kinds: dict[str, dict[str, Any]] = {
        "sgns": {},
        "sgns, one centre": {"shared_negatives": 1},
        "sgns, gaps": {"held_out": 0.01},
        "qwem": {"objective": "qwem"},
        "qwem, exact": {"objective": "qwem", "exact_negatives": True, "shared_negatives": 8},
    }
    for name, changes in kinds.items():
        yield name, Sizes.of(**{**usual, **changes}), True
    for name in ("sgns", "qwem", "qwem, exact"):
        yield f"{name}, measured", Sizes.of(**{**usual, **kinds[name], "shared_negatives": 1}), False


VARIANTS = {f"{name}, d = {size}": (sizes, trains) for size in (128, 300) for name, sizes, trains in variants(size)}
"""Sizes and `train` argument of `make_kernel`, by name: what an offline compile should see."""


@cache  # compiled once in a process
def make_kernel(sizes: Sizes, train: bool = True) -> Any:
    """Return the kernel, to be launched with thread blocks of `WARP` threads, as many as there are to be steps at once.

    Its arguments, the first seven being what `make_lines` describes:

    - words, places, centers, low, high, starts, counts;
    - n_chunks, parts: each chunk is divided into so many runs of blocks, the units that warps take;
    - alphas float32 (n_chunks,): the learning rates;
    - key: of the epoch;
    - threshold uint32 (V,), alias int32 (V,): the alias table;
    - inputs, outputs float32 (V * width,): the matrices, one and the same array if tied;
    - input_care, output_care float32 (h,): of the first words, see `crowd.care`; h is at least 1;
    - known float32 (`known_length`,): with exact negatives mu, nu, the largest eigenvalues of Sigma and Pi, then
      Sigma and Pi, all padded to `width`; ratio float32 (V,): each word's probability as a negative over that as a
      centre;
    - loss float32 (parts * n_chunks,): the sum over each unit, part by part.

    Parameters
    ----------
    sizes : Sizes
    train : bool
        Else only the loss is computed.
    """
    scalars = compiled.compile_scalars(cuda.jit(device=True, fastmath=True))
    bits, draw_negative, damping = scalars.bits, scalars.negative, scalars.damping
    pull = scalars.qwem_pull if sizes.objective == "qwem" else scalars.sgns_pull
    cost = scalars.qwem_loss if sizes.objective == "qwem" else scalars.sgns_loss
    dots = sizes.dots
    others = float32(care_of_others(sizes))
    dimensions, width, columns, gaps = sizes.vector_size, sizes.width, sizes.columns, sizes.gaps
    most_inputs, most_centers, outputs_of_block = sizes.inputs, sizes.centers, sizes.outputs
    output_rows, rows_of_block = sizes.output_rows, sizes.inputs + sizes.output_rows
    score_tile, score_tiles = sizes.score_tile, -(-sizes.outputs // sizes.score_tile)
    score_inputs = max(1, dots // score_tile)  # inputs whose scores are added up together
    update_tile, update_tiles = sizes.update_tile, -(-sizes.outputs // sizes.update_tile)
    slab, slabs = sizes.slab, -(-columns // sizes.slab)
    whole_slabs = slab * slabs == columns
    share, exact = float32(-sizes.share), float32(sizes.exact)
    size_of_rows, size_of_pairs, size_of_part = rows_of_block * width, most_inputs * output_rows, dots * STRIDE
    with_masses = train or sizes.exact > 0
    size_of_weights = size_of_pairs if with_masses else 1
    score_registers, slab_registers, together_registers = score_tile * columns, update_tile * slab, TOGETHER * columns
    is_exact = sizes.exact > 0
    rows_if_exact, rows_if_masses = rows_of_block if is_exact else 1, rows_of_block if with_masses else 1
    wide, step, stride = uint64(width), uint64(WARP), uint64(STRIDE)
    sigma_at, pi_at = 2 * width + 2, 2 * width + 2 + width * width
    negatives, dot_turns = sizes.negatives, -(-dots // WARP)
    center_turns, negative_turns = -(-most_centers // WARP), -(-negatives // WARP)
    input_turns, output_turns = -(-most_inputs // WARP), -(-outputs_of_block // WARP)

    load = getattr(cuda, "ldcg", None)  # past the first cache, which does not see what others add
    if load is None:

        @cuda.jit(device=True, fastmath=True)
        def load(array, at):
            return array[at]

    @cuda.jit(device=True, fastmath=True)
    def place(at):
        """An index into shared memory that constants are added to."""
        return uint64(u32(at))

    @cuda.jit(device=True, fastmath=True)
    def reaches(at, which, seat, low, high):
        """Whether an input, by its place in the line, is in the window of a centre."""
        return low[u32(which)] <= at and at < high[u32(which)] and at != seat[u32(which)]

    @cuda.jit(device=True, fastmath=True)
    def weight_of(at, j, n_centers, word, seat, low, high):
        """The weight of an input and an output in `spec.terms`."""
        if j < most_centers:
            return ONE if j < n_centers and reaches(at, j, seat, low, high) else ZERO
        count = i32(0)
        for which in range(n_centers):
            if reaches(at, which, seat, low, high) and word[u32(most_inputs + which)] != word[u32(most_inputs + j)]:
                count += 1
        return share * float32(count)

    @cuda.jit(device=True, fastmath=True)
    def take_block(
        slot, block, key, words, places, centers, lows, highs, starts, threshold, alias, word, seat, low, high
    ):  # fmt: skip
        """Note the centres, their windows and the words of all outputs; return how many centres there are."""
        lane = u32(cuda.threadIdx.x)
        first = starts[slot, u32(block)]
        n_centers = i32(starts[slot, u32(block + 1)] - first)
        for turn in range(center_turns):
            which = u32(turn * WARP + lane)
            if which < n_centers:
                at = u32(first + which)
                center = centers[slot, at]
                seat[which] = center
                low[which] = lows[slot, at]
                high[which] = highs[slot, at]
                word[u32(most_inputs + which)] = words[slot, u32(center)]
        position = places[slot, u32(centers[slot, u32(first)])]
        for turn in range(negative_turns):
            number = u32(turn * WARP + lane)
            if number < negatives:
                x0, x1 = bits(key, position, NEGATIVE_DRAW + number)
                word[u32(most_inputs + most_centers + number)] = draw_negative(x0, x1, threshold, alias)
        cuda.syncthreads()
        return n_centers

    @cuda.jit(device=True, fastmath=True)
    def take_inputs(slot, words, n_centers, input_at, word, seat, low, high):
        """List the inputs of a block in order, and return how many there are."""
        lane = u32(cuda.threadIdx.x)
        first, last = low[u32(0)], high[u32(0)]
        for which in range(1, n_centers):
            first, last = min(first, low[u32(which)]), max(last, high[u32(which)])
        count = i32(last - first)
        if most_centers == 1:
            count = i32(count - 1)  # all but the centre
        if gaps and most_centers > 1:
            count = i32(0)
            for at in range(first, last):
                found = False
                for which in range(n_centers):
                    found = found or reaches(at, which, seat, low, high)
                if found:
                    if lane == 0:
                        input_at[u32(count)] = at
                    count = i32(count + 1)
            cuda.syncthreads()
        for turn in range(input_turns):
            i = u32(turn * WARP + lane)
            if i < count:
                at = i32(first + i)
                if most_centers == 1 and at >= seat[u32(0)]:
                    at = i32(at + 1)
                if gaps and most_centers > 1:
                    at = input_at[i]
                else:
                    input_at[i] = at
                word[i] = words[slot, u32(at)]
        cuda.syncthreads()
        return count

    @cuda.jit(device=True, fastmath=True)
    def copy_row(matrix, word, rows, to):
        lane = u32(cuda.threadIdx.x)
        base = uint64(u32(word)) * wide + uint64(lane)
        at = place(to * width + lane)
        for v in range(columns):
            rows[at + uint64(v) * step] = load(matrix, base + uint64(v) * step)

    @cuda.jit(device=True, fastmath=True)
    def add_up(part, dot):
        total = ZERO
        at = place(dot * STRIDE)
        for lane in range(WARP):
            total += part[at + uint64(lane)]
        return total

    @cuda.jit(device=True, fastmath=True)
    def score(n_inputs, n_centers, alpha, rows, part, pulls, weights, input_at, word, seat, low, high):
        """Write the coefficients of all pairs to `pulls`, and return this lane's part of the loss."""
        lane = u32(cuda.threadIdx.x)
        lost = ZERO
        held = cuda.local.array(score_registers, float32)
        x = cuda.local.array(columns, float32)
        for tile in range(score_tiles):
            for k in range(score_tile):
                at = place((most_inputs + tile * score_tile + k) * width + lane)
                for v in range(columns):
                    held[k * columns + v] = rows[at + uint64(v) * step]
            for first in range(0, n_inputs, score_inputs):
                n = i32(min(score_inputs, n_inputs - first))
                for i in range(n):
                    at = place((first + i) * width + lane)
                    for v in range(columns):
                        x[v] = rows[at + uint64(v) * step]
                    at = place(i * score_tile * STRIDE + lane)
                    for k in range(score_tile):
                        product = ZERO
                        for v in range(columns):
                            product += x[v] * held[k * columns + v]
                        part[at + uint64(k) * stride] = product
                cuda.syncthreads()
                for turn in range(dot_turns):
                    dot = u32(turn * WARP + lane)
                    i, j = u32(first + dot // score_tile), u32(tile * score_tile + dot % score_tile)
                    if dot < n * score_tile and j < outputs_of_block:
                        value = add_up(part, dot)
                        weight = weight_of(input_at[i], j, n_centers, word, seat, low, high)
                        pulls[u32(i * output_rows + j)] = alpha * pull(value, weight)
                        lost += cost(value, weight)
                        if with_masses:
                            weights[u32(i * output_rows + j)] = weight
                cuda.syncthreads()
        return lost

    @cuda.jit(device=True, fastmath=True)
    def take_care(n_inputs, n_centers, factor, word, input_care, output_care):
        """Look up how careful to be with each row."""
        lane = u32(cuda.threadIdx.x)
        for turn in range(input_turns):
            i = u32(turn * WARP + lane)
            if i < n_inputs:
                factor[i] = input_care[u32(word[i])] if word[i] < len(input_care) else others
        for turn in range(output_turns):
            j = u32(turn * WARP + lane)
            if j < n_centers or (most_centers <= j and j < outputs_of_block):
                row = u32(most_inputs + j)
                factor[row] = output_care[u32(word[row])] if word[row] < len(output_care) else others
        cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def measure_lengths(first_row, n_rows, rows, part, square):
        """The squared lengths of n rows one after another."""
        lane = u32(cuda.threadIdx.x)
        for first in range(0, n_rows, dots):
            n = i32(min(dots, n_rows - first))
            for i in range(n):
                product = ZERO
                at = place((first_row + first + i) * width + lane)
                for v in range(columns):
                    entry = rows[at + uint64(v) * step]
                    product += entry * entry
                part[u32(i * STRIDE + lane)] = product
            cuda.syncthreads()
            for turn in range(dot_turns):
                i = u32(turn * WARP + lane)
                if i < n:
                    square[u32(first_row + first + i)] = add_up(part, i)
            cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def weigh_rows(n_inputs, n_centers, weights, square, mass, word, known, ratio, expected):
        """The mass of every row by itself; with exact negatives, also how often it meets them."""
        lane = u32(cuda.threadIdx.x)
        for turn in range(input_turns):
            i = u32(turn * WARP + lane)
            if i < n_inputs:
                total, met = ZERO, ZERO
                at = place(i * output_rows)
                for j in range(outputs_of_block):
                    weight = abs(weights[at + uint64(j)])
                    total += weight * square[uint64(most_inputs + j)]
                    met += weight
                if is_exact:
                    expected[i] = exact * met
                    total += expected[i] * known[u32(2 * width)]
                mass[i] = total
        for turn in range(output_turns):
            j = u32(turn * WARP + lane)
            if j < outputs_of_block:
                row = u32(most_inputs + j)
                total, met = ZERO, ZERO
                for i in range(n_inputs):
                    weight = abs(weights[u32(i * output_rows + j)])
                    total += weight * square[u32(i)]
                    met += weight
                if is_exact and j < n_centers:
                    expected[row] = exact * met * ratio[u32(word[row])]
                    total += expected[row] * known[u32(2 * width + 1)]
                mass[row] = total
        cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def damp(n_inputs, n_centers, alpha, mass, factor, word):
        """Make of the care for rows, in `factor`, their damping, by the masses of all rows of a word."""
        lane = u32(cuda.threadIdx.x)
        for turn in range(input_turns):
            i = u32(turn * WARP + lane)
            if i < n_inputs:
                total = ZERO
                for other in range(n_inputs):
                    if word[u32(other)] == word[i]:
                        total += mass[u32(other)]
                factor[i] = damping(alpha, factor[i] * total)
        for turn in range(output_turns):
            j = u32(turn * WARP + lane)
            if j < n_centers or (most_centers <= j and j < outputs_of_block):
                row = u32(most_inputs + j)
                total = ZERO
                for k in range(outputs_of_block):
                    same = word[uint64(most_inputs + k)] == word[row]
                    if same and (k < n_centers or k >= most_centers):
                        total += mass[uint64(most_inputs + k)]
                factor[row] = damping(alpha, factor[row] * total)
        cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def expect(first_row, n, alpha, first_at, second_at, rows, factor, word, known, expected, matrix):
        """Exact negatives of n rows: ``- alpha k (mu + Sigma x / 2)`` each; returns this lane's part of the loss."""
        lane = u32(cuda.threadIdx.x)
        lost = ZERO
        y = cuda.local.array(together_registers, float32)
        s = cuda.local.array(columns, float32)
        for first in range(0, n, TOGETHER):
            for q in range(TOGETHER):
                for v in range(columns):
                    y[q * columns + v] = ZERO
            for k in range(dimensions):
                at = place(second_at + k * width + lane)
                for v in range(columns):
                    s[v] = known[at + uint64(v) * step]
                for q in range(TOGETHER):
                    entry = rows[u32((first_row + min(first + q, n - 1)) * width + k)]
                    for v in range(columns):
                        y[q * columns + v] += entry * s[v]
            for q in range(TOGETHER):
                if first + q < n:
                    row = u32(first_row + first + q)
                    base = uint64(u32(word[row])) * wide + uint64(lane)
                    change = -alpha * expected[row] * factor[row]
                    at = place(row * width + lane)
                    for v in range(columns):
                        mean = known[u32(first_at + WARP * v + lane)]
                        entry = rows[at + uint64(v) * step]
                        lost += expected[row] * entry * (mean + QUARTER * y[q * columns + v])
                        if train:
                            moved = change * (mean + HALF * y[q * columns + v])
                            cuda.atomic.add(matrix, base + uint64(v) * step, moved)
        return lost

    @cuda.jit(device=True, fastmath=True)
    def update(n_inputs, n_centers, rows, pulls, factor, word, inputs, outputs):
        """Add to the rows of both sides what the coefficients say."""
        lane = u32(cuda.threadIdx.x)
        held = cuda.local.array(slab_registers, float32)
        change = cuda.local.array(slab_registers, float32)
        x = cuda.local.array(slab, float32)
        moved = cuda.local.array(slab, float32)
        for tile in range(update_tiles):
            for part in range(slabs):
                column = WARP * slab * part + lane
                for k in range(update_tile):
                    at = place((most_inputs + tile * update_tile + k) * width + column)
                    for v in range(slab):
                        change[k * slab + v] = ZERO
                        held[k * slab + v] = ZERO
                        if whole_slabs or part * slab + v < columns:
                            held[k * slab + v] = rows[at + uint64(v) * step]
                for i in range(n_inputs):
                    at = place(i * width + column)
                    for v in range(slab):
                        moved[v] = ZERO
                        x[v] = ZERO
                        if whole_slabs or part * slab + v < columns:
                            x[v] = rows[at + uint64(v) * step]
                    at = place(i * output_rows + tile * update_tile)
                    for k in range(update_tile):
                        g = pulls[at + uint64(k)]
                        for v in range(slab):
                            moved[v] += g * held[k * slab + v]
                            change[k * slab + v] += g * x[v]
                    base = uint64(u32(word[u32(i)])) * wide + place(column)
                    scale = factor[u32(i)]
                    for v in range(slab):
                        if whole_slabs or part * slab + v < columns:
                            cuda.atomic.add(inputs, base + uint64(v) * step, scale * moved[v])
                for k in range(update_tile):
                    j = tile * update_tile + k
                    if j < n_centers or (most_centers <= j and j < outputs_of_block):
                        row = u32(most_inputs + j)
                        base = uint64(u32(word[row])) * wide + place(column)
                        scale = factor[row]
                        for v in range(slab):
                            if whole_slabs or part * slab + v < columns:
                                cuda.atomic.add(outputs, base + uint64(v) * step, scale * change[k * slab + v])

    @cuda.jit(fastmath=True)
    def kernel(
        words, places, centers, lows, highs, starts, counts,
        n_chunks, parts, alphas, key, threshold, alias, inputs, outputs, input_care, output_care, known, ratio, loss,
    ):  # fmt: skip
        lane = u32(cuda.threadIdx.x)
        rows = cuda.shared.array(size_of_rows, float32)
        part = cuda.shared.array(size_of_part, float32)
        pulls = cuda.shared.array(size_of_pairs, float32)
        weights = cuda.shared.array(size_of_weights, float32)
        square = cuda.shared.array(rows_if_masses, float32)
        mass = cuda.shared.array(rows_if_masses, float32)
        expected = cuda.shared.array(rows_if_exact, float32)
        factor = cuda.shared.array(rows_of_block, float32)
        word = cuda.shared.array(rows_of_block, int32)
        input_at = cuda.shared.array(most_inputs, int32)
        seat = cuda.shared.array(most_centers, int32)
        low = cuda.shared.array(most_centers, int32)
        high = cuda.shared.array(most_centers, int32)
        for i in range(lane, size_of_rows, WARP):
            rows[u32(i)] = ZERO  # rows without a word have weight 0, which makes 0 of any number but not of none
        for i in range(lane, size_of_pairs, WARP):
            pulls[u32(i)] = ZERO
            if with_masses:
                weights[u32(i)] = ZERO
        cuda.syncthreads()
        for unit in range(i32(cuda.blockIdx.x), i32(n_chunks * parts), i32(cuda.gridDim.x)):
            turn = i32(u32(unit) // u32(n_chunks))
            slot = u32(unit - turn * n_chunks)
            n_blocks, alpha = i32(counts[slot, u32(0)]), alphas[slot]
            begin = i32(u32(n_blocks * turn) // u32(parts))
            end = i32(u32(n_blocks * (turn + 1)) // u32(parts))
            lost = ZERO
            for block in range(begin, end):
                n_centers = take_block(
                    slot, block, key, words, places, centers, lows, highs, starts, threshold, alias,
                    word, seat, low, high,
                )  # fmt: skip
                n_inputs = take_inputs(slot, words, n_centers, input_at, word, seat, low, high)
                for i in range(n_inputs):
                    copy_row(inputs, word[u32(i)], rows, i)
                for j in range(n_centers):
                    copy_row(outputs, word[u32(most_inputs + j)], rows, most_inputs + j)
                for j in range(most_centers, outputs_of_block):
                    copy_row(outputs, word[u32(most_inputs + j)], rows, most_inputs + j)
                cuda.syncthreads()
                lost += score(n_inputs, n_centers, alpha, rows, part, pulls, weights, input_at, word, seat, low, high)
                if with_masses:
                    take_care(n_inputs, n_centers, factor, word, input_care, output_care)
                    measure_lengths(0, n_inputs, rows, part, square)
                    measure_lengths(most_inputs, outputs_of_block, rows, part, square)
                    weigh_rows(n_inputs, n_centers, weights, square, mass, word, known, ratio, expected)
                    damp(n_inputs, n_centers, alpha, mass, factor, word)
                if is_exact:
                    lost += expect(0, n_inputs, alpha, 0, sigma_at, rows, factor, word, known, expected, inputs)
                    if train:
                        expect(
                            most_inputs, n_centers, alpha, width, pi_at, rows, factor, word, known, expected, outputs
                        )
                if train:
                    update(n_inputs, n_centers, rows, pulls, factor, word, inputs, outputs)
                cuda.syncthreads()
            part[lane] = lost
            cuda.syncthreads()
            if lane == 0:
                total = ZERO
                for i in range(WARP):
                    total += part[u32(i)]
                loss[u32(unit)] = total
            cuda.syncthreads()

    return kernel
