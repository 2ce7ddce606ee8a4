"""The pool: states that live on between iterations, and the batches drawn from it.

A batch is, in this order, fresh (a new digit at the seed), mutated (a new digit under
an old state, which is kept where both are alive) and kept (an old state on its own
digit). Naive training has fresh images only; persistent training none mutated.
Source: Randazzo et al., Distill 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.config.schema import TrainingConfig

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """One iteration's start.

    Attributes:
        slots: where in the pool the results go, int ``[batch]``.
        pictures: which training image each automaton stands on, int ``[batch]``.
        states: float32 ``[batch, height, width, state_channels]``.
    """

    slots: Array
    pictures: Array
    states: Array


class Pool:
    """States of the automaton on training images.

    Args:
        training: sizes, shares and regime.
        images: how many training images there are.
        alive: bool ``[images, height, width]``, which of their cells are alive.
        state_channels: channels that change.
        seed: of the pictures that the pool starts with.
    """

    def __init__(
        self, training: TrainingConfig, alive: Array, state_channels: int, seed: int
    ) -> None:
        self._training = training
        self._alive = alive
        size = training.pool_size
        rng = np.random.default_rng([seed, 0])
        self.pictures = rng.integers(0, len(alive), size).astype(np.int32)
        self.states = np.zeros((size, *alive.shape[1:], state_channels), np.float32)

    def draw(self, rng: np.random.Generator) -> Batch:
        """Choose a batch; the pool itself changes only when results are put back."""
        batch = self._training.batch_size
        fresh, mutated = self._counts(batch)
        slots = rng.choice(self._training.pool_size, batch, replace=False)
        pictures = self.pictures[slots]
        pictures[: fresh + mutated] = rng.integers(0, len(self._alive), fresh + mutated)
        states = self.states[slots]
        states[:fresh] = 0.0
        changed = slice(fresh, fresh + mutated)
        # Old states are zero where their own picture is dead, so that this keeps them
        # exactly where both pictures are alive.
        states[changed] *= self._alive[pictures[changed]][..., None]
        return Batch(slots, pictures, states)

    def put_back(self, batch: Batch, states: Array) -> None:
        """Store what became of a batch, ``[batch, height, width, state_channels]``."""
        bound = self._training.reseed_above
        if bound is not None:
            states[np.abs(states).max(axis=(1, 2, 3)) > bound] = 0.0
        self.pictures[batch.slots] = batch.pictures
        self.states[batch.slots] = states

    def _counts(self, batch: int) -> tuple[int, int]:
        training = self._training
        if training.regime == "naive":
            return batch, 0
        fresh = round(batch * training.fresh_share)
        mutated = round(batch * training.mutated_share) if training.regime == "mutating" else 0
        return fresh, min(mutated, batch - fresh)

    def arrays(self) -> dict[str, Array]:
        """For a checkpoint."""
        return {"pool/pictures": self.pictures, "pool/states": self.states}

    def set_arrays(self, arrays: dict[str, Array]) -> None:
        """From a checkpoint."""
        self.pictures = arrays["pool/pictures"].copy()
        self.states = arrays["pool/states"].copy()
