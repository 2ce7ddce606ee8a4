"""Small grids, and a worker that only counts."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from larqca.automata.layout import layout_of
from larqca.automata.model_file import write_model
from larqca.config.canonical import build_run_config
from larqca.sweep.grid import load_grid
from larqca.sweep.options import SweepOptions
from larqca.sweep.run import SweepEnd, do_sweep
from larqca.sweep.watch import Watcher

from . import fake_worker

FAKE_WORKER = (sys.executable, "-m", "tests.sweep.fake_worker")


def behaving(learning_rate: float) -> dict[str, Any]:
    """Settings of a run that the fake worker treats as told (see `fake_worker`)."""
    return {"training": {"optimizer": {"learning_rate": learning_rate}}}


def small_grid(*rows: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A grid of a few iterations; without rows, a float and a ternary one."""
    default = (
        {"name": "float"},
        {"name": "tern", "start_from": "float", "update": {"kernel_quantizer": "ste_tern"}},
    )
    return {"name": "small", "settings": {"training": {"iterations": 5}},
            "rows": [dict(row) for row in rows or default], **keys}


def write_zero_model(path: Path, **settings: Any) -> str:
    """A model file without knowledge, for starting from; returns its digest."""
    config = build_run_config(settings)
    shapes = layout_of(config).array_shapes()
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    write_model(path, config, 10, arrays)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sweep(
    grid: Mapping[str, Any], out: Path, *, watcher: Watcher | None = None,
    worker: Sequence[str] = FAKE_WORKER, **options: Any,
) -> SweepEnd:
    """Run a grid with the fake worker."""
    return do_sweep(load_grid(grid), out, SweepOptions(**{"jobs": 2, **options}),
                    watcher=watcher, worker=worker)


def states(end: SweepEnd) -> dict[str, str]:
    """State of each run of seed 0, by row."""
    return {run.row: end.outcomes[run.hash].state for run in end.grid.runs if run.seed == 0}


def reasons(end: SweepEnd) -> dict[str, str]:
    """Reason of each run of seed 0, by row."""
    return {run.row: end.outcomes[run.hash].reason for run in end.grid.runs if run.seed == 0}


def run_folder(end: SweepEnd, row: str, seed: int = 0) -> Path:
    """Directory of a run."""
    name = next(run.hash for run in end.grid.runs if (run.row, run.seed) == (row, seed))
    return end.out / "runs" / name


def results(out: Path) -> dict[str, Any]:
    """Content of every result file by run, without wall times."""
    found = {path.parent.name: json.loads(path.read_bytes())["result"]
             for path in out.glob("runs/*/result.json")}
    return {name: {key: value for key, value in result.items() if not key.endswith("seconds")}
            for name, result in found.items()}


class Diary(Watcher):
    """Remembers in which order runs started and ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, run: Any) -> None:
        self.lines.append(f"start {run.title}")

    def finished(self, run: Any, outcome: Any) -> None:
        self.lines.append(f"{outcome.state} {run.title}")


__all__ = ["FAKE_WORKER", "Diary", "behaving", "fake_worker", "reasons", "results", "run_folder",
           "small_grid", "states", "sweep"]
