"""The live engine: a cell that is dead or does not fire costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from larqca.automata.engine import Engine
from larqca.automata.layers import Block
from larqca.automata.randomness import Draws
from larqca.automata.sites import Sites
from larqca.backend import tf

Array = npt.NDArray[Any]


class LiveEngine(Engine):
    """Gathers the neighbourhoods of the cells that fire and multiplies plain matrices.

    A perceive stack of several 3x3 layers is computed at all cells that the last
    layer can see, and the last layer at the cells that fire.
    """

    @property
    def prepared_spec(self) -> tuple[Any, ...]:
        """Grey values, then a neighbour index for each perceive layer."""
        index = tf.TensorSpec([None, 9], tf.int32)
        return (tf.TensorSpec([None, 9], tf.float32), *[index] * len(self.model.layout.perceive))

    def prepare(self, images: Array, sites: Sites) -> tuple[Array, ...]:
        """The sites' grey values ``[sites, 9]`` and neighbour indices ``[sites, 9]``."""
        return sites.grey, *sites.neighbours

    def advance(self, state: Any, prepared: tuple[Any, ...], draws: Sequence[Draws]) -> Any:
        """See `Engine.advance`."""
        grey, *neighbours = prepared
        perceive = [(block, block.kernel_matrix()) for block in self.model.perceive_blocks]
        update = [(block, block.kernel_matrix()[0]) for block in self.model.update_blocks]
        seen_grey = _see_grey(*perceive[0], grey, neighbours[0], tf.shape(state)[0])
        for step in draws:
            hidden = _perceive(perceive, state, neighbours, seen_grey, step.firing)
            for block, weight in update:
                hidden = block.finish(tf.matmul(block.transform_input(hidden), weight))
            if step.noise is not None:
                hidden += step.noise
            state = tf.tensor_scatter_nd_add(state, step.firing[:, None], hidden)
        return state


def _perceive(
    layers: list[tuple[Block, Any]], state: Any, neighbours: list[Any], seen_grey: Any, firing: Any
) -> Any:
    """What the firing cells perceive, ``[firing, outputs]``. Layers before the last one
    are computed at all their sites, because the last one looks around."""
    (first, kernel), *later = layers
    index = neighbours[0]
    if not later:
        index, seen_grey = tf.gather(index, firing), tf.gather(seen_grey, firing)
    hidden = first.finish(_convolve(_state_table(first, state), index, kernel[:, 1:]) + seen_grey)
    for number, (block, kernel) in enumerate(later, start=1):
        index = neighbours[number]
        if number == len(later):
            index = tf.gather(index, firing)
        hidden = block.finish(_convolve(_hidden_table(block, hidden), index, kernel))
    return hidden


def _see_grey(block: Block, kernel: Any, grey: Any, neighbours: Any, live: Any) -> Any:
    """What the first layer gets from the grey values: they never change, so that it is
    computed once a rollout. ``[sites, 9]`` to ``[sites, outputs]``."""
    outside = tf.equal(neighbours, live + 1)
    seen = tf.where(outside, float(block.layout.pad_values), block.transform_input(grey, slice(1)))
    return tf.matmul(seen, kernel[:, 0])


def _state_table(block: Block, state: Any) -> Any:
    """Rows that the first layer's neighbour index means: the live cells as the layer
    takes them in, a dead cell (the quantizer's answer to zero), and outside."""
    with_dead = tf.concat([state, tf.zeros([1, state.shape[1]])], axis=0)
    rows = block.transform_input(with_dead, slice(1, None))
    return _with_outside(rows, block)


def _hidden_table(block: Block, hidden: Any) -> Any:
    """Rows that a later layer's neighbour index means: the sites before it, and outside."""
    return _with_outside(block.transform_input(hidden), block)


def _with_outside(rows: Any, block: Block) -> Any:
    outside = tf.fill([1, rows.shape[1]], float(block.layout.pad_values))
    return tf.concat([rows, outside], axis=0)


def _convolve(table: Any, index: Any, kernel: Any) -> Any:
    """A 3x3 convolution at some sites: ``[rows, inputs]`` and ``[sites, 9]`` to
    ``[sites, outputs]``."""
    patches = _gather(table, index)
    inputs, outputs = kernel.shape[1:]
    return tf.matmul(tf.reshape(patches, [-1, 9 * inputs]), tf.reshape(kernel, [-1, outputs]))


@tf.custom_gradient
def _gather(table: Any, index: Any) -> tuple[Any, Any]:
    """`tf.gather` with a dense gradient: Larq's quantizers cannot take sparse slices."""

    def gradient(upstream: Any) -> tuple[Any, None]:
        return tf.math.unsorted_segment_sum(upstream, index, tf.shape(table)[0]), None

    return tf.gather(table, index), gradient
