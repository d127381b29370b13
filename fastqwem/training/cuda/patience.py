"""Ctrl-C between launches: an exception amid one would leave nobody knowing how much of it was trained."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["Patience"]


class Patience:
    """Holds SIGINT back within a ``with`` block, in the main thread; elsewhere no signal is handled anyway.

    `heed` does what the signal asked for. So does leaving the block, unless an exception does that already.
    """

    def __init__(self) -> None:
        self._frame: FrameType | None = None
        self._pressed = False
        self._handler: Any = None

    def __enter__(self) -> Patience:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
            self._handler = handler
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pressed, self._frame = True, frame

    def heed(self) -> None:
        """Call the handler that was there before if the signal has come."""
        if self._pressed:
            self._pressed = False
            self._handler(signal.SIGINT, self._frame)

    def __exit__(self, kind: object, *_: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if kind is None:
            self.heed()
