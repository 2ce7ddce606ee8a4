"""`start_from`: which row or model file a row's weights come from."""

from __future__ import annotations

import graphlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.automata.layout import AutomatonLayout, check_fits, layout_of
from larqca.automata.model_file import read_model
from larqca.config.canonical import build_run_config
from larqca.config.schema import RunConfig
from larqca.errors import ConfigError, ModelFileError
from larqca.quantizers.registry import QUANTIZERS
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


def warm_starts(
    rows: list[Row], starts: Mapping[str, Start], baseline: str | None
) -> dict[str, Start]:
    """The starts, with the default for rows that do not speak of theirs.

    Quantized kernels and inputs seldom learn from scratch. So a row whose quantized layers
    have learned scales, and levels of both signs in their kernels, starts from the baseline
    where that is an automaton of the same layers with float kernels on the same data, whose
    inputs are float or quantized alike.
    """
    float_one = next((_config(row) for row in rows if row.name == baseline), None)
    if float_one is None or baseline is None or _quantized(float_one):
        return dict(starts)
    float_layout = layout_of(float_one)
    ancestors = _ancestors(baseline, starts)

    def start_of(row: Row) -> Start:
        if "start_from" in row.settings() or row.name in ancestors:
            return starts[row.name]
        config = _config(row)
        if config is None:
            return starts[row.name]
        layout = layout_of(config)
        alike = config.data == float_one.data and _fits(float_layout, layout)
        follows = alike and _quantizes_more(layout, float_layout) and _can_follow(layout)
        return Start(row=baseline) if follows else starts[row.name]

    return {row.name: start_of(row) for row in rows}


def _ancestors(name: str, starts: Mapping[str, Start]) -> set[str]:
    """The row and all that it starts from, directly or not."""
    found: set[str] = set()
    row: str | None = name
    while row is not None and row not in found:
        found.add(row)
        row = starts[row].row
    return found


def _config(row: Row) -> RunConfig | None:
    """The row's configuration, None if something is wrong with it (which others tell)."""
    try:
        return build_run_config({**row.settings(), "start_from": None})
    except ConfigError:
        return None


def _quantized(config: RunConfig) -> bool:
    return any(config.perceive.kernel_quantizer) or any(config.update.kernel_quantizer)


def _quantizes_more(layout: AutomatonLayout, float_layout: AutomatonLayout) -> bool:
    """Whether a layer has a quantized kernel, or scaled inputs that it quantizes and the
    baseline does not."""
    return any(
        ours.kernel_quantizer is not None
        or (ours.input_quantizer is not None and theirs.input_quantizer is None
            and ours.has_output_scale)
        for ours, theirs in zip(layout.layers, float_layout.layers, strict=True))


def _fits(source: AutomatonLayout, target: AutomatonLayout) -> bool:
    try:
        check_fits(source, target)
    except ModelFileError:
        return False
    return source.trunk() == target.trunk()


def _can_follow(layout: AutomatonLayout) -> bool:
    """Whether float weights fit all quantized kernels: levels of both signs, and scales."""
    for layer in layout.layers:
        if layer.kernel_quantizer is not None:
            info = QUANTIZERS.get(layer.kernel_quantizer["name"])
            signed = info is None or info.signed or layer.kernel_planes > 1
            if not (layer.has_output_scale and signed):
                return False
    return True


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
