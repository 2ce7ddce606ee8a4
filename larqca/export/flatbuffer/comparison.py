"""How near a flatbuffer comes to Keras: states step by step, and what 8 bits cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.config.schema import EvaluationConfig
from larqca.errors import ExportError
from larqca.evaluation.metrics import count_votes, metrics_of
from larqca.export.flatbuffer.build import ROLLOUT, STEP
from larqca.export.flatbuffer.machine import Machine, open_machine
from larqca.export.flatbuffer.vectors import (
    MARKS,
    Vectors,
    difference,
    fire_masks,
    keras_states,
)
from larqca.export.targets import FlatbufferTarget
from larqca.tasks.naming import named_class

Array = npt.NDArray[Any]

JUDGE_MARKS = (20, 200)
# How far a state may be from Keras', as a share of the largest number in it, or of one. A sign
# that differs moves a state by much more.
TOLERANCE: Mapping[str, float] = {"lce": 1e-3, "tflite": 1e-4}
# 8 bits have no such bound. Another machine's kernels may round a little otherwise.
_INT8_SLACK = 2.0


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
    model: NeuralCA, machine: Machine, images: Array, labels: Array,
    *, fire: Literal["random", "all"], seed: int,
) -> dict[str, Any]:
    """Metrics after 20 and 200 steps of Keras and of a step's flatbuffer, with the same fire
    masks and without noise.

    Args:
        model: what was converted.
        machine: a step.
        images: grey test images ``[images, height, width]`` of the step's size.
        labels: int ``[images]``.
        fire: which live cells fire, see `fire_masks`.
        seed: of the fire masks.
    """
    masks = fire_masks(model, images.shape, JUDGE_MARKS[-1], fire=fire, seed=seed)
    keras = {str(mark): _metrics(model, images, state, labels) for mark, state in
             zip(JUDGE_MARKS, keras_states(model, images, masks, JUDGE_MARKS), strict=True)}
    state = model.seed_state(images)
    integers = {}
    for step, mask in enumerate(masks):
        firing = mask[..., None].astype(np.float32)
        for image in range(len(images)):
            state[image] = machine(state[image, None], firing[image, None])[0]
        if step + 1 in JUDGE_MARKS:
            integers[str(step + 1)] = _metrics(model, images, state, labels)
    return {"images": len(images), "keras": keras, "integers": integers}


def _metrics(model: NeuralCA, images: Array, state: Array, labels: Array) -> dict[str, float]:
    layout = model.layout
    alive = model.alive(images)
    named = named_class(state, layout.class_code)[alive]
    votes = count_votes(named, np.nonzero(alive)[0], len(images), layout.classes)
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
