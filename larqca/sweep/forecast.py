"""How much longer a sweep takes, from the rates that its runs have shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larqca.automata.layout import layout_of
from larqca.config.schema import RunConfig
from larqca.sweep.grid import PlannedRun

# A step of a picture in evaluation, which has no gradient, beside one in training.
EVALUATION_SHARE = 1 / 3


class Forecast:
    """Estimates the time left, taking a run's work as its multiply-accumulates."""

    def __init__(self) -> None:
        # Multiply-accumulates of a cell and step, by hash.
        self._macs: dict[str, int] = {}
        self._speeds: dict[str, float] = {}
        # Pictures times steps of a whole evaluation, by data set, as runs have shown them.
        self._evaluations: dict[str, float] = {}

    def seconds_left(
        self, unfinished: Mapping[str, tuple[PlannedRun, Mapping[str, Any] | None]], at_work: int
    ) -> float | None:
        """Seconds until all is done; None before any run has shown a rate.

        Args:
            unfinished: by hash, each run with its ``progress.json`` if it has started.
            at_work: how many runs go side by side now, and will.
        """
        left = {name: self._work_left(run, progress)
                for name, (run, progress) in unfinished.items()}
        if not self._speeds:
            return None
        speed = sum(self._speeds.values()) / len(self._speeds)
        longest = max(left.values(), default=0.0)
        return max(longest, sum(left.values()) / max(1, at_work)) / speed

    def _work_left(self, run: PlannedRun, progress: Mapping[str, Any] | None) -> float:
        if run.hash not in self._macs:
            self._macs[run.hash] = _macs(run.config)
        macs, iterations = self._macs[run.hash], run.config.training.iterations
        training, step = _steps(run.config) * macs, EVALUATION_SHARE * macs
        if progress and progress["phase"] == "evaluation":
            self._evaluations[run.config.data] = progress["total"]
            self._show(run, progress, step)
            return step * max(0.0, progress["total"] - progress["done"])
        evaluation = step * self._evaluations.get(run.config.data, 0.0)
        if progress and progress["phase"] == "start":  # judged as an evaluation is
            return step * (progress["total"] - progress["done"]) + training + evaluation
        if not (progress and iterations and progress["phase"] == "training"):
            return training + evaluation
        self._show(run, progress, training / iterations)
        return training * (1.0 - min(1.0, progress["done"] / iterations)) + evaluation

    def _show(self, run: PlannedRun, progress: Mapping[str, Any], work: float) -> None:
        """Remember a run's speed, by the work of what its rate counts."""
        if progress["rate"] and progress["done"]:
            self._speeds[run.hash] = progress["rate"] * work


def work_of(config: RunConfig) -> int:
    """A run's training in multiply-accumulates, as if every picture had one cell."""
    return _steps(config) * _macs(config)


def _steps(config: RunConfig) -> int:
    """Pictures times steps of a run's training."""
    training = config.training
    return training.iterations * training.batch_size * training.rollout_steps


def _macs(config: RunConfig) -> int:
    """Of a cell and step as training computes them: all planes of a kernel are one kernel of
    floats there, and all thresholds of an input one number (which takes other quantizers than
    `ste_sign` a few times longer to find; that is not forecast)."""
    return sum(layer.rows * layer.outputs for layer in layout_of(config).layers)
