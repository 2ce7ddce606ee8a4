"""The manifest of an export: what it is, where it came from, what it takes, how to test it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca import __version__
from larqca.automata.layout import AutomatonLayout
from larqca.errors import ExportError
from larqca.export import program as integers
from larqca.export.c99.emit import CSource
from larqca.export.c99.names import check_prefix
from larqca.export.counter import FIRE_ALWAYS
from larqca.export.host import Case, Outcome
from larqca.export.program import Codes, Program
from larqca.export.size import MAX_SIDE
from larqca.export.targets import FLATBUFFER_TARGETS, TARGETS
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of
from larqca.sweep.files import content_sha256, file_sha256, read_json_mapping

Array = npt.NDArray[Any]

FORMAT, VERSION = "larqca-export", 1
MANIFEST, PROGRAM = "manifest.json", "program.npz"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its format and a digest of itself."""
    whole = {"format": FORMAT, "version": VERSION, "larqca": __version__, **content}
    return {**whole, "sha256": content_sha256(whole)}


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of an export, and a check that all files are those it speaks of.

    Raises:
        ExportError: one line that names the file and what is wrong.
    """
    if not directory.is_dir():
        what = "is a file, not the directory of an export" if directory.exists() else (
            "there is no such directory")
        raise ExportError(f"{directory}: {what}")
    path = directory / MANIFEST
    content = read_json_mapping(path)
    if content is None:
        raise ExportError(f"{directory}: holds no {MANIFEST}; 'larqca export' writes one")
    if (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise ExportError(f"{path}: is {content.get('format')!r} version "
                          f"{content.get('version')!r}, not {FORMAT!r} version {VERSION}")
    if content.get("sha256") != content_sha256(content):
        raise ExportError(f"{path}: was edited by hand; export again")
    try:
        _check_parts(content)
    except ExportError as error:
        raise ExportError(f"{path}: is damaged ({error}); export again") from error
    for name, digest in content["files"].items():
        if file_sha256(directory / name) != digest:
            raise ExportError(f"{directory / name}: is missing or was edited by hand; export again")
    return content


def _check_parts(content: Mapping[str, Any]) -> None:
    """What `verify` relies on is there."""
    for name in ("files", "options"):
        if not isinstance(content.get(name), dict):
            raise ExportError(f"it has no {name!r}")
    options, target = content["options"], content["options"].get("target")
    needed: set[str] = set()
    if target in FLATBUFFER_TARGETS:
        for name in ("operators", "comparison"):
            if not isinstance(content.get(name), dict):
                raise ExportError(f"it has no {name!r}")
        needed = set(content["operators"])
    elif target in TARGETS:
        needed = {PROGRAM}
    else:
        raise ExportError(f"its target is {target!r}")
    if target in ("c99", "wasm32"):
        check_prefix(str(options.get("prefix")))
        needed |= {f"{options['prefix']}.c", f"{options['prefix']}.h"}
    for name in ("max_height", "max_width"):
        if not isinstance(options.get(name), int) or not 1 <= options[name] <= MAX_SIDE:
            raise ExportError(f"its {name} is {options.get(name)!r}")
    missing = sorted(needed - set(content["files"]))
    if missing:
        raise ExportError(f"it does not list {missing[0]}")


def file_hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def program_facts(program: Program) -> dict[str, Any]:
    """What a program is, in JSON."""
    always = program.fire_below == FIRE_ALWAYS
    return {
        "format": integers.FORMAT,
        "version": integers.VERSION,
        "state_bits": program.state_bits,
        "state_fraction": program.state_fraction,
        "state_channels": program.state_channels,
        "classes": program.classes,
        "class_channels": program.class_channels,
        "alive_from": program.alive_from,
        "fire": "all" if always else "random",
        "seed": program.seed,
        "accumulator_bounds": {
            layer.name: int(layer.bounds.max()) for layer in program.layers},
    }


def mac_facts(program: Program, layout: AutomatonLayout) -> dict[str, Any]:
    """Multiply-accumulates of one cell in one step, keyed ``<weight bits>x<input bits>``:
    as trained and as exported."""
    counts: Counter[str] = Counter()
    for layer in program.layers:
        source = layer.source
        digits = source.digits if isinstance(source, Codes) else source.high.bit_length()
        if not isinstance(source, Codes) and source.low < 0:
            digits += 1
        weights = layer.weights
        counts[f"{weights.bits}x{digits}"] += weights.terms * layer.rows * layer.outputs
    return {"trained": macs_of(layout.layers), "exported": dict(sorted(counts.items()))}


def c99_memory(source: CSource, layout: AutomatonLayout, options: Mapping[str, Any]) -> Any:
    """Where the bytes go: constants, and the struct for the largest grid."""
    layers: Counter[str] = Counter()
    for constant in source.constants:
        layers[constant.layer] += constant.bytes
    theoretical = memory_of(layout.layers).bytes
    return {
        "theoretical_bytes": theoretical,
        "constant_bytes": source.constant_bytes,
        "constant_bytes_by_layer": dict(layers),
        "constants": [
            {"name": each.name, "layer": each.layer, "bytes": each.bytes, "bits": each.bits,
             "shape": list(each.values.shape), "note": each.note}
            for each in source.constants],
        "ram_bytes": source.arena_bytes,
        "ram": [{"name": each.name, "bytes": each.bytes, "note": each.note}
                for each in source.members],
        "stack_bytes": source.stack_bytes,
        "stack_bytes_if_unpacked": source.stack_bytes + source.unpacked_bytes,
        "grid": [options["max_height"], options["max_width"]],
    }


def vectors_as_json(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Test vectors: pictures as hexadecimal bytes; all start from zeros."""
    return [
        {"height": case.grey.shape[0], "width": case.grey.shape[1], "seed": case.seed,
         "picture": case.grey.tobytes().hex(), "state_hashes": list(outcome.hashes),
         "votes": list(outcome.votes)}
        for case, outcome in zip(cases, outcomes, strict=True)
    ]


def vectors_of(content: Mapping[str, Any], program: Program) -> list[tuple[Case, Outcome]]:
    """The cases of a manifest's test vectors, and what they must give.

    Raises:
        ExportError: there are none, or one of them is damaged.
    """
    try:
        found = [_vector(each, program) for each in content["test_vectors"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{MANIFEST}: its test vectors are damaged ({error!r})") from error
    if not found:
        raise ExportError(f"{MANIFEST}: it holds no test vectors; export again")
    return found


def _vector(stored: Mapping[str, Any], program: Program) -> tuple[Case, Outcome]:
    height, width, hashes = stored["height"], stored["width"], tuple(stored["state_hashes"])
    grey = np.frombuffer(bytes.fromhex(stored["picture"]), np.uint8).reshape(height, width)
    if not hashes or not all(re.fullmatch("[0-9a-f]{16}", each) for each in hashes):
        raise ValueError("a state hash is not 16 hexadecimal digits")
    votes, seed = tuple(map(int, stored["votes"])), int(stored["seed"])
    if not 0 <= seed < 2**32:
        raise ValueError(f"a seed is {seed}")
    if len(votes) != program.classes:
        raise ValueError(f"there are votes for {len(votes)} classes, not {program.classes}")
    winner = votes.index(max(votes)) if any(votes) else program.classes
    state = np.zeros((height, width, program.state_channels), np.int64)
    return Case(grey, state, seed, len(hashes)), Outcome(hashes, winner, votes)
