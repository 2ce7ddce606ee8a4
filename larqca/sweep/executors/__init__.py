"""Where a sweep's runs are run: executors by name."""

from __future__ import annotations

from pathlib import Path

from larqca.errors import ConfigError
from larqca.suggest import unknown
from larqca.sweep.executors.interface import Executor

# Name: whether it takes an address.
EXECUTORS = {"local": False, "ray": True, "slurm": False}


def check_name(name: str, address: str | None) -> None:
    """Raises ConfigError if there is no such executor, or it takes no address."""
    if name not in EXECUTORS:
        raise ConfigError(f"executor: {unknown('value', name, list(EXECUTORS))}")
    if address is not None and not EXECUTORS[name]:
        takes = ", ".join(each for each, has in EXECUTORS.items() if has)
        raise ConfigError(f"address: the executor {name!r} has none; one is for {takes}")


def check_usable(name: str, address: str | None) -> None:
    """See whether an executor that passed `check_name` can be used, before anything is written.

    Raises:
        ConfigError: what it needs is not installed, or nothing answers at the address.
    """
    if name == "ray":
        from larqca.sweep.executors.ray import check_ray

        check_ray(address)
    if name == "slurm":
        from larqca.sweep.executors.slurm import check_slurm

        check_slurm()


def make_executor(name: str, *, jobs: int, address: str | None, directory: Path) -> Executor:
    """An executor that passed `check_usable` and has not connected yet.

    Args:
        name: a key of `EXECUTORS`.
        jobs: how many runs it takes at a time.
        address: of a cluster.
        directory: the sweep's.
    """
    if name == "ray":
        from larqca.sweep.executors.ray import RayExecutor

        return RayExecutor(jobs, address)
    if name == "slurm":
        from larqca.sweep.executors.slurm import SlurmExecutor

        return SlurmExecutor(jobs, directory)
    from larqca.sweep.executors.local import LocalExecutor

    return LocalExecutor(jobs)
