"""The colours in which cells show the class that they name.

Those of Randazzo et al., "Self-classifying MNIST Digits", Distill 2020.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

COLOURS = np.array(
    [(128, 0, 0), (230, 25, 75), (70, 240, 240), (210, 245, 60), (250, 190, 190),
     (170, 110, 40), (170, 255, 195), (165, 163, 159), (0, 128, 128), (0, 0, 128)]
)  # fmt: skip


def coloured(named: Array, grey: Array) -> Array:
    """RGB ``[..., 3]`` from 0 to 255; brighter cells are paler, dead ones white.

    Args:
        named: int, the class that a cell names, below 0 where it is dead.
        grey: of the same shape, from 0 (background) to 1.
    """
    shade = 0.45 + 0.55 * grey[..., None]
    paint = 255 - shade * (255 - COLOURS[named])
    return np.where((named >= 0)[..., None], paint, 255.0)
