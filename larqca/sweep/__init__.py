"""Sweeps: grids of runs, their store, and what does them. Imports no TensorFlow.

`run_sweep` does it all; the form of a grid file is in `larqca.sweep.grid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def run_sweep(
    grid: Path | str | Mapping[str, Any], out: Path | str | None = None, **options: Any
) -> pandas.DataFrame:
    """See `larqca.sweep.run.run_sweep`."""
    from larqca.sweep import run  # a worker imports this package too, and needs little of it

    return run.run_sweep(grid, out, **options)


__all__ = ["run_sweep"]
