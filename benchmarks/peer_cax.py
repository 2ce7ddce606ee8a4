"""The automaton put together from CAX's parts, on JAX.

`ConvPerceive`, `MLPUpdate` and the scan of `ComplexSystem` are CAX's; the grey value, the
fire mask, noise, loss, normalised gradients and Adam are those of all peers.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import os

import measure

ARGUMENTS = measure.arguments()
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402
from cax.core import ComplexSystem  # noqa: E402
from cax.core.perceive import ConvPerceive  # noqa: E402
from cax.core.update import MLPUpdate  # noqa: E402
from flax import nnx  # noqa: E402

HIDDEN, STATE, CLASSES = 80, 19, 10


class SelfClassifying(ComplexSystem):
    """One step on ``[batch, height, width, 20]``, grey value first."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.rngs = rngs
        self.perceive = ConvPerceive(
            1 + STATE, HIDDEN, use_bias=True, activation_fn=nnx.relu, rngs=rngs
        )
        self.update = MLPUpdate(2, STATE, HIDDEN, (HIDDEN,), zeros_init=True, rngs=rngs)

    def _step(self, state: jax.Array, input: object = None, *, sow: bool = False) -> jax.Array:
        grey, rest = state[..., :1], state[..., 1:]
        change = self.update(rest, self.perceive(state))
        change += 0.02 * jax.random.normal(self.rngs.params(), change.shape)
        fires = (jax.random.uniform(self.rngs.params(), grey.shape) <= 0.5) & (grey > 0.1)
        return jnp.concatenate([grey, rest + change * fires], axis=-1)


def main() -> None:
    """Measure one training iteration."""
    system = SelfClassifying(nnx.Rngs(0))
    learned = nnx.state(system, nnx.Param)
    count = sum(leaf.size for leaf in jax.tree.leaves(learned))
    assert count == 22_499, count
    optimizer = nnx.Optimizer(system, optax.adam(1e-3), wrt=nnx.Param)

    @nnx.jit
    def train(system: SelfClassifying, optimizer: nnx.Optimizer, state: jax.Array,
              target: jax.Array) -> jax.Array:
        def loss_of(system: SelfClassifying) -> jax.Array:
            end = system(state, num_steps=ARGUMENTS.steps)
            return jnp.square(target - end[..., -CLASSES:]).sum(axis=(1, 2, 3)).mean() / 2

        loss, gradients = nnx.value_and_grad(loss_of)(system)
        gradients = jax.tree.map(lambda g: g / (jnp.linalg.norm(g) + 1e-8), gradients)
        optimizer.update(system, gradients)
        return loss

    batches = itertools.cycle(
        [
            (
                jnp.pad(images[..., None], [(0, 0)] * 3 + [(0, STATE)]),
                jax.nn.one_hot(labels, CLASSES)[:, None, None] * (images[..., None] > 0.1),
            )
            for images, labels in measure.load_batches(ARGUMENTS.images, ARGUMENTS.batch)
        ]
    )
    times = measure.median_seconds(
        lambda: float(train(system, optimizer, *next(batches))), repeats=3
    )
    cax = importlib.metadata.version("cax")
    measure.report(**times, images_per_second=ARGUMENTS.batch / times["seconds"],
                   version=f"CAX {cax}, JAX {jax.__version__}")


if __name__ == "__main__":
    main()
