"""Where each run of a sweep stands, at a glance: ``larqca sweep status``.

A store may hold ten thousand runs, so that nothing is read whole that need not be: a result
by its first and last bytes. That it is what the run wrote, digest and all, is for
`larqca.sweep.outcome` to say, which the table and the sweep itself go by.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.sweep.outcome import RESULT, RESULT_FORMAT, RUNS, Outcome, read_outcome, read_progress
from larqca.sweep.store import read_index
from larqca.sweep.wording import duration, outcome_line, progress_line

HEAD_BYTES, TAIL_BYTES = 512, 96
_STATE = re.compile(rb'"version": %d,.*"result": \{\s*"state": "(done|diverged)"'
                    % RESULT_FORMAT["version"], re.DOTALL)
_SEAL = re.compile(rb'"sha256": "[0-9a-f]{64}"\s*\}\s*\Z')


@dataclass(frozen=True)
class RunStatus:
    """One run of the index.

    Attributes:
        title: its row and seed.
        hash: its name.
        outcome: where it stands; of finished ones the state alone.
        progress: its ``progress.json``, if it is at work.
    """

    title: str
    hash: str
    outcome: Outcome
    progress: Mapping[str, Any] | None


def read_status(root: Path) -> list[RunStatus]:
    """Every run of a sweep, in the grid's order.

    Raises:
        StoreError: it is not the directory of a sweep.
    """
    return [_status(root, entry) for entry in read_index(root)["runs"]]


def describe(statuses: list[RunStatus], *, every_run: bool = False) -> str:
    """Lines for people: every run that is not done, how many are in which state, time left.

    Args:
        statuses: of `read_status`.
        every_run: show the finished and the waiting ones too.
    """
    lines = [f"{each.hash}  {each.title}: {_line(each)}" for each in statuses
             if every_run or each.outcome.state not in ("done", "waiting")]
    counts = Counter(each.outcome.state for each in statuses)
    summary = ", ".join(f"{count:,} {state}" for state, count in counts.most_common())
    left = seconds_left(statuses)
    rest = "" if left is None else f"; about {duration(left)} left"
    return "\n".join([*lines, f"{len(statuses):,} runs: {summary}{rest}"])


def seconds_left(statuses: list[RunStatus]) -> float | None:
    """Seconds until all is done, if the runs that are at work go on as now, and the waiting
    ones take as long as they do; None if none is at work or has shown a rate."""
    ends = [_left(each.progress) for each in statuses if each.outcome.state == "running"]
    shown = [(rest, whole) for rest, whole in filter(None, ends)]
    if not shown:
        return None
    usual = sum(whole for _, whole in shown) / len(shown)
    waiting = sum(each.outcome.state in ("waiting", "stopped") for each in statuses)
    return max(rest for rest, _ in shown) + usual * waiting / len(shown)


def _left(progress: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """(seconds left, seconds in all) of a phase that has shown its rate; a start's says nothing
    of the training after it."""
    if progress is None or not progress.get("rate") or progress["phase"] == "start":
        return None
    total, done, rate = progress["total"], progress["done"], progress["rate"]
    return max(0, total - done) / rate, total / rate


def _line(status: RunStatus) -> str:
    if status.outcome.state == "running" and status.progress:
        return progress_line(status.progress)
    if status.outcome.state == "stopped" and status.outcome.progress is not None:
        return f"stopped at {status.outcome.phase} {100 * status.outcome.progress:.0f} %"
    return outcome_line(status.outcome)


def _status(root: Path, entry: Mapping[str, Any]) -> RunStatus:
    directory = root / RUNS / entry["hash"]
    outcome = _finished_at_a_glance(directory) or read_outcome(directory)
    progress = read_progress(directory) if outcome.state == "running" else None
    return RunStatus(f"{entry['row']} (seed {entry['seed']})", entry["hash"], outcome, progress)


def _finished_at_a_glance(directory: Path) -> Outcome | None:
    """The state that a whole result names; None if it takes a closer look."""
    try:
        with open(directory / RESULT, "rb") as stream:
            head = stream.read(HEAD_BYTES)
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL_BYTES))
            tail = stream.read()
    except OSError:
        return None
    state = _STATE.search(head)
    if state is None or _SEAL.search(tail) is None:
        return None
    return Outcome("done" if state[1] == b"done" else "diverged")
