"""The dense engine: every pixel is convolved at every step, as published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.engine import Engine
from larqca.automata.pictures import Cells
from larqca.automata.randomness import Draws
from larqca.backend import tf

Array = npt.NDArray[Any]


class DenseEngine(Engine):
    """Convolves whole grids and keeps the live cells that fire."""

    @property
    def prepared_spec(self) -> tuple[Any, ...]:
        """Grey images and the coordinates of live cells."""
        return (
            tf.TensorSpec([None, None, None], tf.float32),
            tf.TensorSpec([None, 3], tf.int32),
        )

    def prepare(self, cells: Cells) -> tuple[Array, ...]:
        """Images ``[batch, height, width]`` and (image, row, column) of each live cell."""
        images = cells.pictures.images[cells.chosen]
        if not len(images):  # TensorFlow cannot convolve a shard without images
            images = np.zeros((1, *cells.pictures.grid), np.float32)
        return images, cells.coordinates()

    def advance(self, state: Any, prepared: tuple[Any, ...], draws: Sequence[Draws]) -> Any:
        """See `Engine.advance`."""
        images, cells = prepared
        channels = self.model.layout.state_channels
        shape = tf.concat([tf.shape(images), [channels]], axis=0)
        for step in draws:
            grid = tf.concat([images[..., None], tf.scatter_nd(cells, state, shape)], axis=-1)
            change = tf.gather_nd(self.model(grid), tf.gather(cells, step.firing))
            if step.noise is not None:
                change += step.noise
            state = tf.tensor_scatter_nd_add(state, step.firing[:, None], change)
        return state
