"""The whole sweep, from grid to table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larqca.errors import ConfigError
from larqca.sweep.executor import Executor, pending_runs
from larqca.sweep.figures import figures_of_all
from larqca.sweep.grid import Grid, load_grid
from larqca.sweep.outcome import Outcome
from larqca.sweep.parallel import choose_parallelism, measure_here
from larqca.sweep.process import WORKER
from larqca.sweep.store import check_output, open_store
from larqca.sweep.watch import Watcher, choose_watcher

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class SweepEnd:
    """How a sweep ended.

    Attributes:
        out: its directory.
        grid: what was asked for.
        outcomes: of every run, by hash.
    """

    out: Path
    grid: Grid
    outcomes: Mapping[str, Outcome]

    @property
    def failed(self) -> list[str]:
        """Titles of the runs that failed (diverging is a finding, not a failure)."""
        return [run.title for run in self.grid.runs if self.outcomes[run.hash].state == "failed"]


def run_sweep(
    grid: Path | str | Mapping[str, Any],
    out: Path | str | None = None,
    *,
    jobs: int | None = None,
    threads: int | None = None,
    data_dir: str | None = None,
    quiet: bool = False,
) -> pandas.DataFrame:
    """Do every run of a grid that is not done yet, and return the table.

    Args:
        grid: a grid file, or a dict of the same shape (see `larqca.sweep.grid`).
        out: the sweep's directory; default ``results/<name of the grid>``.
        jobs: runs side by side.
        threads: of each run. If neither is given, a long sweep measures what is best
            (see `larqca.sweep.parallel`); otherwise one thread each, on every core.
        data_dir: where `tensorflow-datasets` keeps its data.
        quiet: show no progress.

    Returns:
        One line for each row of the grid (see `larqca.report.table.build_table`).

    Raises:
        LarqcaError: the grid, the data or the directory cannot be used, or a signal
            ended the sweep early. A run that fails or diverges is a row, not an error.
    """
    from larqca.report.table import build_table

    end = do_sweep(load_grid(grid), out, jobs=jobs, threads=threads, data_dir=data_dir,
                   watcher=choose_watcher(quiet))
    return build_table(end.out)


def do_sweep(
    grid: Grid,
    out: Path | str | None = None,
    *,
    jobs: int | None = None,
    threads: int | None = None,
    data_dir: str | None = None,
    watcher: Watcher | None = None,
    worker: Sequence[str] = WORKER,
) -> SweepEnd:
    """As `run_sweep`, for a checked grid, without the table."""
    for name, value in (("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}")
    directory = default_out(grid) if out is None else Path(out)
    check_output(directory, grid.name)
    figures = figures_of_all({run.hash: run.config for run in grid.runs})
    check_data(grid, directory, data_dir)
    watcher = watcher or Watcher()
    with open_store(directory, grid, figures) as store:
        missing = pending_runs(directory, grid.runs)
        parallel = choose_parallelism(
            directory, [run for run in grid.runs if run.hash in missing], figures,
            cores=available_cores(), jobs=jobs, threads=threads,
            measure=measure_here(data_dir), tell=watcher.note,
        )
        if missing:
            watcher.note(str(parallel))
        executor = Executor(
            store, grid.runs, figures, pending=missing, jobs=parallel.jobs,
            threads=parallel.threads, data_dir=data_dir, watcher=watcher, worker=worker,
        )
        return SweepEnd(directory, grid, executor.run())


def default_out(grid: Grid) -> Path:
    """``results/<name of the grid>``, from where the command runs."""
    return Path("results") / grid.name


def check_data(grid: Grid, directory: Path, data_dir: str | None) -> None:
    """Raises DataError unless the data of all runs still to be done is there."""
    from larqca.data import check_available

    pending = pending_runs(directory, grid.runs)
    for name in dict.fromkeys(run.config.data for run in grid.runs if run.hash in pending):
        check_available(name, data_dir)


def available_cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
