"""Runs as jobs of a Slurm cluster, through submitit.

Jobs outlive the sweep that handed them in: started again, a sweep waits for those that are at
work, and Slurm never runs two jobs of one run at once. What else sbatch should know (partition,
account, ...) goes into its environment: SBATCH_PARTITION, SBATCH_ACCOUNT, ...
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from pathlib import Path
from typing import Any

from larqca.errors import ConfigError
from larqca.sweep.executors.interface import LOST, Job, Task
from larqca.sweep.executors.process import WorkerProcess, outlived
from larqca.sweep.outcome import RESULT, RUNS, is_running
from larqca.sweep.worker import EXIT_DONE, EXIT_INTERRUPTED

FOLDER = "slurm"
STOP = ".stop"
POLL_SECONDS = 0.5
# Of a job whose run has no limit; one that meets it goes on in another job.
DEFAULT_MINUTES = 24 * 60
# A run ends itself at its limit; this is for starting, and for a last checkpoint.
SPARE_MINUTES = 10


class SlurmExecutor:
    """Hands runs in as jobs.

    Args:
        jobs: how many are in Slurm's queue at a time.
        directory: the sweep's; submitit's files lie in it while a job exists.
        cluster: "slurm", or what else submitit offers ("local": processes on this machine).
    """

    def __init__(self, jobs: int, directory: Path, cluster: str = "slurm") -> None:
        import submitit

        self.slots = jobs
        self._submitit: Any = submitit
        self._folder = directory.absolute() / FOLDER
        self._runs = directory / RUNS
        self._cluster = cluster

    def __enter__(self) -> SlurmExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        # Of jobs of earlier sweeps; a job writes into it for a moment after its run has ended.
        for folder in self._folder.glob("*"):
            run = self._runs / folder.name
            if (run / RESULT).exists() and not is_running(run):
                shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()  # where no job is left

    def start(self, task: Task) -> Job:
        """Hand the run in, or wait for the job that has it."""
        (task.directory / STOP).unlink(missing_ok=True)
        folder = self._folder / task.run
        if is_running(task.directory):
            return AdoptedJob(task)
        executor = self._submitit.AutoExecutor(folder=folder, cluster=self._cluster)
        minutes = task.resources.minutes
        executor.update_parameters(
            name=f"larqca-{task.run}", nodes=1, tasks_per_node=1, cpus_per_task=task.threads,
            timeout_min=(math.ceil(minutes) + SPARE_MINUTES if minutes else DEFAULT_MINUTES),
            slurm_additional_parameters={"dependency": "singleton"},
            **_optional(task),
        )
        return SlurmJob(executor.submit(Run(), task), task, folder)


def check_slurm() -> None:
    """Raises ConfigError unless submitit and Slurm's commands are here."""
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise ConfigError("the executor 'slurm' needs submitit: pip install 'larqca[slurm]'"
                          ) from error
    if shutil.which("sbatch") is None:
        raise ConfigError("the executor 'slurm' needs Slurm's sbatch, which is not on this "
                          "machine's PATH; start the sweep on a login node")


def _optional(task: Task) -> dict[str, Any]:
    stated: dict[str, Any] = {}
    if task.resources.gpus:
        stated["gpus_per_node"] = math.ceil(task.resources.gpus)
    if task.resources.memory_gib is not None:
        stated["mem_gb"] = task.resources.memory_gib
    return stated


class Run:
    """What a job does: holds the run's worker."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None

    def __call__(self, task: Task) -> int:
        """Do the run; returns the worker's exit code."""
        self._process = WorkerProcess(task)
        while (code := self._process.poll()) is None:
            if (task.directory / STOP).exists():
                self._process.ask_to_stop()
            time.sleep(POLL_SECONDS)
        return outlived(code)

    def checkpoint(self, task: Task) -> Any:
        """Slurm wants the machine back: submitit hands the same in again."""
        import submitit

        if self._process is not None:
            self._process.ask_to_stop()
            self._process.wait()
        return submitit.helpers.DelayedSubmission(Run(), task)


class SlurmJob:
    """A job of this sweep."""

    def __init__(self, job: Any, task: Task, folder: Path) -> None:
        self._job = job
        self._task = task
        self._folder = folder
        self._stopping = False

    def poll(self) -> int | None:
        """The worker's exit code; LOST if the job ended otherwise, or Slurm stopped it."""
        if not self._job.done():
            return None
        if self._job.exception() is not None:
            return LOST
        code: int = self._job.result()
        return LOST if code == EXIT_INTERRUPTED and not self._stopping else code

    def ask_to_stop(self) -> None:
        """Leave word where the job looks for it; a queued one is cancelled."""
        self._stopping = True
        if is_running(self._task.directory):
            (self._task.directory / STOP).touch()
        else:
            self.kill()

    def kill(self) -> None:
        """Cancel the job."""
        self._job.cancel(check=False)

    def close(self) -> None:
        """Remove submitit's files and our word."""
        (self._task.directory / STOP).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)


class AdoptedJob:
    """A run that a job of an earlier sweep has, seen by its lock and its files."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def poll(self) -> int | None:
        """Done, or LOST where it left no result."""
        if is_running(self._task.directory):
            return None
        return EXIT_DONE if (self._task.directory / RESULT).exists() else LOST

    def ask_to_stop(self) -> None:
        """Leave word where the job looks for it."""
        (self._task.directory / STOP).touch()

    def kill(self) -> None:
        """It goes on: whoever started it is gone, and its job's number with him."""

    def close(self) -> None:
        """Nothing is held but our word."""
        (self._task.directory / STOP).unlink(missing_ok=True)
