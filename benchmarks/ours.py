"""Measures larqca itself: training iterations, evaluation, the matrix-product limit.

`--what` is one of training, matmul, evaluation and grid:SIZE; `--overrides` are settings
of a run, and `engine`.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import measure
import numpy as np

from larqca.automata.engine import make_engine
from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf, use_threads
from larqca.config.canonical import build_run_config, merge
from larqca.config.schema import EvaluationConfig, RunConfig
from larqca.data import Dataset
from larqca.evaluation.protocol import evaluate
from larqca.training.trainer import Trainer

ARGUMENTS = measure.arguments()


def config_of(overrides: dict[str, Any]) -> RunConfig:
    """The published recipe at the asked batch and rollout, with some settings changed."""
    training = {
        "batch_size": ARGUMENTS.batch,
        "pool_size": 10 * ARGUMENTS.batch,
        "rollout_steps": ARGUMENTS.steps,
    }
    return build_run_config(merge({"training": training}, overrides))


def trainer_of(config: RunConfig, engine: str | None, dataset: Dataset) -> Trainer:
    """A trainer with its pool already lived in, so that states are not all zero."""
    model = NeuralCA(layout_of(config))
    folder = Path(tempfile.mkdtemp())
    return Trainer(model, make_engine(model, engine), config, dataset, folder)


def dataset() -> Dataset:
    """All images that `run.py` chose, for training and testing."""
    with np.load(ARGUMENTS.images) as file:
        images, labels = file["images"], file["labels"]
    return Dataset("benchmark", images, labels, images, labels)


def training(overrides: dict[str, Any], engine: str | None) -> dict[str, Any]:
    """One whole iteration: batch, index, rollout, gradient, optimizer, pool."""
    data = dataset()
    config = config_of(overrides)
    trainer = trainer_of(config, engine, data)
    numbers = itertools.count()
    times = measure.median_seconds(lambda: trainer.iterate(next(numbers)))
    live = float(trainer.model.alive(data.train_images).sum(axis=(1, 2)).mean())
    return {
        **times,
        "images_per_second": ARGUMENTS.batch / times["seconds"],
        "live_cells": live,
        "gigaflops": _flops(trainer.model, live) / times["seconds"] / 1e9,
        "peak_mib": measure.peak_memory_mib(),
    }


def _flops(model: NeuralCA, live: float) -> float:
    """Arithmetic that an iteration must do: three products for each multiply-accumulate
    of the cells that fire (forward, and backward to inputs and to weights)."""
    layout = model.layout
    macs = sum(layer.kernel_count for layer in layout.layers)
    firing = ARGUMENTS.batch * live * layout.cell.fire_rate
    return 3 * 2.0 * macs * firing * ARGUMENTS.steps


def matmul_limit(overrides: dict[str, Any]) -> dict[str, Any]:
    """The products of a training iteration alone, on ready matrices of the same shapes:
    for each layer the forward product and both backward ones, at every step.

    Shards side by side, one thread each, as the engine computes them.
    """
    data = dataset()
    model = NeuralCA(layout_of(config_of(overrides)))
    live = float(model.alive(data.train_images).sum(axis=(1, 2)).mean())
    rows = round(ARGUMENTS.batch * live * model.layout.cell.fire_rate / ARGUMENTS.threads)
    shapes = [(x.rows, x.outputs) for x in model.layout.layers]
    # Matrices of their own for every step: equal products would be computed once.
    made = [
        (tf.random.normal([rows, i]), tf.random.normal([i, o]), tf.random.normal([rows, o]))
        for _ in range(ARGUMENTS.steps * ARGUMENTS.threads)
        for i, o in shapes
    ]

    @tf.function
    def products(arrays: Any) -> Any:
        ends = []
        for inputs, kernel, outputs in arrays:
            ends.append(tf.matmul(inputs, kernel))
            ends.append(tf.matmul(outputs, kernel, transpose_b=True))
            ends.append(tf.matmul(inputs, outputs, transpose_a=True))
        return [end[0, 0] for end in ends]

    times = measure.median_seconds(lambda: products(made))
    flops = 3 * 2.0 * ARGUMENTS.threads * rows * ARGUMENTS.steps * sum(i * o for i, o in shapes)
    return {**times, "gigaflops": flops / times["seconds"] / 1e9}


def evaluation(overrides: dict[str, Any], engine: str | None) -> dict[str, Any]:
    """Images times steps a second, on as many images as `batch` says."""
    data = dataset()
    model = NeuralCA(layout_of(config_of(overrides)))
    chosen = make_engine(model, engine)
    config = EvaluationConfig(steps=ARGUMENTS.steps, images=ARGUMENTS.batch)

    def once() -> None:
        evaluate(chosen, data.test_images, data.test_labels, config)

    times = measure.median_seconds(once, repeats=3)
    image_steps = 2 * ARGUMENTS.batch * ARGUMENTS.steps
    return {**times, "image_steps_per_second": image_steps / times["seconds"]}


def in_grid(overrides: dict[str, Any], engine: str | None, size: int) -> dict[str, Any]:
    """A training iteration on the same pictures in the middle of a larger grid."""
    with np.load(ARGUMENTS.images) as file:
        images = file["images"][:200]
    around = (size - images.shape[1]) // 2
    wide = np.pad(images, ((0, 0), (around,) * 2, (around,) * 2))
    path = Path(tempfile.mkdtemp()) / "wide.npz"
    np.savez(path, images=wide, labels=np.zeros(len(wide), np.int32))
    ARGUMENTS.images = str(path)
    return training(overrides, engine)


def main() -> None:
    """Measure what was asked for."""
    use_threads(ARGUMENTS.threads)
    overrides = json.loads(ARGUMENTS.overrides)
    engine: str | None = overrides.pop("engine", None)
    what, _, number = ARGUMENTS.what.partition(":")
    measured = {
        "training": lambda: training(overrides, engine),
        "matmul": lambda: matmul_limit(overrides),
        "evaluation": lambda: evaluation(overrides, engine),
        "grid": lambda: in_grid(overrides, engine, int(number)),
    }[what]()
    measure.report(**measured)


if __name__ == "__main__":
    main()
