"""The sparse-times-block product of `solve` on the device beside the processor: kernel, transfer and all.

It decides whether `solve` should use a GPU: a run of `solve` sends the matrix once, then, in each of its passes, a
block there and a block back, for the rest of it is dense algebra on the processor.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import util
from statistics import median
from typing import Any

import numpy as np

from fastqwem import Target, count
from fastqwem.training.cuda.device import check_memory, load_cuda

from .facts import seconds_of
from .kernels import product_kernel
from .setup import LeftOut, Setup

PASSES = 132  # of blocks of 16: what `solve` took for d = 200 on 100 MB of Wikipedia, the whole vocabulary
ROWS = 4  # of a thread block: a warp each


def run(setup: Setup) -> None:
    """Measure both sides on the M* of the corpus with window 16, as `solve` has it by default."""
    cuda = load_cuda()
    setup.budget.check(60)
    target = Target(count(setup.corpus, 2 if setup.scale.simulated else 16, progress=False))
    matrix = target.counts.matrix
    values = target.values()
    block = np.random.default_rng(0).standard_normal((matrix.shape[0], setup.scale.block)).astype(np.float32)
    processor = timed(lambda: target.multiply(block))
    report = setup.report
    report.add("nonzeros", float(matrix.nnz), note=f"V = {matrix.shape[0]:,}, {setup.scale.block} columns")
    report.add("processor, a product", 1e3 * processor, "ms", note=f"{os.cpu_count()} cores")
    truth = (matrix_of(matrix, values) @ block[:, :4].astype(np.float64))[:2000]
    for name, side in (("Numba", numba_side), ("cuSPARSE through CuPy", cupy_side)):
        with report.trying(name):
            sent, product, there_and_back, result = side(cuda, matrix, values, block)
            error = float(np.abs(result[:2000, :4] - truth).max() / np.abs(truth).max())
            report.judge(f"{name}: error of the product", error < 1e-4, "relative to the largest entry", error)
            report.add(f"{name}: send the matrix", 1e3 * sent, "ms")
            report.add(f"{name}: a product, data on the device", 1e3 * product, "ms")
            report.add(f"{name}: block there, product, block back", 1e3 * there_and_back, "ms")
            whole = sent + PASSES * there_and_back
            note = f"{PASSES} products: processor {PASSES * processor:.3g} s, device with all transfers {whole:.3g} s"
            report.add(f"{name}: gain over the processor", PASSES * processor / whole, "x", note=note)


def matrix_of(counts: Any, values: Any) -> Any:
    """Return the sparse part of the target in float64."""
    from scipy.sparse import csr_array

    return csr_array((values.astype(np.float64), counts.indices, counts.indptr), counts.shape)


def numba_side(cuda: Any, counts: Any, values: Any, block: Any) -> tuple[float, float, float, Any]:
    """Return the seconds to send the matrix, of a product, and of one with its transfers; and the result."""
    needed = counts.indptr.nbytes + counts.indices.nbytes + values.nbytes + 2 * block.nbytes
    check_memory(needed, {"the matrix": needed - 2 * block.nbytes, "two blocks": 2 * block.nbytes})
    held: list[Any] = []

    def send() -> None:
        held[:] = [cuda.to_device(np.ascontiguousarray(each)) for each in (counts.indptr, counts.indices, values)]

    sent = seconds_of(cuda, send, 3)
    x, y = cuda.to_device(block), cuda.device_array(block.shape, np.float32)
    kernel, grid = product_kernel(), (-(-len(block) // ROWS), (32, ROWS))

    def product() -> None:
        kernel[grid](*held, x, y)

    def there_and_back() -> None:
        x.copy_to_device(block)
        product()
        y.copy_to_host(result)

    result = np.empty_like(block)
    return sent, seconds_of(cuda, product), seconds_of(cuda, there_and_back), result


def cupy_side(cuda: Any, counts: Any, values: Any, block: Any) -> tuple[float, float, float, Any]:
    """Return the same of cuSPARSE."""
    if util.find_spec("cupy") is None:
        raise LeftOut("CuPy is not installed")
    import cupy
    from cupyx.scipy import sparse

    class Clock:
        synchronize = staticmethod(lambda: cupy.cuda.Device().synchronize())

    parts = (values, counts.indices.astype(np.int32), counts.indptr.astype(np.int32))  # of fewer than 2^31 nonzeros
    held: list[Any] = []

    def send() -> None:
        held[:] = [sparse.csr_matrix(tuple(map(cupy.asarray, parts)), shape=counts.shape)]

    sent = seconds_of(Clock, send, 3)
    x = cupy.asarray(block)

    def there_and_back() -> None:
        result[:] = cupy.asnumpy(held[0] @ cupy.asarray(block))

    result = np.empty_like(block)
    return sent, seconds_of(Clock, lambda: held[0] @ x), seconds_of(Clock, there_and_back), result


def timed(work: Callable[[], Any], repeat: int = 5) -> float:
    """Return the median seconds of work on the processor, after one run that is not timed."""
    work()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)
