"""What a person at a terminal sees of a sweep."""

from __future__ import annotations

from collections import deque
from typing import Any

from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import Outcome
from larqca.sweep.sparkline import sparkline
from larqca.sweep.watch import Active, Known, Watcher
from larqca.sweep.wording import cell_accuracy, duration, outcome_line, progress_line

SPARK_WIDTH = 16
# Losses that a curve remembers: ten a second, so that it shows the last minutes.
MOST_LOSSES = 2048


class TerminalWatcher(Watcher):
    """A bar for every run at work, with its loss as a curve, and one for the whole sweep."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[curve]}", markup=False),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._whole = self._bars.add_task("all runs", total=None, curve="", note="")
        self._tasks: dict[str, Any] = {}
        self._losses: dict[str, deque[float]] = {}
        self._total = 0
        self._ended = 0
        self._best = ("", -1.0)

    def __enter__(self) -> Watcher:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, known: Known) -> None:
        """Remember the counts, and the best of what was done before."""
        self._total = len(known)
        for run, outcome in known:
            self._ended += outcome.finished
            self._compare(run, outcome)

    def note(self, line: str) -> None:
        """Print it."""
        self._console.print(line, markup=False)

    def started(self, run: PlannedRun) -> None:
        """A run's process was started."""
        self._forget(run)
        self._tasks[run.hash] = self._bars.add_task(
            run.title, total=None, curve="", note="starting")
        self._losses[run.hash] = deque(maxlen=MOST_LOSSES)

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Print how it ended."""
        self._forget(run)
        self._compare(run, outcome)
        self._ended += outcome.finished or outcome.failed
        self._console.print(
            f"[{self._ended}/{self._total}] {run.title}: {outcome_line(outcome)}", markup=False
        )

    def update(self, active: Active, seconds_left: float | None) -> None:
        """Show where each active run is."""
        shares = 0.0
        for run, progress in active:
            if progress is None:
                continue
            losses = self._losses[run.hash]
            if progress["loss"] is not None and (not losses or losses[-1] != progress["loss"]):
                losses.append(progress["loss"])
            self._bars.update(self._tasks[run.hash], completed=progress["done"],
                              total=progress["total"], note=progress_line(progress),
                              curve=sparkline(losses, SPARK_WIDTH).ljust(SPARK_WIDTH))
            if progress["phase"] == "training" and progress["total"]:
                shares += progress["done"] / progress["total"]
            elif progress["phase"] == "evaluation":
                shares += 1.0
        self._bars.update(self._whole, completed=self._ended + shares, total=self._total,
                          note=self._summary(len(active), seconds_left))

    def stopping(self) -> None:
        """Say that it takes a moment."""
        self._console.print("stopping: runs write their checkpoints (once more to stop at once)")

    def _summary(self, active: int, seconds_left: float | None) -> str:
        parts = [f"{self._ended} of {self._total} runs, {active} at work"]
        if self._best[0]:
            parts.append(f"best {100 * self._best[1]:.1f} % ({self._best[0]})")
        if seconds_left is not None:
            parts.append(f"about {duration(seconds_left)} left")
        return ", ".join(parts)

    def _compare(self, run: PlannedRun, outcome: Outcome) -> None:
        self._best = max(self._best, (run.title, cell_accuracy(outcome) or -1.0),
                         key=lambda best: best[1])

    def _forget(self, run: PlannedRun) -> None:
        if run.hash in self._tasks:
            self._bars.remove_task(self._tasks.pop(run.hash))
