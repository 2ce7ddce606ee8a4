"""The crossed rows of a grid: `axes`, `axes_settings`, `include`, `exclude`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larqca.config.canonical import allowed_keys, merge
from larqca.quantizers.registry import label, normalize
from larqca.suggest import nearest, unknown
from larqca.sweep.document import Document, Place
from larqca.sweep.problems import Problems, field_name
from larqca.sweep.rows import (
    Layer,
    Row,
    check_row_name,
    check_seed_free,
    list_at,
    mapping_at,
)

# Fields that hold mappings of free keys, so that an axis may go on below them.
_OPEN_FIELDS = ("kernel_quantizer", "input_quantizer", "arguments")


@dataclass(frozen=True)
class Axis:
    """Paths of a run's configuration that vary together, and their values."""

    key: str
    paths: tuple[str, ...]
    values: list[Any]

    def layer_parts(self, index: int) -> tuple[dict[str, Any], dict[Place, Place]]:
        """Settings of one value, and where they stand in the file."""
        return _nest(self.paths, self.values[index], ("axes", self.key, index))


def crossed_rows(document: Document, shared: Layer, problems: Problems) -> list[Row]:
    """Rows of the crossed axes, then those of `include`."""
    axes = _read_axes(document, problems)
    common = _common_layer(document, problems)
    if "axes" not in document.data:
        for key in ("axes_settings", "exclude"):
            idle = key == "exclude" or not document.data.get("include")
            if document.data.get(key) and idle:
                problems.add((key,), f"{key}: is for crossed rows, and there are no 'axes'")
    points = _points(axes)
    kept = _without_excluded(document, axes, points, problems)
    rows = [_crossed_row(axes, point, shared, common) for point in kept]
    if points and not kept and not document.data.get("rows") and not document.data.get("include"):
        problems.add(("exclude",), "exclude: leaves no run at all")
    return rows + _included_rows(document, shared, common, problems)


def path_problem(path: str) -> str | None:
    """Why a dotted path does not lead into a run's configuration, or None."""
    parts = path.split(".")
    for depth, part in enumerate(parts):
        if depth and parts[depth - 1] in _OPEN_FIELDS:
            return None
        allowed = allowed_keys(tuple(parts[:depth]))
        if not allowed:
            return f"{'.'.join(parts[:depth])!r} has no keys below it, got {path!r}"
        if part not in allowed:
            return unknown("key", part, allowed)
    return "the seeds are listed under 'seeds'" if path == "seed" else None


def value_label(path: str, value: Any) -> str:
    """Short text for a value in a row's name or a list of runs."""
    last = path.rsplit(".", 1)[-1]
    if last.endswith("_quantizer"):
        try:
            if not isinstance(value, list):
                return label(normalize(value, role=last.removesuffix("_quantizer")))
        except ValueError:
            return str(value)  # the value's own check tells what is wrong with it
    if value is None:
        return "none" if last.endswith("_quantizer") else "default"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "[" + ", ".join(value_label(path, each) for each in value) + "]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}={value_label(key, each)}" for key, each in value.items())
        return f"({inner})"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_axes(document: Document, problems: Problems) -> list[Axis]:
    axes = []
    taken: dict[str, str] = {}
    if "axes" in document.data and not document.data["axes"]:
        problems.add(("axes",), f"axes: must name at least one axis, got {document.data['axes']!r}")
        return []
    for key, values in mapping_at(document.data, "axes", problems).items():
        paths = _read_paths(key, ("axes", key), problems)
        if any(path_problem(path) for path in paths):
            continue
        for path in paths:
            clash = next((each for each in taken if _overlap(each, path)), None)
            if clash:
                problems.add(("axes", key), f"axes: {path!r} is varied twice, "
                                            f"already by the axis {taken[clash]!r}")
            taken.setdefault(path, key)
        if not isinstance(values, list) or not values:
            problems.add(("axes", key), f"axes.{key}: must be a list of values, got {values!r}")
            continue
        _check_distinct(key, values, problems)
        axes.append(Axis(key, paths, values))
    return axes


def _read_paths(key: str, place: Place, problems: Problems) -> tuple[str, ...]:
    paths = tuple(part.strip() for part in key.split(","))
    for path in paths:
        problem = path_problem(path)
        if problem:
            problems.add(place, f"{field_name(place[:-1])}: {path or repr(key)}: {problem}")
    return paths


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _check_distinct(key: str, values: list[Any], problems: Problems) -> None:
    for index, value in enumerate(values):
        if any(_same(value, before) for before in values[:index]):
            problems.add(("axes", key, index), f"axes.{key}: {value!r} is listed twice")


def _same(one: Any, other: Any) -> bool:
    """Equal as YAML values: 1, 1.0 and true are three different ones."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _common_layer(document: Document, problems: Problems) -> Layer:
    values = mapping_at(document.data, "axes_settings", problems)
    check_seed_free(values, ("axes_settings",), problems)
    return Layer("axes_settings.", values, {(): ("axes_settings",)})


def _points(axes: list[Axis]) -> list[tuple[int, ...]]:
    """Every combination, as the index of each axis' value."""
    return list(itertools.product(*(range(len(axis.values)) for axis in axes))) if axes else []


