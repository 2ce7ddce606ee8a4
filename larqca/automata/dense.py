"""The dense engine: every pixel is convolved at every step, as published."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.engine import Engine
from larqca.automata.randomness import firing_cells, update_noise
from larqca.automata.sites import Sites
from larqca.backend import tf

Array = npt.NDArray[Any]


class DenseEngine(Engine):
    """Convolves whole grids and keeps the live cells that fire."""

    @property
    def signature(self) -> tuple[Any, ...]:
        """Grey images and the coordinates of live cells."""
        return (
            tf.TensorSpec([None, None, None], tf.float32),
            tf.TensorSpec([None, 3], tf.int32),
        )

    def prepare(self, images: Array, sites: Sites) -> tuple[Array, ...]:
        """Images ``[batch, height, width]`` and (image, row, column) of each live cell."""
        return np.asarray(images, np.float32), np.argwhere(sites.alive).astype(np.int32)

    def advance(self, state: Any, prepared: tuple[Any, ...], steps: int, seed: Any) -> Any:
        """See `Engine.advance`."""
        images, cells = prepared
        cell = self.model.layout.cell
        channels = self.model.layout.state_channels
        shape = tf.concat([tf.shape(images), [channels]], axis=0)
        for step in range(steps):
            grid = tf.concat([images[..., None], tf.scatter_nd(cells, state, shape)], axis=-1)
            firing = firing_cells(seed, step, tf.shape(state)[0], cell.fire_rate)
            change = tf.gather_nd(self.model(grid), tf.gather(cells, firing))
            if cell.noise:
                change += update_noise(seed, step, firing, channels, cell.noise)
            state = tf.tensor_scatter_nd_add(state, firing[:, None], change)
        return state
