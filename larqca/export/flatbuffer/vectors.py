"""Test vectors of flatbuffers: pictures, fire masks, and the states that Keras gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.errors import ExportError
from larqca.export.counter import cell_numbers, fire_threshold, fires, step_keys
from larqca.files import arrays_as_bytes, read_arrays

Array = npt.NDArray[Any]

VECTORS = "vectors.npz"
MARKS = (1, 5, 20)


@dataclass(frozen=True)
class Vectors:
    """States without noise; all rollouts start from zeros.

    Attributes:
        grey: float32 ``[pictures, height, width]``.
        fire: bool ``[steps, pictures, height, width]``, as many steps as the last of `MARKS`.
        states: float32 ``[marks, pictures, height, width, state_channels]``, what Keras
            gives after each of `MARKS`.
        alive: bool ``[pictures, height, width]``.
    """

    grey: Array
    fire: Array
    states: Array
    alive: Array

    def as_bytes(self) -> bytes:
        """An ``.npz`` file; the same vectors give the same bytes."""
        return arrays_as_bytes(vars(self), compressed=True)

    def start(self, picture: int) -> Array:
        """The state of a picture at step 0, ``[1, height, width, 1 + state_channels]``."""
        grey = self.grey[picture][None, ..., None]
        zeros = np.zeros((*grey.shape[:3], self.states.shape[-1]), np.float32)
        return np.concatenate([grey, zeros], axis=-1)

    def masks(self, picture: int) -> Array:
        """The fire masks of a picture, float32 ``[steps, 1, height, width, 1]``."""
        return self.fire[:, picture, None, ..., None].astype(np.float32)


def keras_vectors(
    model: NeuralCA, images: Array, height: int, width: int, *, fire: Literal["random", "all"],
    seed: int,
) -> Vectors:
    """Run Keras on pictures, cut or filled with black to a grid of this size."""
    grey = fitted(images, height, width)
    masks = fire_masks(model, grey.shape, MARKS[-1], fire=fire, seed=seed)
    states = keras_states(model, grey, masks, MARKS)
    return Vectors(grey, masks, np.stack([each[..., 1:] for each in states]), model.alive(grey))


def read_vectors(path: Path) -> Vectors:
    """Read what `Vectors.as_bytes` gave.

    Raises:
        ExportError: one line that names the file and what is wrong with it.
    """
    try:
        return Vectors(**read_arrays(path))
    except (OSError, ValueError, TypeError) as error:
        raise ExportError(f"{path}: cannot be read as test vectors: {error}") from error


def fitted(images: Array, height: int, width: int) -> Array:
    """Pictures cut or filled with black at the bottom and on the right."""
    kept = np.asarray(images[:, :height, :width], np.float32)
    missing = (height - kept.shape[1], width - kept.shape[2])
    return np.pad(kept, ((0, 0), (0, missing[0]), (0, missing[1])))


def fire_masks(
    model: NeuralCA, shape: tuple[int, ...], steps: int, *, fire: Literal["random", "all"],
    seed: int,
) -> Array:
    """Which cells fire, bool ``[steps, *shape]``: by the generator of integer exports, each
    picture with a seed one above that of the picture before.

    Args:
        model: for its fire rate.
        shape: ``[pictures, height, width]``.
        steps: how many.
        fire: "random", or "all" in every step.
        seed: of the first picture.

    Raises:
        ExportError: the fire rate is so small that none ever would.
    """
    threshold = fire_threshold(1.0 if fire == "all" else model.layout.cell.fire_rate)
    seeds = (seed + np.arange(shape[0])) % 2**32
    cells = np.arange(shape[1] * shape[2])
    numbers = [cell_numbers(step_keys(seeds, step)[:, None], cells) for step in range(steps)]
    return fires(np.stack(numbers), threshold).reshape(steps, *shape)


def keras_states(
    model: NeuralCA, grey: Array, fire: Array, marks: tuple[int, ...]
) -> Iterator[Array]:
    """States ``[pictures, height, width, 1 + state_channels]`` after each of `marks`, without
    noise."""
    state = model.seed_state(grey)
    alive = model.alive(grey)
    for step in range(marks[-1]):
        moves = (fire[step] & alive)[..., None]
        state[..., 1:] += np.where(moves, model(state).numpy(), np.float32(0.0))
        if step + 1 in marks:
            yield state.copy()


def difference(vectors: Vectors, found: Mapping[tuple[int, int], Array]) -> dict[str, Any]:
    """Largest and mean difference of states in live cells after each of `MARKS`.

    Args:
        vectors: what Keras gave.
        found: ``[1, height, width, 1 + state_channels]`` by number of mark and picture.
    """
    largest, mean = [], []
    for mark in range(len(MARKS)):
        apart = np.stack([np.abs(found[mark, picture][0, ..., 1:] - states)
                          for picture, states in enumerate(vectors.states[mark])])
        largest.append(float(apart.max()))
        mean.append(float(apart[vectors.alive].mean()) if vectors.alive.any() else 0.0)
    return {"steps": list(MARKS), "largest": largest, "mean": mean}
