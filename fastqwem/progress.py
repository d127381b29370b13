"""Progress of long work: one small protocol between kernels, the API and whoever shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "Tick", "track"]

Tick = Callable[[int, int], None]
"""Called with (done, total) from the calling thread, about twenty times a second; total 0 means unknown."""

Progress = bool | Tick | None
"""``None``: a bar when stderr is a terminal; ``True``/``False``: always/never; or your own callable."""


@contextmanager
def track(
    progress: Progress,
    label: str,
    unit: str = "it",
    scale: bool = True,
    start: int = 0,
    note: Callable[[], str] | None = None,
) -> Iterator[Tick | None]:
    """Yield the callable that a kernel reports to, or ``None`` when nobody watches.

    Parameters
    ----------
    progress : bool, callable or None
        What the user asked for, see `Progress`.
    label, unit : str
        Shown left of the bar, and as its unit.
    start : int
        What was done before, and does not count for the speed.
    note : callable, optional
        Returns what else the bar shows; asked at every tick.
    """
    if callable(progress):
        yield progress
        return
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    if not progress:
        yield None
        return
    from tqdm import tqdm

    with tqdm(
        desc=label, unit=unit, unit_scale=scale, initial=start, file=sys.stderr, dynamic_ncols=True, leave=False
    ) as bar:

        def tick(done: int, total: int) -> None:
            if total and bar.total != total:
                bar.total = total
            if note is not None:
                bar.set_postfix_str(note(), refresh=False)
            bar.update(done - bar.n)

        yield tick
