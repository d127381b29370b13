"""The kernel that trains: one warp takes a block at a time, exactly one step of `spec.step`.

A thread block is one warp. Lane l has the columns l, l + 32, ... of every row. A step

1. gathers the words of its inputs and outputs, drawing the negatives, and copies their rows to shared memory;
2. computes the scores: each lane its columns' part of the products, which are written to shared memory and added up
   there, one score by one lane; that needs no exchange of registers, and so runs in Numba's simulator as it stands;
3. turns scores into coefficients, and for QWEM the lengths of the rows into their damping;
4. adds the change of every row to the matrices with one atomic addition of each entry, whose result nobody waits for.

All rows of a step are read before any is written, so one warp alone gives the specification's result up to rounding.
With many warps, a step may read rows that others are about to change, as threads do on the CPU (Hogwild); additions
are never lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numba import cuda, float32, int32, int64, uint32, uint64

from ..spec import compiled, random
from .lines import line_signature, make_lines
from .sizes import WARP, Sizes

__all__ = ["VARIANTS", "known_length", "make_kernel", "make_lines", "signature", "variants"]

NEGATIVE_DRAW = random.NEGATIVE_DRAW
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


VARIANTS = {
    f"{name}, d = {size}": (sizes, trains) for size in (128, 300) for name, sizes, trains in variants(size)
}
"""Sizes and `train` argument of `make_kernel`, by name: what an offline compile should see."""


def make_kernel(sizes: Sizes, train: bool = True) -> Any:
    """Return the kernel, to be launched with thread blocks of `WARP` threads, as many as there are to be steps at once.

    Its arguments, the first seven being what `make_lines` describes:

    - words, places, centers, low, high, starts, counts;
    - n_chunks, parts: each chunk is divided into so many runs of blocks, the units that warps take;
    - alphas float32 (n_chunks,): the learning rates;
    - key: of the epoch;
    - threshold uint32 (V,), alias int32 (V,): the alias table;
    - inputs, outputs float32 (V * width,): the matrices, one and the same array if tied;
    - input_care, output_care float32 (h,): of the first words, see `crowd.care`; one that says 1 at least;
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
    damped = sizes.objective == "qwem"
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
    size_of_weights = size_of_pairs if damped else 1
    score_registers, slab_registers, together_registers = score_tile * columns, update_tile * slab, TOGETHER * columns
    is_exact = sizes.exact > 0
    rows_if_exact = rows_of_block if is_exact else 1
    wide, step = uint64(width), uint64(WARP)
    sigma_at, pi_at = uint64(2 * width + 2), uint64(2 * width + 2 + width * width)

    load = getattr(cuda, "ldcg", None)  # past the first cache, which does not see what others add
    if load is None:

        @cuda.jit(device=True, fastmath=True)
        def load(array, at):
            return array[at]

    @cuda.jit(device=True, fastmath=True)
    def reaches(at, which, seat, low, high):
        """Whether an input, by its place in the line, is in the window of a centre."""
        return low[which] <= at and at < high[which] and at != seat[which]

    @cuda.jit(device=True, fastmath=True)
    def weight_of(at, j, n_centers, word, seat, low, high):
        """The weight of an input and an output in `spec.terms`."""
        if j < most_centers:
            return ONE if j < n_centers and reaches(at, j, seat, low, high) else ZERO
        count = int32(0)
        for which in range(n_centers):
            if reaches(at, which, seat, low, high) and word[most_inputs + which] != word[most_inputs + j]:
                count += 1
        return share * float32(count)

    @cuda.jit(device=True, fastmath=True)
    def list_inputs(slot, words, n_centers, input_at, word, seat, low, high):
        """List the inputs of a block in order, and return how many there are."""
        lane = cuda.threadIdx.x
        first, last = low[0], high[0]
        for which in range(1, n_centers):
            first, last = min(first, low[which]), max(last, high[which])
        count = last - first
        if most_centers == 1:
            count -= 1  # all but the centre
            for i in range(lane, count, WARP):
                input_at[i] = first + i + (1 if first + i >= seat[0] else 0)
        elif gaps:
            count = int32(0)
            for at in range(first, last):
                found = False
                for which in range(n_centers):
                    found = found or reaches(at, which, seat, low, high)
                if found:
                    if lane == 0:
                        input_at[count] = at
                    count += 1
        else:
            for i in range(lane, count, WARP):
                input_at[i] = first + i
        cuda.syncthreads()
        for i in range(lane, count, WARP):
            word[i] = words[slot, input_at[i]]
        cuda.syncthreads()
        return count

    @cuda.jit(device=True, fastmath=True)
    def copy_row(matrix, word, rows, to):
        lane = cuda.threadIdx.x
        base = uint64(word) * wide + uint64(lane)
        for v in range(columns):
            rows[to * width + WARP * v + lane] = load(matrix, base + uint64(v) * step)

    @cuda.jit(device=True, fastmath=True)
    def add_up(part, dot):
        total = ZERO
        for lane in range(WARP):
            total += part[dot * STRIDE + lane]
        return total

    @cuda.jit(device=True, fastmath=True)
    def score(n_inputs, n_centers, alpha, rows, part, pulls, weights, input_at, word, seat, low, high):
        """Write the coefficients of all pairs to `pulls`, and return this lane's part of the loss."""
        lane = cuda.threadIdx.x
        lost = ZERO
        held = cuda.local.array(score_registers, float32)
        x = cuda.local.array(columns, float32)
        for tile in range(score_tiles):
            for k in range(score_tile):
                for v in range(columns):
                    row = most_inputs + tile * score_tile + k
                    held[k * columns + v] = rows[row * width + WARP * v + lane]
            for first in range(0, n_inputs, score_inputs):
                n = min(score_inputs, n_inputs - first)
                for i in range(n):
                    for v in range(columns):
                        x[v] = rows[(first + i) * width + WARP * v + lane]
                    for k in range(score_tile):
                        product = ZERO
                        for v in range(columns):
                            product += x[v] * held[k * columns + v]
                        part[(i * score_tile + k) * STRIDE + lane] = product
                cuda.syncthreads()
                for dot in range(lane, n * score_tile, WARP):
                    i, j = first + dot // score_tile, tile * score_tile + dot % score_tile
                    if j < outputs_of_block:
                        value = add_up(part, dot)
                        weight = weight_of(input_at[i], j, n_centers, word, seat, low, high)
                        pulls[i * output_rows + j] = alpha * pull(value, weight)
                        lost += cost(value, weight)
                        if damped:
                            weights[i * output_rows + j] = weight
                cuda.syncthreads()
        return lost

    @cuda.jit(device=True, fastmath=True)
    def measure_lengths(n_inputs, rows, part, square):
        """The squared lengths of all rows: of the inputs from 0, of the outputs from most_inputs."""
        lane = cuda.threadIdx.x
        total = n_inputs + outputs_of_block
        for first in range(0, total, dots):
            n = min(dots, total - first)
            for i in range(n):
                row = first + i if first + i < n_inputs else first + i - n_inputs + most_inputs
                product = ZERO
                for v in range(columns):
                    entry = rows[row * width + WARP * v + lane]
                    product += entry * entry
                part[i * STRIDE + lane] = product
            cuda.syncthreads()
            for i in range(lane, n, WARP):
                row = first + i if first + i < n_inputs else first + i - n_inputs + most_inputs
                square[row] = add_up(part, i)
            cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def damp(n_inputs, n_centers, alpha, weights, square, mass, factor, word, known, ratio, expected):
        """Make QWEM's damping of the rows' crowds, in `factor`; with exact negatives, note how often each row meets them."""
        lane = cuda.threadIdx.x
        for i in range(lane, n_inputs, WARP):
            total, met = ZERO, ZERO
            for j in range(outputs_of_block):
                weight = abs(weights[i * output_rows + j])
                total += weight * square[most_inputs + j]
                met += weight
            if is_exact:
                expected[i] = exact * met
                total += expected[i] * known[2 * width]
            mass[i] = total
        for j in range(lane, outputs_of_block, WARP):
            total, met = ZERO, ZERO
            for i in range(n_inputs):
                weight = abs(weights[i * output_rows + j])
                total += weight * square[i]
                met += weight
            if is_exact and j < n_centers:
                expected[most_inputs + j] = exact * met * ratio[word[most_inputs + j]]
                total += expected[most_inputs + j] * known[2 * width + 1]
            mass[most_inputs + j] = total
        cuda.syncthreads()
        for i in range(lane, n_inputs, WARP):
            total = ZERO
            for other in range(n_inputs):
                if word[other] == word[i]:
                    total += mass[other]
            factor[i] = damping(alpha, factor[i] * total)
        for j in range(lane, outputs_of_block, WARP):
            if j < n_centers or j >= most_centers:
                total = ZERO
                for other in range(outputs_of_block):
                    same = word[most_inputs + other] == word[most_inputs + j]
                    if same and (other < n_centers or other >= most_centers):
                        total += mass[most_inputs + other]
                factor[most_inputs + j] = damping(alpha, factor[most_inputs + j] * total)
        cuda.syncthreads()

    @cuda.jit(device=True, fastmath=True)
    def expect(first_row, n, alpha, first_at, second_at, rows, factor, word, known, expected, matrix):
        """Exact negatives of n rows: ``- alpha k (mu + Sigma x / 2)`` each; returns this lane's part of the loss."""
        lane = cuda.threadIdx.x
        lost = ZERO
        y = cuda.local.array(together_registers, float32)
        s = cuda.local.array(columns, float32)
        for first in range(0, n, TOGETHER):
            for q in range(TOGETHER):
                for v in range(columns):
                    y[q * columns + v] = ZERO
            for k in range(dimensions):
                at = second_at + uint64(k) * wide + uint64(lane)
                for v in range(columns):
                    s[v] = known[at + uint64(v) * step]
                for q in range(TOGETHER):
                    entry = rows[(first_row + min(first + q, n - 1)) * width + k]
                    for v in range(columns):
                        y[q * columns + v] += entry * s[v]
            for q in range(TOGETHER):
                if first + q < n:
                    row = first_row + first + q
                    base = uint64(word[row]) * wide + uint64(lane)
                    change = -alpha * expected[row] * factor[row]
                    for v in range(columns):
                        mean = known[first_at + WARP * v + lane]
                        entry = rows[row * width + WARP * v + lane]
                        lost += expected[row] * entry * (mean + QUARTER * y[q * columns + v])
                        if train:
                            cuda.atomic.add(matrix, base + uint64(v) * step, change * (mean + HALF * y[q * columns + v]))
        return lost

    @cuda.jit(device=True, fastmath=True)
    def update(n_inputs, n_centers, rows, pulls, factor, word, inputs, outputs):
        """Add to the rows of both sides what the coefficients say."""
        lane = cuda.threadIdx.x
        held = cuda.local.array(slab_registers, float32)
        change = cuda.local.array(slab_registers, float32)
        x = cuda.local.array(slab, float32)
        moved = cuda.local.array(slab, float32)
        for tile in range(update_tiles):
            for part in range(slabs):
                for k in range(update_tile):
                    for v in range(slab):
                        change[k * slab + v] = ZERO
                        held[k * slab + v] = ZERO
                        if whole_slabs or part * slab + v < columns:
                            row = most_inputs + tile * update_tile + k
                            held[k * slab + v] = rows[row * width + WARP * (part * slab + v) + lane]
                for i in range(n_inputs):
                    for v in range(slab):
                        moved[v] = ZERO
                        x[v] = ZERO
                        if whole_slabs or part * slab + v < columns:
                            x[v] = rows[i * width + WARP * (part * slab + v) + lane]
                    for k in range(update_tile):
                        g = pulls[i * output_rows + tile * update_tile + k]
                        for v in range(slab):
                            moved[v] += g * held[k * slab + v]
                            change[k * slab + v] += g * x[v]
                    base = uint64(word[i]) * wide + uint64(lane) + uint64(part * slab) * step
                    for v in range(slab):
                        if whole_slabs or part * slab + v < columns:
                            cuda.atomic.add(inputs, base + uint64(v) * step, factor[i] * moved[v])
                for k in range(update_tile):
                    j = tile * update_tile + k
                    if j < n_centers or (most_centers <= j and j < outputs_of_block):
                        row = most_inputs + j
                        base = uint64(word[row]) * wide + uint64(lane) + uint64(part * slab) * step
                        for v in range(slab):
                            if whole_slabs or part * slab + v < columns:
                                cuda.atomic.add(outputs, base + uint64(v) * step, factor[row] * change[k * slab + v])

    @cuda.jit(fastmath=True)
    def kernel(
        words, places, centers, lows, highs, starts, counts,
        n_chunks, parts, alphas, key, threshold, alias, inputs, outputs, input_care, output_care, known, ratio, loss,
    ):  # fmt: skip
        lane = cuda.threadIdx.x
        rows = cuda.shared.array(size_of_rows, float32)
        part = cuda.shared.array(size_of_part, float32)
        pulls = cuda.shared.array(size_of_pairs, float32)
        weights = cuda.shared.array(size_of_weights, float32)
        square = cuda.shared.array(rows_of_block, float32)
        mass = cuda.shared.array(rows_of_block, float32)
        factor = cuda.shared.array(rows_of_block, float32)
        expected = cuda.shared.array(rows_if_exact, float32)
        word = cuda.shared.array(rows_of_block, int32)
        input_at = cuda.shared.array(most_inputs, int32)
        seat = cuda.shared.array(most_centers, int32)
        low = cuda.shared.array(most_centers, int32)
        high = cuda.shared.array(most_centers, int32)
        for i in range(lane, size_of_rows, WARP):
            rows[i] = ZERO  # rows without a word have weight 0, which makes 0 of any number, but not of what is none
        for i in range(lane, size_of_pairs, WARP):
            pulls[i] = ZERO
            if damped:
                weights[i] = ZERO
        cuda.syncthreads()
        for unit in range(cuda.blockIdx.x, n_chunks * parts, cuda.gridDim.x):
            slot = unit % n_chunks
            n_blocks = counts[slot, 0]
            alpha = alphas[slot]
            lost = ZERO
            for block in range(n_blocks * (unit // n_chunks) // parts, n_blocks * (unit // n_chunks + 1) // parts):
                first = starts[slot, block]
                n_centers = starts[slot, block + 1] - first
                for which in range(lane, n_centers, WARP):
                    center = centers[slot, first + which]
                    seat[which], low[which], high[which] = center, lows[slot, first + which], highs[slot, first + which]
                    word[most_inputs + which] = words[slot, center]
                place = places[slot, centers[slot, first]]
                for j in range(most_centers + lane, outputs_of_block, WARP):
                    x0, x1 = bits(key, place, NEGATIVE_DRAW + j - most_centers)
                    word[most_inputs + j] = draw_negative(x0, x1, threshold, alias)
                cuda.syncthreads()
                n_inputs = list_inputs(slot, words, n_centers, input_at, word, seat, low, high)
                for i in range(n_inputs):
                    copy_row(inputs, word[i], rows, i)
                for j in range(outputs_of_block):
                    if j < n_centers or j >= most_centers:
                        copy_row(outputs, word[most_inputs + j], rows, most_inputs + j)
                cuda.syncthreads()
                lost += score(n_inputs, n_centers, alpha, rows, part, pulls, weights, input_at, word, seat, low, high)
                if train or is_exact:
                    for i in range(lane, n_inputs, WARP):
                        factor[i] = input_care[word[i]] if word[i] < len(input_care) else ONE
                    for j in range(lane, outputs_of_block, WARP):
                        row = most_inputs + j
                        if j < n_centers or j >= most_centers:
                            factor[row] = output_care[word[row]] if word[row] < len(output_care) else ONE
                    cuda.syncthreads()
                if damped and (train or is_exact):
                    measure_lengths(n_inputs, rows, part, square)
                    damp(n_inputs, n_centers, alpha, weights, square, mass, factor, word, known, ratio, expected)
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
                    total += part[i]
                loss[unit] = total
            cuda.syncthreads()

    return kernel
