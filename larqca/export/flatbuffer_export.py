"""``larqca export --target lce`` (or tflite, tflite-int8), and ``larqca verify`` of that.

What is written is what was run: both files go through their own interpreter and are compared
with Keras before anything appears.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.config.schema import EvaluationConfig
from larqca.errors import ExportError
from larqca.evaluation.metrics import count_votes, metrics_of
from larqca.export.c99 import MAX_SIDE
from larqca.export.export import Options, metric_lines, write_directory
from larqca.export.flatbuffer_machine import Machine, open_machine
from larqca.export.flatbuffer_vectors import (
    MARKS,
    VECTORS,
    Vectors,
    difference,
    fire_masks,
    fitted,
    keras_states,
    keras_vectors,
    read_vectors,
)
from larqca.export.flatbuffers import (
    BINARY_CONVOLUTION,
    ROLLOUT,
    STEP,
    Flatbuffers,
    build,
    constant_bytes,
)
from larqca.export.step_graph import ROLLOUT_STEPS
from larqca.export.targets import FLATBUFFER_TARGETS, FlatbufferTarget
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of, readable

Array = npt.NDArray[Any]

PICTURES = 4
JUDGE_MARKS = (20, 200)
# How far a state may be from Keras', as a share of the largest number in it, or of one. A sign
# that differs moves a state by much more.
TOLERANCE: Mapping[str, float] = {"lce": 1e-3, "tflite": 1e-4}
# 8 bits have no such bound. Another machine's kernels may round a little otherwise.
_INT8_SLACK = 2.0


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
    size = _size(options, images)
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
            options)
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


def compare(
    files: Mapping[str, bytes], target: FlatbufferTarget, vectors: Vectors
) -> dict[str, Any]:
    """How far the states of each file are from those of test vectors, by its name."""
    runs = {STEP: _run_steps, ROLLOUT: _run_rollouts}
    return {
        name: difference(vectors, runs[name](open_machine(content, target), vectors))
        for name, content in files.items()
    }


def check(
    comparison: Mapping[str, Any], target: FlatbufferTarget, vectors: Vectors,
    *, before: Mapping[str, Any] | None = None,
) -> None:
    """States are as near as the target can hold them.

    Args:
        comparison: what `compare` gave.
        target: of the files.
        vectors: that were compared with.
        before: what `compare` gave when they were written; 8-bit files must not be further
            off than twice as far, on average.

    Raises:
        ExportError: they are not; the message names the file.
    """
    largest = max(1.0, float(np.abs(vectors.states).max()))
    for name, found in comparison.items():
        if target in TOLERANCE:
            apart, limit = found["largest"], [TOLERANCE[target] * largest] * len(MARKS)
        else:
            apart = found["mean"]
            limit = [_INT8_SLACK * mean for mean in (before or comparison)[name]["mean"]]
        for step, each, bound in zip(MARKS, apart, limit, strict=True):
            if not each <= bound:  # NaN too
                raise ExportError(f"{name}: after step {step} its states are {each:.2g} from "
                                  f"Keras', and {bound:.2g} is allowed; --target c99 has no "
                                  "floating point that could differ")


def judge_step(
    model: NeuralCA, machine: Machine, images: Array, labels: Array, options: Options
) -> dict[str, Any]:
    """Metrics after 20 and 200 steps of Keras and of a step's flatbuffer, with the same fire
    masks and without noise.

    Args:
        model: what was converted.
        machine: a step.
        images: grey test images ``[images, height, width]`` of the step's size.
        labels: int ``[images]``.
        options: for the fire masks.
    """
    masks = fire_masks(model, images.shape, JUDGE_MARKS[-1], fire=options.fire, seed=options.seed)
    keras = {str(mark): _metrics(model, images, state, labels) for mark, state in
             zip(JUDGE_MARKS, keras_states(model, images, masks, JUDGE_MARKS), strict=True)}
    state = model.seed_state(images)
    integers = {}
    for step, mask in enumerate(masks):
        fire = mask[..., None].astype(np.float32)
        for image in range(len(images)):
            state[image] = machine(state[image, None], fire[image, None])[0]
        if step + 1 in JUDGE_MARKS:
            integers[str(step + 1)] = _metrics(model, images, state, labels)
    return {"images": len(images), "keras": keras, "integers": integers}


def _metrics(model: NeuralCA, images: Array, state: Array, labels: Array) -> dict[str, float]:
    classes = model.layout.classes
    alive = model.alive(images)
    named = np.argmax(state[..., -classes:], axis=-1)[alive]
    votes = count_votes(named, np.nonzero(alive)[0], len(images), classes)
    return metrics_of(votes, labels, EvaluationConfig().batch_size)


def _run_steps(machine: Machine, vectors: Vectors) -> dict[tuple[int, int], Array]:
    found = {}
    for picture in range(len(vectors.grey)):
        state = vectors.start(picture)
        for step, fire in enumerate(vectors.masks(picture)):
            state = machine(state, fire)
            if step + 1 in MARKS:
                found[MARKS.index(step + 1), picture] = state
    return found


def _run_rollouts(machine: Machine, vectors: Vectors) -> dict[tuple[int, int], Array]:
    return {
        (number, picture): machine(
            vectors.start(picture), vectors.masks(picture), np.array(mark, np.int32))
        for number, mark in enumerate(MARKS) for picture in range(len(vectors.grey))
    }


def _flatbuffer_target(name: str) -> FlatbufferTarget:
    return next(target for target in FLATBUFFER_TARGETS if target == name)


def _size(options: Options, images: Array) -> tuple[int, int]:
    size = (options.max_height or images.shape[1], options.max_width or images.shape[2])
    for name, side in zip(("max_height", "max_width"), size, strict=True):
        if not 1 <= side <= MAX_SIDE:
            raise ExportError(f"{name} must be from 1 to {MAX_SIDE}, got {side}")
    return size


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
