"""What a person sees of a sweep while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import Outcome
from larqca.sweep.wording import duration, outcome_line, progress_line

Active = Sequence[tuple[PlannedRun, Mapping[str, Any] | None]]
Known = Sequence[tuple[PlannedRun, Outcome]]

LINE_SECONDS = 15.0


class Watcher:
    """Is told what happens; this one keeps silent."""

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        """The sweep is over."""

    def begin(self, known: Known) -> None:
        """All runs of the sweep, and where each stands before anything is done."""

    def note(self, line: str) -> None:
        """Something to know about the whole sweep, before it begins."""

    def started(self, run: PlannedRun) -> None:
        """A run's process was started."""

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """A run ended, or cannot be started."""

    def update(self, active: Active, seconds_left: float | None) -> None:
        """Called about ten times a second."""

    def stopping(self) -> None:
        """A signal asked for an end."""


class PlainWatcher(Watcher):
    """Plain lines: every start and end, and now and then where each run is.

    Args:
        stream: where to write.
        clock: seconds, for the distance between progress lines.
    """

    def __init__(self, stream: TextIO | None = None, clock: Any = time.monotonic) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._next = clock() + LINE_SECONDS
        self._total = 0
        self._ended = 0

    def begin(self, known: Known) -> None:
        """Remember the counts."""
        self._total = len(known)
        self._ended = sum(outcome.finished for _, outcome in known)
        if self._ended:
            self._say(f"{self._ended} of {self._total} runs were finished before")

    def note(self, line: str) -> None:
        """Print it."""
        self._say(line)

    def started(self, run: PlannedRun) -> None:
        """A run's process was started."""
        self._say(f"{run.title}: starts")

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Print how it ended."""
        self._ended += outcome.finished or outcome.failed
        self._say(f"[{self._ended}/{self._total}] {run.title}: {outcome_line(outcome)}")

    def update(self, active: Active, seconds_left: float | None) -> None:
        """Show where each active run is."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + LINE_SECONDS
        for run, progress in active:
            if progress:
                self._say(f"{run.title}: {progress_line(progress)}")
        if seconds_left is not None:
            self._say(f"[{self._ended}/{self._total}] about {duration(seconds_left)} left")

    def stopping(self) -> None:
        """Say that it takes a moment."""
        self._say("stopping: runs write their checkpoints (once more to stop at once)")

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def choose_watcher(quiet: bool) -> Watcher:
    """Bars on a terminal, plain lines elsewhere, nothing if quiet."""
    if quiet:
        return Watcher()
    from larqca.sweep.terminal import TerminalWatcher

    return TerminalWatcher() if sys.stderr.isatty() else PlainWatcher()
