"""How large a grid an export may be for."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from larqca.errors import ExportError

MAX_SIDE = 4096


def grid_size(height: int | None, width: int | None, images: npt.NDArray[Any]) -> tuple[int, int]:
    """What was asked for, where nothing was the size of pictures ``[pictures, height, width]``.

    Raises:
        ExportError: a side is out of range.
    """
    size = (images.shape[1] if height is None else height,
            images.shape[2] if width is None else width)
    check_size(*size)
    return size


def check_size(height: int | None, width: int | None) -> None:
    """Raises ExportError unless both sides, as far as they are known, can be had."""
    for what, side in (("max_height", height), ("max_width", width)):
        if side is not None and not 1 <= side <= MAX_SIDE:
            raise ExportError(f"{what} must be from 1 to {MAX_SIDE}, got {side!r}")
