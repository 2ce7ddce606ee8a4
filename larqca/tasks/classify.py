"""Self-classification: every live cell names the class of the picture it is part of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.backend import tf
from larqca.tasks.naming import spoken

Array = npt.NDArray[Any]


def class_scores(state: Any, code: Array) -> Any:
    """How loudly each cell says each class, float32 ``[live, classes]``.

    Args:
        state: float32 ``[live, state_channels]``, the last of them class channels.
        code: from `larqca.tasks.naming.class_code`.
    """
    classes, channels = code.shape
    own = state[:, -channels:]
    if classes == channels:
        return own
    channel, sign = spoken(code)
    return tf.gather(own, channel, axis=1) * sign.astype(np.float32)


def l2_loss(state: Any, labels: Any, code: Array, images: Any) -> Any:
    """Half the squared distance to the class's code word, summed over live cells and class
    channels, per image.

    Source: Randazzo et al., Distill 2020, "L2 loss" (code words there are one-hot).

    Args:
        state: float32 ``[live, state_channels]``.
        labels: int32 ``[live]``, the class of each cell's picture.
        code: from `larqca.tasks.naming.class_code`.
        images: number of images in the batch.
    """
    target = tf.gather(code.astype(np.float32), labels)
    own = state[:, -code.shape[1] :]
    return tf.reduce_sum(tf.square(target - own)) / (2.0 * images)


def cross_entropy_loss(state: Any, labels: Any, code: Array, images: Any) -> Any:
    """Softmax cross-entropy over what is said of each class, summed over live cells, per image.

    The published notebook holds a cross-entropy that its training step never calls, and
    that would read all twenty channels as logits; this one reads the class channels, as
    the article describes. Arguments as `l2_loss`.
    """
    logits = class_scores(state, code)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_sum(losses) / images


LOSSES = {"l2": l2_loss, "cross_entropy": cross_entropy_loss}
