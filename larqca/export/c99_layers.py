"""One layer in C: its packed weights, its sums, its output stage.

Two ways to sum. *ones*: inputs are cut into binary digits, weights stored as bit planes,
and ones that both share are counted, 32 rows at a time. *products*: weights are stored as
a stream of codes and multiplied one by one. Sums are taken modulo 2**32, which is exact
because the program's bounds keep the accumulators themselves within 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.export.c99_constants import bit_stream, bit_words, signed, unsigned
from larqca.export.c99_helpers import WEYL_C
from larqca.export.c99_stages import indented, line, put_code, staircase
from larqca.export.c99_writer import Writer
from larqca.export.program import (
    PREMULTIPLIER_SHIFT,
    Codes,
    Layer,
    ToCodes,
    ToState,
    ToWords,
    Words,
)

Array = npt.NDArray[Any]

# Counting ones costs a popcount for each pair of a digit and a plane and 32 rows; beyond
# so many pairs, products are cheaper.
MOST_PAIRS = 24


@dataclass(frozen=True)
class CLayer:
    """A layer and how C computes it.

    Attributes:
        layer: of the program.
        name: prefix of everything of this layer in C.
    """

    layer: Layer
    name: str

    @property
    def by_ones(self) -> bool:
        """Whether it counts ones (see the module)."""
        if isinstance(self.layer.source, Codes):
            return True
        return self.digits * self.layer.weights.bits * self.layer.weights.terms <= MOST_PAIRS

    @property
    def digits(self) -> int:
        """Binary digits of an input."""
        source = self.layer.source
        if isinstance(source, Codes):
            return source.digits
        if not self.has_sign:
            return source.high.bit_length()
        if (source.premultipliers < 0).any():
            # Minus the lowest word, which has one digit more but for 16 bits of which
            # premultipliers take a little away.
            return min(16, source.largest.bit_length() + 1)
        return max(source.high.bit_length(), (-source.low - 1).bit_length()) + 1

    @property
    def has_sign(self) -> bool:
        """Whether an input can be negative, so that its top digit is."""
        source = self.layer.source
        if isinstance(source, Codes):
            return False
        return source.low < 0 or bool((source.premultipliers < 0).any())

    @property
    def words(self) -> int:
        """32-bit words of one digit of all rows."""
        return -(-self.layer.rows // 32)

    @property
    def cell_words(self) -> int:
        """32-bit words of one digit of a single cell's inputs."""
        return -(-self.layer.inputs // 32)

    @property
    def reads_codes(self) -> bool:
        """Whether its inputs are codes, as bit planes, or else int16_t words."""
        return isinstance(self.layer.source, Codes)

    @property
    def cell_size(self) -> int:
        """Elements (uint32_t or int16_t) of a single cell's inputs."""
        return self.digits * self.cell_words if self.reads_codes else self.layer.inputs

    @property
    def cell_type(self) -> str:
        """C type of them."""
        return "uint32_t" if self.reads_codes else "int16_t"

    @property
    def outside_code(self) -> int | None:
        """The code of a neighbour outside the grid, None if no code stands for its X."""
        source = self.layer.source
        assert isinstance(source, Codes)
        code, rest = divmod(source.outside - source.offset, source.step)
        return code if rest == 0 and 0 <= code < source.levels else None

    @property
    def corrects_edges(self) -> bool:
        """Whether what is outside the grid must be added to the sums apart."""
        return self.reads_codes and self.layer.kernel_size == 3 and self.outside_code is None

    @property
    def window_words(self) -> int:
        """uint32_t of a window in digits."""
        return self.digits * self.words

    @property
    def folded(self) -> Array:
        """What C's accumulators lack of the program's, int64 ``[outputs]``: the offset of
        the codes times all weights, which output stages hold."""
        source = self.layer.source
        if not isinstance(source, Codes):
            return np.zeros(self.layer.outputs, np.int64)
        total: Array = source.offset * self.layer.weights.combined.sum(axis=0)
        return total


def emit_layer(writer: Writer, c: CLayer) -> None:
    """Constants and functions of a layer: ``NAME_sums``, ``NAME_accumulate``, and
    ``NAME_finish``, which puts the output stage's words, codes or state somewhere."""
    if c.by_ones:
        _emit_ones(writer, c)
    else:
        _emit_products(writer, c)
    _emit_accumulate(writer, c)
    _emit_finish(writer, c)


def _emit_ones(writer: Writer, c: CLayer) -> None:
    layer, weights = c.layer, c.layer.weights
    several = weights.terms > 1
    planes = (weights.codes[:, None] >> np.arange(weights.bits)[:, None, None]) & 1
    full, left = divmod(layer.rows, 32)
    calls = []
    shape = "plane, word, output" if not several else "term, plane, word, output"
    at = "[term][plane]" if several else "[plane]"

    def define(name: str, rows: slice, bits: int, note: str) -> str:
        words = np.moveaxis(bit_words(np.moveaxis(planes[:, :, rows], 2, 0), bits), 0, 2)
        values = words if note == shape else words[:, :, 0]
        values = values if several else values[0]
        return writer.constant(unsigned(name, layer.name, values, bits, f"weights as [{note}]"))

    if left > 24:
        full, left = full + 1, 0
    if full:
        name = define(f"{c.name}_weights", slice(0, 32 * full), 32, shape)
        calls += [f"for (uint32_t w = 0; w < {full}u; w++) {{",
                  f"    add_ones_32(sums, {name}{at}[w], {layer.outputs}u, bits[w], worth);", "}"]
    # The last rows stand in words as narrow as they are few.
    rest, start = shape.replace(", word", ""), 0
    for bits in (16, 8):
        if left - start > bits - 8:
            first = 32 * full + start
            name = define(f"{c.name}_rest_{bits}", slice(first, min(first + bits, layer.rows)),
                          bits, rest)
            word = f"bits[{full}]" + (f" >> {start}" if start else "")
            calls.append(f"add_ones_{bits}(sums, {name}{at}, {layer.outputs}u, "
                         f"({word}) & 0x{2**bits - 1:x}u, worth);")
            start += bits
    parameters = "uint32_t *sums, const uint32_t *bits, uint32_t worth"
    parameters += ", uint32_t term" if several else ""
    writer.function([
        "/* Adds to each output what the ones of one digit of the inputs are worth. */",
        f"static void {c.name}_sums({parameters})", "{",
        f"    for (uint32_t plane = 0; plane < {weights.bits}u; plane++) {{",
        *indented(calls, 2), "        worth *= 2u;", "    }", "}",
    ])


def _emit_products(writer: Writer, c: CLayer) -> None:
    layer, weights = c.layer, c.layer.weights
    stream = bit_stream(weights.codes, weights.bits)
    name = writer.constant(unsigned(
        f"{c.name}_weights", layer.name, stream, 8,
        f"codes of {weights.bits} bits as [{'term, ' * (weights.terms > 1)}row, output], lowest "
        "bit first, and a byte to read over"))
    several = weights.terms > 1
    parameters = "uint32_t *sums, const int16_t *inputs" + (", uint32_t term" if several else "")
    at = f"(term * {layer.rows}u + r)" if several else "r"
    writer.function([
        "/* Adds the products of all inputs with the codes of the weights. */",
        f"static void {c.name}_sums({parameters})", "{",
        f"    for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
        "        if (inputs[r] != 0) {",
        f"            add_products(sums, {name}, {at} * {weights.bits * layer.outputs}u, "
        f"{weights.bits}u, {layer.outputs}u,", "                         (uint32_t)inputs[r]);",
        "        }", "    }", "}",
    ])


def _emit_accumulate(writer: Writer, c: CLayer) -> None:
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    outputs, several = layer.outputs, c.layer.weights.terms > 1
    step = weights.step * (source.step if isinstance(source, Codes) else 1)
    term = ", term" if several else ""
    body = [f"uint32_t sums[{outputs}];", *_base(c)]
    each = [f"clear(sums, {outputs}u);"]
    if not c.by_ones:
        each.append(f"{c.name}_sums(sums, inputs{term});")
    elif c.digits == 1:
        each.append(f"{c.name}_sums(sums, window, 1u{term});")
    else:
        worth = "(uint32_t)1 << digit"
        if c.has_sign:
            worth = f"digit == {c.digits - 1}u ? 0u - ((uint32_t)1 << digit) : {worth}"
        each += [f"for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
                 f"    {c.name}_sums(sums, window + digit * {c.words}u, {worth}{term});", "}"]
    value = f"{step}u * sums[c] + base" if step > 1 else "sums[c] + base"
    edges = _edges(c, term) if c.corrects_edges else []
    if several:
        gains = writer.constant(signed(f"{c.name}_gains", layer.name, weights.gains,
                                       "what the sums of each term are multiplied by"))
        value = f"totals[c] + (uint32_t){gains}[term][c] * ({value})"
        loop = [*each, *_for_outputs(outputs, f"totals[c] = {value};")]
        loop += edges
        body += [f"uint32_t totals[{outputs}];", f"clear(totals, {outputs}u);",
                 f"for (uint32_t term = 0; term < {weights.terms}u; term++) {{",
                 *indented(loop), "}"]
        body += _for_outputs(outputs, "accumulators[c] = to_signed(totals[c]);")
    elif edges:
        body += [f"uint32_t totals[{outputs}];", *each,
                 *_for_outputs(outputs, f"totals[c] = {value};"), *edges,
                 *_for_outputs(outputs, "accumulators[c] = to_signed(totals[c]);")]
    else:
        body += [*each, *_for_outputs(outputs, f"accumulators[c] = to_signed({value});")]
    parameters = "int32_t *accumulators, const "
    parameters += "uint32_t *window" if c.reads_codes else "int16_t *inputs"
    if c.corrects_edges:
        parameters += ", const uint32_t *outside, uint32_t outside_rows"
    writer.function([
        f"static void {c.name}_accumulate({parameters})", "{", *indented(body), "}"])


def _base(c: CLayer) -> list[str]:
    """C statements that set ``base``: the offset of the weights times all inputs."""
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    if isinstance(source, Words):
        lines = [f"uint32_t window[{c.window_words}];",
                 f"slice(window, inputs, {layer.rows}u, {c.digits}u);"] if c.by_ones else []
        if not weights.offset:
            return [*lines, "uint32_t base = 0;"]
        return [*lines, "uint32_t base = 0;",
                f"for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
                "    int32_t number = inputs[r];", "    base += (uint32_t)number;", "}",
                _times("base", weights.offset)]
    if not weights.offset:
        return ["uint32_t base = 0;"]
    return ["uint32_t base = 0;",
            f"for (uint32_t w = 0; w < {c.window_words}u; w++) {{",
            f"    base += ones(window[w]){f' << (w / {c.words}u)' if c.digits > 1 else ''};", "}",
            _times("base", weights.offset * source.step)]


def _times(name: str, factor: int) -> str:
    return f"{name} *= {factor}u;" if factor >= 0 else f"{name} = 0u - {name} * {-factor}u;"


def _edges(c: CLayer, term: str) -> list[str]:
    """C statements that add to ``totals`` what neighbours outside the grid contribute
    more than the code zero that stands in their place."""
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    assert isinstance(source, Codes)
    more = source.outside - source.offset
    inner = [f"uint32_t edge = outside_rows * {abs(weights.offset)}u;",
             f"clear(sums, {layer.outputs}u);",
             f"{c.name}_sums(sums, outside, 1u{term});"]
    sign = "-" if weights.offset < 0 else "+"
    value = f"{more}u * ({weights.step}u * sums[c] {sign} edge)"
    if term:
        value = f"(uint32_t){c.name}_gains[term][c] * ({value})"
    inner += _for_outputs(layer.outputs, f"totals[c] += {value};")
    return ["if (outside_rows != 0u) {", *indented(inner), "}"]


def _for_outputs(outputs: int, *statements: str) -> list[str]:
    return [f"for (uint32_t c = 0; c < {outputs}u; c++) {{", *indented(list(statements)), "}"]


def _emit_finish(writer: Writer, c: CLayer) -> None:
    stage = c.layer.stage
    if isinstance(stage, ToState):
        return  # `c99` writes it, which knows the state's type
    layer, reach = c.layer, c.layer.bounds
    if isinstance(stage, ToWords):
        value = line(writer, c.name, layer.name, stage.line, c.folded, reach, "accumulators[c]")
        kind = "int64_t" if value.startswith("floor_shift_64") else "int32_t"
        body = _for_outputs(
            layer.outputs, f"{kind} word = {value};",
            f"words[c] = (int16_t)(word < 0 ? 0 : word > {stage.high} ? {stage.high} : word);")
        head = f"static void {c.name}_finish(int16_t *words, const int32_t *accumulators)"
    else:
        assert isinstance(stage, ToCodes)
        digits, words = (stage.staircase.levels - 1).bit_length(), -(-layer.outputs // 32)
        found = staircase(writer, c.name, layer.name, stage.staircase, c.folded, reach,
                          "accumulators[c]")
        body = [f"clear(codes, {digits * words}u);",
                *_for_outputs(layer.outputs, *found, *put_code(digits, words, "c"))]
        head = f"static void {c.name}_finish(uint32_t *codes, const int32_t *accumulators)"
    writer.function([head, "{", *indented(body), "}"])


def state_statements(writer: Writer, c: CLayer, state_type: str, high: int) -> list[str]:
    """C statements that add accumulators to ``state``, and saturate."""
    stage = c.layer.stage
    assert isinstance(stage, ToState)
    drawn = ""
    random = stage.stochastic and stage.line.shift > 0
    if random:
        shift = 32 - stage.line.shift
        drawn = f"(int32_t)(mix(number + (c + 1u) * {WEYL_C}) >> {shift}u)"
    value = line(writer, c.name, c.layer.name, stage.line, c.folded, c.layer.bounds,
                 "accumulators[c]", drawn=drawn)
    kind = "int64_t" if value.startswith("floor_shift_64") else "int32_t"
    return _for_outputs(
        c.layer.outputs, f"{kind} word = state[c] + {value};",
        f"state[c] = ({state_type})(word < -{high + 1} ? -{high + 1} : "
        f"word > {high} ? {high} : word);")


def gather_statements(writer: Writer, c: CLayer) -> list[str]:
    """C statements that collect the window of ``row`` and ``column`` from the three rows
    of ``ring``, whose cells stand `cell_size` elements apart."""
    layer = c.layer
    loop = ["uint32_t y = row + tap / 3u - 1u;", "uint32_t x = column + tap % 3u - 1u;"]
    inside = f"&ring[((y % 3u) * MAX_WIDTH + x) * {c.cell_size}u]"
    if c.reads_codes:
        before = [f"clear(window, {c.window_words}u);"]
        outside = _outside_codes(c)
        loop += [f"uint32_t at = tap * {layer.inputs}u;", "if (y < a->height && x < a->width) {",
                 f"    const uint32_t *cell = {inside};",
                 f"    for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
                 f"        put_bits(window + digit * {c.words}u, at, "
                 f"cell + digit * {c.cell_words}u, {layer.inputs}u);", "    }",
                 *(["} else {", *indented(outside)] if outside else []), "}"]
        if c.corrects_edges:
            before += [f"clear(outside, {c.words}u);", "*outside_rows = 0;"]
        return [*before, "for (uint32_t tap = 0; tap < 9u; tap++) {", *indented(loop), "}"]
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
    return ["for (uint32_t tap = 0; tap < 9u; tap++) {", *indented(loop), "}"]


def _outside_codes(c: CLayer) -> list[str]:
    code = c.outside_code
    if code is None:
        return [f"put_ones(outside, at, {c.layer.inputs}u);",
                f"*outside_rows += {c.layer.inputs}u;"]
    return [f"put_ones(window + {digit * c.words}u, at, {c.layer.inputs}u);"
            for digit in range(c.digits) if code >> digit & 1]


def premultiply_statements(writer: Writer, c: CLayer) -> list[str]:
    """C statements that multiply the ``inputs`` of a 1x1 layer by its premultipliers."""
    source = c.layer.source
    if not isinstance(source, Words) or not len(source.premultipliers):
        return []
    name = writer.constant(signed(f"{c.name}_rows", c.layer.name, source.premultipliers,
                                  "premultiplier of each input"))
    half = 1 << (PREMULTIPLIER_SHIFT - 1)
    return [f"for (uint32_t i = 0; i < {c.layer.inputs}u; i++) {{",
            f"    inputs[i] = (int16_t)floor_shift(inputs[i] * {name}[i] + {half}, "
            f"{PREMULTIPLIER_SHIFT}u);", "}"]
