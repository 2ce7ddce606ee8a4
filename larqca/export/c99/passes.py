"""The passes of a step in C over rows of cells: what perceive layers make of windows, what
update layers add to the state, and in which order."""

from __future__ import annotations

from larqca.export.c99.helpers import WEYL_C
from larqca.export.c99.layer import CLayer
from larqca.export.c99.layers import draws_numbers, state_statements
from larqca.export.c99.signature import (
    Signature,
    accumulate_of,
    advance_of,
    at_of,
    layer_of,
    outputs_parameter,
    row_of,
    update_of,
)
from larqca.export.c99.stages import indented
from larqca.export.c99.windows import declare_words, gather_statements, premultiply_statements
from larqca.export.c99.writer import Writer
from larqca.export.counter import FIRE_ALWAYS
from larqca.export.program import Program, ToState


def emit_at(writer: Writer, c: CLayer, number: int) -> None:
    """``NAME_at``: what a perceive layer makes of the window of one cell."""
    gather = gather_statements(writer, c)
    body = [f"const {c.cell_type} *ring = a->ring_{number};"]
    if c.reads_codes:
        body.append(writer.array("uint32_t", "window", c.window_words))
    else:
        body += declare_words(writer, c, "inputs")
    if c.corrects_edges:
        body += [writer.array("uint32_t", "outside", c.words), "uint32_t outside_rows;"]
    body += [*gather, f"{layer_of(c).call()};"]
    writer.function([at_of(c, writer.prefix).head, "{", *indented(body), "}"])


def emit_row(writer: Writer, layers: list[CLayer], number: int, count: int) -> None:
    """``NAME_row``: a row of what the perceive layer `number` reads, where a live cell is
    near enough to see it."""
    before, c = layers[number - 1], layers[number]
    radius = count - number
    cell = f"&a->ring_{number}[((row % 3u) * MAX_WIDTH + column) * {c.cell_size}u]"
    call = at_of(before, writer.prefix).call(**{outputs_parameter(before)[1]: "cell"})
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
        row_of(c, before, writer.prefix).head, "{",
        "    for (uint32_t column = 0; column < a->width; column++) {",
        f"        if (is_seen_{number}(a, row, column) != 0u) {{",
        f"            {c.cell_type} *cell = {cell};", f"            {call};",
        "        }", "    }", "}"])


def emit_update(writer: Writer, program: Program, layers: list[CLayer]) -> None:
    """``update_cell``: the change of one cell."""
    count = program.perceive_layers
    seen, last = layers[count - 1], layers[-1]
    body = [writer.array("int32_t", "accumulators", last.layer.outputs)]
    for layer in layers[count:]:
        body += ([writer.array("uint32_t", _buffer(layer), layer.cell_size)] if layer.reads_codes
                 else declare_words(writer, layer, _buffer(layer)))
    at = at_of(seen, writer.prefix)
    body.append(f"{at.call(**{outputs_parameter(seen)[1]: _buffer(layers[count])})};")
    for layer, after in zip(layers[count:], [*layers[count + 1 :], None], strict=True):
        body += premultiply_statements(writer, layer, _buffer(layer))
        given = {"window": _buffer(layer), "inputs": _buffer(layer)}
        if after is None:
            body.append(f"{accumulate_of(layer).call(**given)};")
        else:
            given[outputs_parameter(layer)[1]] = _buffer(after)
            body.append(f"{layer_of(layer).call(**given)};")
    state_type = f"int{program.state_bits}_t"
    change = state_statements(writer, last, state_type, program.state_high)
    body.append(f"{state_type} *state = &a->state[(row * a->width + column) * "
                f"{program.state_channels}u];")
    writer.function(["/* Adds to a cell's state what the networks make of its window. */",
                     _update_of(writer, program, layers).head, "{",
                     *indented([*body, *change]), "}"])


def _update_of(writer: Writer, program: Program, layers: list[CLayer]) -> Signature:
    stage = layers[-1].layer.stage
    assert isinstance(stage, ToState)
    return update_of(layers[program.perceive_layers - 1 :], writer.prefix,
                     draws=draws_numbers(stage))


def _buffer(c: CLayer) -> str:
    """Name of what an update layer reads."""
    return f"{c.name}_{'codes' if c.reads_codes else 'words'}"


def emit_advance(writer: Writer, program: Program, layers: list[CLayer]) -> None:
    """``advance``: one step of all cells."""
    random = program.fire_below != FIRE_ALWAYS
    update = _update_of(writer, program, layers)
    number = update.takes("number")
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
        *indented([*numbered, f"{update.call(column='start + b')};"]),
        "    firing &= firing - 1u;", "}"]
    rows = []
    for level in range(1, count):
        fill = row_of(layers[level], layers[level - 1], writer.prefix)
        rows += [f"if (tick >= {level}u && tick - {level}u < a->height) {{",
                 f"    {fill.call(row=f'tick - {level}u')};", "}"]
    key = [f"uint32_t key = mix(a->seed + mix(a->step + {WEYL_C}));"] if random or number else []
    writer.function([
        "/* One step. Rows of the state change once no layer will read them any more. */",
        advance_of(layers, writer.prefix).head, "{",
        *indented([
            *key, f"for (uint32_t tick = 0; tick < a->height + {count}u; tick++) {{",
            "    if (tick < a->height) {", "        read_row(a, tick);", "    }",
            *indented(rows),
            f"    if (tick >= {count}u) {{",
            f"        uint32_t row = tick - {count}u;",
            "        for (uint32_t start = 0; start < a->width; start += 32u) {",
            *indented(inner, 3), "        }", "    }", "}", "a->step += 1u;"]),
        "}"])
