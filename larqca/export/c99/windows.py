"""What a layer reads, in C: windows of cells, and words times their premultipliers."""

from __future__ import annotations

import numpy as np

from larqca.export.c99.constants import bit_words, signed, unsigned
from larqca.export.c99.layer import CLayer
from larqca.export.c99.stages import indented
from larqca.export.c99.writer import Writer
from larqca.export.program import PREMULTIPLIER_SHIFT, Words


def gather_statements(writer: Writer, c: CLayer) -> list[str]:
    """C statements that collect the window of ``row`` and ``column`` from the three rows
    of ``ring``, whose cells stand `cell_size` elements apart."""
    layer = c.layer
    loop = _at_tap(writer, c)
    inside = f"&ring[((y % 3u) * MAX_WIDTH + x) * {c.cell_size}u]"
    if c.reads_codes:
        return _gather_codes(writer, c, inside)
    assert isinstance(layer.source, Words)
    value = "word"
    if len(layer.source.premultipliers):
        name = writer.constant(signed(f"{c.name}_rows", layer.name, layer.source.premultipliers,
                                      "premultiplier of each row [tap, input]"))
        half = 1 << (PREMULTIPLIER_SHIFT - 1)
        value = (f"floor_shift(word * {name}[tap * {layer.inputs}u + i] + {half}, "
                 f"{PREMULTIPLIER_SHIFT}u)")
    loop += ["uint32_t inside = y < a->height && x < a->width;",
             f"const int16_t *cell = inside != 0u ? {inside} : ring;",
             f"for (uint32_t i = 0; i < {layer.inputs}u; i++) {{",
             f"    int32_t word = inside != 0u ? cell[i] : {layer.source.outside};",
             f"    inputs[tap * {layer.inputs}u + i] = (int16_t){value};", "}"]
    return [f"for (uint32_t tap = 0; tap < {len(layer.places)}u; tap++) {{",
            *indented(loop), "}"]


def _at_tap(writer: Writer, c: CLayer) -> list[str]:
    """C statements that set ``y`` and ``x`` to where a tap is."""
    if c.layer.neighbourhood == "moore":
        return ["uint32_t y = row + tap / 3u - 1u;", "uint32_t x = column + tap % 3u - 1u;"]
    name = writer.constant(unsigned(f"{c.name}_places", c.layer.name, np.array(c.layer.places), 8,
                                    "place of each tap among nine"))
    return [f"uint32_t place = {name}[tap];", "uint32_t y = row + place / 3u - 1u;",
            "uint32_t x = column + place % 3u - 1u;"]


def _gather_codes(writer: Writer, c: CLayer, inside: str) -> list[str]:
    layer, code = c.layer, c.outside_code or 0
    digits = [bit_words(np.full(layer.inputs, code >> digit & 1), 32) for digit in range(c.digits)]
    outside = writer.constant(unsigned(
        f"{c.name}_outside", layer.name, np.concatenate(digits), 32,
        "digits of a cell outside the grid"))
    loop = [*_at_tap(writer, c), "uint32_t is_inside = y < a->height && x < a->width;",
            f"cells[tap] = is_inside != 0u ? {inside} : {outside};"]
    before = [writer.array("const uint32_t *", "cells", len(layer.places))]
    if c.corrects_edges:
        before += [f"clear(outside, {c.words}u);", "outside_rows = 0;"]
        loop += ["if (is_inside == 0u) {",
                 f"    put_ones(outside, tap * {layer.inputs}u, {layer.inputs}u);",
                 f"    outside_rows += {layer.inputs}u;", "}"]
    statements = [
        *before, "/* Most cells stand away from the edges. */",
        "if (row - 1u < a->height - 2u && column - 1u < a->width - 2u) {",
        *indented(_between(c)), "} else {",
        f"    for (uint32_t tap = 0; tap < {len(layer.places)}u; tap++) {{",
        *indented(loop, 2), "    }", "}"]
    if c.digits == 1:
        return [*statements, *_window_words(c, "", "")]
    return [*statements, f"for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
            *indented(_window_words(c, f"digit * {c.words}u + ", f"digit * {c.cell_words}u + ")),
            "}"]


def _between(c: CLayer) -> list[str]:
    """C statements that point ``cells`` to the taps of a cell that stands at no edge."""
    beside = c.cell_size

    def middle(row: str) -> str:
        return f"&ring[(({row} % 3u) * MAX_WIDTH + column) * {beside}u]"

    if c.layer.neighbourhood == "von_neumann":
        return [f"const uint32_t *middle = {middle('row')};",
                f"cells[0] = {middle('(row + 2u)')};",
                f"cells[1] = middle - {beside};", "cells[2] = middle;",
                f"cells[3] = middle + {beside};",
                f"cells[4] = {middle('(row + 1u)')};"]
    if c.layer.neighbourhood == "center":
        return [f"cells[0] = {middle('row')};"]
    return ["for (uint32_t y = 0; y < 3u; y++) {",
            f"    const uint32_t *middle = {middle('(row + y + 2u)')};",
            f"    cells[3u * y] = middle - {beside};",
            "    cells[3u * y + 1u] = middle;",
            f"    cells[3u * y + 2u] = middle + {beside};", "}"]


def _window_words(c: CLayer, window: str, cell: str) -> list[str]:
    """C statements that put a digit of each tap's cell, bit after bit, into the window's
    words."""
    pieces: list[list[str]] = [[] for _ in range(c.words)]
    for tap in range(len(c.layer.places)):
        for word in range(c.cell_words):
            at, bits = tap * c.layer.inputs + 32 * word, min(32, c.layer.inputs - 32 * word)
            (into, shift), read = divmod(at, 32), f"cells[{tap}][{cell}{word}u]"
            pieces[into].append(f"{read} << {shift}u" if shift else read)
            if shift + bits > 32:
                pieces[into + 1].append(f"{read} >> {32 - shift}u")
    lines = []
    for word, parts in enumerate(pieces):
        first, *others = [f"({part})" if " " in part else part for part in parts]
        lines.append(f"window[{window}{word}u] = {first}" + ("" if others else ";"))
        lines += [f"    | {part}" + (";" if part is others[-1] else "") for part in others]
    return lines


def declare_words(writer: Writer, c: CLayer, name: str) -> list[str]:
    """C statements that declare an array of a layer's inputs, and clear its end."""
    lines = [writer.array("int16_t", name, c.input_count)]
    if c.input_count > c.layer.numbers:
        lines += [f"for (uint32_t r = {c.layer.numbers}; r < {c.input_count}u; r++) {{",
                  f"    {name}[r] = 0;", "}"]
    return lines


def premultiply_statements(writer: Writer, c: CLayer, words: str) -> list[str]:
    """C statements that multiply the words of a 1x1 layer by its premultipliers."""
    source = c.layer.source
    if not isinstance(source, Words) or not len(source.premultipliers):
        return []
    name = writer.constant(signed(f"{c.name}_rows", c.layer.name, source.premultipliers,
                                  "premultiplier of each input"))
    half = 1 << (PREMULTIPLIER_SHIFT - 1)
    return [f"for (uint32_t i = 0; i < {c.layer.inputs}u; i++) {{",
            f"    {words}[i] = (int16_t)floor_shift({words}[i] * {name}[i] + {half}, "
            f"{PREMULTIPLIER_SHIFT}u);", "}"]
