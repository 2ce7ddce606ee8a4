"""How a sweep is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from larqca.errors import ConfigError
from larqca.suggest import unknown
from larqca.sweep.executors import check_name, check_usable
from larqca.sweep.pending import Retry


@dataclass(frozen=True)
class SweepOptions:
    """What decides how a sweep is done, and none of its numbers but by the threads.

    Attributes:
        jobs: runs side by side, or in a scheduler's queue.
        threads: of each run whose row states no cpus. If neither is given, a long sweep on
            this machine measures what is best (see `larqca.sweep.parallel`); otherwise one
            thread each, on every core.
        data_dir: where `tensorflow-datasets` keeps its data.
        executor: a name of `larqca.sweep.executors.EXECUTORS`.
        address: of a cluster, where the executor has one.
        retry: which runs without a result are tried again (`larqca.sweep.pending.Retry`).
        only: patterns of the names of the rows to be done; none: all.
        max_failures: no run is started any more after so many have failed.
        fail_fast: the first failure stops the other runs too, with checkpoints.
    """

    jobs: int | None = None
    threads: int | None = None
    data_dir: str | None = None
    executor: str = "local"
    address: str | None = None
    retry: Retry = "failed"
    only: Sequence[str] = ()
    max_failures: int | None = None
    fail_fast: bool = False

    def check(self) -> None:
        """Raises ConfigError if a value cannot be, or the executor cannot be used here."""
        self.check_values()
        check_usable(self.executor, self.address)

    def check_values(self) -> None:
        """Raises ConfigError if a value cannot be."""
        for name in ("jobs", "threads", "max_failures"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        if self.retry not in get_args(Retry):
            raise ConfigError(f"retry: {unknown('value', self.retry, list(get_args(Retry)))}")
        check_name(self.executor, self.address)
