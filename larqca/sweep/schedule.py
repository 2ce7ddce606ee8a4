"""Which run comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from larqca.sweep.grid import PlannedRun
from larqca.sweep.outcome import Outcome

# How a run can end without a model, and how a run that would start from it says so.
_NO_MODEL = {"failed": "failed", "diverged": "diverged", "out of time": "ran out of time",
             "out of memory": "ran out of memory"}


class Schedule:
    """The runs still to be done, and the order in which they may start.

    Args:
        runs: all runs of the grid, in its order.
        outcomes: what each is now, by hash; the caller keeps it up to date.
        pending: hashes of those to be run.
    """

    def __init__(
        self, runs: Sequence[PlannedRun], outcomes: Mapping[str, Outcome], pending: set[str]
    ) -> None:
        self._by_hash = {run.hash: run for run in runs}
        self._order = {run.hash: index for index, run in enumerate(runs)}
        self._outcomes = outcomes
        self._dependents: dict[str, list[str]] = {run.hash: [] for run in runs}
        for run in runs:
            if run.source_run is not None:
                self._dependents[run.source_run].append(run.hash)
        self.pending = pending

    def next_ready(self, but: Collection[str] = ()) -> PlannedRun | None:
        """The pending run to start now: what most others wait for, then grid order.

        Args:
            but: hashes of runs that must wait yet.
        """
        ready = [self._by_hash[name] for name in self.pending
                 if self._source_state(name) in (None, "done") and name not in but]
        if not ready:
            return None
        return min(ready, key=lambda run: (-self._waiting_for(run.hash), self._order[run.hash]))

    def blocked(self) -> list[tuple[PlannedRun, str]]:
        """Pending runs whose start has failed or diverged, with the reason."""
        found = []
        for name in sorted(self.pending, key=self._order.__getitem__):
            state = self._source_state(name)
            if state in _NO_MODEL:
                run = self._by_hash[name]
                found.append((run, f"its start {run.source_row!r} (seed {run.seed}) "
                                   f"{_NO_MODEL[state]}"))
        return found

    def _source_state(self, name: str) -> str | None:
        source = self._by_hash[name].source_run
        if source is None:
            return None
        return "waiting" if source in self.pending else self._outcomes[source].state

    def _waiting_for(self, name: str) -> int:
        """How many pending runs start from this one, directly or not."""
        direct = [each for each in self._dependents[name] if each in self.pending]
        return len(direct) + sum(self._waiting_for(each) for each in direct)
