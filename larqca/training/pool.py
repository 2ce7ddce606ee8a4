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

from larqca.automata.pictures import Cells, Pictures, carry_over
from larqca.config.schema import TrainingConfig

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """One iteration's start.

    Attributes:
        slots: where in the pool the results go, int ``[batch]``.
        cells: the live cells of the pictures that the automata stand on.
        state: packed, float32 ``[live, state_channels]``.
    """

    slots: Array
    cells: Cells
    state: Array


class Pool:
    """States of the automaton on training pictures, kept packed.

    Args:
        training: sizes, shares and regime.
        pictures: all training pictures.
        state_channels: channels that change.
        seed: of the pictures that the pool starts with.
    """

    def __init__(
        self, training: TrainingConfig, pictures: Pictures, state_channels: int, seed: int
    ) -> None:
        self._training = training
        self._pictures = pictures
        rng = np.random.default_rng([seed, 0])
        self.on = rng.integers(0, len(pictures), training.pool_size).astype(np.int32)
        self.states = [
            np.zeros((live, state_channels), np.float32) for live in pictures.counts(self.on)
        ]

    def draw(self, rng: np.random.Generator) -> Batch:
        """Choose a batch; the pool itself changes only when results are put back."""
        training = self._training
        fresh, mutated = self._counts(training.batch_size)
        slots = rng.choice(training.pool_size, training.batch_size, replace=False)
        before = self._pictures.cells(self.on[slots])
        chosen = self.on[slots]
        chosen[: fresh + mutated] = rng.integers(0, len(self._pictures), fresh + mutated)
        state = np.concatenate([self.states[slot] for slot in slots])
        state[before.image < fresh] = 0.0
        after = self._pictures.cells(chosen)
        return Batch(slots, after, carry_over(state, before, after))

    def put_back(self, batch: Batch, state: Array) -> None:
        """Store what became of a batch, packed ``[live, state_channels]``."""
        ends = np.cumsum(self._pictures.counts(batch.cells.chosen))
        bound = self._training.reseed_above
        for slot, part in zip(batch.slots, np.split(state, ends[:-1]), strict=True):
            # "not within" and not "beyond": NaN is neither.
            blown_up = bound is not None and len(part) and not np.abs(part).max() <= bound
            self.states[slot] = np.zeros_like(part) if blown_up else part.copy()
        self.on[batch.slots] = batch.cells.chosen

    def _counts(self, batch: int) -> tuple[int, int]:
        training = self._training
        if training.regime == "naive":
            return batch, 0
        fresh = round(batch * training.fresh_share)
        mutated = round(batch * training.mutated_share) if training.regime == "mutating" else 0
        return fresh, min(mutated, batch - fresh)

    def arrays(self) -> dict[str, Array]:
        """For a checkpoint: the states one after another."""
        return {"pool/pictures": self.on.copy(), "pool/states": np.concatenate(self.states)}

    def set_arrays(self, arrays: dict[str, Array]) -> None:
        """From a checkpoint.

        Raises:
            ValueError: the arrays do not belong to these pictures; nothing was changed.
        """
        on, states = arrays["pool/pictures"], arrays["pool/states"]
        if on.min() < 0 or on.max() >= len(self._pictures):
            raise ValueError("a picture that there is not")
        ends = np.cumsum(self._pictures.counts(on))
        if len(states) != ends[-1]:
            raise ValueError("states that do not fit their pictures")
        self.on = on.copy()
        self.states = [part.copy() for part in np.split(states, ends[:-1])]
