"""Ends a worker that takes more time or memory than its run may."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from larqca.sweep.outcome import State
from larqca.sweep.resources import GIB

WATCH_SECONDS = 0.2
# From the end of its time to the end of an iteration and its checkpoint.
GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class Excess:
    """The limit that a run met.

    Attributes:
        state: what becomes of the run.
        reason: for people.
        allowed: minutes or GiB.
    """

    state: State
    reason: str
    allowed: float


class Watchdog:
    """Watches this process from a thread of its own.

    Out of time, a run is asked to stop, so that it writes a checkpoint. Memory cannot wait:
    the process is ended at once, before the system ends one of its own choice.

    Args:
        seconds: allowed from now; None: any number.
        memory_bytes: allowed of resident memory; None: any number.
        ask_to_stop: asks for a checkpoint and an end.
        end: told of the excess, must end the process.
    """

    def __init__(
        self, seconds: float | None, memory_bytes: int | None, *,
        ask_to_stop: Callable[[], None], end: Callable[[Excess], None],
    ) -> None:
        self.excess: Excess | None = None
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._ask_to_stop = ask_to_stop
        self._end = end
        self._deadline = time.monotonic() + (seconds or 0.0)
        if seconds is not None or memory_bytes is not None:
            threading.Thread(target=self._watch, daemon=True, name="limits").start()

    def _watch(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            if self._memory_bytes is not None and resident_bytes() > self._memory_bytes:
                allowed = self._memory_bytes / GIB
                self._end(Excess("out of memory", f"holds more than {allowed:g} GiB", allowed))
            if self._seconds is None or time.monotonic() < self._deadline:
                continue
            if self.excess is None:
                minutes = self._seconds / 60.0
                self.excess = Excess("out of time", f"took more than {minutes:g} min", minutes)
                self._ask_to_stop()
            elif time.monotonic() > self._deadline + GRACE_SECONDS:
                self._end(self.excess)


def resident_bytes() -> int:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
