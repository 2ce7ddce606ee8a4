"""Which runs of a grid are to be done now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from larqca.errors import ConfigError
from larqca.suggest import unknown
from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import RUNS, Outcome, model_is_whole, read_outcome

# Which runs without a result are tried again: those that failed, and those that may take more
# than when they met a limit; all; or none.
Retry = Literal["failed", "all", "none"]


def read_outcomes(root: Path, runs: Iterable[PlannedRun]) -> dict[str, Outcome]:
    """Where each run stands, by hash."""
    return {run.hash: read_outcome(root / RUNS / run.hash) for run in runs}


def pending_runs(
    root: Path, runs: Sequence[PlannedRun], outcomes: Mapping[str, Outcome], *,
    retry: Retry = "failed", only: Sequence[str] = (),
) -> set[str]:
    """Hashes of the runs that have to be done, or done again.

    A finished run counts as missing if a run that has to be done starts from its model
    and the model is not the one its result was taken from.

    Args:
        root: the sweep's directory.
        runs: all runs of the grid.
        outcomes: of each, by hash.
        retry: see `Retry`.
        only: patterns of row names, as of file names; with what they start from. None: all.

    Raises:
        ConfigError: a pattern fits no row.
    """
    by_hash = {run.hash: run for run in runs}
    wanted = chosen_runs(runs, only)
    pending = {name for name in wanted if _is_missing(by_hash[name], outcomes[name], retry)}
    waiting = list(pending)
    while waiting:
        source = by_hash[waiting.pop()].source_run
        if source is None or source in pending:
            continue
        if outcomes[source].state == "done" and not model_is_whole(root / RUNS / source):
            pending.add(source)
            waiting.append(source)
    return pending


def chosen_runs(runs: Sequence[PlannedRun], only: Sequence[str]) -> set[str]:
    """Hashes of the runs that `only` asks for, as in `pending_runs`.

    Raises:
        ConfigError: a pattern fits no row.
    """
    if not only:
        return {run.hash for run in runs}
    rows = list(dict.fromkeys(run.row for run in runs))
    chosen: set[str] = set()
    for pattern in only:
        # A row's own name first: it may hold brackets.
        fitting = [row for row in rows if row == pattern] or [
            row for row in rows if fnmatchcase(row, pattern)]
        if not fitting:
            raise ConfigError(f"--only: {unknown('row', pattern, rows)}")
        chosen.update(fitting)
    by_hash = {run.hash: run for run in runs}
    wanted = {run.hash for run in runs if run.row in chosen}
    for name in list(wanted):
        source = by_hash[name].source_run
        while source is not None and source not in wanted:
            wanted.add(source)
            source = by_hash[source].source_run
    return wanted


def _is_missing(run: PlannedRun, outcome: Outcome, retry: Retry) -> bool:
    if outcome.finished or not outcome.failed:
        return not outcome.finished
    if retry != "failed" or outcome.state == "failed":
        return retry != "none"
    limit = {"out of time": run.resources.minutes,
             "out of memory": run.resources.memory_gib}[outcome.state]
    return limit is None or outcome.allowed is None or limit > outcome.allowed
