"""Pictures with their live cells found once, and states packed on those cells.

A *packed* state has one row for each live cell, picture by picture in raster order.
Dead cells stay at zero and are never stored, so that whatever is done with a state
costs by its live cells, however large the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Pictures:
    """Grey pictures of one size and where their live cells are.

    Args:
        images: float ``[pictures, height, width]`` in [0, 1].
        alive: bool of the same shape.
    """

    def __init__(self, images: Array, alive: Array) -> None:
        self.images = np.ascontiguousarray(images, np.float32)
        counts = np.count_nonzero(alive, axis=(1, 2))
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        area = max(1, int(np.prod(alive.shape[1:])))
        self._positions = (np.flatnonzero(alive) % area).astype(np.int32)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width."""
        return self.images.shape[1], self.images.shape[2]

    def counts(self, chosen: Array) -> Array:
        """How many live cells each of the chosen pictures has."""
        return self._starts[chosen + 1] - self._starts[chosen]

    def cells(self, chosen: Array) -> Cells:
        """The live cells of a batch of pictures, int ``[batch]``; one may come twice."""
        chosen = np.asarray(chosen, np.int64)
        counts = self.counts(chosen)
        ends = np.cumsum(counts)
        shift = np.repeat(self._starts[chosen] - ends + counts, counts)
        rows = np.arange(len(shift)) + shift
        image = np.repeat(np.arange(len(chosen)), counts)
        return Cells(self, chosen, image, self._positions[rows])


@dataclass(frozen=True)
class Cells:
    """The live cells of a batch of pictures: where the rows of a packed state are.

    Attributes:
        pictures: the collection that the batch is chosen from.
        chosen: int ``[batch]``.
        image: int ``[live]``, the picture in the batch that each cell belongs to.
        position: int ``[live]``, its place in the raster of its picture.
    """

    pictures: Pictures
    chosen: Array
    image: Array
    position: Array

    @property
    def area(self) -> int:
        """Cells of a picture, dead or alive."""
        height, width = self.pictures.grid
        return height * width

    @property
    def places(self) -> Array:
        """Places in the raster of the whole batch, ascending, int64 ``[live]``."""
        return self.image * self.area + self.position

    def grey(self, places: Array) -> Array:
        """Grey values at places in the raster of the whole batch."""
        image, position = np.divmod(places, max(1, self.area))
        return self.pictures.images.reshape(-1)[self.chosen[image] * self.area + position]

    def part(self, images: slice) -> Cells:
        """The cells of some neighbouring pictures of the batch."""
        return self.pictures.cells(self.chosen[images])

    def coordinates(self) -> Array:
        """Picture, row and column of every cell, int32 ``[live, 3]``."""
        row, column = np.divmod(self.position, max(1, self.pictures.grid[1]))
        return np.stack([self.image, row, column], axis=1).astype(np.int32)

    def pack(self, dense: Array) -> Array:
        """``[batch, height, width, channels]`` to ``[live, channels]``."""
        return dense[tuple(self.coordinates().T)]

    def unpack(self, packed: Array) -> Array:
        """``[live, channels]`` to ``[batch, height, width, channels]``, zero elsewhere."""
        dense = np.zeros((len(self.chosen), *self.pictures.grid, packed.shape[1]), packed.dtype)
        dense[tuple(self.coordinates().T)] = packed
        return dense


def carry_over(state: Array, before: Cells, after: Cells) -> Array:
    """A packed state once its pictures were exchanged for others.

    What both pictures share stays; cells that come to life start at zero.

    Args:
        state: ``[live before, channels]``.
        before: the cells it stands on.
        after: the cells of a batch of as many pictures on the same grid.

    Returns:
        ``[live after, channels]``.
    """
    result = np.zeros((len(after.position), state.shape[1]), state.dtype)
    old, new = before.places, after.places
    if len(old):
        found = np.minimum(np.searchsorted(old, new), len(old) - 1)
        both = old[found] == new
        result[both] = state[found[both]]
    return result
