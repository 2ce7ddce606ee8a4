"""How large a grid an export may be for."""

from __future__ import annotations

from larqca.errors import ExportError

MAX_SIDE = 4096


def check_size(height: int, width: int) -> None:
    """Raises ExportError unless both sides can be had."""
    for what, side in (("max_height", height), ("max_width", width)):
        if not 1 <= side <= MAX_SIDE:
            raise ExportError(f"{what} must be from 1 to {MAX_SIDE}, got {side!r}")
