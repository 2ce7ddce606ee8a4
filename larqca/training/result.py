"""What training tells others: progress while it runs, a result when it ends.

Imports no TensorFlow, so that watchers and reports can use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Phase = Literal["start", "training", "evaluation"]
PHASES: tuple[Phase, ...] = get_args(Phase)  # in the order in which a run goes through them


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        phase: "start" (starts are judged: counts images x steps), "training" (counts
            iterations) or "evaluation" (counts images x steps); one comes after the other.
        done: units done so far, earlier starts of the same run included.
        total: units in this phase.
        loss: smoothed training loss (None before the first).
        rate: units per second.
    """

    phase: Phase
    done: int
    total: int
    loss: float | None
    rate: float


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class RunResult:
    """What one run gave. Everything in it is JSON.

    Attributes:
        state: "done", or "diverged" (then `reason` says when and how).
        reason: empty when done.
        iterations: optimizer steps that were made.
        loss: mean training loss of the last hundred iterations (when diverged, the
            last loss seen; None when there was none or it was not finite).
        metrics: at each reported step ("20", "200", ...), cell_accuracy, agreement,
            vote_accuracy, agree_and_correct as shares from 0 to 1; empty when diverged.
        curves: lists of equal length: step, and the same four metrics at each.
        mutation_step: after this step every image was exchanged (None: never).
        larq: figures of Larq's own summary: model_bytes, float32_bytes,
            compression_ratio, macs (by precision, per cell and step).
        train_seconds: wall time of training, all starts of the run together.
        evaluate_seconds: wall time of the evaluation.
        data_sha256: digest of the data set's arrays.
        deployed: what the automaton takes on a device (see
            `larqca.export.deployed.deployed_figures`); empty when diverged.
    """

    state: Literal["done", "diverged"]
    reason: str
    iterations: int
    loss: float | None
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    mutation_step: int | None = None
    larq: dict[str, Any] = field(default_factory=dict)
    train_seconds: float = 0.0
    evaluate_seconds: float = 0.0
    data_sha256: str = ""
    deployed: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """A mapping of JSON types."""
        return asdict(self)
