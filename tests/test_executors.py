"""Flat lists of tasks: results in order, lost workers replaced a bounded number of times, errors at once."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from fastqwem.executors import ATTEMPTS, Tasks


def square(x):
    return x * x


def die_once(mark, x):
    """Kills its own process when it is called for the first time."""
    if not os.path.exists(mark):
        with open(mark, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return x


def die(x):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(x):
    raise OSError(28, "No space left on device", f"file {x}")


@pytest.mark.parametrize("make", [None, lambda: ThreadPoolExecutor(3), ThreadPoolExecutor(3)])
def test_results_come_in_order(make):
    ticks = []
    with Tasks(make) as tasks:
        results = tasks.run(square, [(i,) for i in range(20)], lambda *tick: ticks.append(tick))
        assert results == [i * i for i in range(20)]
        assert tasks.run(square, [], None) == []
    assert ticks[-1] == (20, 20)


@pytest.mark.parametrize("given", ["pool", "callable"])
def test_a_killed_process_is_replaced(given, tmp_path, caplog):
    make = lambda: ProcessPoolExecutor(2)  # noqa: E731
    executor = make if given == "callable" else make()
    with Tasks(executor) as tasks:
        assert tasks.run(die_once, [(str(tmp_path / "mark"), i) for i in range(6)], None) == list(range(6))
    assert "a worker process vanished" in caplog.text


def test_a_task_that_kills_every_worker_ends():
    with Tasks(lambda: ProcessPoolExecutor(1)) as tasks, pytest.raises(Exception, match="terminated abruptly"):
        tasks.run(die, [(0,)], None)


class KilledWorker(Exception):
    """Named as the one of a scheduler."""


class Cluster:
    """Like a Dask client: has get_executor(), and loses the first workers of a task."""

    def __init__(self, losses):
        self.losses, self.calls = losses, 0

    def get_executor(self):
        return self

    def submit(self, function, *arguments):
        self.calls += 1
        future = Future()
        if self.calls <= self.losses:
            future.set_exception(KilledWorker("gone"))
        else:
            future.set_result(function(*arguments))
        return future


def test_a_cluster_that_loses_workers(caplog):
    assert Tasks(Cluster(ATTEMPTS - 1)).run(square, [(3,)], None) == [9]
    assert caplog.text.count("trying again") == ATTEMPTS - 1
    with pytest.raises(KilledWorker):
        Tasks(Cluster(ATTEMPTS)).run(square, [(3,)], None)


def test_an_error_cancels_what_waits():
    with ThreadPoolExecutor(1) as pool:
        begin = time.perf_counter()
        with Tasks(pool) as tasks, pytest.raises(OSError, match="No space left"):
            tasks.run(lambda i: fail(i) if i == 0 else time.sleep(1), [(i,) for i in range(60)], None)
        assert time.perf_counter() - begin < 10


def test_what_is_no_executor():
    with pytest.raises(TypeError, match=r"executor must have submit\(\)"):
        Tasks("tcp://host:8786")
