"""The published test protocol: run, exchange every image for another, run again.

Source: Randazzo et al., Distill 2020: the 10,000 test images in batches of 1,000, 200
steps, mutation, 200 steps; fire rate 0.5 and noise as in training.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from larqca.automata.engine import Engine, cells_are_apart, make_engine
from larqca.automata.pictures import Cells, carry_over
from larqca.config.canonical import explain
from larqca.config.schema import EvaluationConfig
from larqca.errors import ConfigError, Interrupted
from larqca.evaluation.metrics import METRICS, count_votes, metrics_of
from larqca.training.result import Progress, ProgressCallback

Array = npt.NDArray[Any]

# Images advanced together: few enough for the processor's caches, enough to fill it.
CHUNK = 125


@dataclass(frozen=True)
class Evaluation:
    """What the protocol gave.

    Attributes:
        steps: the recorded steps, counted through the mutation.
        metrics: at each of them, the four metrics as shares.
        mutation_step: after this step the images were exchanged (None: never).
    """

    steps: list[int]
    metrics: list[dict[str, float]]
    mutation_step: int | None

    def curves(self) -> dict[str, list[float]]:
        """Lists of equal length: step, and each metric."""
        columns = {name: [row[name] for row in self.metrics] for name in METRICS}
        return {"step": [float(step) for step in self.steps], **columns}

    def at(self, step: int) -> dict[str, float]:
        """The metrics at a recorded step."""
        return self.metrics[self.steps.index(step)]

    def summary(self) -> dict[str, dict[str, float]]:
        """The metrics at the steps that tables show, keyed by the step."""
        end = self.mutation_step or self.steps[-1]
        wanted = (20, 65, 100, end, end + 20, 2 * end)
        return {str(step): self.at(step) for step in wanted if step in self.steps}


def evaluate(
    engine: Engine,
    images: Array,
    labels: Array,
    config: EvaluationConfig,
    *,
    progress: ProgressCallback = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Judge an automaton on test images.

    Args:
        engine: computes its rollouts.
        images: grey ``[images, height, width]`` in [0, 1].
        labels: int ``[images]``.
        config: steps, mutation, recording, seed; `images` limits how many are used.
        progress: told of images x steps.
        stop: asked between chunks.

    Raises:
        Interrupted: `stop` answered true.
    """
    images, labels = images[: config.images], labels[: config.images]
    successor = exchange(len(images), config.seed)
    phases = 2 if config.mutate else 1
    marks = marks_of(config)
    votes = np.zeros((phases * len(marks), len(images), engine.model.layout.classes), np.int64)
    counter = _Counter(len(images) * config.steps * phases, progress)
    judge = _Judge(engine.single, marks, counter)
    collection = engine.pictures(images)
    # Where quantizers use statistics of the batch, it is the protocol's.
    chunk = CHUNK if cells_are_apart(engine.model) else config.batch_size

    def judge_chunk(number: int) -> None:
        here = np.arange(number * chunk, min((number + 1) * chunk, len(images)))
        if stop():
            raise Interrupted(f"stopped after {here[0]:,} of {len(images):,} test images")
        chosen = [collection.cells(here), collection.cells(successor[here])][:phases]
        votes[:, here] = judge.votes(chosen, np.array([config.seed, number], np.int64))

    _side_by_side(judge_chunk, -(-len(images) // chunk), engine.shards)
    shown = [labels, labels[successor]]
    rows = [
        metrics_of(votes[row], shown[row // len(marks)], config.batch_size)
        for row in range(len(votes))
    ]
    steps = [mark + phase * config.steps for phase in range(phases) for mark in marks]
    return Evaluation(steps, rows, config.steps if config.mutate else None)


def marks_of(config: EvaluationConfig) -> list[int]:
    """Recorded steps within one phase; the last one always is."""
    marks = list(range(config.record_every, config.steps + 1, config.record_every))
    return marks if marks and marks[-1] == config.steps else [*marks, config.steps]


def exchange(images: int, seed: int) -> Array:
    """For every image another one (itself only where there is no other)."""
    order = np.random.default_rng([seed, 2]).permutation(images)
    successor = np.empty(images, np.int64)
    successor[order] = np.roll(order, -1)
    return successor


def _side_by_side(work: Callable[[int], None], count: int, threads: int) -> None:
    """Do pieces 0, 1, ... in as many threads; the first error ends it."""
    with ThreadPoolExecutor(threads) as workers:
        pieces = [workers.submit(work, number) for number in range(count)]
        try:
            for piece in pieces:
                piece.result()
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise


class _Counter:
    """Counts images x steps and reports now and then; threads may share it."""

    def __init__(self, total: int, progress: ProgressCallback) -> None:
        self._total, self._progress = total, progress
        self._done, self._started = 0, time.monotonic()
        self._shown = self._started
        self._lock = Lock()

    def add(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._shown > 0.25:
                self._shown = now
                rate = self._done / (now - self._started)
                self._progress(Progress("evaluation", self._done, self._total, None, rate))


class _Judge:
    """Counts the votes of chunks of images.

    Args:
        engine: of one shard.
        marks: steps of a phase after which cells are asked.
        counter: told of what is done.
    """

    def __init__(self, engine: Engine, marks: list[int], counter: _Counter) -> None:
        self._engine, self._marks, self._counter = engine, marks, counter
        self._classes = engine.model.layout.classes
        self._lengths = [int(steps) for steps in np.diff([0, *marks])]
        for steps in self._lengths:  # traced before there are threads
            engine.compiled_naming(steps)

    def votes(self, phases: list[Cells], seed: Array) -> Array:
        """Votes at every mark of every phase, ``[phases * marks, images, classes]``."""
        before, channels = phases[0], self._engine.model.layout.state_channels
        state = np.zeros((len(before.image), channels), np.float32)
        rows = []
        for phase, cells in enumerate(phases):
            batch, images = self._engine.pack(cells), len(cells.chosen)
            packed: Any = batch.split(carry_over(state, before, cells))
            for number, steps in enumerate(self._lengths):
                block = (1 + phase * len(self._marks) + number) << 32
                advance = self._engine.compiled_naming(steps)
                packed, named = advance(packed, batch.prepared, seed + np.array([0, block]))
                rows.append(count_votes(named[0].numpy(), cells.image, images, self._classes))
                self._counter.add(images * steps)
            state, before = packed[0].numpy(), cells
        return np.stack(rows)


def evaluate_file(
    path: Path,
    *,
    data: str | None,
    data_dir: str | None,
    images: int | None,
    steps: int,
    seed: int,
    progress: ProgressCallback = lambda _: None,
    import_quantizers: bool = False,
) -> dict[str, Any]:
    """Judge a model file, or the model of a run's directory, on a data set's test images.

    Returns:
        A mapping of JSON types: data, images, steps, seed, metrics (at the steps of
        tables), curves, mutation_step, seconds.

    Raises:
        LarqcaError: the file, the data or an argument cannot be used.
    """
    from larqca.automata.model_file import load_model
    from larqca.data import load

    if data is None:
        raise ConfigError("which data set? name one with --data (digits, mnist, fashion_mnist)")
    try:
        config = EvaluationConfig(steps=steps, images=images, seed=seed)
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error))) from error
    model = load_model(path / "model.npz" if path.is_dir() else path,
                       import_quantizers=import_quantizers)
    dataset = load(data, data_dir)
    started = time.monotonic()
    result = evaluate(
        make_engine(model), dataset.test_images, dataset.test_labels, config, progress=progress
    )
    return {
        "data": data,
        "images": len(dataset.test_images[:images]),
        "seed": seed,
        "metrics": result.summary(),
        "curves": result.curves(),
        "mutation_step": result.mutation_step,
        "seconds": time.monotonic() - started,
    }
