"""The rows of a grid, before seeds and hashes: named settings and where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from larqca.config.canonical import merge
from larqca.suggest import unknown
from larqca.sweep.document import Document, Place
from larqca.sweep.problems import Problems, field_name

LONGEST_NAME = 80
RESOURCES = "resources"


@dataclass(frozen=True)
class Layer:
    """Settings from one place of the grid file.

    Attributes:
        title: what a message puts before a field of these settings.
        values: nested settings of a run, and `preset`, `start_from` and `resources`.
        anchors: field path of a run -> place in the file where its value stands.
    """

    title: str
    values: Mapping[str, Any]
    anchors: Mapping[Place, Place]

    def place_of(self, field: Place) -> Place | None:
        """Where this layer speaks of a field, or None if it does not."""
        value: Any = self.values
        for part in field:
            if not _holds(value, part):
                return None
            value = value[part]
        for length in range(len(field), -1, -1):
            if field[:length] in self.anchors:
                return (*self.anchors[field[:length]], *field[length:])
        return None


@dataclass(frozen=True)
class Row:
    """One row of the table: the layers of its settings, most general first."""

    name: str
    place: Place
    shared: Layer
    own: tuple[Layer, ...]

    def settings(self) -> dict[str, Any]:
        """All settings merged, but for the resources, which decide no run's numbers."""
        return _without_resources(self._merged(self.shared, *self.own))

    def resources(self) -> Any:
        """What the grid says of the resources of the row's runs."""
        return self._merged(self.shared, *self.own).get(RESOURCES)

    def differences(self) -> dict[str, Any]:
        """The row's own settings that differ from the shared ones, by dotted path."""
        own = _without_resources(self._merged(*self.own))
        shared = dict(_flat(self.shared.values))
        return {path: value for path, value in _flat(own)
                if path not in shared or shared[path] != value}

    @staticmethod
    def _merged(*layers: Layer) -> dict[str, Any]:
        return reduce(merge, (layer.values for layer in layers), {})

    def locate(self, field: Place) -> tuple[str, Place]:
        """(what to put before a field's name, its place in the file)."""
        for length in range(len(field), 0, -1):
            for layer in reversed((self.shared, *self.own)):
                place = layer.place_of(field[:length])
                if place is not None:
                    return layer.title, place
        return f"row {self.name!r}: ", self.place


def _without_resources(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != RESOURCES}


def _flat(values: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and "name" not in value and "file" not in value:
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def shared_layer(document: Document, problems: Problems) -> Layer:
    """The section `settings`."""
    values = mapping_at(document.data, "settings", problems)
    check_seed_free(values, ("settings",), problems)
    return Layer("settings.", values, {(): ("settings",)})


def named_rows(document: Document, shared: Layer, problems: Problems) -> list[Row]:
    """The section `rows`."""
    rows = []
    for index, entry in enumerate(list_at(document.data, "rows", problems)):
        place: Place = ("rows", index)
        if not isinstance(entry, Mapping):
            problems.add(place, f"{field_name(place)}: must be a mapping with 'name', "
                                f"got {entry!r}")
            continue
        if "name" not in entry:
            problems.add(place, f"{field_name(place)}: needs 'name'")
            continue
        check_row_name(entry["name"], (*place, "name"), problems)
        values = {key: value for key, value in entry.items() if key != "name"}
        check_seed_free(values, place, problems)
        name = str(entry["name"])
        rows.append(Row(name, place, shared, (Layer(f"row {name!r}: ", values, {(): place}),)))
    return rows


def check_row_name(name: Any, place: Place, problems: Problems) -> None:
    """A row's name is short printable text; `none` means no start in `start_from`."""
    field = field_name(place)
    if not isinstance(name, str):
        problems.add(place, f"{field}: must be text, got {name!r}")
    elif not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        problems.add(place, f"{field}: must be 1 to {LONGEST_NAME} printable characters, "
                            f"got {name[:100]!r}")
    elif name == "none":
        problems.add(place, f"{field}: 'none' means no row in start_from; use another name")


def check_seed_free(values: Mapping[str, Any], place: Place, problems: Problems) -> None:
    """A row is run once for each of the grid's seeds and has none of its own."""
    if "seed" in values:
        problems.add((*place, "seed"), f"{field_name((*place, 'seed'))}: is not set here; "
                                       "list the seeds of all rows under 'seeds'")


def check_names_differ(rows: Iterable[Row], problems: Problems) -> None:
    """No two rows of one name."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.name in first:
            line = problems.document.line(first[row.name].place)
            where = f"line {line}" if line else field_name(first[row.name].place)
            problems.add(row.place, f"{field_name(row.place)}: two rows are named {row.name!r}, "
                                    f"the first on {where}")
        first.setdefault(row.name, row)


def mapping_at(data: Mapping[str, Any], key: str, problems: Problems) -> dict[str, Any]:
    """A section that must be a mapping; empty if absent or wrong."""
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.add((key,), f"{key}: must be a mapping, got {value!r}")
        return {}
    return dict(value)


def list_at(data: Mapping[str, Any], key: str, problems: Problems) -> list[Any]:
    """A section that must be a list; empty if absent or wrong."""
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        problems.add((key,), f"{key}: must be a list, got {value!r}")
        return []
    return value


def check_keys(
    values: Mapping[str, Any], allowed: Iterable[str], place: Place, problems: Problems
) -> None:
    """Every key is one of the allowed ones."""
    names = list(allowed)
    for key in values:
        if key not in names:
            here = (*place, key)
            problems.add(here, f"{field_name(here)}: {unknown('key', key, names)}")
