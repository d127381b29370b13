"""What the device is, and what it can move and add: the limits that speed is held against."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import metadata
from statistics import median
from typing import Any

import numpy as np

from fastqwem import cuda as availability
from fastqwem.training.cuda.device import load_cuda

from .kernels import add_rows_kernel, copy_kernel
from .setup import LeftOut, Setup

ROW = 128  # floats of a row that is added to: one of d = 128


def run(setup: Setup) -> None:
    """Name the device, then measure bandwidth of its memory and cache, and additions to spread and to single rows."""
    report, scale = setup.report, setup.scale
    report.add("device", availability.describe())
    for package in ("numba", "numba-cuda", "fastqwem"):
        report.add(package, _version(package))
    report.add("processor cores", os.cpu_count())
    cuda = load_cuda()
    free, total = availability.memory()
    report.add("memory free / of", f"{free / 2**30:.1f} / {total / 2**30:.1f}", "GiB")
    with report.trying("multiprocessors and clock"):
        processors, clock = processors_and_clock(cuda)
        report.add("multiprocessors", processors, facts={"multiprocessors": processors})
        report.add("clock at most", clock / 1e9, "GHz", facts={"clock": clock})
    for what, size in (("memory", scale.copied_bytes), ("cache", scale.cached_bytes)):
        with report.trying(f"copy within the {what}"):
            rate = copy_rate(cuda, size // 2)
            note = "read and written"
            report.add(f"copy within the {what}", rate / 1e9, "GB/s", note=note, facts={what: rate})
    rows = max(1, scale.cached_bytes // (4 * ROW))
    for what, spread in ((f"additions, {rows:,} rows of d = {ROW} in turn", rows), ("additions, all to one row", 1)):
        with report.trying(what):
            rate = addition_rate(cuda, rows, spread)
            report.add(what, rate / ROW / 1e6, "M rows/s", note="atomic, float32", facts={f"added/{spread > 1}": rate})


def processors_and_clock(cuda: Any) -> tuple[int, float]:
    """Return the multiprocessors and their highest clock in hertz."""
    if availability.is_simulated():
        raise LeftOut("the simulator has none")
    device = cuda.gpus[0]
    return int(device.MULTIPROCESSOR_COUNT), 1e3 * float(device.CLOCK_RATE)  # the driver tells kilohertz


def seconds_of(cuda: Any, work: Callable[[], None], repeat: int = 5) -> float:
    """Return the median seconds of work on the device, after one run that is not timed."""
    work()
    cuda.synchronize()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        cuda.synchronize()
        times.append(time.perf_counter() - start)
    return median(times)


def copy_rate(cuda: Any, size: int) -> float:
    """Return bytes per second, read and written, of copies: the faster of a kernel's and the driver's."""
    count = size // 4
    source, target = cuda.to_device(np.ones(count, np.float32)), cuda.device_array(count, np.float32)
    threads = 256 if count >= 1 << 16 else 32
    blocks = min(-(-count // threads), 1 << 14)
    kernel = copy_kernel()
    by_kernel = seconds_of(cuda, lambda: kernel[blocks, threads](source, target, count))
    if not np.array_equal(target.copy_to_host(), np.ones(count, np.float32)):
        raise RuntimeError("the copy is wrong")
    return 2 * size / min(by_kernel, seconds_of(cuda, lambda: target.copy_to_device(source)))


def addition_rate(cuda: Any, rows: int, spread: int) -> float:
    """Return floats per second added atomically to `spread` of the rows, each warp to one row after another."""
    table = cuda.to_device(np.zeros((rows, ROW), np.float32))
    blocks, turns = min(rows, 4096), 64 if rows > 64 else 2
    kernel = add_rows_kernel()
    seconds = seconds_of(cuda, lambda: kernel[blocks, 32](table, turns, spread), 3)
    added = table.copy_to_host().sum(dtype=np.float64)
    done = blocks * turns * ROW
    if not np.isclose(added, 4 * done, rtol=1e-6):  # 4 runs; below 2^24 a float32 count of ones is exact
        raise RuntimeError(f"the sum of all rows is {added:g}, not {4 * done}")
    return done / seconds


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
