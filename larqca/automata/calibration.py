"""What the layers of an automaton read while it runs: what their quantizers must cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]

STEPS, EVERY = 60, 10


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
    state = model.seed_state(images)
    for picture_set in (images, np.roll(images, 1, axis=0)):
        state[..., 0] = picture_set
        alive = model.alive(picture_set)
        state[..., 1:] = np.where(alive[..., None], state[..., 1:], 0.0)
        for number in range(STEPS // EVERY):
            state = model.rollout(state, EVERY, seed=seed + number)
            if limit is not None:
                state[..., 1:] = np.clip(np.nan_to_num(state[..., 1:]), -limit, limit)
            for found, inputs in zip(samples, _inputs_of(model, state), strict=True):
                found.append(inputs[alive])
    joined = [np.concatenate(found) for found in samples]
    # An automaton that blows up on a picture says nothing of the others with it.
    return [found[np.isfinite(found).all(axis=1)] for found in joined]


def _inputs_of(model: NeuralCA, state: Array) -> list[Array]:
    """Inputs of every layer in all cells ``[batch, height, width, inputs]``."""
    found = []
    hidden: Any = state
    for block in model.perceive_blocks + model.update_blocks:
        found.append(np.asarray(hidden))
        for layer in block.layers:
            hidden = layer(hidden)
    return found
