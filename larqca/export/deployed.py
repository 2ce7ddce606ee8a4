"""What a trained automaton takes on a device, for the report's table."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.boards import BOARDS
from larqca.export.c99.emit import CSource, emit_c99
from larqca.export.tools import first_error, run_tool

if TYPE_CHECKING:
    from larqca.automata.neural_ca import NeuralCA

BOARD = "cortex-m4"


@dataclass(frozen=True)
class ObjectBytes:
    """What a compiled object holds.

    Attributes:
        code: bytes of instructions; what they call of the compiler's own library, such as
            memset, is not among them.
        constants: bytes of constants, aligned as the compiler does.
    """

    code: int
    constants: int


def deployed_figures(model: NeuralCA, images: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Bytes of the automaton as C with 16-bit states, for grids of the pictures' size.

    Args:
        model: a trained automaton.
        images: grey training pictures ``[pictures, height, width]`` that calibrate words.

    Returns:
        ``code_bytes`` and ``constant_bytes`` compiled with -Os for a Cortex-M4 (without a
        compiler for it None, and the sum of the arrays in the source), ``working_bytes`` of
        its struct, and where it does not compile ``not_compiled``, the compiler's words; or
        ``refused``, the reason why it cannot be exported.
    """
    from larqca.export.lower import lower

    try:
        program = lower(model, images)
        source = emit_c99(program, max_height=images.shape[1], max_width=images.shape[2])
    except ExportError as error:
        return {"refused": str(error)}
    figures: dict[str, Any] = {"working_bytes": source.arena_bytes, "code_bytes": None,
                               "constant_bytes": source.constant_bytes}
    try:
        found = object_bytes(source)
    except ExportError as error:
        return {**figures, "not_compiled": str(error)}
    if found is not None:
        figures |= {"code_bytes": found.code, "constant_bytes": found.constants}
    return figures


def object_bytes(source: CSource) -> ObjectBytes | None:
    """What the source takes compiled for a Cortex-M4 (-Os); None without its compiler.

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
    return ObjectBytes(_section_bytes(sections, "text"), _section_bytes(sections, "rodata"))


def _section_bytes(listed: str, name: str) -> int:
    # .text.* where functions stand in sections of their own.
    found = re.findall(rf"^\.{name}\S*\s+(\d+)", listed, re.MULTILINE)
    return sum(map(int, found))


def _run(command: list[str]) -> str:
    done = run_tool(command, Path(command[0]).name)
    if done.returncode:
        raise ExportError(f"{Path(command[0]).name}: {first_error(done.stderr)}")
    return done.stdout.decode(errors="replace")
