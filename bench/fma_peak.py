"""The peak of this machine in float32 multiply-adds: ``python bench/fma_peak.py [--threads 2]``.

Compiles ``fma_peak.c`` for this processor with the system's compiler (a bound that kernels cannot pass) and times
NumPy's sgemm beside it (what a good library reaches of it).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

_ROUNDS = 40_000_000  # 0.1 to 0.4 s


def compiled(folder: Path, *flags: str) -> ctypes.CDLL:
    """Build the loop with these flags and load it."""
    library = folder / f"fma{len(flags)}.so"
    source = Path(__file__).with_suffix(".c")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", *flags, source, "-o", library], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.multiply_add.restype = ctypes.c_double
    loaded.multiply_add.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_float)]
    return loaded


def rate(library: ctypes.CDLL, threads: int) -> float:
    """Return the operations per second of `threads` threads that run at once, the best of five."""

    def work(rounds: int) -> float:
        return float(library.multiply_add(rounds, ctypes.byref(ctypes.c_float())))

    best = 0.0
    with ThreadPoolExecutor(threads) as pool:  # ctypes releases the lock
        for rounds in (_ROUNDS // 10, *[_ROUNDS] * 5):  # the first one warms up
            start = time.perf_counter()
            operations = sum(pool.map(work, [rounds] * threads))
            best = max(best, operations / (time.perf_counter() - start))
    return best


def peaks(threads: int) -> dict[int, float]:
    """Return operations per second by width of vector in bits: the widest, and 256 where that is 512."""
    with tempfile.TemporaryDirectory() as folder:
        libraries = [compiled(Path(folder))]
        if libraries[0].vector_bytes() == 64:
            libraries.append(compiled(Path(folder), "-mno-avx512f"))
        return {8 * library.vector_bytes(): rate(library, threads) for library in libraries}


def sgemm(threads: int, n: int = 1536) -> float:
    """Return the operations per second of one product of two float32 matrices by NumPy's BLAS, the best of five."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, n, n), np.float32)
    best = 0.0
    with threadpool_limits(threads):
        for _ in range(6):
            start = time.perf_counter()
            a @ b
            best = max(best, 2 * n**3 / (time.perf_counter() - start))
    return best


def main() -> None:
    """Print both measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    threads = parser.parse_args().threads
    for bits, operations in peaks(threads).items():
        print(f"multiply-adds of {bits} bits, {threads} threads: {operations / 1e9:.1f} Gflop/s")
    print(f"sgemm, {threads} threads: {sgemm(threads) / 1e9:.1f} Gflop/s")


if __name__ == "__main__":
    main()
