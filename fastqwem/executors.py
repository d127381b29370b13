"""Flat lists of tasks over any executor: threads, processes, a Dask cluster; workers that vanish are replaced."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, wait
from typing import Any

from .progress import Tick

__all__ = ["Tasks"]

_LOG = logging.getLogger(__name__)

ATTEMPTS = 3
_LOST = {"KilledWorker", "CommClosedError", "FutureCancelledError", "WorkerLostError"}  # of schedulers we do not import


class Tasks:
    """Runs functions of many arguments.

    Parameters
    ----------
    executor : concurrent.futures.Executor, object with get_executor(), callable, or None
        A Dask ``Client`` has ``get_executor``. A callable makes an executor, anew when one has broken; a
        ``ProcessPoolExecutor`` that breaks is replaced by one of as many processes. None runs everything here.

    Raises
    ------
    TypeError
        If it is none of these.
    """

    def __init__(self, executor: Any = None) -> None:
        self._make: Callable[[], Any] | None = None
        self._own: list[Any] = []
        if executor is None or hasattr(executor, "submit"):
            self._executor = executor.get_executor() if hasattr(executor, "get_executor") else executor
        elif callable(executor):
            self._make = executor
            self._executor = self._made()
        else:
            raise TypeError(f"executor must have submit(), as those of concurrent.futures, got {executor!r:.60}")
        self.here = executor is None

    def __enter__(self) -> Tasks:
        return self

    def __exit__(self, *_: object) -> None:
        for executor in self._own:
            executor.shutdown(wait=False, cancel_futures=True)

    def run(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], tick: Tick | None) -> list[Any]:
        """Call the function with each tuple of arguments; return the results in their order.

        A task whose worker vanished is tried again, `ATTEMPTS` times in all; tasks must be such that doing one twice
        changes nothing. What a task raises is raised here, after the others were cancelled.
        """
        if self.here:
            return self._run_here(function, arguments, tick)
        results: list[Any] = [None] * len(arguments)
        attempts = [0] * len(arguments)
        done, breaks = 0, 0
        waiting = self._submitted(function, arguments, range(len(arguments)))
        try:
            while waiting:
                finished, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                lost, broken = [], None
                for future in finished:
                    number = waiting.pop(future)
                    try:
                        results[number] = future.result()
                        done, breaks = done + 1, 0
                    except (BrokenExecutor, CancelledError) as error:
                        lost.append(number)
                        broken = error
                    except Exception as error:
                        if type(error).__name__ not in _LOST:
                            raise
                        attempts[number] += 1
                        if attempts[number] >= ATTEMPTS:
                            raise
                        _LOG.warning("a worker vanished in task %d: %s; trying again", number, error)
                        waiting |= self._submitted(function, arguments, [number])
                if broken is not None:
                    breaks += 1
                    lost += waiting.values()
                    if breaks >= ATTEMPTS:
                        raise broken
                    self._renew(broken, len(lost))
                    waiting = self._submitted(function, arguments, sorted(lost))
                if tick is not None:
                    tick(done, len(arguments))
        finally:
            for future in waiting:
                future.cancel()
        return results

    def _run_here(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], tick: Tick | None
    ) -> list[Any]:
        results = []
        for i, argument in enumerate(arguments):
            results.append(function(*argument))
            if tick is not None:
                tick(i + 1, len(arguments))
        return results

    def _submitted(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], numbers: Sequence[int]
    ) -> dict[Future[Any], int]:
        return {self._executor.submit(function, *arguments[number]): number for number in numbers}

    def _made(self) -> Any:
        assert self._make is not None
        self._own.append(self._make())
        return self._own[-1]

    def _renew(self, error: BaseException, unfinished: int) -> None:
        """Put a fresh executor in the place of one that has broken."""
        if self._make is None and isinstance(self._executor, ProcessPoolExecutor):
            pool = self._executor
            # The number and kind of processes are not public, but nothing else says how many the caller wants.
            size, context = getattr(pool, "_max_workers", None), getattr(pool, "_mp_context", None)
            self._make = lambda: ProcessPoolExecutor(size, context)
        if self._make is None:
            raise error
        _LOG.warning("a worker process vanished (%s); %d tasks go to new ones", error, unfinished)
        self._executor = self._made()
