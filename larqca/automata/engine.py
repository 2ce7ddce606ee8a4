"""Engines: ways to compute the same rollout.

An engine works on the *packed state*: the changing channels of live cells alone, one
row for each, image by image in raster order. Dead cells stay at zero and are never
stored. A batch is cut into *shards* of images, which TensorFlow computes side by side,
one thread each: that uses the cores better than threads inside small operations.

- `LiveEngine` computes the live cells that fire in each step and nothing else.
- `DenseEngine` convolves the whole grid, as the published code does.

Both draw the same random numbers and give the same states, however many shards.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.automata.randomness import Draws, draw
from larqca.automata.sites import Sites, find_sites
from larqca.backend import tf, threads_in_use
from larqca.errors import ConfigError
from larqca.quantizers.build import is_elementwise
from larqca.suggest import unknown

Array = npt.NDArray[Any]

SEED_SPEC = tf.TensorSpec([2], tf.int64)


@dataclass(frozen=True)
class PackedBatch:
    """A batch of images, cut into shards and packed.

    Attributes:
        slices: which images each shard has.
        sites: the packed cells of each shard.
        prepared: for each shard, the arrays that its engine needs beside the state.
    """

    slices: tuple[slice, ...]
    sites: tuple[Sites, ...]
    prepared: tuple[tuple[Array, ...], ...]

    def pack(self, states: Array) -> tuple[Array, ...]:
        """Dense ``[batch, height, width, channels]`` to ``[live, channels]`` per shard."""
        parts = zip(self.slices, self.sites, strict=True)
        return tuple(states[images][sites.alive] for images, sites in parts)

    def unpack(self, packed: Sequence[Any], states: Array) -> None:
        """Write packed states into a dense array; its dead cells are left as they are."""
        for images, sites, part in zip(self.slices, self.sites, packed, strict=True):
            states[images][sites.alive] = part

    def for_cells(self, values: Array) -> tuple[Array, ...]:
        """One value for each image to one for each live cell, per shard."""
        parts = zip(self.slices, self.sites, strict=True)
        return tuple(values[images][sites.image] for images, sites in parts)


class Engine(ABC):
    """Computes rollouts of one automaton on packed states.

    Args:
        model: the automaton.
        shards: into how many parts a batch is cut.
    """

    def __init__(self, model: NeuralCA, shards: int = 1) -> None:
        self.model = model
        self.shards = shards
        self._compiled: dict[int, Any] = {}

    @property
    @abstractmethod
    def prepared_spec(self) -> tuple[Any, ...]:
        """Tensor specs of what `prepare` returns."""

    @abstractmethod
    def prepare(self, images: Array, sites: Sites) -> tuple[Array, ...]:
        """Arrays that `advance` needs beside the state."""

    @abstractmethod
    def advance(self, state: Any, prepared: tuple[Any, ...], draws: Sequence[Draws]) -> Any:
        """Run one step for each of `draws`, inside a TensorFlow graph.

        Args:
            state: float32 ``[live, state_channels]``.
            prepared: tensors made of what `prepare` returned.
            draws: which cells fire in each step, and their noise.

        Returns:
            The packed state after the last step.
        """

    def pack(self, images: Array) -> PackedBatch:
        """Find and pack the live cells of ``[batch, height, width]`` images."""
        edges = np.linspace(0, len(images), self.shards + 1).round().astype(int)
        slices = tuple(slice(a, b) for a, b in pairwise(edges))
        alive = self.model.alive(images)
        layers = len(self.model.layout.perceive)
        sites = tuple(find_sites(images[part], alive[part], layers) for part in slices)
        prepared = [self.prepare(images[p], s) for p, s in zip(slices, sites, strict=True)]
        return PackedBatch(slices, sites, tuple(prepared))

    def rollout(self, states: Sequence[Any], prepared: Sequence[Any], steps: int, seed: Any) -> Any:
        """Run `steps` steps of all shards inside a graph, which is unrolled.

        Args:
            states: for each shard, float32 ``[live, state_channels]``.
            prepared: for each shard, tensors made of what `prepare` returned.
            steps: how many.
            seed: int64 ``[2]``.

        Returns:
            A tuple with the packed state of each shard after them.
        """
        cell, channels = self.model.layout.cell, self.model.layout.state_channels
        live = [tf.shape(state)[0] for state in states]
        draws = draw(seed, steps, live, channels, cell.fire_rate, cell.noise)
        return tuple(
            self.advance(*shard) for shard in zip(states, prepared, draws, strict=True)
        )

    def specs(self) -> tuple[Any, Any]:
        """Tensor specs of the states and of what is prepared, for all shards."""
        state = tf.TensorSpec([None, self.model.layout.state_channels], tf.float32)
        return (state,) * self.shards, (self.prepared_spec,) * self.shards

    def compiled_rollout(self, steps: int) -> Any:
        """`rollout` as one graph for any number of live cells, traced once."""
        if steps not in self._compiled:
            self._compiled[steps] = tf.function(
                lambda states, prepared, seed: self.rollout(states, prepared, steps, seed),
                input_signature=[*self.specs(), SEED_SPEC],
            )
        return self._compiled[steps]

    def rollout_dense(self, state: Array, steps: int, seed: int) -> Array:
        """`NeuralCA.rollout`: from a dense state to a dense state."""
        state = np.asarray(state, np.float32)
        _check_dense(state, steps, 1 + self.model.layout.state_channels)
        batch = self.pack(state[..., 0])
        packed = batch.pack(state[..., 1:])
        for step in range(steps):
            packed = self.compiled_rollout(1)(packed, batch.prepared, np.array([seed, step]))
        result = np.zeros_like(state)
        result[..., 0] = state[..., 0]
        batch.unpack(packed, result[..., 1:])
        return result


def _check_dense(state: Array, steps: int, channels: int) -> None:
    if state.ndim != 4 or state.shape[-1] != channels:
        raise ConfigError(
            f"state must be [batch, height, width, {channels}], got {list(state.shape)}; "
            "NeuralCA.seed_state(images) makes one"
        )
    if steps < 0:
        raise ConfigError(f"steps must not be negative, got {steps}")


def make_engine(model: NeuralCA, name: str | None = None, *, shards: int | None = None) -> Engine:
    """The engine of that name, or the fastest one that suits the automaton.

    Cells can be computed apart only where no input quantizer looks at the whole tensor.

    Args:
        model: the automaton.
        name: "live", "dense", or None to choose.
        shards: into how many parts a batch is cut; default one for each thread that
            `larqca.backend.use_threads` was told of.

    Raises:
        ConfigError: no such engine, or it cannot compute this automaton.
    """
    from larqca.automata.dense import DenseEngine
    from larqca.automata.live import LiveEngine

    quantizers = [
        block.convolution.input_quantizer for block in model.perceive_blocks + model.update_blocks
    ]
    apart = all(is_elementwise(quantizer) for quantizer in quantizers)
    if name is None:
        name = "live" if apart else "dense"
    engines: dict[str, type[Engine]] = {"live": LiveEngine, "dense": DenseEngine}
    if name not in engines:
        raise ConfigError(unknown("engine", name, engines))
    if name == "live" and not apart:
        raise ConfigError(
            "an input quantizer of this automaton uses statistics of the whole grid, "
            "so that live cells cannot be computed apart; use the engine 'dense'"
        )
    if not apart:
        shards = 1  # statistics of a part are not those of the whole
    return engines[name](model, shards or threads_in_use())
