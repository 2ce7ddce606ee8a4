"""Programs as C99: one header, one source, no libc beyond ``<stdint.h>``.

All memory is one struct that the caller owns. A step reads the state row by row into
rings of three rows, one for each perceive layer, and changes a row of the state when no
layer will read it again, so that every cell sees the state before the step and nothing
is stored twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from larqca.errors import ExportError
from larqca.export.c99.codes import (
    codes_argument,
    codes_definitions,
    codes_parameter,
    rollout_statements,
)
from larqca.export.c99.constants import Constant, bit_words
from larqca.export.c99.grey import Grey, grey_of
from larqca.export.c99.helpers import WEYL_C, helper_texts
from larqca.export.c99.layer import CLayer, turned
from larqca.export.c99.layers import emit_layer, layer_arguments, state_statements
from larqca.export.c99.stages import indented, line, staircase
from larqca.export.c99.templates import HEADER, HEADER_END, LIFE, SOURCE_START, fill
from larqca.export.c99.windows import (
    declare_words,
    gather_statements,
    premultiply_statements,
)
from larqca.export.c99.writer import Writer
from larqca.export.describe import describe
from larqca.export.program import FIRE_ALWAYS, CodeInput, Program, ToWords, WordInput

MAX_SIDE = 4096
READY = 0x4C51CA01


@dataclass(frozen=True)
class Member:
    """One array of the struct.

    Attributes:
        name: of the member.
        kind: C type of an element.
        count: how many.
        bytes: in all.
        note: what it is.
    """

    name: str
    kind: str
    count: int
    bytes: int
    note: str


@dataclass(frozen=True)
class CSource:
    """What was emitted.

    Attributes:
        header, source: the texts.
        constants: all arrays that the compiled object holds.
        members: of the struct, in order, but for its five numbers.
        arena_bytes: size of the struct.
    """

    header: str
    source: str
    constants: tuple[Constant, ...]
    members: tuple[Member, ...]
    arena_bytes: int

    @property
    def constant_bytes(self) -> int:
        """Of all constants."""
        return sum(constant.bytes for constant in self.constants)


def emit_c99(
    program: Program, *, max_height: int = 28, max_width: int = 28, prefix: str = "automaton"
) -> CSource:
    """The program in C; the same program gives the same bytes.

    Args:
        program: what to emit.
        max_height: of the largest grid; smaller ones are given at run time.
        max_width: likewise.
        prefix: of all names in the header.

    Raises:
        ExportError: an argument is out of range, or C's integers cannot hold the program.
    """
    for what, size in (("max_height", max_height), ("max_width", max_width)):
        if not 1 <= size <= MAX_SIDE:
            raise ExportError(f"{what} must be from 1 to {MAX_SIDE}, got {size!r}")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise ExportError(f"prefix must be a C name of small letters, got {prefix!r}")
    layers = [CLayer(turned(layer), layer.name.replace("/", "_")) for layer in program.layers]
    writer = Writer(prefix)
    for layer in layers:
        emit_layer(writer, layer)
    grey = grey_of(program)
    _emit_reader(writer, program, layers[0], grey)
    for number, layer in enumerate(layers[: program.perceive_layers]):
        _emit_at(writer, layer, number)
    for number in range(1, program.perceive_layers):
        _emit_row(writer, layers, number, program.perceive_layers)
    _emit_update(writer, program, layers)
    _emit_advance(writer, program, layers)
    members = _members(program, layers, grey, max_height, max_width)
    size = 20 + sum(member.bytes for member in members)
    size += -size % 4
    names = _names(program, prefix, max_height, max_width, size)
    header = fill(HEADER + _struct(members, prefix) + HEADER_END, names)
    source = fill(SOURCE_START + grey.functions + "\n",
                  {**names, "DESCRIPTION": _comment(describe(program))})
    codes = codes_definitions(layers)
    names |= {"UNPACKED": rollout_statements(layers), "CODES": codes_argument(layers)}
    source += "\n\n".join([
        *([codes.strip()] if codes else []),
        *helper_texts(writer.helpers),
        *(constant.text() for constant in writer.constants),
        *writer.functions,
        fill(LIFE, names).strip(),
    ]) + "\n"
    return CSource(header, source, tuple(writer.constants), tuple(members), size)


def _names(
    program: Program, prefix: str, max_height: int, max_width: int, size: int
) -> dict[str, str]:
    return {
        "PREFIX": prefix.upper(),
        "prefix": prefix,
        "HEIGHT": str(max_height),
        "WIDTH": str(max_width),
        "BYTES": str(size),
        "CHANNELS": str(program.state_channels),
        "CLASSES": str(program.classes),
        "FRACTION": str(program.state_fraction),
        "BITS": str(program.state_bits),
        "ALIVE_FROM": str(program.alive_from),
        "SEED": f"{program.seed}u",
        "READY": f"0x{READY:08x}u",
    }


def _comment(text: str) -> str:
    return "\n".join(f" * {each}".rstrip() for each in text.splitlines())


def _members(
    program: Program, layers: list[CLayer], grey: Grey, max_height: int, max_width: int
) -> list[Member]:
    """Widest elements first, so that the compiler need not pad."""
    cells = max_height * max_width
    size = program.state_bits // 8
    rings = []
    for number, layer in enumerate(layers[: program.perceive_layers]):
        count = 3 * max_width * layer.cell_size
        width = 4 if layer.reads_codes else 2
        rings.append(Member(f"ring_{number}", layer.cell_type, count, width * count,
                            f"three rows of what {layer.layer.name} reads"))
    state = Member("state", f"int{program.state_bits}_t", cells * program.state_channels,
                   cells * program.state_channels * size,
                   "words of each cell [row][column][channel]")
    note = "" if grey.bits == 8 else f", {grey.bits} bits a cell"
    picture = Member("grey", "uint8_t", grey.size(cells), grey.size(cells),
                     f"the picture [row][column]{note}")
    order = {"uint32_t": 0, "int16_t": 1, "int8_t": 2, "uint8_t": 3}
    return sorted([*rings, state, picture], key=lambda member: order[member.kind])


def _struct(members: list[Member], prefix: str) -> str:
    lines = [f"    {member.kind} {member.name}[{member.count}]; /* {member.note} */"
             for member in members]
    return (f"struct {prefix} {{\n"
            "    uint32_t ready; /* what start leaves here, so that others know */\n"
            "    uint32_t height;\n    uint32_t width;\n"
            "    uint32_t step; /* steps since start */\n"
            "    uint32_t seed; /* of the fire masks */\n" + "\n".join(lines) + "\n};\n")


def _emit_reader(writer: Writer, program: Program, first: CLayer, grey: Grey) -> None:
    """``read_row``: a row of grey and state as what the first layer reads."""
    reader, channels = program.reader, program.state_channels
    name = "perceive_0"
    zero, one = np.zeros(1, np.int64), np.zeros(channels, np.int64)
    shades, words = np.array([grey.reach]), np.full(channels, program.state_high + 1)
    if isinstance(reader, WordInput):
        value = line(writer, "grey", name, reader.grey, zero, shades, "grey")
        shift = f" * {1 << reader.state_shift}" if reader.state_shift else ""
        body = [f"cell[0] = (int16_t){value};",
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
            body = [f"uint32_t levels[{channels + 1}];",
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
    constant = grey.alive_from > 0 and bool((dead == dead[0]).all())
    codes = np.concatenate([dead[0] if constant else [0], zeros])
    digits = [bit_words(codes >> digit & 1, 32) for digit in range(first.digits)]
    lines = [f"cell[{number}] = 0x{word:08x}u;"
             for number, word in enumerate(np.concatenate(digits))]
    if constant:
        return lines
    return [*lines, *grey_code, f"for (uint32_t digit = 0; digit < {first.digits}u; digit++) {{",
            f"    cell[digit * {first.cell_words}u] |= (code >> digit) & 1u;", "}"]


def _emit_at(writer: Writer, c: CLayer, number: int) -> None:
    """``NAME_at``: what a perceive layer makes of the window of one cell."""
    gather = gather_statements(writer, c)
    body = [f"const {c.cell_type} *ring = a->ring_{number};"]
    if c.reads_codes:
        body.append(f"uint32_t window[{c.window_words}];")
    else:
        body += declare_words(c, "inputs")
    if c.corrects_edges:
        body += [f"uint32_t outside[{c.words}];", "uint32_t outside_rows;"]
    out = "int16_t *words" if isinstance(c.layer.stage, ToWords) else "uint32_t *codes"
    body += [*gather, f"{c.name}_layer({out.split('*')[1]}, {layer_arguments(c)});"]
    writer.function([
        f"static void {c.name}_at(const struct {writer.prefix} *a, uint32_t row, uint32_t column,",
        f"    {out}{codes_parameter([c])})", "{", *indented(body), "}"])


def _emit_row(writer: Writer, layers: list[CLayer], number: int, count: int) -> None:
    """``NAME_row``: a row of what the perceive layer `number` reads, where a live cell is
    near enough to see it."""
    before, c = layers[number - 1], layers[number]
    radius = count - number
    writer.function([
        f"/* Whether a live cell stands within {radius} of this one. */",
        f"static uint32_t is_seen_{number}(const struct {writer.prefix} *a, uint32_t row, "
        "uint32_t column)", "{",
        f"    for (uint32_t tap = 0; tap < {(2 * radius + 1) ** 2}u; tap++) {{",
        f"        uint32_t y = row + tap / {2 * radius + 1}u - {radius}u;",
        f"        uint32_t x = column + tap % {2 * radius + 1}u - {radius}u;",
        "        if (y < a->height && x < a->width && is_alive(a, y * a->width + x) != 0u) {",
        "            return 1u;", "        }", "    }", "    return 0u;", "}"])
    writer.function([
        f"/* A row of what {c.layer.name} reads; cells that none sees keep what was there. */",
        f"static void {c.name}_row(struct {writer.prefix} *a, uint32_t row"
        f"{codes_parameter([before])})", "{",
        "    for (uint32_t column = 0; column < a->width; column++) {",
        f"        if (is_seen_{number}(a, row, column) != 0u) {{",
        f"            {before.name}_at(a, row, column,",
        f"                &a->ring_{number}[((row % 3u) * MAX_WIDTH + column) * {c.cell_size}u]"
        f"{before.codes_argument});",
        "        }", "    }", "}"])


def _emit_update(writer: Writer, program: Program, layers: list[CLayer]) -> None:
    """``update_cell``: the change of one cell."""
    count = program.perceive_layers
    last = layers[-1]
    body = [f"int32_t accumulators[{last.layer.outputs}];"]
    for layer in layers[count:]:
        body += ([f"uint32_t {_buffer(layer)}[{layer.cell_size}];"] if layer.reads_codes
                 else declare_words(layer, _buffer(layer)))
    body.append(f"{layers[count - 1].name}_at(a, row, column, {_buffer(layers[count])}"
                f"{layers[count - 1].codes_argument});")
    for layer, after in zip(layers[count:], [*layers[count + 1 :], None], strict=True):
        body += premultiply_statements(writer, layer, _buffer(layer))
        call = (f"{layer.name}_accumulate(accumulators" if after is None
                else f"{layer.name}_layer({_buffer(after)}")
        body.append(f"{call}, {_buffer(layer)}{layer.codes_argument});")
    state_type = f"int{program.state_bits}_t"
    change = state_statements(writer, last, state_type, program.state_high)
    number = "number" if any("number" in each for each in change) else ""
    body.append(f"{state_type} *state = &a->state[(row * a->width + column) * "
                f"{program.state_channels}u];")
    parameters = f"struct {writer.prefix} *a, uint32_t row, uint32_t column"
    parameters += ", uint32_t number" if number else ""
    parameters += codes_parameter(layers[count - 1 :])
    writer.function(["/* Adds to a cell's state what the networks make of its window. */",
                     f"static void update_cell({parameters})", "{",
                     *indented([*body, *change]), "}"])


def _buffer(c: CLayer) -> str:
    """Name of what an update layer reads."""
    return f"{c.name}_{'codes' if c.reads_codes else 'words'}"


def _emit_advance(writer: Writer, program: Program, layers: list[CLayer]) -> None:
    """``advance``: one step of all cells."""
    random = program.fire_below != FIRE_ALWAYS
    number = "number" in writer.functions[-1].split("\n")[1]
    count = program.perceive_layers
    fires = "is_alive(a, place + b)"
    if random:
        fires += f" & ((mix(key + (place + b) * {WEYL_C}) >> 16) < {program.fire_below}u)"
    numbered = ["uint32_t number = mix(key + (place + b) * " + WEYL_C + ");"] if number else []
    inner = [
        "uint32_t place = row * a->width + start, firing = 0;",
        "uint32_t left = a->width - start < 32u ? a->width - start : 32u;",
        "for (uint32_t b = 0; b < left; b++) {",
        f"    firing |= (uint32_t)({fires}) << b;", "}",
        "while (firing != 0u) {",
        "    uint32_t b = ones_1((firing & (0u - firing)) - 1u);",
        *indented([*numbered, f"update_cell(a, row, start + b{', number' if number else ''}"
                   f"{codes_argument(layers[count - 1 :])});"]),
        "    firing &= firing - 1u;", "}"]
    rows = []
    for level in range(1, count):
        rows += [f"if (tick >= {level}u && tick - {level}u < a->height) {{",
                 f"    {layers[level].name}_row(a, tick - {level}u"
                 f"{layers[level - 1].codes_argument});", "}"]
    key = [f"uint32_t key = mix(a->seed + mix(a->step + {WEYL_C}));"] if random or number else []
    writer.function([
        "/* One step. Rows of the state change once no layer will read them any more. */",
        f"static void advance(struct {writer.prefix} *a{codes_parameter(layers)})", "{",
        *indented([
            *key, f"for (uint32_t tick = 0; tick < a->height + {count}u; tick++) {{",
            "    if (tick < a->height) {", "        read_row(a, tick);", "    }",
            *indented(rows),
            f"    if (tick >= {count}u) {{",
            f"        uint32_t row = tick - {count}u;",
            "        for (uint32_t start = 0; start < a->width; start += 32u) {",
            *indented(inner, 3), "        }", "    }", "}", "a->step += 1u;"]),
        "}"])
