"""What an executor is: it starts a run's worker somewhere and tells how that ended.

Which run comes next, what its files say, what failed and what is tried again is
`larqca.sweep.loop`'s. A worker is a command (`Task.command`) that finds everything in the
sweep's directory and leaves everything there, so that an executor has nothing to carry but
that command. Another executor is one file with two classes, an `Executor` and its `Job`, and
its name in `larqca/sweep/executors/__init__.py` (`EXECUTORS`, `check_usable`,
`make_executor`); `larqca/sweep/executors/local.py` is the shortest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from larqca.sweep.outcome import RUNS
from larqca.sweep.resources import Resources

# What `Job.poll` answers when a run ended through no fault of its own (its machine went away,
# a scheduler took it back): it is started again, from its checkpoint.
LOST = 1000


@dataclass(frozen=True)
class Task:
    """A run to be started.

    Attributes:
        root: the sweep's directory, absolute, on a disk that the worker sees too.
        run: the run's hash.
        threads: of the worker's numeric libraries.
        data_dir: where tensorflow-datasets keeps its data.
        resources: what it may take.
        worker: the command of a worker, without arguments.
    """

    root: Path
    run: str
    threads: int
    data_dir: str | None
    resources: Resources
    worker: tuple[str, ...]

    @property
    def directory(self) -> Path:
        """The run's own."""
        return self.root / RUNS / self.run

    def command(self) -> list[str]:
        """The worker's whole command line."""
        command = [*self.worker, str(self.root), self.run, "--threads", str(self.threads)]
        for flag, value in (("--data-dir", self.data_dir),
                            ("--seconds", self.resources.seconds),
                            ("--memory-bytes", self.resources.memory_bytes)):
            command += [] if value is None else [flag, str(value)]
        return command


class Job(Protocol):
    """A run that was started. No method may block for longer than a moment."""

    def poll(self) -> int | None:
        """None while it waits or runs; then the worker's exit code (minus the signal that
        killed it), or `LOST`."""

    def ask_to_stop(self) -> None:
        """Let the worker write a checkpoint and end."""

    def kill(self) -> None:
        """End it and all that it started, now."""

    def close(self) -> None:
        """It has ended, or was killed: give back what it held."""


class Executor(Protocol):
    """Starts runs. Used as a context, at whose end nothing that it started is left.

    Attributes:
        slots: how many runs it takes at a time; what it cannot run yet it may queue.
    """

    slots: int

    def __enter__(self) -> Executor:
        """Connect to wherever the runs go."""

    def __exit__(self, *_: object) -> None:
        """Give everything back."""

    def start(self, task: Task) -> Job:
        """Start a run, or queue it.

        Raises:
            OSError: the disk is full (it is tried again later), or worse: the sweep ends.
            LarqcaError: it can never be started; the sweep ends.
        """
