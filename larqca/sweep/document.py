"""A YAML file as plain data that remembers on which line everything stands.

Scalars follow YAML 1.2's core schema, because YAML 1.1 (what PyYAML does by itself)
reads ``2e-3`` as text, ``010`` as eight, ``1:30`` as ninety and ``no`` as false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from larqca.errors import ConfigError

Place = tuple[str | int, ...]

MOST_NODES = 100_000
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """Plain data with the lines it came from.

    Attributes:
        name: how messages call it: the file's path as given, or ``grid``.
        folder: what relative paths inside it start from.
        data: mappings, lists, text, numbers, true, false and None.
        lines: 1-based line of every key and list entry (empty for a plain dict).
        text: the YAML text.
    """

    name: str
    folder: Path
    data: Any
    lines: Mapping[Place, int]
    text: str

    def line(self, place: Place) -> int | None:
        """Line of a place, or of the nearest thing around it; None without a file."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None


class _CoreLoader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema (and ``1_000``)."""


_CoreLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+(_[0-9]+)*", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    _CoreLoader.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_pattern})\Z"), _first)


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: no such file, a directory, not UTF-8, not YAML, a key given twice.
    """
    name = str(path)
    text = _read_text(path)
    lines: dict[Place, int] = {(): 1}
    try:
        node = _compose(text)
        data = _Builder(name, lines).build(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigError(f"{where}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: not a grid: nested too deeply") from error
    return Document(name, path.parent, data, lines, text)


def document_of(data: Mapping[str, Any], folder: Path) -> Document:
    """A plain dict of the same shape, as a document without lines.

    Raises:
        ConfigError: something in it is not plain data.
    """
    plain = _plain(data, "grid")
    return Document("grid", folder, plain, {}, yaml.safe_dump(plain, sort_keys=False))


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: keys must be text, got {key!r}")
        return {key: _plain(each, f"{where}.{key}") for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, f"{where}[{index}]") for index, each in enumerate(value)]
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise ConfigError(f"{where}: must be plain data, got {type(value).__name__} {value!r}")


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such grid file") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: is a directory, not a grid file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not a grid file: not UTF-8 text") from error


def _compose(text: str) -> Any:
    loader = _CoreLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


class _Builder:
    """Turns YAML nodes into plain data and notes their lines."""

    def __init__(self, name: str, lines: dict[Place, int]) -> None:
        self.name = name
        self.lines = lines
        self.count = 0

    def build(self, node: Any, place: Place) -> Any:
        """Data of a node; `place` is where it stands."""
        self.count += 1
        if self.count > MOST_NODES:  # aliases of aliases can stand for billions
            raise ConfigError(f"{self.name}: not a grid: more than {MOST_NODES:,} entries")
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(each, (*place, i)) for i, each in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: Any, place: Place) -> dict[str, Any]:
        seen: dict[str, int] = {}
        data: dict[str, Any] = {}
        for key_node, value_node in self._pairs(node):
            line = key_node.start_mark.line + 1
            key = self._key(key_node)
            own = any(key_node is each for each, _ in node.value)
            if own and key in seen:
                raise ConfigError(
                    f"{self.name}:{line}: key {key!r} is given twice (first on line {seen[key]})"
                )
            if own:
                seen[key] = line
            self._forget((*place, key))
            self.lines[(*place, key)] = line
            data[key] = self.build(value_node, (*place, key))
        return data

    def _forget(self, place: Place) -> None:
        """Drop lines below a merged key that the mapping's own key replaces."""
        if place in self.lines:
            for known in [each for each in self.lines if each[: len(place)] == place]:
                del self.lines[known]

    def _pairs(self, node: Any) -> list[tuple[Any, Any]]:
        """Key and value nodes, those of ``<<`` first so that own keys win."""
        merged: list[tuple[Any, Any]] = []
        own = []
        for key_node, value_node in node.value:
            if key_node.tag != _TAG + "merge":
                own.append((key_node, value_node))
                continue
            several = isinstance(value_node, yaml.SequenceNode)
            for source in reversed(value_node.value if several else [value_node]):
                if not isinstance(source, yaml.MappingNode):
                    line = key_node.start_mark.line + 1
                    raise ConfigError(f"{self.name}:{line}: << needs a mapping to merge")
                merged += self._pairs(source)
        return merged + own

    def _key(self, node: Any) -> str:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            shown = repr(key) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
            raise ConfigError(
                f"{self.name}:{node.start_mark.line + 1}: keys must be text, got {shown}"
            )
        return key

    def _scalar(self, node: Any) -> Any:
        text = node.value
        kind = node.tag.removeprefix(_TAG)
        try:
            if kind == "str":
                return text
            if kind == "null":
                return None
            if kind == "bool":
                return {"true": True, "false": False}[text.lower()]
            if kind == "int":
                return int(text)
            if kind == "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except (ValueError, KeyError):
            pass
        raise ConfigError(
            f"{self.name}:{node.start_mark.line + 1}: {text!r} with the tag {node.tag!r} "
            "is not plain data"
        )

