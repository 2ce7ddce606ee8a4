"""Which of the cells around it a cell sees, in the field's names. Imports no TensorFlow.

Source: Toffoli and Margolus, Cellular Automata Machines (1987), for both neighbourhoods.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

Neighbourhood = Literal["moore", "von_neumann"]
# Places of a 3x3 kernel that are seen, in raster order.
_PLACES: dict[str, tuple[int, ...]] = {
    "moore": tuple(range(9)),
    "von_neumann": (1, 3, 4, 5, 7),
}
NEIGHBOURHOODS = tuple(_PLACES)


def places_seen(neighbourhood: str, kernel_size: int) -> tuple[int, ...]:
    """The taps of a kernel: which of its ``kernel_size**2`` places it has weights at."""
    return _PLACES[neighbourhood] if kernel_size == 3 else (0,)


def spread(taps: Array, places: tuple[int, ...], kernel_size: int) -> Array:
    """``[taps, inputs, outputs]`` as a kernel ``[kernel_size, kernel_size, inputs, outputs]``
    with zeros where no tap is."""
    kernel = np.zeros((kernel_size**2, *taps.shape[1:]), taps.dtype)
    kernel[list(places)] = taps
    return kernel.reshape(kernel_size, kernel_size, *taps.shape[1:])
