"""Runs on this machine, each a process of its own."""

from __future__ import annotations

from larqca.sweep.executors.interface import Task
from larqca.sweep.executors.process import WorkerProcess


class LocalExecutor:
    """So many processes side by side.

    Args:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        self.slots = jobs

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        """The loop has ended every process."""

    def start(self, task: Task) -> WorkerProcess:
        """Start its process."""
        return WorkerProcess(task)
