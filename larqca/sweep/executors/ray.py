"""Runs on a Ray cluster, or on this machine through Ray.

Every run is an actor that holds the run's worker process. A node that goes away takes its
actors with it, and their runs start again elsewhere from their checkpoints, which lie on the
disk that all nodes share. Ray ends the actors of a driver that went away, and with them the
workers, so that the sweep can be started again.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from larqca.errors import ConfigError
from larqca.sweep.executors.interface import LOST, Task
from larqca.sweep.executors.process import WorkerProcess, outlived
from larqca.sweep.outcome import is_running

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
_PROBE = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR", configure_logging=False)
"""


class RayExecutor:
    """Hands runs to Ray, which starts them where and when their resources are free.

    Args:
        jobs: how many it is given at a time.
        address: ``HOST:PORT`` of the cluster, or "auto" for the one of this machine. None: as
            ``ray.init`` chooses: RAY_ADDRESS, the one of this machine, or a new one.
    """

    def __init__(self, jobs: int, address: str | None) -> None:
        import ray

        self.slots = jobs
        self._ray = ray
        self._address = address
        self._ours = False
        self._nodes: dict[str, Mapping[str, float]] = {}

    def __enter__(self) -> RayExecutor:
        if not self._ray.is_initialized():
            self._connect()
            self._ours = True
        return self

    def _connect(self) -> None:
        try:
            self._ray.init(address=self._address, log_to_driver=False, logging_level="ERROR",
                           configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
            told = " ".join(str(error).split())[:200]
            raise ConfigError(f"no Ray cluster at {self._address or 'its default address'}: {told}"
                              ) from error

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._ray.shutdown()

    def start(self, task: Task) -> RayJob:
        """Hand the run to Ray.

        Raises:
            ConfigError: no node that was ever seen is large enough for it.
        """
        wanted = {"CPU": float(task.threads), "GPU": task.resources.gpus,
                  "memory": float(task.resources.memory_bytes or 0)}
        self._check_fits(wanted)
        actor = self._ray.remote(RunActor).options(
            num_cpus=wanted["CPU"], num_gpus=wanted["GPU"], memory=wanted["memory"] or None,
            max_concurrency=2, max_restarts=0,
        ).remote()
        return RayJob(self._ray, actor, task)

    def _check_fits(self, wanted: dict[str, float]) -> None:
        """Ray would wait for ever for what no node has. A node that was lost is waited for: it,
        or another like it, may come back."""
        self._nodes |= {node["NodeID"]: node["Resources"] for node in self._ray.nodes()
                        if node["Alive"]}
        nodes = list(self._nodes.values())
        if any(all(node.get(name, 0.0) >= amount for name, amount in wanted.items())
               for node in nodes):
            return
        largest = {name: max((node.get(name, 0.0) for node in nodes), default=0.0)
                   for name in wanted}
        asked = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items() if amount)
        has = ", ".join(f"{amount:g} {name}" for name, amount in largest.items())
        raise ConfigError(f"resources: a run takes {asked}, and no node of the Ray cluster has "
                          f"that at once (the most that one has: {has})")


def check_ray(address: str | None) -> None:
    """See whether Ray is installed and, where a cluster is named, whether it answers.

    Args:
        address: as in `RayExecutor`.

    Raises:
        ConfigError: it is not, or it does not.
    """
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise ConfigError("the executor 'ray' needs Ray: pip install 'larqca[ray]'") from error
    named = "address" if address is not None else "RAY_ADDRESS"
    address = address if address is not None else os.environ.get("RAY_ADDRESS") or None
    if address is None or address == "local":
        return
    if address != "auto":
        _check_listens(named, address)
    _check_answers(address)


def _check_listens(named: str, address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise ConfigError(f"{named}: must be HOST:PORT, ray://HOST:PORT or auto, got {address!r}")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _no_cluster(address, str(error)) from error


def _check_answers(address: str) -> None:
    """Connect once in another process, which can be ended: to what is no Ray cluster, Ray would
    go on connecting for minutes."""
    try:
        done = subprocess.run([sys.executable, "-c", _PROBE, address], capture_output=True,
                              text=True, timeout=ANSWER_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise _no_cluster(address, f"nothing in {ANSWER_SECONDS:g} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise _no_cluster(address, lines[-1][:200])


def _no_cluster(address: str, why: str) -> ConfigError:
    return ConfigError(f"no Ray cluster answers at {address} ({why}); 'ray status' there tells "
                       "whether it runs")


class RunActor:
    """Holds one run's worker on whatever node Ray chose."""

    def __init__(self) -> None:
        self._stopping = False
        self._process: WorkerProcess | None = None

    def run(self, task: Task) -> int:
        """Do the run; returns the worker's exit code."""
        self._process = WorkerProcess(task)
        if self._stopping:
            self._process.ask_to_stop()
        return outlived(self._process.wait())

    def ask_to_stop(self) -> None:
        """Let the worker write a checkpoint and end."""
        self._stopping = True
        if self._process is not None:
            self._process.ask_to_stop()


class RayJob:
    """A run that Ray has, queued or at work."""

    def __init__(self, ray: Any, actor: Any, task: Task) -> None:
        self._ray = ray
        self._actor = actor
        self._task = task
        self._code = actor.run.remote(task)

    def poll(self) -> int | None:
        """The worker's exit code, or LOST with its node."""
        done, _ = self._ray.wait([self._code], timeout=0)
        if not done:
            return None
        try:
            code: int = self._ray.get(done[0])
        except self._ray.exceptions.RayTaskError as error:
            cause = " ".join(str(error.cause or error).split())
            raise ConfigError(
                f"a Ray node cannot start {self._task.run} ({cause[:200]}); does it see "
                f"{self._task.root}, and has it this version of larqca?") from error
        except self._ray.exceptions.RayError:
            return LOST
        return code

    def ask_to_stop(self) -> None:
        """Let the worker write a checkpoint and end; a queued run is dropped."""
        if is_running(self._task.directory):
            self._actor.ask_to_stop.remote()
        else:
            self.kill()

    def kill(self) -> None:
        """End the actor; the worker ends with it, by its pipe."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)

    def close(self) -> None:
        """Give back what the run held."""
        self.kill()
