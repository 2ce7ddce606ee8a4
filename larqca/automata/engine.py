"""Engines: ways to compute the same rollout.

An engine works on the *packed state*: the changing channels of live cells alone, one
row for each, image by image in raster order. `prepare` turns a batch of images into
the tensors that `advance` needs; dead cells stay at zero and are never stored.

- `LiveEngine` computes the live cells that fire in each step and nothing else.
- `DenseEngine` convolves the whole grid, as the published code does.

Both draw the same random numbers and give the same states.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.automata.sites import Sites, find_sites
from larqca.backend import tf
from larqca.errors import ConfigError
from larqca.quantizers.build import is_elementwise
from larqca.suggest import unknown

Array = npt.NDArray[Any]


class Engine(ABC):
    """Computes rollouts of one automaton on packed states."""

    def __init__(self, model: NeuralCA) -> None:
        self.model = model
        self._compiled: dict[int, Any] = {}

    @property
    @abstractmethod
    def signature(self) -> tuple[Any, ...]:
        """Tensor specs of what `prepare` returns."""

    @abstractmethod
    def prepare(self, images: Array, sites: Sites) -> tuple[Array, ...]:
        """Arrays that `advance` needs beside the state."""

    @abstractmethod
    def advance(self, state: Any, prepared: tuple[Any, ...], steps: int, seed: Any) -> Any:
        """Run `steps` steps inside a TensorFlow graph.

        Args:
            state: float32 ``[live, state_channels]``.
            prepared: tensors made of what `prepare` returned.
            steps: how many; the graph is unrolled.
            seed: int64 ``[2]``.

        Returns:
            The packed state after them.
        """

    def sites(self, images: Array) -> Sites:
        """Pack the live cells of ``[batch, height, width]`` images."""
        alive = self.model.alive(images)
        return find_sites(images, alive, len(self.model.layout.perceive))

    def state_spec(self) -> Any:
        """Tensor spec of a packed state."""
        return tf.TensorSpec([None, self.model.layout.state_channels], tf.float32)

    def compiled_advance(self, steps: int) -> Any:
        """`advance` as one graph for any number of live cells, traced once."""
        if steps not in self._compiled:
            self._compiled[steps] = tf.function(
                lambda state, prepared, seed: self.advance(state, prepared, steps, seed),
                input_signature=[self.state_spec(), self.signature, SEED_SPEC],
            )
        return self._compiled[steps]

    def rollout_dense(self, state: Array, steps: int, seed: int) -> Array:
        """`NeuralCA.rollout`: from a dense state to a dense state."""
        state = np.asarray(state, np.float32)
        _check_dense(state, steps, 1 + self.model.layout.state_channels)
        images = state[..., 0]
        sites = self.sites(images)
        prepared = self.prepare(images, sites)
        packed = state[sites.alive][:, 1:]
        for step in range(steps):
            packed = self.compiled_advance(1)(packed, prepared, np.array([seed, step], np.int64))
        result = np.zeros_like(state)
        result[..., 0] = images
        result[sites.alive, 1:] = packed
        return result


SEED_SPEC = tf.TensorSpec([2], tf.int64)


def _check_dense(state: Array, steps: int, channels: int) -> None:
    if state.ndim != 4 or state.shape[-1] != channels:
        raise ConfigError(
            f"state must be [batch, height, width, {channels}], got {list(state.shape)}; "
            "NeuralCA.seed_state(images) makes one"
        )
    if steps < 0:
        raise ConfigError(f"steps must not be negative, got {steps}")


def make_engine(model: NeuralCA, name: str | None = None) -> Engine:
    """The engine of that name, or the fastest one that suits the automaton.

    Cells can be computed apart only where no input quantizer looks at the whole tensor.

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
    return engines[name](model)
