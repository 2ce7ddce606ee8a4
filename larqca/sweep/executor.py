"""Runs a sweep on this machine: one process for each run, several side by side."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from larqca.errors import Interrupted
from larqca.sweep.figures import Figures
from larqca.sweep.files import now, read_json_mapping, write_json
from larqca.sweep.forecast import Forecast
from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import (
    CHECKPOINT,
    CONFIG,
    FAILURE,
    PROGRESS,
    RESULT,
    Outcome,
    model_is_whole,
    read_outcome,
)
from larqca.sweep.process import WORKER, WorkerProcess, exit_reason
from larqca.sweep.provenance import recorded_threads
from larqca.sweep.schedule import Schedule
from larqca.sweep.store import Store
from larqca.sweep.watch import Watcher
from larqca.sweep.worker import EXIT_FAILED, EXIT_INTERRUPTED

POLL_SECONDS = 0.1
GRACE_SECONDS = 20.0


def pending_runs(root: Path, runs: Sequence[PlannedRun]) -> set[str]:
    """Hashes of the runs that have to be done, or done again.

    A finished run counts as missing if a run that has to be done starts from its model
    and the model is not the one its result was taken from.
    """
    pending = {run.hash for run in runs if not read_outcome(root / "runs" / run.hash).finished}
    while True:
        lost = {
            run.source_run for run in runs
            if run.hash in pending and run.source_run and run.source_run not in pending
            and read_outcome(root / "runs" / run.source_run).state == "done"
            and not model_is_whole(root / "runs" / run.source_run)
        }
        if not lost:
            return pending
        pending |= lost


class Executor:
    """Does the pending runs of a store.

    Args:
        store: opened for writing.
        runs: all runs of the grid, in its order.
        figures: what each costs, by hash (for the time left).
        pending: hashes of those to be done (see `pending_runs`).
        jobs: how many processes side by side.
        threads: for each run that has not started before.
        data_dir: where data sets lie.
        watcher: is told what happens.
        worker: the command of a worker.
    """

    def __init__(
        self,
        store: Store,
        runs: Sequence[PlannedRun],
        figures: Mapping[str, Figures],
        *,
        pending: set[str],
        jobs: int,
        threads: int,
        data_dir: str | None,
        watcher: Watcher,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self._store = store
        self._runs = {run.hash: run for run in runs}
        self._jobs = jobs
        self._threads = threads
        self._data_dir = data_dir
        self._watcher = watcher
        self._worker = worker
        self._active: dict[str, WorkerProcess] = {}
        self._outcomes = {name: self._read(name) for name in self._runs}
        self._schedule = Schedule(runs, self._outcomes, pending)
        self._forecast = Forecast(figures, jobs)
        self._signals = 0
        self._kill_at: float | None = None

    def run(self) -> dict[str, Outcome]:
        """Do everything that is pending; returns the outcome of every run by hash.

        Raises:
            Interrupted: a signal asked for an end before all was done.
        """
        for name in self._schedule.pending:
            (self._directory(name) / FAILURE).unlink(missing_ok=True)
        if self._schedule.pending:
            self._work()
        if self._signals and (self._schedule.pending or self._unfinished_count()):
            finished = sum(outcome.finished for outcome in self._outcomes.values())
            raise Interrupted(
                f"interrupted: {finished} of {len(self._runs)} runs finished; "
                "run the same command again to continue"
            )
        return dict(self._outcomes)

    def _work(self) -> None:
        finished = sum(outcome.finished for outcome in self._outcomes.values())
        with self._heeding_signals(), self._watcher:
            self._watcher.begin(len(self._runs), finished)
            try:
                while self._active or (self._schedule.pending and not self._signals):
                    self._heed()
                    self._start_ready()
                    self._tell()
                    time.sleep(POLL_SECONDS)
                    self._reap()
            finally:
                for worker in self._active.values():
                    worker.kill()
                    worker.close()

    def _start_ready(self) -> None:
        while len(self._active) < self._jobs and not self._signals:
            self._fail_blocked()
            run = self._schedule.next_ready()
            if run is None:
                return
            self._schedule.pending.remove(run.hash)
            self._start(run)

    def _start(self, run: PlannedRun) -> None:
        directory = self._directory(run.hash)
        directory.mkdir(exist_ok=True)
        (directory / RESULT).unlink(missing_ok=True)
        write_json(directory / CONFIG, run.config.model_dump(mode="json"))
        # Resumed numbers are the same bit for bit only with the same threads.
        resumed = (directory / CHECKPOINT).exists()
        threads = (recorded_threads(directory) if resumed else None) or self._threads
        self._active[run.hash] = WorkerProcess(
            self._worker, self._store.root, run.hash, threads=threads, data_dir=self._data_dir
        )
        self._outcomes[run.hash] = Outcome("running")
        self._watcher.started(run)

    def _reap(self) -> None:
        for name, worker in list(self._active.items()):
            code = worker.poll()
            if code is None:
                continue
            worker.close()
            del self._active[name]
            self._settle(name, code)
            self._watcher.finished(self._runs[name], self._outcomes[name])

    def _settle(self, name: str, code: int) -> None:
        """Read what the worker left, and write the reason if it could not."""
        outcome = self._read(name)
        told = code == EXIT_FAILED and outcome.state == "failed"
        asked = bool(self._signals) and (code == EXIT_INTERRUPTED or code < 0)
        if not (outcome.finished or told or asked):
            reason = exit_reason(code)
            if code == EXIT_INTERRUPTED:
                reason = "stopped by a SIGTERM from outside; run the sweep again to continue"
            self._note_failure(name, reason)
        self._outcomes[name] = self._read(name)

    def _fail_blocked(self) -> None:
        while blocked := self._schedule.blocked():
            for run, reason in blocked:
                self._schedule.pending.discard(run.hash)
                self._directory(run.hash).mkdir(exist_ok=True)
                (self._directory(run.hash) / RESULT).unlink(missing_ok=True)
                self._note_failure(run.hash, reason)
                self._outcomes[run.hash] = self._read(run.hash)
                self._watcher.finished(run, self._outcomes[run.hash])

    def _note_failure(self, name: str, reason: str) -> None:
        write_json(self._directory(name) / FAILURE, {"reason": reason, "at": now()})

    def _tell(self) -> None:
        active = [(self._runs[name], self._progress(name)) for name in self._active]
        unfinished = {name: (self._runs[name], self._progress(name))
                      for name in (*self._active, *self._schedule.pending)}
        self._watcher.update(active, self._forecast.seconds_left(unfinished))

    def _progress(self, name: str) -> Mapping[str, Any] | None:
        progress = read_json_mapping(self._directory(name) / PROGRESS)
        keys = {"phase", "done", "total", "loss", "rate"}
        return progress if progress and keys <= set(progress) else None

    def _directory(self, name: str) -> Path:
        return self._store.run_directory(self._runs[name])

    def _read(self, name: str) -> Outcome:
        return read_outcome(self._directory(name))

    def _unfinished_count(self) -> int:
        return sum(not outcome.finished and outcome.state != "failed"
                   for outcome in self._outcomes.values())

    def _heed(self) -> None:
        """After one signal ask the workers to stop, after a second or 20 s kill them."""
        if not self._signals:
            return
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_SECONDS
            self._watcher.stopping()
            for worker in self._active.values():
                worker.ask_to_stop()
        if self._signals > 1 or time.monotonic() > self._kill_at:
            for worker in self._active.values():
                worker.kill()

    @contextlib.contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may handle signals
            return

        def count(*_: Any) -> None:
            self._signals += 1

        before: dict[signal.Signals, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What was told to be ignored (nohup, a background job) stays ignored.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, count)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
