"""What there is to publish of each run of a sweep, whichever tracker it goes to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from larqca.report.records import METRICS, read_records
from larqca.sweep.files import read_json_mapping
from larqca.sweep.history import read_history
from larqca.sweep.outcome import (
    CONFIG,
    MODEL,
    PROVENANCE,
    RESULT,
    RUNS,
    Outcome,
    State,
)

# Losses that are kept of a run, at most; each is the mean of those since the one before.
LOSS_POINTS = 400
_FINAL = ("loss", "log10_loss", *METRICS, *(f"{name}_after" for name in METRICS),
          "best_cell_accuracy", "best_agreement")
_COST = ("memory_bytes", "deployed_bytes", "code_bytes", "working_bytes", "macs")
_SECONDS = ("train_seconds", "evaluate_seconds")


class Point(NamedTuple):
    """One number on a curve."""

    name: str
    step: int
    value: float


@dataclass(frozen=True)
class TrackedRun:
    """One run that has started.

    Attributes:
        hash: its name in the store.
        row: of the grid.
        seed: of the run.
        state: see `larqca.sweep.outcome.Outcome`.
        params: its whole configuration, flat: ``training.iterations`` and so on.
        points: ``train/loss`` by iteration, then ``steps/...`` by the automaton's step, then
            ``final/...`` and ``cost/...`` at the last iteration. A run that has got further
            has the same points and more behind them.
        tags: where it came from, and why it ended if it did not end well.
        started: seconds since 1970.
        finished: the same; None while it is not.
        artifacts: files worth keeping of a finished run.
    """

    hash: str
    row: str
    seed: int
    state: State
    params: Mapping[str, Any]
    points: list[Point]
    tags: Mapping[str, str]
    started: float
    finished: float | None
    artifacts: list[Path]


@dataclass(frozen=True)
class TrackedSweep:
    """A sweep's runs that have started, in the grid's order.

    Attributes:
        name: of the grid.
        created: when its store was made, in seconds since 1970.
        runs: what to publish.
        waiting: how many runs have not started.
    """

    name: str
    created: float
    runs: list[TrackedRun]
    waiting: int


def read_sweep(directory: Path | str) -> TrackedSweep:
    """Read a sweep's directory, at any moment.

    Raises:
        StoreError: it is not the directory of a sweep.
    """
    root = Path(directory)
    sweep = read_records(root)
    runs = [
        _tracked(root / RUNS / record["hash"], record, entry["figures"], outcome)
        for record, entry, outcome in zip(
            sweep.records, sweep.index["runs"], sweep.outcomes, strict=True)
        if outcome.provenance
    ]
    return TrackedSweep(sweep.index["name"], _seconds(sweep.index.get("created")), runs,
                        len(sweep.records) - len(runs))


def _tracked(
    folder: Path, record: Mapping[str, Any], figures: Mapping[str, Any], outcome: Outcome
) -> TrackedRun:
    provenance = outcome.provenance
    starts = provenance.get("starts")
    finished = provenance.get("finished")
    files = (CONFIG, PROVENANCE, RESULT, MODEL) if outcome.finished else ()
    return TrackedRun(
        hash=record["hash"], row=record["row"], seed=record["seed"], state=outcome.state,
        params=_params(read_json_mapping(folder / CONFIG) or {}, figures),
        points=[*_losses(folder), *_curves(outcome.result), *_finals(record, outcome)],
        tags=_tags(record, outcome),
        started=_seconds(starts[0] if isinstance(starts, list) and starts else None),
        finished=_seconds(finished) if outcome.finished and finished else None,
        artifacts=[folder / name for name in files if (folder / name).exists()],
    )


def _params(config: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with dotted names; quantizers and scales by their labels."""
    flat = dict(_flat("", config))
    for network in ("perceive", "update"):
        for name in ("kernel_quantizer", "input_quantizer", "scale"):
            flat[f"{network}.{name}"] = figures[network][name]
    return flat


def _flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        parts = [_flat(f"{prefix}.{key}" if prefix else str(key), each)
                 for key, each in value.items()]
        return [item for part in parts for item in part]
    if isinstance(value, list):
        return [(prefix, json.dumps(value, separators=(",", ":")))]
    return [(prefix, "none" if value is None else value)]


def _losses(folder: Path) -> list[Point]:
    """Means over equal stretches of iterations, whole ones alone.

    The stretches follow from the configured number of iterations, so that they stay the
    same while the run gets on.
    """
    history = _history(folder)
    training = (read_json_mapping(folder / CONFIG) or {}).get("training")
    total = training.get("iterations") if isinstance(training, Mapping) else None
    length = max(1, math.ceil((total or len(history)) / LOSS_POINTS))
    return [
        Point("train/loss", end, math.fsum(history[end - length:end]) / length)
        for end in range(length, len(history) + 1, length)
    ]


def _history(folder: Path) -> list[float]:
    try:
        return read_history(folder)
    except (FileNotFoundError, ValueError):
        return []


def _curves(result: Mapping[str, Any]) -> list[Point]:
    curves = result.get("curves") or {}
    return [
        Point(f"steps/{name}", int(step), float(value))
        for name in METRICS
        for step, value in zip(curves.get("step", []), curves.get(name, []), strict=False)
        if value is not None
    ]


def _finals(record: Mapping[str, Any], outcome: Outcome) -> list[Point]:
    if not outcome.finished:
        return []
    names = [*((f"final/{name}", name) for name in (*_FINAL, *_SECONDS)),
             *((f"cost/{name}", name) for name in _COST)]
    last = int(outcome.result.get("iterations") or 0)
    return [Point(shown, last, float(record[name])) for shown, name in names
            if math.isfinite(record[name])]


def _tags(record: Mapping[str, Any], outcome: Outcome) -> dict[str, str]:
    provenance = outcome.provenance
    versions = provenance.get("versions")
    tags = {f"version.{name}": version for name, version in
            (versions if isinstance(versions, Mapping) else {}).items()}
    for name in ("platform", "processor", "threads", "data_sha256"):
        tags[name] = provenance.get(name)
    tags |= {"row": record["row"], "data": record["data"], "start_from": record["start_from"],
             "state": outcome.state, "reason": outcome.reason}
    return {name: str(value) for name, value in tags.items() if value not in (None, "")}


def _seconds(date: Any) -> float:
    """Seconds since 1970 of a date in the store; 0 if it is none."""
    try:
        return datetime.fromisoformat(str(date).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
