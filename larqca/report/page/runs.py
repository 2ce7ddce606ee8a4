"""What the page says about one run, as plain data."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from larqca.footprint.memory import readable
from larqca.report.page.cells import describe_frames, read_frames
from larqca.report.page.curves import loss_curve, thin_curves
from larqca.report.table import state_text
from larqca.sweep.files import read_json_mapping
from larqca.sweep.history import read_history
from larqca.sweep.outcome import (
    CELLS,
    CHECKPOINT,
    CONFIG,
    HISTORY,
    LOG,
    MODEL,
    PROVENANCE,
    RESULT,
    RUNS,
    Outcome,
    read_outcome,
)

Panel = dict[str, Any]
_FILES = (MODEL, CONFIG, PROVENANCE, RESULT, HISTORY, CELLS, LOG, CHECKPOINT)


def describe_run(
    root: Path, folder: Path, entry: Mapping[str, Any], record: Mapping[str, Any]
) -> Panel:
    """Everything that the page shows of a run.

    Args:
        root: the sweep's directory.
        folder: where the page lies, from which its links lead to files.
        entry: the run in the sweep's index.
        record: the run's record (see `larqca.report.records`).

    Returns:
        Row, seed, state in words; ``loss``, ``curves`` and ``cells``, or in their place what
        is the matter, under ``missing``; config, differences, provenance; files that are there.
    """
    directory = root / RUNS / entry["hash"]
    outcome = read_outcome(directory)
    panel: Panel = {
        "row": str(record["row"]), "seed": record["seed"], "hash": record["hash"],
        "state": record["state"], "standing": _standing(record),
        "mutation_step": outcome.result.get("mutation_step"),
        "config": read_json_mapping(directory / CONFIG),
        "differences": entry.get("differences"),
        "provenance": _flat(outcome.provenance),
        "files": _files(directory, folder),
        "missing": {},
    }
    _add(panel, "loss", lambda: loss_curve(read_history(directory)), HISTORY, outcome)
    _add(panel, "curves", lambda: thin_curves(outcome.result), RESULT, outcome)
    _add(panel, "cells", lambda: describe_frames(read_frames(directory / CELLS)), CELLS, outcome)
    return panel


def _standing(record: Mapping[str, Any]) -> str:
    """How far the run is, or how well it did."""
    if record["state"] != "done":
        return state_text([dict(record)])
    shares = {"cells": record["cell_accuracy"], "agreement": record["agreement"]}
    known = [f"{name} {100 * share:.1f} %" for name, share in shares.items()
             if math.isfinite(share)]
    return ", ".join(["done", *known])


def _add(panel: Panel, name: str, read: Callable[[], Any], file: str, outcome: Outcome) -> None:
    """Put in what was read, or what is the matter."""
    try:
        panel[name] = read()
    except FileNotFoundError:
        panel["missing"][name] = _why_absent(file, outcome)
    except ValueError as error:
        panel["missing"][name] = (f"{file}: {error}" if outcome.finished
                                  else _why_absent(file, outcome))


def _why_absent(file: str, outcome: Outcome) -> str:
    if outcome.state == "done":
        older = "; runs of earlier versions wrote none" if file == CELLS else ""
        return f"{file} is not in the run's directory{older}."
    if outcome.state == "diverged":
        return "The run diverged before it came to this."
    if outcome.failed:
        return "The run failed before it came to this."
    if file == HISTORY:
        return "There once the run has a checkpoint."
    return "There once the run is done."


def _flat(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text; what is nested stands in one line."""
    lines = []
    for name, value in provenance.items():
        if isinstance(value, Mapping):
            text = ", ".join(f"{key} {each}" for key, each in value.items())
        elif isinstance(value, list):
            text = ", ".join(str(each) for each in value)
        else:
            text = str(value)
        lines.append((str(name).replace("_", " "), text))
    return lines


def _files(directory: Path, folder: Path) -> list[dict[str, str]]:
    """Name, address relative to the page, and size of each file that is there."""
    found = []
    # Browsers resolve ".." in the address, not on the disk: symbolic links stay.
    way = Path(os.path.relpath(os.path.abspath(directory), os.path.abspath(folder)))
    for name in _FILES:
        try:
            size = (directory / name).stat().st_size
        except OSError:
            continue
        found.append({"name": name, "href": quote(str(way / name)), "size": readable(size)})
    return found
