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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.automata.pictures import Cells, Pictures
from larqca.automata.randomness import Draws, draw
from larqca.backend import tf, threads_in_use
from larqca.errors import ConfigError
from larqca.quantizers.build import is_elementwise
from larqca.suggest import unknown
from larqca.tasks.classify import class_scores

Array = npt.NDArray[Any]

SEED_SPEC = tf.TensorSpec([2], tf.int64)


@dataclass(frozen=True)
class PackedBatch:
    """The live cells of a batch of pictures, cut into shards.

    Attributes:
        ends: for each shard but the last, the row of the packed state where it ends.
        prepared: for each shard, the arrays that its engine needs beside the state.
    """

    ends: Array
    prepared: tuple[tuple[Array, ...], ...]

    def split(self, rows: Array) -> tuple[Array, ...]:
        """One row for each live cell of the batch to the rows of each shard."""
        return tuple(np.split(rows, self.ends))


class Engine(ABC):
    """Computes rollouts of one automaton on packed states.

    Args:
        model: the automaton.
        shards: into how many parts a batch is cut.
    """

    def __init__(self, model: NeuralCA, shards: int = 1) -> None:
        self.model = model
        self.shards = shards
        self._compiled: dict[tuple[str, int], Any] = {}

    @cached_property
    def single(self) -> Engine:
        """The same engine with one shard, for work that threads share in another way."""
        return self if self.shards == 1 else type(self)(self.model)

    @property
    @abstractmethod
    def prepared_spec(self) -> tuple[Any, ...]:
        """Tensor specs of what `prepare` returns."""

    @abstractmethod
    def prepare(self, cells: Cells) -> tuple[Array, ...]:
        """Arrays that `advance` needs beside the state, for the cells of a shard."""

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

    def pictures(self, images: Array) -> Pictures:
        """Find the live cells of grey ``[pictures, height, width]`` images."""
        return Pictures(images, self.model.alive(images))

    def pack(self, cells: Cells) -> PackedBatch:
        """Cut a batch into shards and prepare each."""
        edges = np.linspace(0, len(cells.chosen), self.shards + 1).round().astype(int)
        ends = np.searchsorted(cells.image, edges[1:-1])
        parts = [cells.part(slice(a, b)) for a, b in pairwise(edges)]
        return PackedBatch(ends, tuple(self.prepare(part) for part in parts))

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
        return self._compile("rollout", steps, lambda states: states)

    def compiled_naming(self, steps: int) -> Any:
        """`rollout` as such a graph; it gives the states, and for each shard the class
        that every live cell names, int64 ``[live]``."""
        code = self.model.layout.class_code

        def name(states: Any) -> Any:
            named = [tf.argmax(class_scores(state, code), axis=1) for state in states]
            return states, tuple(named)

        return self._compile("naming", steps, name)

    def _compile(self, what: str, steps: int, finish: Callable[[Any], Any]) -> Any:
        if (what, steps) not in self._compiled:
            self._compiled[what, steps] = tf.function(
                lambda states, prepared, seed: finish(
                    self.rollout(states, prepared, steps, seed)
                ),
                input_signature=[*self.specs(), SEED_SPEC],
            ).get_concrete_function()
        return self._compiled[what, steps]

    def rollout_dense(self, state: Array, steps: int, seed: int) -> Array:
        """`NeuralCA.rollout`: from a dense state to a dense state, zero in dead cells."""
        state = np.asarray(state, np.float32)
        _check_dense(state, steps, seed, 1 + self.model.layout.state_channels)
        cells = self.pictures(state[..., 0]).cells(np.arange(len(state)))
        batch = self.pack(cells)
        packed: Any = batch.split(cells.pack(state[..., 1:]))
        for step in range(steps):
            packed = self.compiled_rollout(1)(packed, batch.prepared, np.array([seed, step]))
        after = cells.unpack(np.concatenate(packed))
        return np.concatenate([state[..., :1], after], axis=-1)


def _check_dense(state: Array, steps: int, seed: int, channels: int) -> None:
    if state.ndim != 4 or state.shape[-1] != channels:
        raise ConfigError(
            f"state must be [batch, height, width, {channels}], got {list(state.shape)}; "
            "NeuralCA.seed_state(images) makes one"
        )
    if steps < 0:
        raise ConfigError(f"steps must not be negative, got {steps}")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"seed must be from 0 to 2**63 - 1, got {seed}")


def cells_are_apart(model: NeuralCA) -> bool:
    """Whether no input quantizer makes cells depend on all others of the batch."""
    blocks = model.perceive_blocks + model.update_blocks
    return all(is_elementwise(block.convolution.input_quantizer) for block in blocks)


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

    apart = cells_are_apart(model)
    if shards is not None and shards < 1:
        raise ConfigError(f"shards must be at least 1, got {shards}")
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
