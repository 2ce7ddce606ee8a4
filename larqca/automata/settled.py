"""Weights of a kernel that have taken their levels for good, while the others are still float."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.backend import tf

Array = npt.NDArray[Any]


class SettledWeights:
    """Stands in for a kernel quantizer while weights settle, and until training has ended.

    Args:
        has_weight: of which places of the kernel, ``[height, width, inputs, outputs]``; all
            others count as settled, at zero.

    Attributes:
        mask: which weights have settled, bool.
        levels: what those are, float32; zero elsewhere. Both in the kernel's shape.
    """

    def __init__(self, has_weight: Array) -> None:
        self.mask = tf.Variable(~has_weight, trainable=False)
        self.levels = tf.Variable(np.zeros(has_weight.shape, np.float32), trainable=False)

    def kernel(self, latent: Any) -> Any:
        """Levels where there are any, and the latent weights as they are elsewhere."""
        return tf.where(self.mask, self.levels, latent)

    def held(self, before: Any, after: Any) -> Any:
        """Latent weights after a change to those that have not settled."""
        return tf.where(self.mask, before, after)
