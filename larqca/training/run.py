"""One run from its configuration to its result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from larqca.automata.calibration import CALIBRATION_PICTURES
from larqca.automata.engine import make_engine
from larqca.automata.layout import layout_of
from larqca.automata.model_file import write_model
from larqca.automata.neural_ca import NeuralCA
from larqca.config.schema import RunConfig
from larqca.data import load
from larqca.errors import Diverged
from larqca.evaluation.frames import record_frames
from larqca.evaluation.protocol import evaluate
from larqca.export.deployed import deployed_figures
from larqca.files import arrays_as_bytes, write_bytes, write_text
from larqca.footprint.summary import larq_figures
from larqca.training.result import Progress, ProgressCallback, RunResult
from larqca.training.start import start_model
from larqca.training.trainer import Trainer


def _ignore(_: Progress) -> None:
    """The default: nobody wants to know."""


def execute(
    config: RunConfig,
    directory: Path,
    *,
    data_dir: str | None = None,
    source: Path | None = None,
    progress: ProgressCallback = _ignore,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Train and judge one automaton; resumes from the directory's checkpoint.

    Writes ``checkpoint.npz`` while it trains, then ``history.csv`` (iteration, loss),
    ``model.npz``, and ``cells.npz`` (see `larqca.evaluation.frames`), which reports draw.

    Args:
        config: the whole configuration of the run.
        directory: where its files go; it must exist.
        data_dir: where tensorflow-datasets finds its data.
        source: the model file to start from, if the configuration says so.
        progress: told where the run is, a few times a second.
        stop: asked while starts are judged, after every iteration, and between test images;
            true raises, and leaves a checkpoint of what was trained.

    Raises:
        Interrupted: `stop` answered true.
        LarqcaError: data or weights cannot be used.
    """
    whole = load(config.data, data_dir)
    dataset = whole.held_out(config.evaluation.held_out)
    model = NeuralCA(layout_of(config, dataset.classes), seed=config.seed)
    engine = make_engine(model)
    trainer = Trainer(model, engine, config, dataset, directory)
    if not trainer.resume():
        start_model(model, config, dataset, source, progress=progress, stop=stop)
    figures = larq_figures(model)
    digest = whole.sha256()
    try:
        trainer.run(progress, stop)
    except Diverged as error:
        _write_history(directory, trainer.history)
        return RunResult(
            state="diverged",
            reason=str(error),
            iterations=error.iteration,
            loss=error.loss if math.isfinite(error.loss) else _last(trainer.history),
            larq=figures,
            train_seconds=trainer.seconds,
            data_sha256=digest,
        )
    trainer.use_averages()
    _write_history(directory, trainer.history)
    write_model(directory / "model.npz", config, model.layout.classes, model.arrays())
    started = time.monotonic()
    evaluation = evaluate(
        engine,
        dataset.test_images,
        dataset.test_labels,
        config.evaluation,
        progress=progress,
        stop=stop,
    )
    seconds = time.monotonic() - started
    frames = record_frames(engine, dataset.test_images, dataset.test_labels, config.evaluation)
    write_bytes(directory / "cells.npz", arrays_as_bytes(frames, compressed=True))
    return RunResult(
        state="done",
        reason="",
        iterations=len(trainer.history),
        loss=trainer.smooth_loss(),
        metrics=evaluation.summary(),
        curves=evaluation.curves(),
        mutation_step=evaluation.mutation_step,
        larq=figures,
        deployed=deployed_figures(model, dataset.train_images[:CALIBRATION_PICTURES]),
        train_seconds=trainer.seconds,
        evaluate_seconds=seconds,
        data_sha256=digest,
    )


def _last(history: list[float]) -> float | None:
    return history[-1] if history else None


def _write_history(directory: Path, history: list[float]) -> None:
    lines: list[Any] = ["iteration,loss"]
    lines += [f"{number},{loss!r}" for number, loss in enumerate(history, start=1)]
    write_text(directory / "history.csv", "\n".join(lines) + "\n")
