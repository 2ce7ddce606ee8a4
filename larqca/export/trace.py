"""``larqca verify --trace``: what the interpreter computes, step by step, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.host import Case
from larqca.export.interpret import Interpreter
from larqca.export.program import Program
from larqca.files import write_arrays


def write_trace(path: Path, program: Program, cases: Sequence[Case]) -> None:
    """Write an ``.npz`` with, for each case N, ``picture_N`` (uint8 ``[height, width]``) and
    ``states_N`` (int16 ``[steps, height, width, channels]``), the state words after every
    step.

    Raises:
        ExportError: the file cannot be written.
    """
    if path.name in ("", ".."):
        raise ExportError(f"--trace {str(path)!r}: is no name of a file")
    machine = Interpreter(program)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, case in enumerate(cases):
        states = [state[0].astype(np.int16) for state in machine.trace(case.grid(), case.steps)]
        arrays |= {f"picture_{number}": case.grey, f"states_{number}": np.stack(states)}
    try:
        write_arrays(path, arrays)
    except OSError as error:
        raise ExportError(f"--trace {path}: {error.strerror or error}") from error
