"""Which cells each perceive layer is computed at, and where their neighbours lie.

Cells that are computed are packed into the rows of a matrix, image by image in raster
order. A neighbour index is then a row number; two more rows stand for a dead cell
inside the grid and for everything outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sites:
    """The packed cells of a batch of images.

    Attributes:
        alive: bool ``[batch, height, width]``.
        neighbours: for each perceive layer, int32 ``[sites, 9]``: rows of the layer's
            input, in the raster order of a 3x3 kernel. The last layer's sites are the
            live cells; a layer before it also needs the cells around them. Rows of the
            first layer's input are the live cells, then one dead cell, then outside;
            rows of a later one are the sites before it, then outside.
        grey: float32 ``[sites of the first layer, 9]``: the grey values seen there,
            zero outside the grid.
        image: int32 ``[live]``: the image that each live cell belongs to.
    """

    alive: Array
    neighbours: tuple[Array, ...]
    grey: Array
    image: Array


def find_sites(images: Array, alive: Array, perceive_layers: int) -> Sites:
    """Pack the live cells of ``[batch, height, width]`` images in [0, 1]."""
    masks = [alive]
    for _ in range(perceive_layers - 1):
        masks.insert(0, _grown(masks[0]))
    live = int(np.count_nonzero(alive))
    neighbours = [_windows(_numbered(alive, inside=live, outside=live + 1), masks[0])]
    for source, target in pairwise(masks):
        count = int(np.count_nonzero(source))
        neighbours.append(_windows(_numbered(source, inside=-1, outside=count), target))
    padded = np.pad(np.asarray(images, np.float32), ((0, 0), (1, 1), (1, 1)))
    image = np.repeat(np.arange(len(alive), dtype=np.int32), alive.sum(axis=(1, 2)))
    return Sites(alive, tuple(neighbours), _windows(padded, masks[0]), image)


def _numbered(mask: Array, *, inside: int, outside: int) -> Array:
    """Row numbers of the masked cells, on a grid with a border of one."""
    batch, height, width = mask.shape
    numbers = np.full((batch, height + 2, width + 2), outside, np.int32)
    inner = numbers[:, 1:-1, 1:-1]
    inner[...] = inside
    inner[mask] = np.arange(np.count_nonzero(mask), dtype=np.int32)
    return numbers


def _windows(padded: Array, mask: Array) -> Array:
    """The 3x3 window around each masked cell, ``[cells, 9]``."""
    height, width = mask.shape[1:]
    shifts = [(row, column) for row in range(3) for column in range(3)]
    return np.stack(
        [padded[:, row : row + height, column : column + width][mask] for row, column in shifts],
        axis=1,
    )


def _grown(mask: Array) -> Array:
    """The mask and all cells next to it, diagonals included."""
    height, width = mask.shape[1:]
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    grown = np.zeros_like(mask)
    for row in range(3):
        for column in range(3):
            grown |= padded[:, row : row + height, column : column + width]
    return grown
