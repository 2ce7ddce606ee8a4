"""Optimizers: latent weights apart from everything else, gradients normalised.

A latent weight counts only by which level it is quantized to, while scales and biases
act by their value, so that the two want different learning rates.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import keras, tf
from larqca.config.schema import TrainingConfig
from larqca.training.muon import Muon

Array = npt.NDArray[Any]

_OPTIMIZERS = {
    "muon": Muon,
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
}


class Optimizers:
    """One optimizer for latent weights, one for all other variables, and a running
    average of all of them if the training asks for it."""

    def __init__(self, model: NeuralCA, training: TrainingConfig) -> None:
        self._config = training.optimizer
        self._clip_latents = training.clip_latents
        blocks = model.perceive_blocks + model.update_blocks
        self._quantized = [block for block in blocks if block.latents]
        self.latents = [block.latent_kernel for block in self._quantized]
        self._matrices = {id(block.latent_kernel): (block.layout.rows, block.layout.outputs)
                          for block in blocks}
        latent_ids = {id(variable) for variable in self.latents}
        everything = list(model.named_variables().values())
        self.others = [v for v in everything if id(v) not in latent_ids]
        self.variables = self.latents + self.others
        self._following = 1.0 - (training.average or 0.0)
        averaged = self.variables if training.average else []
        self._averages = [tf.Variable(variable) for variable in averaged]
        self._groups = [
            (self._make(variables), variables, factor)
            for variables, factor in (*self._latent_groups(), (self.others, 1.0))
            if variables
        ]

    def _latent_groups(self) -> Iterator[tuple[list[Any], float]]:
        """Neighbours among the latents that learn equally fast, and how fast."""
        factor = self._config.latent_factor
        factors = factor if isinstance(factor, list) else [factor] * len(self.latents)
        pairs = zip(self.latents, factors, strict=True)
        for one, group in itertools.groupby(pairs, key=lambda pair: pair[1]):
            yield [latent for latent, _ in group], one

    def _make(self, variables: list[Any]) -> Any:
        optimizer = _OPTIMIZERS[self._config.name](
            self._config.learning_rate, jit_compile=False, **self._config.arguments
        )
        if optimizer.weight_decay is not None:
            # A latent weight counts by its level, a scale or bias has its own size.
            kept = [v for v in variables if not v.name.endswith("kernel:0")]
            optimizer.exclude_from_weight_decay(var_list=[*self.latents, *kept])
        if isinstance(optimizer, Muon):
            # What is no kernel is no matrix.
            optimizer.build(variables, [self._matrices.get(id(v), (1, 1)) for v in variables])
        else:
            optimizer.build(variables)
        return optimizer

    def apply(self, gradients: list[Any], learning_rate: Any) -> None:
        """Change the variables, in the order of `variables`; runs inside a graph."""
        if self._config.normalize_gradients:
            gradients = [gradient / (tf.norm(gradient) + 1e-8) for gradient in gradients]
        before = [(block.settled, block.latent_kernel, tf.identity(block.latent_kernel))
                  for block in self._quantized if block.settled is not None]
        position = 0
        for optimizer, variables, factor in self._groups:
            optimizer.learning_rate.assign(learning_rate * factor)
            mine = gradients[position : position + len(variables)]
            optimizer.apply_gradients(zip(mine, variables, strict=True))
            position += len(variables)
        for settled, latent, own in before:
            latent.assign(settled.held(own, latent))
        if self._clip_latents:
            for block in self._quantized:
                if block.settled is None:
                    latent = block.latent_kernel
                    latent.assign(tf.clip_by_value(latent, -1.0, 1.0))
        if self._averages:
            self._update_averages()

    def _update_averages(self) -> None:
        # In the first iterations a shorter average: the weights it began with are no good.
        optimizer, _, _ = self._groups[0]
        iterations = tf.cast(optimizer.iterations, tf.float32)  # this one counted
        following = tf.maximum(self._following, 9.0 / (9.0 + iterations))
        for average, variable in zip(self._averages, self.variables, strict=True):
            average.assign_add(following * (variable - average))

    def averages(self) -> dict[int, Any]:
        """The variable of each one's running average, by the variable's id."""
        return {id(variable): average
                for variable, average in zip(self.variables, self._averages, strict=False)}

    def begin_averages(self) -> None:
        """Averages begin with the weights as they are now."""
        for average, variable in zip(self._averages, self.variables, strict=False):
            average.assign(variable)

    def use_averages(self) -> None:
        """Put the running averages, where there are any, in the place of the weights."""
        for average, variable in zip(self._averages, self.variables, strict=False):
            variable.assign(average)

    def _state(self) -> dict[str, Any]:
        moments = {
            f"optimizer/{group}/{number}": variable
            for group, (optimizer, _, _) in enumerate(self._groups)
            for number, variable in enumerate(optimizer.variables)
        }
        averages = {f"average/{number}": each for number, each in enumerate(self._averages)}
        return {**moments, **averages}

    def arrays(self) -> dict[str, Array]:
        """Moments, counters and averages, for a checkpoint."""
        return {name: variable.numpy() for name, variable in self._state().items()}

    def set_arrays(self, arrays: dict[str, Array]) -> None:
        """From a checkpoint."""
        for name, variable in self._state().items():
            variable.assign(arrays[name])


def learning_rate_at(training: TrainingConfig, iteration: int) -> float:
    """The learning rate of a 0-based iteration."""
    passed = [d.factor for d in training.schedule if iteration >= d.after * training.iterations]
    return training.optimizer.learning_rate * (passed[-1] if passed else 1.0)


