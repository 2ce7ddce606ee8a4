"""Stores with results made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from larqca.sweep.figures import figures_of_all
from larqca.sweep.files import read_json_mapping, write_json
from larqca.sweep.grid import Grid, load_grid
from larqca.sweep.outcome import sealed_result
from larqca.sweep.store import open_store

GRID = {
    "name": "small",
    "baseline": "float",
    "seeds": [0, 1, 2],
    "settings": {"preset": "clothing"},
    "rows": [
        {"name": "float"},
        {"name": "one bit", "perceive": {"kernel_quantizer": "ste_sign"},
         "update": {"kernel_quantizer": "ste_sign"}},
    ],
}


def make_store(out: Path, grid: Mapping[str, Any] = GRID) -> Grid:
    """A store in which no run has started."""
    planned = load_grid(grid)
    figures = figures_of_all({run.hash: run.config for run in planned.runs})
    with open_store(out, planned, figures):
        return planned


def folder_of(out: Path, grid: Grid, row: str, seed: int) -> Path:
    """The directory of a run, made if need be."""
    name = next(run.hash for run in grid.runs if (run.row, run.seed) == (row, seed))
    folder = out / "runs" / name
    folder.mkdir(exist_ok=True)
    return folder


def finish(folder: Path, **changes: Any) -> None:
    """Write a result: 87.5 % of cells and 50 % agreement, unless changed."""
    before = {"cell_accuracy": 0.875, "agreement": 0.5, "vote_accuracy": 0.75,
              "agree_and_correct": 0.25}
    after = {name: value / 2 for name, value in before.items()}
    result = {
        "state": "done", "reason": "", "iterations": 10, "loss": 100.0,
        "metrics": {"20": before, "200": before, "220": after, "400": after},
        "curves": {"step": [10.0, 20.0, 200.0, 400.0], "cell_accuracy": [0.1, 0.9, 0.875, 0.99],
                   "agreement": [0.2, 0.6, 0.6, 0.99]},
        "mutation_step": 200,
        "larq": {"model_bytes": 3560.0, "float32_bytes": 104000.0, "compression_ratio": 0.034,
                 "macs": {"1": 18_000, "32": 8_000}},
        "train_seconds": 60.0, "evaluate_seconds": 30.0, "data_sha256": "cd" * 32,
        **changes,
    }
    write_json(folder / "provenance.json", {
        "versions": {"larqca": "0.1.0", "larq": "0.14.0", "tensorflow": "2.21.0"},
        "platform": "Linux", "threads": 1,
        "processor": "a processor", "starts": ["2026-01-02T00:00:00Z"],
        "finished": "2026-01-03T00:00:00Z", "data_sha256": "cd" * 32,
    })
    write_json(folder / "result.json", sealed_result(folder, result))


def use_versions(folder: Path, **versions: str) -> None:
    """Let a finished run have been made with these versions."""
    provenance = read_json_mapping(folder / "provenance.json") or {}
    write_json(folder / "provenance.json",
               {**provenance, "versions": {**provenance["versions"], **versions}})
