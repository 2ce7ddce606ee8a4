"""The whole sweep, from grid to table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larqca.errors import ConfigError
from larqca.sweep.executors import make_executor
from larqca.sweep.executors.process import WORKER
from larqca.sweep.figures import figures_of_all
from larqca.sweep.grid import Grid, load_grid
from larqca.sweep.loop import Settings, SweepLoop
from larqca.sweep.options import SweepOptions
from larqca.sweep.outcome import Outcome
from larqca.sweep.parallel import Parallelism, choose_parallelism, measure_here
from larqca.sweep.pending import pending_runs, read_outcomes
from larqca.sweep.store import check_output, left_alone, open_store
from larqca.sweep.watch import Watcher, choose_watcher

if TYPE_CHECKING:
    import pandas

# Runs that are handed to a scheduler's queue at a time.
MOST_QUEUED = 1000


@dataclass(frozen=True)
class SweepEnd:
    """How a sweep ended.

    Attributes:
        out: its directory.
        grid: what was asked for.
        outcomes: of every run, by hash.
        gave_up: so many runs failed that others were not done.
    """

    out: Path
    grid: Grid
    outcomes: Mapping[str, Outcome]
    gave_up: bool = False

    @property
    def failed(self) -> list[str]:
        """Titles of the runs that failed (diverging is a finding, not a failure)."""
        return [run.title for run in self.grid.runs if self.outcomes[run.hash].failed]

    @property
    def left(self) -> int:
        """How many runs are still to be done."""
        return sum(not (outcome.finished or outcome.failed) for outcome in self.outcomes.values())


def run_sweep(
    grid: Path | str | Mapping[str, Any],
    out: Path | str | None = None,
    *,
    quiet: bool = False,
    **options: Any,
) -> pandas.DataFrame:
    """Do every run of a grid that is not done yet, and return the table.

    Args:
        grid: a grid file, or a dict of the same shape (see `larqca.sweep.grid`).
        out: the sweep's directory; default ``results/<name of the grid>``.
        quiet: show no progress.
        options: the fields of `SweepOptions`: `jobs`, `threads`, `data_dir`, `executor`, ...

    Returns:
        One line for each row of the grid (see `larqca.report.table.build_table`).

    Raises:
        LarqcaError: the grid, the data or the directory cannot be used, or a signal
            ended the sweep early. A run that fails or diverges is a row, not an error.
    """
    from larqca.report.table import build_table

    try:
        chosen = SweepOptions(**options)
    except TypeError as error:
        allowed = ", ".join(field.name for field in fields(SweepOptions))
        raise ConfigError(f"{', '.join(options)}: the options of a sweep are {allowed}") from error
    end = do_sweep(load_grid(grid), out, chosen, watcher=choose_watcher(quiet))
    return build_table(end.out)


def do_sweep(
    grid: Grid,
    out: Path | str | None = None,
    options: SweepOptions | None = None,
    *,
    watcher: Watcher | None = None,
    worker: Sequence[str] = WORKER,
) -> SweepEnd:
    """As `run_sweep`, for a checked grid, without the table.

    Args:
        grid: what to do.
        out: the sweep's directory.
        options: how to do it.
        watcher: is told what happens.
        worker: the command of a worker.
    """
    options = options or SweepOptions()
    options.check()
    directory = default_out(grid) if out is None else Path(out)
    check_output(directory, grid.name)
    figures = figures_of_all({run.hash: run.config for run in grid.runs})
    outcomes = read_outcomes(directory, grid.runs)
    check_data(grid, pending_runs(directory, grid.runs, outcomes, retry=options.retry,
                                  only=options.only), options.data_dir)
    watcher = watcher or Watcher()
    with open_store(directory, grid, figures) as store:
        # Another sweep may have been at work until now.
        outcomes |= read_outcomes(directory, (
            run for run in grid.runs if not outcomes[run.hash].finished))
        missing = pending_runs(directory, grid.runs, outcomes, retry=options.retry,
                               only=options.only)
        for line in left_alone(directory):
            watcher.note(line)
        parallel = _parallelism(grid, directory, missing, options, watcher)
        executor = make_executor(
            options.executor, jobs=parallel.jobs, address=options.address, directory=directory)
        settings = Settings(
            threads=parallel.threads, data_dir=options.data_dir,
            max_failures=options.max_failures, fail_fast=options.fail_fast, worker=worker,
        )
        if not missing:
            return SweepEnd(directory, grid, outcomes)
        with executor:
            loop = SweepLoop(store, grid.runs, outcomes, pending=missing,
                             executor=executor, settings=settings, watcher=watcher)
            return SweepEnd(directory, grid, loop.run(), gave_up=loop.gave_up)


def _parallelism(
    grid: Grid, directory: Path, missing: set[str], options: SweepOptions, watcher: Watcher,
) -> Parallelism:
    """How many runs side by side, with how many threads each."""
    if options.executor != "local":
        # Schedulers have queues of their own; runs have the cores that the grid states.
        return Parallelism(options.jobs or MOST_QUEUED, options.threads or 1, "as asked for")
    waiting = [run for run in grid.runs if run.hash in missing]
    cores = available_cores()
    stated = max((run.resources.cpus or 0 for run in waiting), default=0)
    jobs = options.jobs or (max(1, cores // stated) if stated else None)
    parallel = choose_parallelism(
        directory, waiting, cores=cores, jobs=jobs, threads=options.threads,
        measure=measure_here(options.data_dir), tell=watcher.note,
    )
    if missing:
        watcher.note(str(parallel))
    return parallel


def default_out(grid: Grid) -> Path:
    """``results/<name of the grid>``, from where the command runs."""
    return Path("results") / grid.name


def check_data(grid: Grid, pending: set[str], data_dir: str | None) -> None:
    """Raises DataError unless the data of all runs to be done is there."""
    from larqca.data import check_available

    for name in dict.fromkeys(run.config.data for run in grid.runs if run.hash in pending):
        check_available(name, data_dir)


def available_cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
