"""Checkpoints: everything that an iteration depends on, as plain arrays.

Random numbers need no state: they are drawn from (seed, iteration). So weights,
optimizer moments, what has settled, the pool and the history are the whole of a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.files import read_arrays, write_arrays

Array = npt.NDArray[Any]

FILE = "checkpoint.npz"
# Their lengths follow from what happened so far.
GROWING = ("history", "pool/states")


def write_checkpoint(
    directory: Path, run: str, iteration: int, seconds: float, arrays: dict[str, Array]
) -> None:
    """Replace the run's checkpoint.

    Args:
        directory: of the run.
        run: the run's hash.
        iteration: how many iterations have been made.
        seconds: wall time they took.
        arrays: all state, by name.
    """
    header = {
        "run": np.array(run),
        "iteration": np.array(iteration, np.int64),
        "seconds": np.array(seconds),
    }
    write_arrays(directory / FILE, {**header, **arrays})


def read_checkpoint(
    directory: Path, run: str, expected: dict[str, Array]
) -> tuple[int, float, dict[str, Array]] | None:
    """The iteration, seconds and arrays of the run's checkpoint.

    None when there is none, or when it is damaged or belongs to another run:
    then the run starts over, which costs time but no result.

    Args:
        directory: of the run.
        run: the run's hash.
        expected: arrays of the shapes that are needed; `GROWING` ones may have any length.
    """
    try:
        arrays = read_arrays(directory / FILE)
        iteration, seconds = int(arrays.pop("iteration")), float(arrays.pop("seconds"))
        belongs_to = str(arrays.pop("run"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if belongs_to != run or set(arrays) != set(expected):
        return None
    for name, array in arrays.items():
        wanted = expected[name]
        if array.dtype != wanted.dtype or array.shape[1:] != wanted.shape[1:]:
            return None
        if name not in GROWING and array.shape != wanted.shape:
            return None
    return (iteration, seconds, arrays) if len(arrays["history"]) == iteration else None
