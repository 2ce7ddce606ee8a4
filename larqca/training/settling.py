"""Settling: weights take a level for good, a few at a time, while the others are trained on.

Rounding all weights at once leaves nothing that could make good what it costs, and latent
weights that go on moving behind a quantizer jump back and forth between levels. Here a
weight is float until its turn comes, from then on it stays where it is, and those still float
follow. First come those that are nearest to a level anyway, or of those as near the ones that
the loss depends on most: the last ones have nothing left that follows.

Sources: Zhou et al., "Incremental Network Quantization", ICLR 2017, which settles a few large
shares of the weights, the largest first. That what matters most had better come first is known of
GPTQ (Frantar et al., ICLR 2023), whose option "act-order" takes columns by the size of their
inputs; here the mean square of a weight's gradient tells it, each gradient divided by
its norm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.rounding import kernel_levels
from larqca.automata.settled import SettledWeights
from larqca.backend import tf
from larqca.config.schema import TrainingConfig
from larqca.errors import ConfigError
from larqca.quantizers.registry import dorefa_mode, label

Array = npt.NDArray[Any]

# Weights settle at every tenth iteration; of short trainings, so many times in all.
_EVERY, _TIMES = 10, 100
# The mean of a gradient's square follows the last 500 iterations or so.
_FOLLOWING = 0.002
# Until this share of the settling, the largest weights come down to the largest level.
_REACHED = 0.3


class Settling:
    """Settles the quantized kernels of an automaton in the course of its training.

    Args:
        model: the automaton; from now on its quantized kernels are float where weights have not
            settled, until `finish`.
        training: its `settle_until`, which must be given, its iterations, which weights
            `settle_first`, and the `settle_power`: the fewer are float, the less they can make
            good, and the more slowly they settle.

    Optimizers whose updates have one size whatever the gradient's (Muon, `normalize_gradients`)
    move the last float weights faster than the first: those of settled ones do not count.

    Raises:
        ConfigError: the levels of a quantizer depend on all weights.
    """

    def __init__(self, model: NeuralCA, training: TrainingConfig) -> None:
        assert training.settle_until is not None
        self._until = max(1.0, training.settle_until * training.iterations)
        self._power = training.settle_power
        self._every = max(1, min(_EVERY, int(self._until / _TIMES)))
        blocks = model.perceive_blocks + model.update_blocks
        sensitive = training.settle_first == "sensitive"
        self._layers = [_SettlingLayer(block, sensitive) for block in blocks if block.latents]

    def observe(self, gradients: Iterable[Any]) -> None:
        """Note an iteration's gradients of the latent kernels, in their order; runs inside a
        graph."""
        for layer, gradient in zip(self._layers, gradients, strict=True):
            layer.observe(gradient)

    def advance(self, iteration: int, averages: Mapping[int, Any]) -> None:
        """Settle as many weights as it is time for.

        Args:
            iteration: the 0-based one that comes next.
            averages: running averages of variables by the variables' ids, which tell better
                than the last weights what a level should be near to.
        """
        if iteration % self._every:
            return
        passed = min(1.0, (iteration + self._every) / self._until)
        share = 1.0 - (1.0 - passed) ** self._power
        for layer in self._layers:
            layer.settle(passed, share, averages.get(id(layer.latent), layer.latent))

    def finish(self) -> None:
        """Settle what is left, and give the kernels back to their quantizers."""
        for layer in self._layers:
            layer.settle(1.0, 1.0, layer.latent)
            layer.block.settled = None

    def arrays(self) -> dict[str, Array]:
        """What has settled, for a checkpoint."""
        return {f"settled/{number}/{name}": variable.numpy()
                for number, layer in enumerate(self._layers)
                for name, variable in layer.state.items()}

    def set_arrays(self, arrays: Mapping[str, Array]) -> None:
        """From a checkpoint."""
        for number, layer in enumerate(self._layers):
            for name, variable in layer.state.items():
                variable.assign(arrays[f"settled/{number}/{name}"])


class _SettlingLayer:
    """One kernel that settles."""

    def __init__(self, block: Block, sensitive: bool) -> None:
        self.block, self.latent = block, block.latent_kernel
        quantizer = block.layout.kernel_quantizer or {}
        levels = kernel_levels(block.kernel_quantizer, quantizer)
        if levels is None or len(levels.values) < 2:
            raise ConfigError(
                f"training.settle_until: weights of {block.layout.name} cannot settle one by one, "
                f"because {label(quantizer)} has no levels of its own: what it makes of a weight "
                "depends on all others, or is always the same; leave settle_until out, or choose "
                "a quantizer with fixed levels, such as ste_sign or dorefa_quantizer"
            )
        self._levels = levels
        self._needs_largest = dorefa_mode(quantizer) == "weights"
        has_weight = block.has_weight()
        self._count = int(has_weight.sum())
        self._settled = block.settled = SettledWeights(has_weight)
        # The largest weight there was at the start; zero until that is known.
        self._largest = tf.Variable(0.0, trainable=False)
        self.state = {"mask": self._settled.mask, "levels": self._settled.levels,
                      "largest": self._largest}
        if sensitive:  # The running mean of the squares of the gradients.
            self.state["squares"] = tf.Variable(tf.zeros_like(self.latent), trainable=False)

    def observe(self, gradient: Any) -> None:
        """See `Settling.observe`."""
        squares = self.state.get("squares")
        if squares is not None:
            # By its own norm, else batches of a large loss would count most.
            square = tf.square(gradient) / (tf.reduce_sum(tf.square(gradient)) + 1e-16)
            squares.assign_add(_FOLLOWING * (square - squares))

    def settle(self, passed: float, share: float, average: Any) -> None:
        """Settle weights of the average, and of the latent weights with it.

        Args:
            passed: share of the time that weights have to settle.
            share: of the weights that are to have settled by then.
            average: variable of the latent kernel's running average, or that kernel itself.
        """
        mask = self._settled.mask.numpy()
        done = self._count - int((~mask).sum())
        wanted = math.ceil(round(share * self._count, 6)) - done
        if wanted <= 0:
            return
        variables = list({id(each): each for each in (self.latent, average)}.values())
        self._bring_down(passed, variables)
        weights = average.numpy()
        numbers = self._levels.nearest(weights)
        away = np.abs(weights - self._levels.values[numbers])
        if "squares" in self.state:
            away = away / self._sizes(mask)
        away[mask] = np.inf
        if self._needs_largest and not done:
            # DoReFa makes the largest of all latent weights its largest level, whatever that is.
            size = np.where(mask, -1.0, np.abs(weights))
            largest = np.unravel_index(size.argmax(), weights.shape)
            away[largest] = -1.0
            numbers[largest] = len(self._levels.values) - 1 if weights[largest] > 0 else 0
        chosen = np.argsort(away, axis=None, kind="stable")[:wanted]
        self._hold(chosen, numbers.ravel()[chosen], variables)

    def _sizes(self, mask: Array) -> Array:
        """How large the gradient of each weight is: the root of its mean square."""
        sizes = np.sqrt(self.state["squares"].numpy())
        # All alike before the first gradients, and no division by zero.
        return np.asarray(sizes + 1e-3 * float(np.median(sizes[~mask])) + 1e-12)

    def _bring_down(self, passed: float, variables: list[Any]) -> None:
        """Clip weights to what the largest may be by now."""
        level = float(np.abs(self._levels.values).max())
        if not self._largest.numpy():
            self._largest.assign(max(level, float(np.abs(self.latent.numpy()).max())))
        above = float(self._largest.numpy()) / level
        limit = level * max(1.0, above ** (1.0 - passed / _REACHED))
        for variable in variables:
            variable.assign(np.clip(variable.numpy(), -limit, limit))

    def _hold(self, chosen: Array, numbers: Array, variables: Iterable[Any]) -> None:
        """Let the chosen weights, by their places in the flat kernel, have the levels of these
        numbers."""
        for variable in variables:
            _put(variable, chosen, self._levels.latents[numbers])
        _put(self._settled.levels, chosen, self._levels.values[numbers])
        _put(self._settled.mask, chosen, True)


def _put(variable: Any, places: Array, values: Any) -> None:
    array = variable.numpy().copy()  # else it might be the variable's own memory
    array.ravel()[places] = values
    variable.assign(array)

