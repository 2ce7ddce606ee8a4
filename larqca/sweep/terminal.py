"""What a person at a terminal sees of a sweep."""

from __future__ import annotations

from typing import Any

from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import Outcome
from larqca.sweep.watch import Active, Watcher
from larqca.sweep.wording import duration, outcome_line, progress_line


class TerminalWatcher(Watcher):
    """A progress bar for every run at work, and one for the whole sweep."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._whole = self._bars.add_task("all runs", total=None, note="")
        self._tasks: dict[str, Any] = {}
        self._total = 0
        self._ended = 0

    def __enter__(self) -> Watcher:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, total: int, finished: int) -> None:
        """Remember the counts."""
        self._total, self._ended = total, finished

    def note(self, line: str) -> None:
        """Print it."""
        self._console.print(line, markup=False)

    def started(self, run: PlannedRun) -> None:
        """A run's process was started."""
        self._tasks[run.hash] = self._bars.add_task(run.title, total=None, note="starting")

    def finished(self, run: PlannedRun, outcome: Outcome) -> None:
        """Print how it ended."""
        if run.hash in self._tasks:
            self._bars.remove_task(self._tasks.pop(run.hash))
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
            self._bars.update(self._tasks[run.hash], completed=progress["done"],
                              total=progress["total"], note=progress_line(progress))
            if progress["phase"] == "training" and progress["total"]:
                shares += progress["done"] / progress["total"]
            elif progress["phase"] == "evaluation":
                shares += 1.0
        left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
        self._bars.update(self._whole, completed=self._ended + shares, total=self._total,
                          note=f"{self._ended} of {self._total} runs{left}")

    def stopping(self) -> None:
        """Say that it takes a moment."""
        self._console.print("stopping: runs write their checkpoints (once more to stop at once)")
