"""`start_from`: which row or model file a row's weights come from."""

from __future__ import annotations

import graphlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.automata.layout import AutomatonLayout
from larqca.automata.model_file import read_model
from larqca.errors import ModelFileError
from larqca.suggest import unknown
from larqca.sweep.document import Place
from larqca.sweep.problems import Problems
from larqca.sweep.rows import Row

FIELD: Place = ("start_from",)


@dataclass(frozen=True)
class Start:
    """Where the weights of a row come from: nowhere, a row, or a model file.

    Attributes:
        row: another row's name.
        file: a model file, relative to where the command runs.
        file_sha256: digest of its bytes.
        file_layout: the layers that it holds.
        wrong: it cannot be had, which has been noted as a problem.
    """

    row: str | None = None
    file: Path | None = None
    file_sha256: str = ""
    file_layout: AutomatonLayout | None = None
    wrong: bool = False


def read_starts(rows: list[Row], folder: Path, problems: Problems) -> dict[str, Start]:
    """The start of every row, by row name; wrong ones are noted and marked."""
    names = [row.name for row in rows]
    return {row.name: _read_start(row, names, folder, problems) for row in rows}


def _read_start(row: Row, names: list[str], folder: Path, problems: Problems) -> Start:
    value = row.settings().get("start_from")
    title, place = row.locate(FIELD)

    def wrong(message: str) -> Start:
        problems.add(place, f"{title}start_from: {message}")
        return Start(wrong=True)

    if value is None or value == "none":
        return Start()
    if isinstance(value, str):
        if value == row.name:
            return wrong(f"row {value!r} cannot start from itself")
        return Start(row=value) if value in names else wrong(unknown("row", value, names))
    if isinstance(value, Mapping) and list(value) == ["file"] and isinstance(value["file"], str):
        return _file_start(folder / value["file"], wrong)
    return wrong(f"must be a row's name, {{file: model.npz}} or none, got {value!r}")


def _file_start(path: Path, wrong: Any) -> Start:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Start(file=path, file_sha256=digest, file_layout=read_model(path).layout)
    except FileNotFoundError:
        found: Start = wrong(f"there is no model file {path}")
    except IsADirectoryError:
        found = wrong(f"{path} is a directory, not a model file")
    except OSError as error:
        found = wrong(f"model file {path} cannot be read: {error.strerror}")
    except ModelFileError as error:
        found = wrong(str(error))
    return found


def sources_first(rows: list[Row], starts: Mapping[str, Start], problems: Problems) -> list[Row]:
    """The rows in an order in which each comes after the row that it starts from.

    A circle is noted as a problem; the rows then come as they are.
    """
    graph = {row.name: [start.row] if (start := starts[row.name]).row else [] for row in rows}
    by_name = {row.name: row for row in rows}
    try:
        return [by_name[name] for name in graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError as error:
        circle = error.args[1]
        title, place = by_name[circle[0]].locate(FIELD)
        problems.add(place, f"{title}start_from: goes in a circle: "
                            f"{' <- '.join(repr(name) for name in circle)}")
        return rows
