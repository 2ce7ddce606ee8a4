"""How a step in C reads the state: a row of grey and words as what the first layer reads."""

from __future__ import annotations

import numpy as np

from larqca.export.c99.constants import bit_words
from larqca.export.c99.grey import Grey
from larqca.export.c99.layer import CLayer
from larqca.export.c99.stages import indented, line, staircase
from larqca.export.c99.writer import Writer
from larqca.export.program import CodeInput, Program, WordInput


def emit_reader(writer: Writer, program: Program, first: CLayer, grey: Grey) -> None:
    """``read_row``: a row of grey and state as what the first layer reads."""
    reader, channels = program.reader, program.state_channels
    name = "perceive_0"
    zero, one = np.zeros(1, np.int64), np.zeros(channels, np.int64)
    shades, words = np.array([grey.reach]), np.full(channels, program.state_high + 1)
    if isinstance(reader, WordInput):
        value = line(writer, "grey", name, reader.grey, zero, shades, "grey")
        shift = f" * {1 << reader.state_shift}" if reader.state_shift else ""
        body = [f"cell[0] = (int16_t){value.text};",
                f"for (uint32_t c = 0; c < {channels}u; c++) {{",
                f"    cell[c + 1u] = (int16_t)(state[c]{shift});", "}"]
    else:
        assert isinstance(reader, CodeInput)
        assert grey.staircase is not None
        grey_code = staircase(writer, "grey", name, grey.staircase, zero, shades, "grey")
        state_code = staircase(writer, "state", name, reader.state, one, words, "state[c]")
        if first.cell_size == 1:
            body = ["uint32_t word = 0;",
                    "{", *indented([*grey_code, "word = code;"]), "}",
                    f"for (uint32_t c = 0; c < {channels}u; c++) {{",
                    *indented([*state_code, "word |= code << (c + 1u);"]), "}",
                    "cell[0] = word;"]
        else:
            body = [writer.array("uint32_t", "levels", channels + 1),
                    "{", *indented([*grey_code, "levels[0] = code;"]), "}",
                    f"for (uint32_t c = 0; c < {channels}u; c++) {{",
                    *indented([*state_code, "levels[c + 1u] = code;"]), "}",
                    f"pack(cell, levels, {channels + 1}u, {first.digits}u);"]
        body = ["if (is_alive(a, place) == 0u) {",
                *indented(_dead_statements(program, reader, first, grey, grey_code)),
                "    continue;", "}", *body]
    state = f"const int{program.state_bits}_t *state"
    writer.function([
        f"/* What {name} reads in the cells of a row. */",
        f"static void read_row(struct {writer.prefix} *a, uint32_t row)", "{",
        "    for (uint32_t column = 0; column < a->width; column++) {",
        *indented([
            "uint32_t place = row * a->width + column;",
            f"int32_t grey = {grey.value};",
            f"{state} = &a->state[place * {channels}u];",
            f"{first.cell_type} *cell = &a->ring_0[((row % 3u) * MAX_WIDTH + column) * "
            f"{first.cell_size}u];", *body], 2),
        "    }", "}"])


def _dead_statements(
    program: Program, reader: CodeInput, first: CLayer, grey: Grey, grey_code: list[str]
) -> list[str]:
    """C statements that read a dead cell, whose state is zero: most cells are dead."""
    zeros = reader.state.apply(np.zeros((1, program.state_channels), np.int64))[0]
    assert grey.staircase is not None
    dead = grey.staircase.apply(np.arange(grey.alive_from)[:, None])
    constant = bool((dead == dead[0]).all())
    codes = np.concatenate([dead[0] if constant else [0], zeros])
    digits = [bit_words(codes >> digit & 1, 32) for digit in range(first.digits)]
    lines = [f"cell[{number}] = 0x{word:08x}u;"
             for number, word in enumerate(np.concatenate(digits))]
    if constant:
        return lines
    return [*lines, *grey_code, f"for (uint32_t digit = 0; digit < {first.digits}u; digit++) {{",
            f"    cell[digit * {first.cell_words}u] |= (code >> digit) & 1u;", "}"]
