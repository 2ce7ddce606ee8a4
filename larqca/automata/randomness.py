"""Fire masks and noise of a rollout, the same for every engine and number of shards.

They are drawn for live cells only, in the order of the packed state, from a
counter-based generator (Philox): everything follows from the seed, so that nothing has
to be stored to repeat or to resume a rollout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from larqca.backend import tf

# Normal numbers cost more than a layer of the network. Every step takes its noise from a
# random place of a fixed table instead, as evolution strategies do (Salimans et al. 2017).
_TABLE_SIZE = 1 << 20
_TABLE_SEED = (20, 2020)


@dataclass(frozen=True)
class Draws:
    """The randomness of one shard in one step.

    Attributes:
        firing: int32 ``[firing]``, rows of the live cells that fire, ascending.
        noise: float32 ``[firing, state_channels]``, or None for none.
    """

    firing: Any
    noise: Any


def draw(
    seed: Any, steps: int, live: Sequence[Any], channels: int, fire_rate: float, deviation: float
) -> list[list[Draws]]:
    """Draw a rollout's randomness; shards of any sizes get parts of the same numbers.

    Args:
        seed: int64 ``[2]``.
        steps: of the rollout.
        live: number of live cells of each shard.
        channels: state channels.
        fire_rate: probability that a live cell fires.
        deviation: of the noise (0: none).

    Returns:
        For each shard, for each step, its `Draws`.
    """
    total = tf.add_n(list(live))
    masks = tf.split(_fire_masks(seed, steps, total, fire_rate), list(live), axis=1, num=len(live))
    firing = [
        [tf.cast(tf.where(mask[step])[:, 0], tf.int32) for step in range(steps)] for mask in masks
    ]
    if not deviation:
        return [[Draws(rows, None) for rows in shard] for shard in firing]
    offsets = tf.random.stateless_uniform(
        [steps], seed * 2 + [0, 1], 0, _TABLE_SIZE // 2, tf.int32, alg="philox"
    )
    noise = []
    for step in range(steps):
        counts = [tf.size(shard[step]) for shard in firing]
        flat = _flat_noise(seed, step, offsets[step], tf.add_n(counts) * channels, deviation)
        parts = tf.split(flat, [count * channels for count in counts], num=len(counts))
        noise.append([tf.reshape(part, [-1, channels]) for part in parts])
    return [
        [Draws(rows, noise[step][number]) for step, rows in enumerate(shard)]
        for number, shard in enumerate(firing)
    ]


def _fire_masks(seed: Any, steps: int, total: Any, fire_rate: float) -> Any:
    """Whether each cell fires, bool ``[steps, live cells of all shards]``."""
    if fire_rate >= 1.0:
        return tf.fill([steps, total], True)
    return tf.random.stateless_uniform([steps, total], seed * 2, alg="philox") < fire_rate


def _flat_noise(seed: Any, step: int, offset: Any, size: Any, deviation: float) -> Any:
    """`size` normal numbers: from the table where it has enough of them."""
    table = _noise_table(deviation)

    def drawn() -> Any:
        stream = seed * 2 + tf.constant([1 + step, 1], tf.int64)
        return tf.random.stateless_normal([size], stream, stddev=deviation, alg="philox")

    return tf.cond(size <= _TABLE_SIZE // 2, lambda: table[offset : offset + size], drawn)


@lru_cache(maxsize=4)
def _noise_table(deviation: float) -> Any:
    with tf.init_scope():  # a tensor of its own, that graphs only refer to
        shape, seed = [_TABLE_SIZE], tf.constant(_TABLE_SEED, tf.int64)
        return tf.random.stateless_normal(shape, seed, stddev=deviation, alg="philox")
