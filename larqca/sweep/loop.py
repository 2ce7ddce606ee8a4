"""The loop of a sweep: starts what is ready, watches it, and settles how each run ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.errors import Interrupted
from larqca.files import is_full
from larqca.sweep.executors.interface import LOST, Executor, Job, Task
from larqca.sweep.executors.process import WORKER, exit_reason
from larqca.sweep.files import write_json
from larqca.sweep.forecast import Forecast
from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import (
    CHECKPOINT,
    CONFIG,
    FAILURE,
    RESULT,
    Outcome,
    is_running,
    model_is_whole,
    note_failure,
    read_outcome,
    read_progress,
)
from larqca.sweep.provenance import recorded_threads
from larqca.sweep.schedule import Schedule
from larqca.sweep.signals import StopSignals
from larqca.sweep.store import Store
from larqca.sweep.watch import Watcher
from larqca.sweep.worker import EXIT_FAILED, EXIT_FULL, EXIT_INTERRUPTED
from larqca.training.result import PHASES

POLL_SECONDS = 0.1
GRACE_SECONDS = 20.0
# A full disk is tried again after this long, then after twice as long, ...
FULL_SECONDS, MOST_FULL_SECONDS = 1.0, 60.0
# A run is given up when it was lost so often without getting further: it may be what kills
# its machines.
MOST_LOSSES = 5
# Until a scheduler knows that a machine is gone it may start a run there again: a lost one
# waits for so long, then for twice as long, ...
LOSS_SECONDS = 2.0


@dataclass(frozen=True)
class Settings:
    """How a sweep's runs are run.

    Attributes:
        threads: of each run that has not started before and whose row does not say.
        data_dir: where data sets lie.
        max_failures: no run is started any more after so many have failed; None: any number.
        fail_fast: the first failure stops the other runs too, with checkpoints.
        worker: the command of a worker.
    """

    threads: int = 1
    data_dir: str | None = None
    max_failures: int | None = None
    fail_fast: bool = False
    worker: Sequence[str] = WORKER


class SweepLoop:
    """Does the pending runs of a store.

    Args:
        store: opened for writing.
        runs: all runs of the grid, in its order.
        outcomes: where each run stands, by hash.
        pending: hashes of those to be done (see `larqca.sweep.pending`).
        executor: starts them.
        settings: see `Settings`.
        watcher: is told what happens.
    """

    def __init__(
        self,
        store: Store,
        runs: Sequence[PlannedRun],
        outcomes: Mapping[str, Outcome],
        *,
        pending: set[str],
        executor: Executor,
        settings: Settings,
        watcher: Watcher,
    ) -> None:
        self._store = store
        self._runs = {run.hash: run for run in runs}
        self._executor = executor
        self._settings = settings
        self._watcher = watcher
        self._active: dict[str, Job] = {}
        self._outcomes = dict(outcomes)
        self._schedule = Schedule(runs, self._outcomes, pending)
        self._forecast = Forecast()
        self._waiting_progress = {name: self._progress(name) for name in pending}
        self._failures = 0
        self._losses: Counter[str] = Counter()
        self._furthest: dict[str, tuple[int, float]] = {}
        self._not_before: dict[str, float] = {}
        self._signals = StopSignals()
        self._kill_at: float | None = None
        self._full_until = 0.0
        self._full_seconds = FULL_SECONDS

    def run(self) -> dict[str, Outcome]:
        """Do everything that is pending; returns the outcome of every run by hash.

        Raises:
            Interrupted: a signal asked for an end before all was done.
        """
        if self._schedule.pending:
            self._work()
        if self._signals.count and (self._schedule.pending or self._unfinished_count()):
            finished = sum(outcome.finished for outcome in self._outcomes.values())
            raise Interrupted(
                f"interrupted: {finished} of {len(self._runs)} runs finished; "
                "run the same command again to continue"
            )
        return dict(self._outcomes)

    @property
    def gave_up(self) -> bool:
        """Whether too many runs failed for the others to be started."""
        most = 1 if self._settings.fail_fast else self._settings.max_failures
        return most is not None and self._failures >= most

    @property
    def _starting(self) -> bool:
        return not self._signals.count and not self.gave_up

    def _work(self) -> None:
        with self._signals, self._watcher:
            self._watcher.begin([(run, self._outcomes[name]) for name, run in self._runs.items()])
            try:
                while self._active or (self._schedule.pending and self._starting):
                    self._heed()
                    self._start_ready()
                    self._tell()
                    time.sleep(POLL_SECONDS)
                    self._reap()
            finally:
                for job in self._active.values():
                    job.kill()
                    job.close()

    def _start_ready(self) -> None:
        while len(self._active) < self._executor.slots and self._starting:
            if time.monotonic() < self._full_until:
                return
            try:
                self._fail_blocked()
                moment = time.monotonic()
                run = self._schedule.next_ready(
                    but={name for name, start in self._not_before.items() if start > moment})
                if run is None:
                    return
                if self._make_way(run):
                    self._start(run)
            except OSError as error:
                if not is_full(error):
                    raise
                self._wait_for_room()

    def _make_way(self, run: PlannedRun) -> bool:
        """Remove a result that is not whole.

        Returns:
            Whether there is something to do: a job that an earlier sweep handed in may have
            finished the run since this one looked. Its result is then the run's.
        """
        directory = self._directory(run.hash)
        directory.mkdir(exist_ok=True)
        # First: a job at work may finish at any moment, and nobody else writes a result.
        at_work = is_running(directory)
        outcome = self._read(run.hash)
        whole = outcome.state != "done" or model_is_whole(directory)
        if outcome.finished and whole:
            self._outcomes[run.hash] = outcome
            self._schedule.pending.remove(run.hash)
            self._watcher.finished(run, outcome)
            return False
        if not at_work:
            (directory / RESULT).unlink(missing_ok=True)
        return True

    def _start(self, run: PlannedRun) -> None:
        directory = self._directory(run.hash)
        (directory / FAILURE).unlink(missing_ok=True)
        write_json(directory / CONFIG, run.config.model_dump(mode="json"))
        # Resumed numbers are the same bit for bit only with the same threads.
        resumed = (directory / CHECKPOINT).exists()
        threads = (recorded_threads(directory) if resumed else None) or (
            run.resources.cpus or self._settings.threads)
        task = Task(
            root=self._store.root.absolute(), run=run.hash, threads=threads,
            data_dir=self._settings.data_dir, resources=run.resources,
            worker=tuple(self._settings.worker),
        )
        self._active[run.hash] = self._executor.start(task)
        self._schedule.pending.remove(run.hash)
        self._outcomes[run.hash] = Outcome("running")
        self._watcher.started(run)

    def _reap(self) -> None:
        for name, job in list(self._active.items()):
            code = job.poll()
            if code is None:
                continue
            job.close()
            del self._active[name]
            if self._settle(name, code):
                self._full_seconds = FULL_SECONDS
                self._failures += self._outcomes[name].failed
                self._watcher.finished(self._runs[name], self._outcomes[name])

    def _settle(self, name: str, code: int) -> bool:
        """Read what the worker left, and write the reason if it could not.

        Returns:
            Whether the run has ended; otherwise it is pending again.
        """
        outcome = self._outcomes[name] = self._read(name)
        told = code == EXIT_FAILED and outcome.failed
        stopping = bool(self._signals.count) or self.gave_up
        asked = stopping and (code in (EXIT_INTERRUPTED, LOST) or code < 0)
        if outcome.finished or told or asked:
            return True
        try:
            if code == EXIT_FULL:
                self._wait_for_room()
                self._put_back(name)
                return False
            if code == LOST:
                return self._lost(name)
            reason = exit_reason(code)
            if code == EXIT_INTERRUPTED:
                reason = "stopped by a SIGTERM from outside; run the sweep again to continue"
            self._fail(name, reason)
        except OSError as error:
            if not is_full(error):
                raise
            self._wait_for_room()
            self._put_back(name)
            return False
        return True

    def _lost(self, name: str) -> bool:
        progress = self._progress(name) or {}
        phase = progress.get("phase")
        far = (PHASES.index(phase) if phase in PHASES else 0, progress.get("done", 0))
        if far > self._furthest.get(name, (0, 0)):
            # Machines go away again and again in a long sweep: only a run that gets nowhere
            # between is at fault.
            self._furthest[name] = far
            self._losses[name] = 0
        self._losses[name] += 1
        if self._losses[name] >= MOST_LOSSES:
            self._fail(name, f"lost with its machine {MOST_LOSSES} times, and no further each time")
            return True
        rest = LOSS_SECONDS * 2.0 ** (self._losses[name] - 1)
        self._not_before[name] = time.monotonic() + rest
        self._watcher.note(f"{self._runs[name].title}: lost with its machine; starts again")
        self._put_back(name)
        return False

    def _wait_for_room(self) -> None:
        """The disk is full: nothing is started for a while."""
        self._watcher.note(f"{self._store.root}: the disk is full; runs wait for room")
        self._full_until = time.monotonic() + self._full_seconds
        self._full_seconds = min(2.0 * self._full_seconds, MOST_FULL_SECONDS)

    def _put_back(self, name: str) -> None:
        self._outcomes[name] = self._read(name)
        self._waiting_progress[name] = self._progress(name)
        self._schedule.pending.add(name)

    def _fail_blocked(self) -> None:
        while blocked := self._schedule.blocked():
            for run, reason in blocked:
                if not self._make_way(run):
                    continue
                self._fail(run.hash, reason)
                self._schedule.pending.discard(run.hash)
                self._watcher.finished(run, self._outcomes[run.hash])

    def _fail(self, name: str, reason: str) -> None:
        note_failure(self._directory(name), reason)
        self._outcomes[name] = self._read(name)

    def _tell(self) -> None:
        active = {name: (self._runs[name], self._progress(name)) for name in self._active}
        waiting = {name: (self._runs[name], self._waiting_progress[name])
                   for name in self._schedule.pending}
        # A scheduler may have most of them in its queue yet.
        at_work = sum(progress is not None for _, progress in active.values())
        self._watcher.update(list(active.values()),
                             self._forecast.seconds_left({**active, **waiting}, at_work))

    def _progress(self, name: str) -> Mapping[str, Any] | None:
        return read_progress(self._directory(name))

    def _directory(self, name: str) -> Path:
        return self._store.run_directory(self._runs[name])

    def _read(self, name: str) -> Outcome:
        return read_outcome(self._directory(name))

    def _unfinished_count(self) -> int:
        return sum(not outcome.finished and not outcome.failed
                   for outcome in self._outcomes.values())

    def _heed(self) -> None:
        """After one signal ask the workers to stop, after a second or 20 s kill them."""
        if not (self._signals.count or (self._settings.fail_fast and self.gave_up)):
            return
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_SECONDS
            self._watcher.stopping()
            for job in self._active.values():
                job.ask_to_stop()
        if self._signals.count > 1 or time.monotonic() > self._kill_at:
            for job in self._active.values():
                job.kill()
