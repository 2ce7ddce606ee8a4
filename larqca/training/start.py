"""The weights that a run begins with: new ones, or another automaton's.

Weights that are rounded together depend on the pictures that were seen, and automata that
differ little in a step may differ much after two hundred: of some starts, each from other
pictures, the one whose automaton does best on training pictures is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.calibration import CALIBRATION_PICTURES
from larqca.automata.engine import make_engine
from larqca.automata.model_file import load_model
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.starting import rounds_together, start_from
from larqca.config.schema import EvaluationConfig, RunConfig
from larqca.data import Dataset
from larqca.errors import ConfigError, ModelFileError
from larqca.evaluation.protocol import evaluate
from larqca.training.result import Progress, ProgressCallback

Array = npt.NDArray[Any]

TRIES = 6
# The last training pictures judge, by the protocol of the test: automata that decay look as
# good as others in the first hundred steps.
_JUDGES = 500
# A graph is as long as records are apart, and tracing 200 steps takes longer than running them.
_JUDGED_BY = EvaluationConfig(steps=200, record_every=20)


def start_model(
    model: NeuralCA, config: RunConfig, dataset: Dataset, source: Path | None,
    *, progress: ProgressCallback = lambda _: None, stop: Callable[[], bool] = lambda: False,
) -> None:
    """Start a new automaton from `source`, if the run has one.

    Args:
        model: with the weights of its seed; changed in place.
        config: of the run.
        dataset: its training images.
        source: a model file.
        progress: told of images x steps, while starts are judged.
        stop: asked while starts are judged; true raises.

    Raises:
        Interrupted: `stop` answered true.
        ConfigError: a source is configured and not given, or the other way round.
        ModelFileError: the source does not fit.
    """
    if (config.start_from is None) != (source is None):
        raise ConfigError("start_from: the configuration and the given source disagree")
    if source is None:
        return
    try:
        # The grid that names the source is the user's own, as its quantizers are.
        origin = load_model(source, import_quantizers=True)
        if config.training.settle_until is not None:
            start_from(model, origin, _pictures(dataset, 0), to_settle=True)
        else:
            _start(model, origin, dataset, progress, stop)
    except ModelFileError as error:
        raise ModelFileError(f"cannot start from {source.name}: {error}") from error


def _start(
    model: NeuralCA, origin: NeuralCA, dataset: Dataset,
    progress: ProgressCallback = lambda _: None, stop: Callable[[], bool] = lambda: False,
) -> None:
    if not rounds_together(model, origin):
        start_from(model, origin, _pictures(dataset, 0))
        return
    engine = make_engine(model)
    images, labels = dataset.train_images[-_JUDGES:], dataset.train_labels[-_JUDGES:]
    fresh = model.arrays()
    tried: list[tuple[float, dict[str, Array]]] = []
    for number in range(TRIES):
        model.set_arrays(fresh)
        start_from(model, origin, _pictures(dataset, number))
        judged = evaluate(engine, images, labels, _JUDGED_BY,
                          progress=_of_all(number, progress), stop=stop)
        after = judged.at(2 * _JUDGED_BY.steps)
        # Not agreement as such: cells that all say the same of every picture agree, too.
        score = after["cell_accuracy"] + after["agree_and_correct"]
        tried.append((score, model.arrays()))
    model.set_arrays(max(tried, key=lambda one: one[0])[1])


def _of_all(number: int, progress: ProgressCallback) -> ProgressCallback:
    """Tells of one try as a part of all."""

    def tell(one: Progress) -> None:
        done, total = number * one.total + one.done, TRIES * one.total
        progress(replace(one, phase="start", done=done, total=total))

    return tell


def _pictures(dataset: Dataset, number: int) -> Array:
    """One calibration's pictures: the next ones each time, from the first again after the last."""
    first = number * CALIBRATION_PICTURES
    count = min(CALIBRATION_PICTURES, len(dataset.train_images))
    chosen = np.arange(first, first + count) % len(dataset.train_images)
    return dataset.train_images[chosen]
