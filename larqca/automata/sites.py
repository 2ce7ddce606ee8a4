"""Which cells each perceive layer is computed at, and where their neighbours lie.

The inputs of a layer are rows of a table. In the table of the first layer, row
`OUTSIDE` stands for everything outside the grid and row `DEAD` for a dead cell without
grey; then come the live cells, then dead cells with some grey that a site can see. In
the table of a later layer come row `OUTSIDE` and the sites of the layer before it.

All of this costs by the number of live cells, not by the area of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.pictures import Cells

Array = npt.NDArray[Any]

OUTSIDE, DEAD = 0, 1
FIRST_LIVE = 2
FIRST_SITE = 1  # in the table of a later layer


@dataclass(frozen=True)
class Sites:
    """What the perceive stack is computed on.

    Attributes:
        grey: float32 ``[rows]``, the grey values of the first layer's table.
        neighbours: for each perceive layer, int32 ``[sites, 9]``: rows of its table, in
            the raster order of a 3x3 kernel. The last layer's sites are the live cells;
            a layer before it also needs the cells around them.
    """

    grey: Array
    neighbours: tuple[Array, ...]


def find_sites(cells: Cells, perceive_layers: int) -> Sites:
    """Find the sites of a batch for a stack of that many 3x3 layers."""
    grid = _Grid(cells)
    sites, around = [cells.places], [grid.around(cells.places)]
    for _ in range(perceive_layers - 1):
        sites.insert(0, grid.every_place(*around[0]))
        around.insert(0, grid.around(sites[0]))
    index, faint = grid.first_index(*around[0])
    neighbours = [index]
    for source, (places, outside) in zip(sites, around[1:], strict=False):
        neighbours.append(grid.later_index(source, places, outside))
    seen = cells.grey(np.concatenate([cells.places, faint]))
    return Sites(np.concatenate([np.zeros(FIRST_LIVE, np.float32), seen]), tuple(neighbours))


class _Grid:
    """Numbers places in the raster of a batch.

    The numbers lie in an array of zeros as large as the batch. The operating system
    hands such an array out without touching it, so that its size costs nothing.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._height, self._width = cells.pictures.grid
        self._size = len(cells.chosen) * cells.area

    def around(self, places: Array) -> tuple[Array, Array]:
        """The 3x3 window around each place: places, and which of them are outside (their
        number means nothing), both ``[len(places), 9]``."""
        row, column = np.divmod(places % max(1, self._cells.area), max(1, self._width))
        steps = np.array([-1, 0, 1])
        rows = row[:, None] + np.repeat(steps, 3)
        columns = column[:, None] + np.tile(steps, 3)
        outside = (rows < 0) | (rows >= self._height) | (columns < 0) | (columns >= self._width)
        found = places[:, None] + (self._width * np.repeat(steps, 3) + np.tile(steps, 3))
        found[outside] = 0
        return found, outside

    def every_place(self, places: Array, outside: Array) -> Array:
        """Each place within the grid once, ascending."""
        return np.unique(places[~outside])

    def first_index(self, places: Array, outside: Array) -> tuple[Array, Array]:
        """Rows of the first layer's table, and the dead places with grey that it ends with."""
        live = self._cells.places
        numbers = np.zeros(self._size, np.int32)
        numbers[live] = np.arange(FIRST_LIVE, FIRST_LIVE + len(live))
        index = numbers[places]
        dead = (index == 0) & ~outside
        index[dead] = DEAD
        seen = places[dead]
        visible = self._cells.grey(seen) != 0
        faint = seen[visible]
        # Of equal places the last one's number stays, which is how each is found once.
        numbers[faint] = np.arange(len(faint))
        faint = faint[numbers[faint] == np.arange(len(faint))]
        numbers[faint] = np.arange(len(faint)) + FIRST_LIVE + len(live)
        index[dead] = np.where(visible, numbers[seen], DEAD)
        index[outside] = OUTSIDE
        return index, faint

    def later_index(self, sites: Array, places: Array, outside: Array) -> Array:
        """Rows of the table of a layer whose inputs are these sites."""
        numbers = np.zeros(self._size, np.int32)
        numbers[sites] = np.arange(FIRST_SITE, FIRST_SITE + len(sites))
        index = numbers[places]
        index[outside] = OUTSIDE
        return index
