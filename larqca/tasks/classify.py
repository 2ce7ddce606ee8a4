"""Self-classification: every live cell names the class of the picture it is part of."""

from __future__ import annotations

from typing import Any

from larqca.backend import tf


def class_channels(state: Any, classes: int) -> Any:
    """The last channels of a packed state ``[live, state_channels]``."""
    return state[:, -classes:]


def l2_loss(state: Any, labels: Any, classes: int, images: Any) -> Any:
    """Half the squared distance to one-hot, summed over live cells and classes, per image.

    Source: Randazzo et al., Distill 2020, "L2 loss".

    Args:
        state: float32 ``[live, state_channels]``.
        labels: int32 ``[live]``, the class of each cell's picture.
        classes: number of class channels.
        images: number of images in the batch.
    """
    target = tf.one_hot(labels, classes)
    return tf.reduce_sum(tf.square(target - class_channels(state, classes))) / (2.0 * images)


def cross_entropy_loss(state: Any, labels: Any, classes: int, images: Any) -> Any:
    """Softmax cross-entropy over the class channels, summed over live cells, per image.

    The published notebook holds a cross-entropy that its training step never calls, and
    that would read all twenty channels as logits; this one reads the class channels, as
    the article describes. Arguments as `l2_loss`.
    """
    logits = class_channels(state, classes)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_sum(losses) / images


LOSSES = {"l2": l2_loss, "cross_entropy": cross_entropy_loss}
