"""What the layers of an automaton read while it runs: what their quantizers must cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]

# Training pictures that show what layers read: about 8,000 live cells of MNIST, at 12 moments
# for input quantizers, some of them at 20 for weights.
CALIBRATION_PICTURES = 64
STEPS, EVERY = 60, 10
# Errors of a step add up where states have settled: weights are rounded by later moments too.
LONG_STEPS, LONG_EVERY = 200, 20
WINDOWS = 512
# An input beyond this is of an automaton that is blowing up, and would drown all others.
SANE = 1e3


def layer_inputs(
    model: NeuralCA, images: Array, *, seed: int = 0, limit: float | None = None
) -> list[Array]:
    """Inputs of every layer in live cells, before its input scale and quantizer.

    Half of the states are of pictures that were exchanged under living states.

    Args:
        model: the automaton.
        images: grey ``[pictures, height, width]``.
        seed: of fire masks and noise.
        limit: states are kept within plus and minus this whenever inputs are taken, as
            words that saturate would be (None: they are not).

    Returns:
        For each layer float32 ``[samples, inputs]``, finite; the first one's begin with grey.
    """
    samples: list[list[Array]] = [[] for _ in model.layout.layers]
    for state, alive in _moments(model, images, seed, limit):
        for found, inputs in zip(samples, _inputs_of(model, state), strict=True):
            found.append(inputs[alive])
    joined = [np.concatenate(found) for found in samples]
    # An automaton that blows up on a picture says nothing of the others with it.
    return [found[np.isfinite(found).all(axis=1)] for found in joined]


@dataclass(frozen=True)
class Moment:
    """States that an automaton met, and some of the cells that live in them.

    Attributes:
        state: float32 ``[batch, height, width, channels]``, grey first.
        cells: picture, row and column of each cell, ``[3, cells]``; none stands at an edge.
    """

    state: Array
    cells: Array


def moments_met(model: NeuralCA, images: Array, *, seed: int = 0) -> list[Moment]:
    """Moments of an automaton while it runs, each with at most `WINDOWS` cells.

    Args:
        model: the automaton.
        images: grey ``[pictures, height, width]``.
        seed: of fire masks, noise and the choice of cells.
    """
    rng = np.random.default_rng(seed)
    met = []
    for state, alive in _moments(model, images, seed, None, LONG_STEPS, LONG_EVERY):
        inner = alive.copy()
        inner[:, [0, -1]] = inner[:, :, [0, -1]] = False
        cells = np.argwhere(inner)
        if len(cells) > WINDOWS:
            cells = cells[rng.choice(len(cells), WINDOWS, replace=False)]
        met.append(Moment(state.copy(), cells.T))
    return met


def layer_windows(model: NeuralCA, met: Sequence[Moment], number: int) -> Array:
    """What one layer's kernel reaches from the cells of some moments.

    Args:
        model: any automaton of the same channels.
        met: see `moments_met`.
        number: of the layer; those after it may hold anything.

    Returns:
        float32 ``[cells, taps, inputs]``, before its input scale and quantizer.
    """
    layer = model.layout.layers[number]
    size, radius = layer.kernel_size, layer.kernel_size // 2
    # (down, right) of each tap from the cell itself.
    around = [(place // size - radius, place % size - radius) for place in layer.places]
    found = []
    for moment in met:
        picture, row, column = moment.cells
        inputs = next(islice(_inputs_of(model, moment.state), number, None))
        taps = [inputs[picture, row + y, column + x] for y, x in around]
        found.append(np.stack(taps, axis=1))
    return np.concatenate(found)


def _moments(
    model: NeuralCA, images: Array, seed: int, limit: float | None,
    steps: int = STEPS, every: int = EVERY,
) -> Iterator[tuple[Array, Array]]:
    """States of pictures, half of them exchanged under living states, and who is alive."""
    state = model.seed_state(images)
    for picture_set in (images, np.roll(images, 1, axis=0)):
        state[..., 0] = picture_set
        alive = model.alive(picture_set)
        state[..., 1:] = np.where(alive[..., None], state[..., 1:], 0.0)
        for number in range(steps // every):
            state = model.rollout(state, every, seed=seed + number)
            if limit is not None:
                state[..., 1:] = np.clip(np.nan_to_num(state[..., 1:]), -limit, limit)
            yield state, alive


def _inputs_of(model: NeuralCA, state: Array) -> Iterator[Array]:
    """Inputs of layer after layer in all cells ``[batch, height, width, inputs]``."""
    hidden: Any = state
    for block in model.perceive_blocks + model.update_blocks:
        yield np.asarray(hidden)
        for layer in block.layers:
            hidden = layer(hidden)
