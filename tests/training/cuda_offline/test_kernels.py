"""Every kernel of training, compiled for the H100 and H200: nothing in it that would make it slow there."""

from __future__ import annotations

import pytest
import sass

pytestmark = pytest.mark.skipif(sass.missing() is not None, reason=f"no offline compile: {sass.missing()}")

if sass.missing() is None:
    from fastqwem.training.cuda import kernels, lines, moments, sizes

    VARIANTS = {name: each for name, each in kernels.VARIANTS.items() if each[0].problem is None}
else:
    VARIANTS = {}

WARPS_OF_REGISTERS = 8  # on a multiprocessor of 65,536 registers: what hides the wait for rows


def check(name, kernel):
    """Print what a kernel is, and assert what all must be."""
    shown = {opcode: count for opcode, count in kernel.opcodes.most_common() if count >= 20}
    print(
        f"\n{name}: {kernel.registers} registers, {kernel.shared:,} bytes shared, {len(kernel.instructions)}: {shown}"
    )
    assert kernel.faults == []
    assert 65536 // (32 * kernel.registers) >= WARPS_OF_REGISTERS


@pytest.mark.parametrize("name", VARIANTS)
def test_kernels_that_train(name):
    of, trains = VARIANTS[name]
    kernel = sass.compiled(kernels.make_kernel(of, trains), kernels.signature())
    check(name, kernel)
    assert kernel.shared <= sizes.SHARED_LIMIT
    assert of.shared_bytes == pytest.approx(kernel.shared, rel=0.03)  # what `Sizes.problem` goes by
    additions = kernel.opcodes["RED"] + kernel.opcodes["REDG"]
    assert (additions >= of.columns) if trains else (additions == 0)


@pytest.mark.parametrize("held_out", [False, True])
def test_kernels_that_draw(held_out):
    of, _ = next(iter(VARIANTS.values()))
    check(f"draws, held out {held_out}", sass.compiled(lines.make_lines(of, held_out), lines.line_signature()))


@pytest.mark.parametrize("size", [128, 300])
def test_kernels_of_moments(size):
    of, _ = kernels.VARIANTS[f"qwem, exact, d = {size}"]
    check(f"sums, d = {size}", sass.compiled(moments.make_sums(of), moments.sums_signature()))
    check("reduction", sass.compiled(moments.make_reduction(), moments.reduction_signature()))


def test_moments_add_up_in_registers():
    """A tile's 32 sums of a lane stay in registers: one multiply-add for each entry of a row of the tile."""
    of, _ = kernels.VARIANTS["qwem, exact, d = 128"]
    kernel = sass.compiled(moments.make_sums(of), moments.sums_signature())
    assert any(loop.own["FFMA"] >= sizes.WARP for loop in kernel.loops())
