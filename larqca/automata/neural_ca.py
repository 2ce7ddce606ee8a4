"""`NeuralCA`: the automaton as a Keras model made of Larq layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.automata.layout import AutomatonLayout
from larqca.automata.model_file import check_arrays
from larqca.backend import keras
from larqca.tasks.naming import named_class

Array = npt.NDArray[Any]


class NeuralCA(keras.Model):
    """A neural cellular automaton that classifies the picture its cells stand on.

    A cell's state is its grey value, which never changes, and `state_channels` numbers
    of which the last ones name the class. One step adds ``update(perceive(state))``
    and noise to every live cell that fires (Randazzo et al., Distill 2020).

    `perceive` and `update` are Keras `Sequential` models of Larq layers; calling the
    model gives the change that one step would add, ``[batch, height, width, 1 +
    state_channels]`` to ``[batch, height, width, state_channels]``.

    Args:
        layout: cell and layers, from `larqca.automata.layout.layout_of`.
        seed: of the initial weights.
    """

    def __init__(self, layout: AutomatonLayout, *, seed: int = 0) -> None:
        super().__init__(name="neural_ca")
        self.layout = layout
        seeds = np.random.SeedSequence(seed).generate_state(len(layout.layers))
        # The last layer feeds the first one, in the next step.
        following = [*layout.layers[1:], layout.layers[0]]
        blocks = [
            Block(layer, int(layer_seed), feeds_quantizer=after.input_quantizer is not None)
            for layer, layer_seed, after in zip(layout.layers, seeds, following, strict=True)
        ]
        count = len(layout.perceive)
        # In a plain object: Keras would wrap lists and track their layers twice.
        self._parts = _Parts(tuple(blocks[:count]), tuple(blocks[count:]))
        self.perceive = _sequential("perceive", self._parts.perceive)
        self.update = _sequential("update", self._parts.update)
        self.build((None, None, None, 1 + layout.state_channels))

    @property
    def perceive_blocks(self) -> tuple[Block, ...]:
        """The 3x3 convolutions with their scales."""
        return self._parts.perceive

    @property
    def update_blocks(self) -> tuple[Block, ...]:
        """The 1x1 convolutions with their scales."""
        return self._parts.update

    def call(self, inputs: Any) -> Any:
        """The change that a step would add to every cell, without noise or fire mask."""
        return self.update(self.perceive(inputs))

    def named_variables(self) -> dict[str, Any]:
        """Every variable by its name in files; kernels are the latent ones."""
        blocks = self.perceive_blocks + self.update_blocks
        return {name: variable for block in blocks for name, variable in block.variables.items()}

    def arrays(self) -> dict[str, Array]:
        """Copies of all weights by their names in files."""
        return {name: variable.numpy() for name, variable in self.named_variables().items()}

    def set_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Replace all weights.

        Raises:
            ModelFileError: an array is missing, left over, misshapen or not finite.
        """
        check_arrays(dict(arrays), self.layout.array_shapes())
        for name, variable in self.named_variables().items():
            variable.assign(np.asarray(arrays[name], np.float32))

    def alive(self, images: Array) -> Array:
        """Which cells of ``[batch, height, width]`` grey images in [0, 1] are alive."""
        return np.asarray(images, np.float32) > np.float32(self.layout.cell.alive_above)

    def seed_state(self, images: Array) -> Array:
        """The state at step 0: grey values, and zeros, ``[batch, height, width, 1 + C]``."""
        grey = np.asarray(images, np.float32)[..., None]
        zeros = np.zeros((*grey.shape[:3], self.layout.state_channels), np.float32)
        return np.concatenate([grey, zeros], axis=-1)

    def rollout(
        self, state: Array, steps: int, *, seed: int = 0, engine: str | None = None
    ) -> Array:
        """Run the automaton.

        Args:
            state: ``[batch, height, width, 1 + C]``, grey values first.
            steps: how many steps.
            seed: of fire masks and noise; the same seed gives the same states.
            engine: "live", "dense", or None for the one that suits (see
                `larqca.automata.engine`).

        Returns:
            The state after `steps`, of the same shape.
        """
        from larqca.automata.engine import make_engine

        engines = self._parts.engines  # kept, because the first use traces a graph
        if engine not in engines:
            engines[engine] = make_engine(self, engine)
        return engines[engine].rollout_dense(state, steps, seed)

    def step(self, state: Array, *, seed: int = 0) -> Array:
        """One step of `rollout`."""
        return self.rollout(state, 1, seed=seed)

    def labels(self, state: Array) -> Array:
        """The class each cell votes for, ``[batch, height, width]``; -1 where it is dead."""
        votes = named_class(state, self.layout.class_code)
        return np.where(self.alive(state[..., 0]), votes, -1)


class _Parts:
    """Holds both networks' blocks, and engines that were used, out of Keras' sight."""

    def __init__(self, perceive: tuple[Block, ...], update: tuple[Block, ...]) -> None:
        self.perceive = perceive
        self.update = update
        self.engines: dict[str | None, Any] = {}


def _sequential(name: str, blocks: tuple[Block, ...]) -> Any:
    """The blocks' layers as one model for grids of any size.

    With height and width unknown, Larq's summary counts one pixel: its
    multiply-accumulates are those of one cell in one step.
    """
    inputs = blocks[0].layout.inputs
    return keras.Sequential(
        [keras.Input((None, None, inputs)), *(layer for block in blocks for layer in block.layers)],
        name=name,
    )
