"""How much longer a sweep takes, from the rates that its runs have shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larqca.config.schema import RunConfig
from larqca.sweep.figures import Figures
from larqca.sweep.grid import PlannedRun


class Forecast:
    """Estimates the time left, taking a run's work as its multiply-accumulates.

    Args:
        figures: of every run, by hash.
    """

    def __init__(self, figures: Mapping[str, Figures]) -> None:
        self._figures = figures
        self._speeds: dict[str, float] = {}

    def seconds_left(
        self, unfinished: Mapping[str, tuple[PlannedRun, Mapping[str, Any] | None]], at_work: int
    ) -> float | None:
        """Seconds until all is done; None before any run has shown a rate.

        Args:
            unfinished: by hash, each run with its ``progress.json`` if it has started.
            at_work: how many runs go side by side now, and will.
        """
        left = {}
        for name, (run, progress) in unfinished.items():
            work = work_of(run.config, self._figures[run.hash])
            iterations = run.config.training.iterations
            share = 0.0
            if progress and progress.get("phase") == "evaluation":
                share = 1.0
            elif progress and iterations:
                share = min(1.0, progress["done"] / iterations)
                if progress["rate"] and progress["done"]:
                    self._speeds[name] = progress["rate"] * work / iterations
            left[name] = work * (1.0 - share)
        if not self._speeds:
            return None
        speed = sum(self._speeds.values()) / len(self._speeds)
        longest = max(left.values(), default=0.0)
        return max(longest, sum(left.values()) / max(1, at_work)) / speed


def work_of(config: RunConfig, figures: Figures) -> float:
    """A run's training in multiply-accumulates, as if every picture had one cell."""
    training = config.training
    macs = sum(figures["macs"].values())
    return float(training.iterations * training.batch_size * training.rollout_steps * macs)
