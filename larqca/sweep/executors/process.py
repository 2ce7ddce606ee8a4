"""A worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

from larqca.sweep.executors.interface import Task
from larqca.sweep.outcome import LOG

WORKER: tuple[str, ...] = (sys.executable, "-m", "larqca.sweep.worker")

OUTLIVE_SECONDS = 5.0

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerProcess:
    """One run's process: in a session of its own, its life tied to ours by a pipe.

    Args:
        task: the run.
    """

    def __init__(self, task: Task) -> None:
        with open(task.directory / LOG, "ab") as log:
            # Our end of stdin is closed by the system when we end, even by SIGKILL; the
            # worker sees that. A session of its own keeps a terminal's Ctrl-C from it.
            self._process = subprocess.Popen(
                task.command(), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, env=environment(task.threads),
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Exit code (minus the signal if one killed it), None while it lives."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end; returns what `poll` then does."""
        return self._process.wait()

    def ask_to_stop(self) -> None:
        """Ask for a checkpoint and an end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, now."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Give back our end of the pipe."""
        if self._process.stdin is not None:
            self._process.stdin.close()


def outlived(code: int) -> int:
    """The exit code of a worker on another machine, told late if a signal killed it.

    A machine that goes away may kill the worker a moment before it kills whoever holds it. That
    one must not live to tell of a failure then: the run is lost, and starts again.
    """
    if code < 0:
        time.sleep(OUTLIVE_SECONDS)
    return code


def exit_reason(code: int) -> str:
    """What an exit code means, for a row's reason."""
    if code >= 0:
        return f"exit code {code}" + (" without a result" if code == 0 else "")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"killed by signal {-code}"
    return f"killed by signal {-code} ({name})"


def environment(threads: int) -> dict[str, str]:
    """The environment of a process that trains with so many threads."""
    environment = dict(os.environ)
    for variable in _THREAD_VARIABLES:
        environment[variable] = str(threads)
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONFAULTHANDLER"] = "1"  # a crash in native code leaves a trace in the log
    # Several runs share an accelerator, where there is one.
    environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return environment
