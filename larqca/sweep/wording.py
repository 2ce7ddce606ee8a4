"""One line about a run: where it is, or how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larqca.sweep.outcome import Outcome


def outcome_line(outcome: Outcome) -> str:
    """How a run ended, with its loss and cell accuracy if it has them."""
    if outcome.state != "done":
        return outcome.state + (f": {outcome.reason}" if outcome.reason else "")
    parts = ["done"]
    if outcome.result.get("loss") is not None:
        parts.append(f"loss {outcome.result['loss']:.4g}")
    share = cell_accuracy(outcome)
    if share is not None:
        parts.append(f"cell accuracy {100 * share:.1f} %")
    return ", ".join(parts)


def cell_accuracy(outcome: Outcome) -> float | None:
    """At the last step before the pictures are exchanged, if the run has come so far."""
    metrics = outcome.result.get("metrics") or {}
    if not metrics:
        return None
    last = max(metrics, key=int)
    step = str(outcome.result.get("mutation_step") or last)
    share: float | None = metrics.get(step, metrics[last]).get("cell_accuracy")
    return share


def progress_line(progress: Mapping[str, Any]) -> str:
    """Phase, loss, rate and time left of one run."""
    share = 100 * progress["done"] / progress["total"] if progress["total"] else 0.0
    parts = [f"{progress['phase']} {share:.0f} %"]
    if progress["loss"] is not None:
        parts.append(f"loss {progress['loss']:.4g}")
    if progress["rate"]:
        if progress["phase"] == "training":
            parts.append(f"{progress['rate']:.1f} iterations/s")
        parts.append(f"{duration((progress['total'] - progress['done']) / progress['rate'])} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
