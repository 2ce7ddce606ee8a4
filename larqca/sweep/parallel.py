"""How many runs go side by side and with how many threads each.

What is best depends on the machine and on the automaton: two runs of one thread each
usually beat one run of two, but not where memory or caches are short. So a long sweep
measures it first, with processes that train one of its runs for some seconds, and
remembers it in its directory: a sweep that goes on later does so in the same way.
"""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.sweep.executors.process import environment
from larqca.sweep.files import now, read_json_mapping, write_json
from larqca.sweep.forecast import work_of
from larqca.sweep.grid import PlannedRun
from larqca.sweep.provenance import processor
from larqca.sweep.store import PARALLEL

PROBE = (sys.executable, "-m", "larqca.sweep.probe")
SECONDS = 2.0
PATIENCE = 120.0
# A core does about 2e8 multiply-accumulates of a cell in a second of training. Measuring
# takes ten seconds for each choice, so that shorter sweeps than this go without.
WORK_WORTH_MEASURING = 2e8 * 180.0

Measure = Callable[[PlannedRun, int, int], "float | None"]


@dataclass(frozen=True)
class Parallelism:
    """So many runs side by side with so many threads each, and why."""

    jobs: int
    threads: int
    reason: str

    def __str__(self) -> str:
        runs = "one run at a time" if self.jobs == 1 else f"{self.jobs} runs side by side"
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        each = "" if self.jobs == 1 else " each"
        return f"{runs}, {threads}{each} ({self.reason})"


def choose_parallelism(
    directory: Path,
    pending: Sequence[PlannedRun],
    *,
    cores: int,
    jobs: int | None,
    threads: int | None,
    measure: Measure,
    tell: Callable[[str], None] = lambda _: None,
) -> Parallelism:
    """Take what was asked for, remembered or measured, in this order.

    Args:
        directory: of the sweep.
        pending: the runs still to be done.
        cores: that may be used.
        jobs: what the user asked for; None to choose.
        threads: what the user asked for; None to choose.
        measure: iterations a second of a run, all of so many side by side taken
            together, with so many threads each; None if it cannot be had.
        tell: is told before something is measured.
    """
    if jobs is not None or threads is not None:
        threads = threads or 1
        return Parallelism(jobs or max(1, cores // threads), threads, "as asked for")
    if cores == 1 or not pending:
        return Parallelism(cores, 1, "one for each core")
    known = _remembered(directory, cores)
    if known is not None:
        return known
    work = sum(work_of(run.config) for run in pending)
    if work < WORK_WORTH_MEASURING * cores:
        return Parallelism(cores, 1, "one for each core; too little to do for measuring")
    tell("measuring how many runs side by side train fastest here (about 10 s for each choice)")
    return _measured(directory, pending, cores, measure)


def _remembered(directory: Path, cores: int) -> Parallelism | None:
    found = read_json_mapping(directory / PARALLEL) or {}
    jobs, threads = found.get("jobs"), found.get("threads")
    if (found.get("processor"), found.get("cores")) != (processor(), cores):
        return None
    if not (isinstance(jobs, int) and isinstance(threads, int) and jobs > 0 and threads > 0):
        return None
    return Parallelism(jobs, threads, "measured before")


def _measured(
    directory: Path,
    pending: Sequence[PlannedRun],
    cores: int,
    measure: Measure,
) -> Parallelism:
    by_work = sorted(pending, key=lambda run: work_of(run.config))
    typical = by_work[len(by_work) // 2]
    rows = []
    for jobs, threads in candidates(cores, len(pending)):
        rate = measure(typical, jobs, threads)
        if rate is not None:
            # All runs, in as many rounds as it takes.
            seconds = math.ceil(len(pending) / jobs) * jobs / rate
            rows.append({"jobs": jobs, "threads": threads, "iterations_per_second": rate,
                         "seconds_for_an_iteration_of_all": seconds})  # fmt: skip
    if not rows:
        return Parallelism(cores, 1, "one for each core; it could not be measured")
    best = min(rows, key=lambda row: row["seconds_for_an_iteration_of_all"])
    record = {"jobs": best["jobs"], "threads": best["threads"], "processor": processor(),
              "cores": cores, "run": typical.hash, "measured": rows, "at": now()}  # fmt: skip
    write_json(directory / PARALLEL, record)
    return Parallelism(int(best["jobs"]), int(best["threads"]), _told(rows))


def _told(rows: Sequence[Mapping[str, Any]]) -> str:
    each = [f"{row['jobs']} x {row['threads']}: {row['iterations_per_second']:.3g}" for row in rows]
    return "measured iterations/s of runs x threads: " + ", ".join(each)


def candidates(cores: int, pending: int) -> list[tuple[int, int]]:
    """Ways to share the cores: (runs side by side, threads of each)."""
    threads, found = 1, []
    while threads <= cores:
        found.append((min(cores // threads, pending), threads))
        threads *= 2
    if found[-1][1] != cores:
        found.append((1, cores))
    return found


def measure_here(data_dir: str | None, probe: Sequence[str] = PROBE) -> Measure:
    """A `Measure` that trains in as many processes as asked for."""

    def measure(run: PlannedRun, jobs: int, threads: int) -> float | None:
        command = [*probe, "--threads", str(threads)]
        if data_dir is not None:
            command += ["--data-dir", data_dir]
        try:
            with _started(command, jobs, threads) as probes:
                _tell(probes, run.config.model_dump_json())
                if any(each.stdout.readline() != "ready\n" for each in probes):
                    return None
                _tell(probes, str(SECONDS))
                return sum(float(each.stdout.readline()) for each in probes)
        except (OSError, ValueError):
            return None  # a probe died, perhaps for want of memory

    return measure


def _tell(probes: list[Any], line: str) -> None:
    for each in probes:
        each.stdin.write(line + "\n")
        each.stdin.flush()


@contextlib.contextmanager
def _started(command: list[str], jobs: int, threads: int) -> Iterator[list[Any]]:
    probes: list[Any] = []

    def kill() -> None:
        for each in probes:
            each.kill()

    # Whoever waits for a killed probe's answer gets an empty one.
    watchdog = threading.Timer(PATIENCE, kill)
    watchdog.start()
    try:
        for _ in range(jobs):
            probes.append(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, start_new_session=True,
                                 env=environment(threads))
            )  # fmt: skip
        yield probes
    finally:
        watchdog.cancel()
        kill()
        for each in probes:
            each.communicate()
