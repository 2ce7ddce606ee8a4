"""Fire masks and noise of a rollout, the same for every engine.

They are drawn for live cells only, in the order of the packed state, from a
counter-based generator (Philox): step t of a rollout depends on the seed and t alone,
so that nothing has to be stored to repeat or to resume it.
"""

from __future__ import annotations

from typing import Any

from larqca.backend import tf

_STEPS_PER_SEED = 4096


def firing_cells(seed: Any, step: int, live_cells: Any, fire_rate: float) -> Any:
    """Rows of the live cells that fire in this step, ascending, int32 ``[firing]``."""
    if fire_rate >= 1.0:
        return tf.range(live_cells)
    draws = tf.random.stateless_uniform(
        [live_cells], _step_seed(seed, step), alg="philox", dtype=tf.float32
    )
    return tf.cast(tf.where(draws < fire_rate)[:, 0], tf.int32)


def update_noise(seed: Any, step: int, firing: Any, channels: int, deviation: float) -> Any:
    """Normal noise for the cells that fire, float32 ``[firing, channels]``."""
    stream = _step_seed(seed, step) + tf.constant([0, 1], tf.int64)
    shape = [tf.shape(firing)[0], channels]
    return tf.random.stateless_normal(shape, stream, stddev=deviation, alg="philox")


def _step_seed(seed: Any, step: int) -> Any:
    """Two int64: the rollout's seed pair, moved on for each step and each use."""
    return seed * tf.constant([1, 2 * _STEPS_PER_SEED], tf.int64) + tf.constant(
        [0, 2 * step], tf.int64
    )
