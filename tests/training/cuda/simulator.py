"""Numba's simulator, made quick and safe; for tests, and for trials of ``bench/gpu.py``."""

from __future__ import annotations

import sys
import threading


def quicken():
    """Make Numba's simulator quick, and safe with threads that take turns at any moment.

    Its blocks wait by asking each thread again and again whether it has come to the barrier; ours wait at a barrier.
    It knows a shared array by the line that asks for it and looks it up without a lock; ours has one.
    """
    from numba.core import types
    from numba.cuda.simulator import kernel, kernelapi
    from numba.np import numpy_support

    np, lock = kernelapi.np, threading.Lock()

    def array(self, shape, dtype):
        frame = sys._getframe(1)
        if isinstance(dtype, types.Type):
            dtype = numpy_support.as_dtype(dtype)
        with lock:
            return self._allocations.setdefault((frame.f_code, frame.f_lineno), np.empty(shape, dtype))

    def run(self, grid_point, *args):
        threads = [
            kernel.BlockThread(lambda: self._f(*args), self, grid_point, block_point, self._debug)
            for block_point in np.ndindex(*self._block_dim)
        ]
        barrier = threading.Barrier(len(threads))

        def wait(thread):
            try:
                barrier.wait(timeout=120)  # all threads come to every barrier: a block that waits for one is wrong
            except threading.BrokenBarrierError:
                raise RuntimeError("another thread of the block has failed or left") from None

        for thread in threads:
            thread.syncthreads = lambda thread=thread: wait(thread)
            thread._target = guarded(thread._target, barrier)
            thread.start()
        for thread in threads:
            thread.join()
        failed = [thread.exception for thread in threads if thread.exception]
        for kind, trace in sorted(failed, key=lambda pair: "another thread" in str(pair[0])):
            raise kind.with_traceback(trace)

    def guarded(target, barrier):
        def inner(*args, **kwargs):
            try:
                target(*args, **kwargs)
            except BaseException:
                barrier.abort()
                raise

        return inner

    kernelapi.FakeCUDAShared.array = array
    kernel.BlockManager.run = run
