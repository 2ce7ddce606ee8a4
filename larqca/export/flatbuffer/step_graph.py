"""One step, and a rollout as one loop, of an automaton as TensorFlow graphs.

They are for a batch of one picture on a grid of fixed size, because the converters of
flatbuffers want that. What the cells do is as in `NeuralCA`, without noise; which of them
fire is given, so that a graph is a function of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from larqca.automata.layout import AutomatonLayout
from larqca.backend import frozen, tf

# Fire masks of a longer rollout would take more memory than the automaton; the state that
# comes out goes in again.
ROLLOUT_STEPS = 20

Change = Callable[[Any], Any]


def step_graph(layout: AutomatonLayout, height: int, width: int, change: Change) -> Any:
    """A step as a concrete function without variables.

    Its inputs are ``state``, float32 ``[1, height, width, 1 + state_channels]`` with grey
    first, and ``fire``, float32 ``[1, height, width, 1]``, where a cell fires if it is above
    one half. Its output is the new state.

    Args:
        layout: of the automaton.
        height: of the grid.
        width: of the grid.
        change: what a step would add to each cell, from ``[1, height, width, 1 +
            state_channels]`` to ``[1, height, width, state_channels]``.
    """
    def step(state: Any, fire: Any) -> Any:
        return _step(layout, change, state, fire)

    return _frozen(step, _specs(layout, height, width))


def rollout_graph(layout: AutomatonLayout, height: int, width: int, change: Change) -> Any:
    """Up to `ROLLOUT_STEPS` steps as a loop around one.

    The inputs are ``state`` as in `step_graph`, ``fire``, float32 ``[ROLLOUT_STEPS, 1,
    height, width, 1]``, the masks of the steps, and ``steps``, int32 scalar, how many of
    them shall be done. Arguments as `step_graph`.
    """
    state_spec, fire_spec = _specs(layout, height, width)
    specs = [
        state_spec,
        tf.TensorSpec([ROLLOUT_STEPS, *fire_spec.shape], tf.float32, name="fire"),
        tf.TensorSpec([], tf.int32, name="steps"),
    ]

    def rollout(state: Any, fire: Any, steps: Any) -> Any:
        last = tf.minimum(steps, ROLLOUT_STEPS)

        def advance(step: Any, state: Any) -> tuple[Any, Any]:
            after = _step(layout, change, state, tf.gather(fire, step))
            return step + 1, tf.ensure_shape(after, state_spec.shape)

        return tf.while_loop(lambda step, _: step < last, advance, [tf.constant(0), state])[1]

    return _frozen(rollout, specs)


def _frozen(function: Any, specs: list[Any]) -> Any:
    return frozen(tf.function(function, input_signature=specs, autograph=False))


def _specs(layout: AutomatonLayout, height: int, width: int) -> list[Any]:
    channels = 1 + layout.state_channels
    return [
        tf.TensorSpec([1, height, width, channels], tf.float32, name="state"),
        tf.TensorSpec([1, height, width, 1], tf.float32, name="fire"),
    ]


def _step(layout: AutomatonLayout, change: Change, state: Any, fire: Any) -> Any:
    grey = state[..., :1]
    moves = tf.logical_and(grey > layout.cell.alive_above, fire > 0.5)
    # A scalar zero: zeros in the shape of the state would be kept in the file.
    after = state[..., 1:] + tf.where(moves, change(state), 0.0)
    return tf.concat([grey, after], axis=-1)
