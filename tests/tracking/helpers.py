"""Sweeps as they look at several moments, for publishing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from larqca.files import write_arrays, write_text
from larqca.sweep.files import read_json_mapping, write_json
from larqca.sweep.grid import Grid
from tests.report.helpers import GRID, finish, folder_of, make_store

ITERATIONS = 1000
SMALL = {**GRID, "seeds": [0], "settings": {"training": {"iterations": ITERATIONS}}}


def losses(count: int) -> list[float]:
    """What a run's training gave: 1000, 999, ..."""
    return [float(ITERATIONS - index) for index in range(count)]


def start_run(out: Path, grid: Grid, row: str, iterations: int) -> Path:
    """A run that was killed after so many iterations; returns its folder."""
    folder = folder_of(out, grid, row, 0)
    config = next(run.config for run in grid.runs if run.row == row)
    write_json(folder / "config.json", config.model_dump(mode="json"))
    write_json(folder / "provenance.json", {
        "versions": {"larq": "0.14.0"}, "starts": ["2026-01-02T00:00:00Z"], "finished": None})
    write_json(folder / "progress.json", {"phase": "training", "done": iterations, "total": 1000})
    write_arrays(folder / "checkpoint.npz", {"history": np.array(losses(iterations))})
    return folder


def finish_run(out: Path, grid: Grid, row: str, **changes: Any) -> Path:
    """A run that is done, with all its files; returns its folder."""
    folder = start_run(out, grid, row, ITERATIONS)
    lines = [f"{number},{loss!r}" for number, loss in enumerate(losses(ITERATIONS), start=1)]
    write_text(folder / "history.csv", "\n".join(["iteration,loss", *lines]) + "\n")
    (folder / "model.npz").write_bytes(b"a model")
    finish(folder, iterations=ITERATIONS, **changes)
    return folder


def train_anew(folder: Path) -> None:
    """Let a finished run have been started on another day."""
    provenance = read_json_mapping(folder / "provenance.json") or {}
    write_json(folder / "provenance.json", {**provenance, "starts": ["2026-02-02T00:00:00Z"]})


def half_done(out: Path) -> Grid:
    """A store with the float row done, and the other one not started."""
    grid = make_store(out, SMALL)
    finish_run(out, grid, "float")
    return grid


__all__ = ["ITERATIONS", "SMALL", "finish_run", "half_done", "losses", "make_store", "start_run",
           "train_anew"]
