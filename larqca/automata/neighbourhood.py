"""Which of the cells around it a cell sees, in the field's names. Imports no TensorFlow.

Source: Toffoli and Margolus, Cellular Automata Machines (1987), for both neighbourhoods; the
third is the cell alone.
"""

from __future__ import annotations

from typing import Literal

Neighbourhood = Literal["moore", "von_neumann", "center"]
# Places of a 3x3 kernel that are seen, in raster order.
_PLACES: dict[str, tuple[int, ...]] = {
    "moore": tuple(range(9)),
    "von_neumann": (1, 3, 4, 5, 7),
    "center": (4,),
}
NEIGHBOURHOODS = tuple(_PLACES)


def places_seen(neighbourhood: str, kernel_size: int) -> tuple[int, ...]:
    """The taps of a kernel: which of its ``kernel_size**2`` places it has weights at."""
    return _PLACES[neighbourhood] if kernel_size == 3 else (0,)