def _without_excluded(
    document: Document, axes: list[Axis], points: list[tuple[int, ...]], problems: Problems
) -> list[tuple[int, ...]]:
    dropped: set[tuple[int, ...]] = set()
    for index, entry in enumerate(list_at(document.data, "exclude", problems)):
        place: Place = ("exclude", index)
        if not isinstance(entry, Mapping) or not entry:
            problems.add(place, f"{field_name(place)}: must be a mapping of axes to values, "
                                f"got {entry!r}")
            continue
        if not axes:
            continue
        wanted = _wanted(entry, axes, place, problems)
        if wanted is None:
            continue
        dropped |= {p for p in points if all(p[axis] == value for axis, value in wanted)}
    return [point for point in points if point not in dropped]


def _wanted(
    entry: Mapping[str, Any], axes: list[Axis], place: Place, problems: Problems
) -> list[tuple[int, int]] | None:
    """(axis, value) indices that an `exclude` entry asks for; None if it cannot match."""
    names = {name: i for i, axis in enumerate(axes) for name in (*axis.paths, axis.key)}
    wanted = []
    for key, value in entry.items():
        here = (*place, key)
        if key not in names:
            problems.add(here, f"{field_name(here)}: {unknown('axis', key, names)}")
            return None
        values = axes[names[key]].values
        matches = [i for i, each in enumerate(values) if _same(each, value)]
        if not matches:
            labels = [value_label(key, each) for each in values]
            close = nearest(value, labels)
            hint = f" (did you mean {close!r}?)" if close else ""
            problems.add(here, f"{field_name(here)}: matches nothing: the axis has no value "
                               f"{value!r}{hint}; it has {', '.join(labels)}")
            return None
        wanted.append((names[key], matches[0]))
    if len({axis for axis, _ in wanted}) < len(set(wanted)):
        problems.add(place, f"{field_name(place)}: matches nothing: two values for one axis")
        return None
    return wanted


def _crossed_row(axes: list[Axis], point: tuple[int, ...], shared: Layer, common: Layer) -> Row:
    values: dict[str, Any] = {}
    anchors: dict[Place, Place] = {}
    for axis, index in zip(axes, point, strict=True):
        part, places = axis.layer_parts(index)
        values = merge(values, part)
        anchors |= places
    names = _short_names([axis.key for axis in axes])
    name = ", ".join(
        f"{names[axis.key]}={value_label(axis.paths[0], axis.values[index])}"
        for axis, index in zip(axes, point, strict=True)
    )
    place: Place = ("axes", axes[0].key, point[0])
    return Row(name, place, shared, (common, Layer("axes: ", values, anchors)))


def _included_rows(
    document: Document, shared: Layer, common: Layer, problems: Problems
) -> list[Row]:
    rows = []
    for index, entry in enumerate(list_at(document.data, "include", problems)):
        place: Place = ("include", index)
        points = dict(entry) if isinstance(entry, Mapping) else {}
        name = points.pop("name", None)
        if not points:
            problems.add(place, f"{field_name(place)}: must be a mapping of paths to values, "
                                f"got {entry!r}")
            continue
        values: dict[str, Any] = {}
        anchors: dict[Place, Place] = {}
        for key, value in points.items():
            paths = _read_paths(key, (*place, key), problems)
            if any(path_problem(path) for path in paths):
                continue
            part, places = _nest(paths, value, (*place, key))
            values = merge(values, part)
            anchors |= places
        if "name" in entry:
            check_row_name(name, (*place, "name"), problems)
        else:
            short = _short_names(list(points))
            name = ", ".join(f"{short[key]}={value_label(key.split(',')[0], value)}"
                             for key, value in points.items())
        rows.append(Row(str(name), place, shared,
                        (common, Layer(f"include[{index}]: ", values, anchors))))
    return rows


def _short_names(keys: list[str]) -> dict[str, str]:
    """The last words of each key, or the whole key where those are not unique."""
    short = {}
    for key in keys:
        lasts = dict.fromkeys(part.strip().rsplit(".", 1)[-1] for part in key.split(","))
        short[key] = "+".join(lasts)
    values = list(short.values())
    return {key: name if values.count(name) == 1 else key for key, name in short.items()}


def _nest(
    paths: tuple[str, ...], value: Any, place: Place
) -> tuple[dict[str, Any], dict[Place, Place]]:
    """``{"a": {"b": value}}`` for each path ``a.b``, and the place of each."""
    values: dict[str, Any] = {}
    anchors: dict[Place, Place] = {}
    for path in paths:
        parts = tuple(path.split("."))
        nested: Any = value
        for part in reversed(parts):
            nested = {part: nested}
        values = merge(values, nested)
        anchors[parts] = place
    return values, anchors
