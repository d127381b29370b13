"""The reading of machine code, on small kernels that have what a kernel must not have, and one that has not."""

from __future__ import annotations

import pytest
import sass

pytestmark = pytest.mark.skipif(sass.missing() is not None, reason=f"no offline compile: {sass.missing()}")

if sass.missing() is None:
    from numba import cuda, float32, float64, int32

    @cuda.jit(fastmath=True)
    def clean(x, n):
        lane = cuda.threadIdx.x
        shared = cuda.shared.array(64, float32)
        total = float32(0.0)
        for i in range(n):
            shared[lane] = x[i]
            cuda.syncthreads()
            for j in range(i):
                total += shared[(lane + j) % 64]
        cuda.atomic.add(x, lane, total)

    @cuda.jit
    def wide(x, n):
        x[cuda.threadIdx.x] *= float64(n) / 3.0

    @cuda.jit
    def waiting(x, n):
        x[n] = cuda.atomic.add(x, 0, float32(1.0))

    @cuda.jit
    def local(x, n):
        array = cuda.local.array(100, float32)
        for i in range(n):
            array[i % 100] = x[i]
        x[0] = array[n]

    SINGLE, DOUBLE = (float32[::1], int32), (float64[::1], int32)


def test_a_clean_kernel():
    kernel = sass.compiled(clean, SINGLE)
    assert kernel.faults == []
    assert 8 <= kernel.registers <= 64 and kernel.shared == 4 * 64
    assert kernel.opcodes["RED"] + kernel.opcodes["REDG"] == 1 and kernel.opcodes["BAR"]
    assert {each.source[0] for each in kernel.instructions if each.source} >= {__file__}


def test_loops():
    """Those that survive: the outer one, which has the barrier and the store, and the inner one, unrolled or not."""
    kernel = sass.compiled(clean, SINGLE)
    loops = list(kernel.loops())
    assert len(loops) >= 2
    outer, *inner = loops
    assert all(outer.first <= each.first and each.last <= outer.last for each in inner)
    assert outer.own["BAR"] == 1 and outer.own["STS"] == 1 and not any(each.own["BAR"] for each in inner)
    assert all(each.own["LDS"] == each.own["FADD"] > 0 for each in inner)
    first = clean.py_func.__code__.co_firstlineno
    assert {line - first for _, line in outer.sources} & {6, 7}  # the store and the barrier


def test_unrolled_loops():
    """A loop of known length that is unrolled whole is none; others tell by what their counter adds."""
    listing = "\n".join(
        [
            ".text.kernel:", '\t//## File "a.py", line 7', "        /*0000*/   MOV R1, R2 ;", ".L_x_1:",
            "        /*0010*/   VIADD R4, R4, 0xfffffffc ;", "        /*0020*/   IADD3 R5, R6, 0x1, RZ ;",
            '\t//## File "a.py", line 8', "        /*0030*/   IADD3 R5, R6, 0x8, RZ ;",
            '\t//## File "a.py", line 7', "        /*0040*/   @P0 BRA `(.L_x_1) ;", "        /*0050*/   EXIT ;",
        ]
    )  # fmt: skip
    (loop,) = sass.read("Used 8 registers", listing).loops()
    assert (loop.first, loop.last, loop.unrolled) == (0x10, 0x40, 4)
    assert loop.own == {"VIADD": 1, "IADD3": 2, "BRA": 1} and loop.sources == (("a.py", 7), ("a.py", 8))
    assert all(loop.unrolled in (1, 4, 8, 16) for loop in sass.compiled(clean, SINGLE).loops())


@pytest.mark.parametrize(
    ("name", "fault"),
    [("wide", "float64: D"), ("waiting", "an atomic that returns: ATOMG"), ("local", "a stack of 4")],
)
def test_faults_are_found(name, fault):
    kernel = sass.compiled(globals()[name], DOUBLE if name == "wide" else SINGLE)
    assert any(each.startswith(fault) for each in kernel.faults), kernel.faults


def test_spills_are_found():
    """The same kernel with fewer registers than it needs."""
    full = sass.compiled(hungry(), SINGLE)
    assert full.faults == [] and full.registers > 90
    cramped = sass.compiled(hungry(max_registers=32), SINGLE)
    assert cramped.registers <= 32
    assert any(each.startswith("spills of") for each in cramped.faults)


def hungry(**options):
    """A kernel that keeps 90 numbers at a time in registers."""

    @cuda.jit(**options)
    def kernel(x, n):
        kept = cuda.local.array(90, float32)
        for i in range(90):
            kept[i] = x[i * 64]
        for _ in range(n):
            for i in range(90):
                kept[i] = kept[i] * kept[(i + 7) % 90] + float32(1.0)
        for i in range(90):
            x[i * 64 + 1] = kept[i]

    return kernel
