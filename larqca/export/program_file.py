"""Programs as files: one ``.npz`` with canonical JSON and the arrays it refers to.

Reading one runs no code: the JSON names the data classes of `program` by a short word,
and each checks its own fields when it is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export import program as parts
from larqca.export.program import FORMAT, VERSION, Program
from larqca.files import arrays_as_bytes, read_arrays, write_bytes

Array = npt.NDArray[Any]

_DESCRIPTION = "program"
_KINDS: Mapping[str, type] = {
    "affine": parts.Affine,
    "steps": parts.Steps,
    "ramp": parts.Ramp,
    "words": parts.Words,
    "codes": parts.Codes,
    "weights": parts.Weights,
    "to_words": parts.ToWords,
    "to_codes": parts.ToCodes,
    "to_state": parts.ToState,
    "layer": parts.Layer,
    "word_input": parts.WordInput,
    "code_input": parts.CodeInput,
    "program": parts.Program,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
# What a field may hold, where it holds another data class.
_ALLOWED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("ramp", "line"): ("affine",),
    ("to_words", "line"): ("affine",),
    ("to_state", "line"): ("affine",),
    ("word_input", "grey"): ("affine",),
    ("to_codes", "staircase"): ("steps", "ramp"),
    ("code_input", "grey"): ("steps", "ramp"),
    ("code_input", "state"): ("steps", "ramp"),
    ("layer", "source"): ("words", "codes"),
    ("layer", "weights"): ("weights",),
    ("layer", "stage"): ("to_words", "to_codes", "to_state"),
    ("program", "reader"): ("word_input", "code_input"),
    ("program", "layers"): ("layer",),
}
_SIZES = (np.int8, np.uint8, np.int16, np.int32, np.int64)


def write_program(path: Path, program: Program) -> None:
    """Write a program by rename."""
    write_bytes(path, program_as_bytes(program))


def program_as_bytes(program: Program) -> bytes:
    """What `write_program` writes; the same program always gives the same bytes."""
    text, arrays = to_parts(program)
    return arrays_as_bytes({_DESCRIPTION: np.array(text), **arrays})


def read_program(path: Path) -> Program:
    """Read and check a program.

    Raises:
        ExportError: one line that names the file and what is wrong with it.
    """
    try:
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise ExportError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read as a program: {error}") from error
    stored = arrays.pop(_DESCRIPTION, None)
    if stored is None or stored.dtype.kind != "U" or stored.shape != ():
        raise ExportError(f"{path}: has no description {_DESCRIPTION!r}; "
                          "'larqca export' makes program files")
    try:
        return from_parts(str(stored), arrays)
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from error


def to_parts(program: Program) -> tuple[str, dict[str, Array]]:
    """Canonical JSON and the arrays that it names."""
    arrays: dict[str, Array] = {}
    content = {"format": FORMAT, "version": VERSION, "program": _encode(program, "", arrays)}
    return json.dumps(content, sort_keys=True, separators=(",", ":")), arrays


def from_parts(text: str, arrays: Mapping[str, Array]) -> Program:
    """The program of what `to_parts` gave.

    Raises:
        ExportError: something is missing, left over or out of range.
    """
    try:
        content = json.loads(text)
        found = (content["format"], content["version"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(f"its description is damaged ({error!r})") from error
    if found != (FORMAT, VERSION):
        raise ExportError(f"is {found[0]!r} version {found[1]!r}, "
                          f"this larqca reads {FORMAT!r} version {VERSION}")
    reader = _Reader(arrays)
    program: Program = reader.decode(content.get("program"), "program", ("program",))
    for name in arrays:
        if name not in reader.used:
            raise ExportError(f"array {name!r} is not expected")
    return program


def _encode(value: Any, path: str, arrays: dict[str, Array]) -> Any:
    if isinstance(value, np.ndarray):
        arrays[path] = _small(value)
        return {"array": path}
    if isinstance(value, tuple):
        return [_encode(each, f"{path}/{number}", arrays) for number, each in enumerate(value)]
    if type(value) in _NAMES:
        prefix = f"{path}/" if path else ""
        return {"kind": _NAMES[type(value)],
                **{field.name: _encode(getattr(value, field.name), prefix + field.name, arrays)
                   for field in fields(value)
                   if field.default is MISSING or getattr(value, field.name) != field.default}}
    return value


def _small(array: Array) -> Array:
    """The same integers in the smallest type that holds them."""
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for kind in _SIZES:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind)
    raise AssertionError("integers beyond 64 bits")


class _Reader:
    """Makes data classes of JSON.

    Args:
        arrays: by their names in the JSON; `used` tells which were asked for.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        self.used: set[str] = set()

    def decode(self, value: Any, where: str, allowed: tuple[str, ...]) -> Any:
        """A data class of one of the allowed kinds."""
        kind = value.get("kind") if isinstance(value, dict) else None
        if kind not in allowed:
            raise ExportError(f"field {where!r} is not one of {', '.join(allowed)}")
        names = {field.name for field in fields(_KINDS[kind])}
        needed = {field.name for field in fields(_KINDS[kind]) if field.default is MISSING}
        found = set(value) - {"kind"}
        for odd in sorted(needed - found | found - names):
            problem = "missing" if odd in names else "unknown"
            raise ExportError(f"field '{where}.{odd}' is {problem}")
        content = {name: self._field(value[name], kind, name, f"{where}.{name}")
                   for name in sorted(found)}
        try:
            return _KINDS[kind](**content)
        except ExportError as error:
            raise ExportError(f"field {where!r}: {error}") from error
        except (TypeError, AttributeError, IndexError) as error:
            raise ExportError(f"field {where!r} is damaged ({error})") from error

    def _field(self, value: Any, kind: str, name: str, where: str) -> Any:
        allowed = _ALLOWED.get((kind, name))
        if allowed is None:
            return self._array(value, where) if isinstance(value, dict) else value
        if name != "layers":
            return self.decode(value, where, allowed)
        if not isinstance(value, list) or not value:
            raise ExportError(f"field {where!r} is no list of layers")
        return tuple(self.decode(each, f"{where}.{number}", allowed)
                     for number, each in enumerate(value))

    def _array(self, value: Any, where: str) -> Array:
        name = value.get("array")
        found = self._arrays.get(name) if isinstance(name, str) else None
        if found is None:
            raise ExportError(f"field {where!r} names an array that is missing")
        if found.dtype.kind not in "iu":
            raise ExportError(f"array {name!r} does not hold whole numbers")
        self.used.add(name)
        return found.astype(np.int64)
