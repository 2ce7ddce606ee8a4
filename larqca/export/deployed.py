"""What a trained automaton takes on a device, for the report's table."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.boards import BOARDS
from larqca.export.c99.emit import CSource, emit_c99

if TYPE_CHECKING:
    from larqca.automata.neural_ca import NeuralCA

BOARD = "cortex-m4"
_SECONDS = 120


def deployed_figures(model: NeuralCA, images: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Bytes of the automaton as C with 16-bit states, for grids of the pictures' size.

    Args:
        model: a trained automaton.
        images: grey training pictures ``[pictures, height, width]`` that calibrate words.

    Returns:
        ``constant_bytes`` of the C source, ``working_bytes`` of its struct, and
        ``code_bytes`` compiled with -Os for a Cortex-M4 (None where there is no compiler
        for it); or ``refused``, the reason why it cannot be exported.
    """
    from larqca.export.lower import lower

    try:
        program = lower(model, images)
        source = emit_c99(program, max_height=images.shape[1], max_width=images.shape[2])
        return {
            "constant_bytes": source.constant_bytes,
            "working_bytes": source.arena_bytes,
            "code_bytes": code_bytes(source),
        }
    except ExportError as error:
        return {"refused": str(error)}


def code_bytes(source: CSource) -> int | None:
    """Bytes of instructions on a Cortex-M4 (-Os); None without its compiler.

    Raises:
        ExportError: it does not compile.
    """
    board = BOARDS[BOARD]
    compiler, size = shutil.which(board.compiler), shutil.which(f"{board.target}-size")
    if compiler is None or size is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "automaton.h").write_text(source.header)
        (Path(folder) / "automaton.c").write_text(source.source)
        compiled = Path(folder) / "automaton.o"
        _run([compiler, *board.processor, "-std=c99", "-Os", "-c",
              f"{folder}/automaton.c", "-o", str(compiled)])
        sections = _run([size, "-A", str(compiled)])
    # .text.* where functions stand in sections of their own; .rodata holds the constants.
    found = re.findall(r"^\.text\S*\s+(\d+)", sections, re.MULTILINE)
    return sum(map(int, found))


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        said = next(iter(done.stderr.splitlines()), "no reason given")
        raise ExportError(f"{Path(command[0]).name}: {said}")
    return done.stdout
