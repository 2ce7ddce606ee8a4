"""``larqca export --target lce`` (or tflite, tflite-int8), and ``larqca verify`` of that.

What is written is what was run: both files go through their own interpreter and are compared
with Keras before anything appears.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.export.directory import write_directory
from larqca.export.export import Options, metric_lines
from larqca.export.flatbuffer.build import BINARY_CONVOLUTION, ROLLOUT, STEP, Flatbuffers, build
from larqca.export.flatbuffer.comparison import check, compare, judge_step
from larqca.export.flatbuffer.content import constant_bytes
from larqca.export.flatbuffer.machine import open_machine
from larqca.export.flatbuffer.step_graph import ROLLOUT_STEPS
from larqca.export.flatbuffer.vectors import MARKS, VECTORS, fitted, keras_vectors, read_vectors
from larqca.export.size import grid_size
from larqca.export.targets import FLATBUFFER_TARGETS, FlatbufferTarget
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of, readable

Array = npt.NDArray[Any]

PICTURES = 4


def export_flatbuffers(
    model: NeuralCA, images: Array, out: Path, options: Options, origin: Mapping[str, Any],
    *, tests: tuple[Array, Array],
) -> str:
    """Write the flatbuffers of an automaton, test vectors and a manifest. See `export`.

    Args:
        model: the automaton.
        images: grey training pictures ``[pictures, height, width]``; they calibrate 8-bit
            files, and the first four become test vectors.
        out: the directory to write.
        options: see `Options`.
        origin: what the manifest shall say of where the model came from.
        tests: test images and their labels, to judge what 8 bits cost.

    Raises:
        ExportError: the target cannot hold the automaton, or computes something else.
    """
    target = _flatbuffer_target(options.target)
    size = grid_size(options.max_height, options.max_width, images)
    flat = build(model, target, *size, fitted(images, *size))
    vectors = keras_vectors(model, images[:PICTURES], *size, fire=options.fire, seed=options.seed)
    comparison = compare(flat.files, target, vectors)
    check(comparison, target, vectors)
    content: dict[str, Any] = {
        "origin": origin,
        "options": {"target": target, "fire": options.fire, "seed": options.seed,
                    "images": options.images, "max_height": size[0], "max_width": size[1]},
        "converter": _versions(target),
        "interface": _interface(model, flat, size),
        "operators": flat.operators,
        "memory": {"theoretical_bytes": memory_of(model.layout.layers).bytes,
                   "constant_bytes": {
                       name: constant_bytes(file) for name, file in flat.files.items()},
                   "file_bytes": {name: len(file) for name, file in flat.files.items()}},
        "macs_per_cell_and_step": {"trained": macs_of(model.layout.layers)},
        "comparison": comparison,
    }
    lines = [_file_line(out, flat, size), _comparison_line(comparison, len(vectors.grey))]
    if target == "tflite-int8" and len(tests[0]):
        content["metrics"] = judge_step(
            model, open_machine(flat.files[STEP], target), fitted(tests[0], *size), tests[1],
            fire=options.fire, seed=options.seed)
        lines += metric_lines(content["metrics"])
    write_directory(out, {**flat.files, VECTORS: vectors.as_bytes()}, content)
    return "\n".join(lines)


def verify_flatbuffers(directory: Path, content: Mapping[str, Any]) -> str:
    """Compare an export's files with the states that Keras gave when it was written.

    Args:
        directory: that `export_flatbuffers` wrote.
        content: its manifest.

    Raises:
        ExportError: they compute something else, or cannot be run here.
    """
    target = _flatbuffer_target(content["options"]["target"])
    vectors = read_vectors(directory / VECTORS)
    files = {name: (directory / name).read_bytes() for name in content["operators"]}
    comparison = compare(files, target, vectors)
    check(comparison, target, vectors, before=content["comparison"])
    return _comparison_line(comparison, len(vectors.grey))


def _flatbuffer_target(name: str) -> FlatbufferTarget:
    return next(target for target in FLATBUFFER_TARGETS if target == name)


def _versions(target: FlatbufferTarget) -> dict[str, str]:
    versions = {"tensorflow": str(tf.__version__)}
    if target == "lce":
        versions["larq-compute-engine"] = importlib.metadata.version("larq-compute-engine")
    return versions


def _interface(model: NeuralCA, flat: Flatbuffers, size: tuple[int, int]) -> dict[str, Any]:
    """What goes into each file, in order and by name, and comes out as a new state."""
    state = [1, *size, 1 + model.layout.state_channels]
    inputs: dict[str, Any] = {STEP: {"state": state, "fire": [1, *size, 1]}}
    if ROLLOUT in flat.files:
        inputs[ROLLOUT] = {"state": state, "fire": [ROLLOUT_STEPS, 1, *size, 1], "steps": []}
    words = open_machine(flat.files[STEP], flat.target).words
    return {"inputs": inputs, "words": words}


def _file_line(out: Path, flat: Flatbuffers, size: tuple[int, int]) -> str:
    sizes = ", ".join(f"{out / name} {readable(len(file))}" for name, file in flat.files.items())
    binary = flat.operators[STEP].get(BINARY_CONVOLUTION)
    held = f", {binary} binary convolutions and no other" if binary else ""
    return f"{sizes}: grids of {size[0]} x {size[1]}{held}"


def _comparison_line(comparison: Mapping[str, Any], pictures: int) -> str:
    largest = max(found["largest"][-1] for found in comparison.values())
    mean = max(found["mean"][-1] for found in comparison.values())
    return (f"{pictures} pictures, {MARKS[-1]} steps: states are at most {largest:.2g} from those "
            f"of Keras, {mean:.2g} on average")
