"""What the cells of a few test pictures name, step by step, for people to look at.

A report draws this and runs no model. The rollout is one of its own: it draws from seeds
that the protocol never uses, so that nothing that is measured depends on it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.engine import Engine
from larqca.automata.pictures import Cells, carry_over
from larqca.config.schema import EvaluationConfig
from larqca.evaluation.protocol import exchange, marks_of

Array = npt.NDArray[Any]

# Cells change their minds in the first steps, and rarely later: every one of these steps is
# kept, and then those that are so much later than the last one.
EVERY, THEN = 20, 1.2


def record_frames(
    engine: Engine, images: Array, labels: Array, config: EvaluationConfig
) -> dict[str, Array]:
    """The first test picture of each class, before and after the protocol's exchange.

    An automaton whose quantizers use statistics of the batch sees a smaller batch here
    than in the protocol.

    Args:
        engine: computes the rollouts.
        images: grey ``[images, height, width]`` in [0, 1].
        labels: int ``[images]``.
        config: as the protocol's.

    Returns:
        ``grey`` uint8 ``[phases, pictures, height, width]``, the pictures before and after;
        ``classes`` uint8 ``[phases, pictures]``, what they show; ``steps`` int32 ``[moments]``,
        counted through the exchange; ``phase`` uint8 ``[moments]``; ``named`` int8
        ``[moments, pictures, height, width]``, the class that each live cell names, -1 where
        a cell is dead.
    """
    images, labels = images[: config.images], labels[: config.images]
    first = np.sort(np.unique(labels, return_index=True)[1])
    shown = [first, exchange(len(images), config.seed)[first]][: 2 if config.mutate else 1]
    pictures = engine.pictures(images[np.concatenate(shown)])
    phases = [pictures.cells(np.arange(len(first)) + n * len(first)) for n in range(len(shown))]
    moments = _moments(config)
    return {
        "grey": np.stack([np.rint(images[chosen] * 255).astype(np.uint8) for chosen in shown]),
        "classes": np.stack([labels[chosen].astype(np.uint8) for chosen in shown]),
        "steps": np.concatenate([np.array(moments, np.int32) + n * config.steps
                                 for n in range(len(shown))]),
        "phase": np.repeat(np.arange(len(shown), dtype=np.uint8), len(moments)),
        "named": _named(engine.single, phases, config),
    }


def _moments(config: EvaluationConfig) -> list[int]:
    """Steps of a phase that are kept."""
    moments = list(range(1, min(EVERY, config.steps) + 1))
    for mark in marks_of(config):
        if mark >= THEN * moments[-1] or mark == config.steps > moments[-1]:
            moments.append(mark)
    return moments


def _stops(config: EvaluationConfig) -> list[int]:
    """Steps of a phase to halt at: single steps to begin with, then the protocol's marks,
    because the protocol has traced a graph for rollouts of that length."""
    marks = marks_of(config)
    first = next(mark for mark in marks if mark >= min(EVERY, config.steps))
    return [*range(1, first), *(mark for mark in marks if mark >= first)]


def _named(engine: Engine, phases: list[Cells], config: EvaluationConfig) -> Array:
    stops, moments = _stops(config), set(_moments(config))
    before = phases[0]
    state = np.zeros((len(before.image), engine.model.layout.state_channels), np.float32)
    frames = []
    for phase, cells in enumerate(phases):
        batch = engine.pack(cells)
        packed: Any = batch.split(carry_over(state, before, cells))
        for start, stop in pairwise([0, *stops]):
            advance = engine.compiled_naming(stop - start)
            seed = np.array([config.seed, phase * config.steps + start], np.int64)
            packed, named = advance(packed, batch.prepared, seed)
            if stop in moments:
                frames.append(cells.unpack(1 + named[0].numpy()[:, None])[..., 0] - 1)
        state, before = packed[0].numpy(), cells
    return np.stack(frames).astype(np.int8)
