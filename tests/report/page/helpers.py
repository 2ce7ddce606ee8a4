"""A store with a run in every state, and the files that a page draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from larqca.files import write_arrays
from larqca.report.page.page import page_of
from larqca.report.report import Report
from larqca.sweep.files import write_json
from tests.report.helpers import finish, folder_of, make_store

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"owned=1\">&amp;`$x"
ROWS = ("float", "one bit", "wild", "wide", "slow", "late")
CURVES = {"step": [10.0, 100.0, 200.0, 210.0, 400.0],
          **{name: [0.2, 0.8, 0.9, 0.5, 0.85] for name in ("cell_accuracy", "agreement")}}


def frames(moments: int = 4, classes: int = 3, size: int = 4) -> dict[str, np.ndarray[Any, Any]]:
    """What a run leaves: every live cell names its picture's class from the second moment on."""
    rng = np.random.default_rng(0)
    grey = rng.integers(30, 256, (2, classes, size, size))
    grey[..., 0] = 0
    shown = np.array([range(classes), range(classes)])[np.repeat([0, 1], moments)]
    named = np.broadcast_to(shown[..., None, None], (2 * moments, classes, size, size)).copy()
    named[[0, moments]] = rng.integers(0, 10, (2, classes, size, size))
    named[..., 0] = -1
    steps = [*range(1, moments), 200]
    return {
        "grey": grey.astype(np.uint8), "classes": shown[[0, -1]].astype(np.uint8),
        "steps": np.array([*steps, *(200 + step for step in steps)], np.int32),
        "phase": np.repeat([0, 1], moments).astype(np.uint8), "named": named.astype(np.int8),
    }


def make_full_store(out: Path) -> Path:
    """Two rows done, one diverged, one failed, one stopped, one waiting."""
    rows = [{"name": name, "perceive": {"widths": [8 + 2 * place]}}
            for place, name in enumerate(ROWS)]
    grid = make_store(out, {"name": "states", "baseline": "float", "rows": rows})
    _edit_index(out)

    def folder(row: str) -> Path:
        found = folder_of(out, grid, row, 0)
        write_json(found / "config.json", {"update": {"kernel_quantizer": HOSTILE}})
        return found

    history = "iteration,loss\n" + "".join(f"{n},{100 / n}\n" for n in range(1, 1001))
    for place, row in enumerate(("float", "one bit")):
        metrics = {step: {"cell_accuracy": 0.875 - place / 8, "agreement": 0.5 - place / 4}
                   for step in ("200", "400")}
        done = folder(row)
        finish(done, metrics=metrics, curves=CURVES, loss=100.0 - 90 * place)
        (done / "history.csv").write_text(history)
        (done / "model.npz").write_bytes(b"model")
        write_arrays(done / "cells.npz", frames())
    finish(folder("wild"), state="diverged", reason=f"diverged at iteration 3: {HOSTILE}",
           metrics={}, curves={}, mutation_step=None, loss=None)
    write_json(folder("wide") / "failure.json", {"reason": HOSTILE})
    write_arrays(folder("slow") / "checkpoint.npz", {"history": np.array([10.0, 1.0])})
    write_json(folder("slow") / "progress.json", {"phase": "training", "done": 2, "total": 10})
    return out


def _edit_index(out: Path) -> None:
    """Names that no grid file may have, for an index can be edited by hand."""
    index = json.loads((out / "sweep.json").read_text())
    index["name"] = f"states {HOSTILE}"
    for run in index["runs"]:
        if run["row"] == "wild":
            run["row"] = HOSTILE
            run["differences"] = {HOSTILE: HOSTILE}
            run["figures"]["perceive"]["kernel_quantizer"] = HOSTILE
    write_json(out / "sweep.json", index)


def write_page(store: Path, **settings: Any) -> Path:
    """The page of a store, in its directory."""
    path = store / "report.html"
    path.write_text(page_of(Report(store, **settings), store))
    return path
