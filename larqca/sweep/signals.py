"""Signals that ask a sweep to end."""

from __future__ import annotations

import signal
import threading
from typing import Any


class StopSignals:
    """Counts SIGINT, SIGTERM and SIGHUP while it is used as a context.

    Only the main thread may handle signals; used in another one it counts none.

    Attributes:
        count: how many came.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # What was told to be ignored (nohup, a background job) stays ignored.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, *_: Any) -> None:
        self.count += 1
