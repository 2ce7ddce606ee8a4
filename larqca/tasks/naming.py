"""Which class a cell names: the one whose code word its class channels say loudest.

Published automata have a channel for each class. Two classes may also share one, of which the
first is named by its positive and the second by its negative values: code words are as far from
each other, and every class channel less saves the weights that read it and that write it.
Imports no TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def class_channels(classes: int, per_channel: int) -> int:
    """How many channels so many classes take, one or two of them to a channel."""
    return -(-classes // per_channel)


def class_code(classes: int, per_channel: int) -> Array:
    """The code word of every class, int64 ``[classes, channels]`` of 1, 0 and -1."""
    code = np.zeros((classes, class_channels(classes, per_channel)), np.int64)
    for one in range(classes):
        channel, second = divmod(one, per_channel)
        code[one, channel] = -1 if second else 1
    return code


def spoken(code: Array) -> tuple[Array, Array]:
    """For every class the channel that says it, and with which sign, both int64 ``[classes]``."""
    channel = np.abs(code).argmax(axis=1)
    return channel, code[np.arange(len(code)), channel]


def named_class(state: Array, code: Array) -> Array:
    """The class (of equals the first) that each cell names.

    Args:
        state: ``[..., channels]``, the last of them class channels; integers or floats.
        code: from `class_code`.

    Returns:
        int64 ``[...]``.
    """
    own = state[..., -code.shape[1] :]
    if len(code) > code.shape[1]:
        channel, sign = spoken(code)
        own = own[..., channel] * sign
    return np.argmax(own, axis=-1)
