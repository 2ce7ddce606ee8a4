"""One layer in C: its packed weights, its sums, its output stage.

Two ways to sum. *ones*: inputs are cut into binary digits, weights stored as bit planes,
and ones that both share are counted, 32 rows at a time. *products*: weights are stored as
a stream of codes and multiplied one by one. Sums are taken modulo 2**32, which is exact
because the program's bounds keep the accumulators themselves within 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.export.c99_constants import bit_stream, bit_words, signed, unsigned
from larqca.export.c99_helpers import MOST_WORDS, WEYL_C
from larqca.export.c99_ones import (
    Word,
    declare_bits,
    define_weights,
    emit_sums,
    shared_ones,
)
from larqca.export.c99_stages import for_outputs, indented, line, pack_statements, staircase
from larqca.export.c99_writer import Writer
from larqca.export.program import (
    PREMULTIPLIER_SHIFT,
    Codes,
    Layer,
    Steps,
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
    def codes_argument(self) -> str:
        """What its functions are called with beside their inputs, where weights are codes."""
        return "" if self.by_ones else ", codes"

    @property
    def is_fused(self) -> bool:
        """Whether its sums take one pass over words that fit into registers, so that its
        output stage can stand in the same loop."""
        return (self.by_ones and self.reads_codes and self.digits == 1
                and self.layer.weights.bits == self.layer.weights.terms == 1
                and self.words <= MOST_WORDS)

    @property
    def is_signs(self) -> bool:
        """Whether inputs and weights are signs, and sums the rows less twice those that
        differ; neighbours outside the grid are signs too, or zero."""
        source, weights = self.layer.source, self.layer.weights
        return (self.is_fused and isinstance(source, Codes)
                and weights.offset == source.offset == -1 and weights.step == source.step == 2
                and (self.outside_code is not None or source.outside == 0))

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
    def input_count(self) -> int:
        """Elements of an array of its inputs as words: those that are counted come 32 at
        a time, the last of them zeros."""
        return 32 * self.words if self.by_ones else self.layer.rows

    @property
    def folded(self) -> Array:
        """What C's accumulators lack of the program's, int64 ``[outputs]``: the offset of
        the codes times all weights, which output stages hold."""
        source = self.layer.source
        if not isinstance(source, Codes) or self.is_signs:
            return np.zeros(self.layer.outputs, np.int64)
        total: Array = source.offset * self.layer.weights.combined.sum(axis=0)
        return total


def turned(layer: Layer) -> Layer:
    """The same layer with no output whose sums are negated before they are compared: its
    weights are negated instead, where they can be."""
    stage, weights = layer.stage, layer.weights
    if not isinstance(stage, ToCodes) or not isinstance(stage.staircase, Steps):
        return layer
    steps, top = stage.staircase, 2**weights.bits - 1
    if 2 * weights.offset + weights.step * top != 0 or not steps.descending.any():
        return layer
    codes = np.where(steps.descending, top - weights.codes, weights.codes)
    risen = Steps(steps.thresholds, np.zeros_like(steps.descending))
    return replace(layer, weights=replace(weights, codes=codes), stage=ToCodes(risen))


def emit_layer(writer: Writer, c: CLayer) -> None:
    """Constants and functions of a layer: ``NAME_layer``, which puts words or codes
    somewhere, or of the last layer ``NAME_accumulate``.
    """
    last = isinstance(c.layer.stage, ToState)
    if not c.is_fused:
        if c.by_ones:
            emit_sums(writer, c)
        else:
            _emit_products(writer, c)
        _emit_accumulate(writer, c)
        if not last:
            _emit_layer(writer, c)
        return
    words = define_weights(writer, c)
    if c.is_signs:
        _emit_signs(writer, c, words)
        return
    if last or c.corrects_edges:
        _emit_sums_in_one_pass(writer, c, words)
        _emit_accumulate(writer, c)
    if not last:
        _emit_fused(writer, c, words)


def _emit_products(writer: Writer, c: CLayer) -> None:
    layer, weights = c.layer, c.layer.weights
    stream = bit_stream(weights.codes, weights.bits)
    writer.constant(unsigned(
        f"{c.name}_weights", layer.name, stream, 8,
        f"codes of {weights.bits} bits as [{'term, ' * (weights.terms > 1)}row, output], lowest "
        "bit first, and a byte to read over"))
    several = weights.terms > 1
    parameters = "uint32_t *sums, const int16_t *inputs, const struct codes *codes"
    parameters += ", uint32_t term" if several else ""
    at = f"(term * {layer.rows}u + r)" if several else "r"
    writer.function([
        "/* Adds the products of all inputs with the codes of the weights. */",
        f"static void {c.name}_sums({parameters})", "{",
        f"    for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
        "        if (inputs[r] != 0) {",
        f"            add_products(sums, codes->{c.name}, {at} * {layer.outputs}u,",
        f"                         {weights.bits}u, {layer.outputs}u, (uint32_t)inputs[r]);",
        "        }", "    }", "}",
    ])


def _emit_accumulate(writer: Writer, c: CLayer) -> None:
    layer, weights = c.layer, c.layer.weights
    outputs, several = layer.outputs, c.layer.weights.terms > 1
    term = ", term" if several else ""
    body = [f"uint32_t sums[{outputs}];", *_base(c)]
    each = [] if c.is_fused else [f"clear(sums, {outputs}u);"]
    if not c.by_ones:
        each.append(f"{c.name}_sums(sums, inputs, codes{term});")
    elif c.digits == 1:
        each.append(_sums_call(c, "window", term))
    else:
        worth = "(uint32_t)1 << digit"
        if c.has_sign:
            worth = f"digit == {c.digits - 1}u ? 0u - ((uint32_t)1 << digit) : {worth}"
        each += [f"for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
                 f"    {c.name}_sums(sums, window + digit * {c.words}u, {worth}{term});", "}"]
    value = _value(c, "sums[c]")
    edges = _edges(c, term) if c.corrects_edges else []
    if several:
        gains = writer.constant(signed(f"{c.name}_gains", layer.name, weights.gains,
                                       "what the sums of each term are multiplied by"))
        value = f"totals[c] + (uint32_t){gains}[term][c] * ({value})"
        loop = [*each, *for_outputs(outputs, f"totals[c] = {value};")]
        loop += edges
        body += [f"uint32_t totals[{outputs}];", f"clear(totals, {outputs}u);",
                 f"for (uint32_t term = 0; term < {weights.terms}u; term++) {{",
                 *indented(loop), "}"]
        body += for_outputs(outputs, "accumulators[c] = to_signed(totals[c]);")
    elif edges:
        body += [f"uint32_t totals[{outputs}];", *each,
                 *for_outputs(outputs, f"totals[c] = {value};"), *edges,
                 *for_outputs(outputs, "accumulators[c] = to_signed(totals[c]);")]
    else:
        body += [*each, *for_outputs(outputs, f"accumulators[c] = to_signed({value});")]
    writer.function([
        f"static void {c.name}_accumulate(int32_t *accumulators, {_input_parameters(c)})",
        "{", *indented(body), "}"])


def _sums_call(c: CLayer, bits: str, term: str) -> str:
    worth = ", 1u" if c.layer.weights.bits > 1 else ""
    return f"{c.name}_sums(sums, {bits}{worth}{term});"


def _base(c: CLayer) -> list[str]:
    """C statements that set ``base``: the offset of the weights times all inputs."""
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    if isinstance(source, Words):
        lines = [f"uint32_t window[{c.window_words}];",
                 f"slice(window, inputs, {c.words}u, {c.digits}u);"] if c.by_ones else []
        if not weights.offset:
            return [*lines, "uint32_t base = 0;"]
        return [*lines, "uint32_t base = 0;",
                f"for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
                "    int32_t number = inputs[r];", "    base += (uint32_t)number;", "}",
                _times("base", weights.offset)]
    if not weights.offset:
        return ["uint32_t base = 0;"]
    if c.digits == 1 and c.words <= MOST_WORDS:
        words = ", ".join(f"window[{word}]" for word in range(c.window_words))
        return [f"uint32_t base = ones_{c.window_words}({words});",
                _times("base", weights.offset * source.step)]
    return ["uint32_t base = 0;",
            f"for (uint32_t w = 0; w < {c.window_words}u; w++) {{",
            f"    base += ones_1(window[w]){f' << (w / {c.words}u)' if c.digits > 1 else ''};", "}",
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
             *([] if c.is_fused else [f"clear(sums, {layer.outputs}u);"]),
             _sums_call(c, "outside", term)]
    sign = "-" if weights.offset < 0 else "+"
    value = f"{more}u * ({weights.step}u * sums[c] {sign} edge)"
    if term:
        value = f"(uint32_t){c.name}_gains[term][c] * ({value})"
    inner += for_outputs(layer.outputs, f"totals[c] += {value};")
    return ["if (outside_rows != 0u) {", *indented(inner), "}"]


def _stage_statements(writer: Writer, c: CLayer, value: str) -> list[str]:
    """C statements that make ``words`` or ``codes`` of an int32_t expression for output c."""
    stage, layer, reach = c.layer.stage, c.layer, c.layer.bounds
    if isinstance(stage, ToWords):
        found = line(writer, c.name, layer.name, stage.line, c.folded, reach, value)
        kind = "int64_t" if found.startswith("floor_shift_64") else "int32_t"
        return for_outputs(
            layer.outputs, f"{kind} word = {found};",
            f"words[c] = (int16_t)(word < 0 ? 0 : word > {stage.high} ? {stage.high} : word);")
    assert isinstance(stage, ToCodes)
    digits = (stage.staircase.levels - 1).bit_length()
    steps = staircase(writer, c.name, layer.name, stage.staircase, c.folded, reach, value)
    return pack_statements(layer.outputs, digits, steps, "codes")


def _layer_head(c: CLayer) -> str:
    out = "int16_t *words" if isinstance(c.layer.stage, ToWords) else "uint32_t *codes"
    return f"static void {c.name}_layer({out}, {_input_parameters(c)})"


def _input_parameters(c: CLayer) -> str:
    parameters = "const uint32_t *window" if c.reads_codes else "const int16_t *inputs"
    if c.corrects_edges:
        parameters += ",\n    const uint32_t *outside, uint32_t outside_rows"
    return parameters + ("" if c.by_ones else ", const struct codes *codes")


def layer_arguments(c: CLayer) -> str:
    """What a function of this layer is called with, behind where its results go."""
    return ("window" if c.reads_codes else "inputs") + (
        ", outside, outside_rows" if c.corrects_edges else "") + c.codes_argument


def _emit_layer(writer: Writer, c: CLayer) -> None:
    body = [f"int32_t accumulators[{c.layer.outputs}];",
            f"{c.name}_accumulate(accumulators, {layer_arguments(c)});",
            *_stage_statements(writer, c, "accumulators[c]")]
    writer.function([_layer_head(c), "{", *indented(body), "}"])


def _emit_fused(writer: Writer, c: CLayer, words: list[Word]) -> None:
    """Sums and output stage in one loop, where sums take one pass."""
    value = f"to_signed({_value(c, shared_ones(words))})"
    body = [*_base(c), *declare_bits(len(words), "window"), *_stage_statements(writer, c, value)]
    if c.corrects_edges:
        # Both define the same constants: those of the second are dropped.
        known = len(writer.constants)
        border = [f"int32_t accumulators[{c.layer.outputs}];",
                  f"{c.name}_accumulate(accumulators, {layer_arguments(c)});",
                  *_stage_statements(writer, c, "accumulators[c]"), "return;"]
        del writer.constants[known:]
        body = ["if (outside_rows != 0u) {", *indented(border), "}", *body]
    writer.function([_layer_head(c), "{", *indented(body), "}"])


def _emit_signs(writer: Writer, c: CLayer, words: list[Word]) -> None:
    """Sums of signs: the rows, less twice those where input and weight differ."""
    differing = [f"({word(f'{n}u')} ^ b{n})" for n, word in enumerate(words)]
    bits = declare_bits(len(words), "window")

    def value(rows: str, differing: list[str]) -> str:
        return f"({rows} - 2 * (int32_t)ones_{len(words)}({', '.join(differing)}))"

    inner = value(str(c.layer.rows), differing)
    if isinstance(c.layer.stage, ToState):
        writer.function([
            f"static void {c.name}_accumulate(int32_t *accumulators, {_input_parameters(c)})", "{",
            *indented([*bits, *for_outputs(c.layer.outputs, f"accumulators[c] = {inner};")]), "}"])
        return
    body = _stage_statements(writer, c, inner)
    if c.corrects_edges:
        # What is outside is zero: it neither agrees nor differs. The constants are the same.
        known = len(writer.constants)
        masked = [f"{each} & ~outside[{n}]" for n, each in enumerate(differing)]
        border = _stage_statements(writer, c, value("inside", masked))
        del writer.constants[known:]
        body = ["if (outside_rows != 0u) {",
                *indented([f"const int32_t inside = {c.layer.rows} - (int32_t)outside_rows;",
                           *border, "return;"]), "}", *body]
    writer.function([_layer_head(c), "{", *indented([*bits, *body]), "}"])


def _emit_sums_in_one_pass(writer: Writer, c: CLayer, words: list[Word]) -> None:
    body = [*declare_bits(len(words), "bits"),
            *for_outputs(c.layer.outputs, f"sums[c] = {shared_ones(words)};")]
    writer.function([
        "/* Sets each output to the number of ones that it shares with the inputs. */",
        f"static void {c.name}_sums(uint32_t *sums, const uint32_t *bits)",
        "{", *indented(body), "}"])


def _value(c: CLayer, sums: str) -> str:
    """C expression of an accumulator from its sum and ``base``."""
    source = c.layer.source
    step = c.layer.weights.step * (source.step if isinstance(source, Codes) else 1)
    return f"{step}u * {sums} + base" if step > 1 else f"{sums} + base"


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
    return for_outputs(
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
    return ["for (uint32_t tap = 0; tap < 9u; tap++) {", *indented(loop), "}"]


def _gather_codes(writer: Writer, c: CLayer, inside: str) -> list[str]:
    layer, code = c.layer, c.outside_code or 0
    digits = [bit_words(np.full(layer.inputs, code >> digit & 1), 32) for digit in range(c.digits)]
    outside = writer.constant(unsigned(
        f"{c.name}_outside", layer.name, np.concatenate(digits), 32,
        "digits of a cell outside the grid"))
    loop = ["uint32_t y = row + tap / 3u - 1u;", "uint32_t x = column + tap % 3u - 1u;",
            "uint32_t is_inside = y < a->height && x < a->width;",
            f"cells[tap] = is_inside != 0u ? {inside} : {outside};"]
    before = ["const uint32_t *cells[9];"]
    if c.corrects_edges:
        before += [f"clear(outside, {c.words}u);", "outside_rows = 0;"]
        loop += ["if (is_inside == 0u) {",
                 f"    put_ones(outside, tap * {layer.inputs}u, {layer.inputs}u);",
                 f"    outside_rows += {layer.inputs}u;", "}"]
    beside = c.cell_size
    between = ["for (uint32_t y = 0; y < 3u; y++) {",
               "    const uint32_t *middle = "
               f"&ring[(((row + y + 2u) % 3u) * MAX_WIDTH + column) * {beside}u];",
               f"    cells[3u * y] = middle - {beside};",
               "    cells[3u * y + 1u] = middle;",
               f"    cells[3u * y + 2u] = middle + {beside};", "}"]
    statements = [
        *before, "/* Most cells stand away from the edges. */",
        "if (row - 1u < a->height - 2u && column - 1u < a->width - 2u) {",
        *indented(between), "} else {", "    for (uint32_t tap = 0; tap < 9u; tap++) {",
        *indented(loop, 2), "    }", "}"]
    if c.digits == 1:
        return [*statements, *_window_words(c, "", "")]
    return [*statements, f"for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
            *indented(_window_words(c, f"digit * {c.words}u + ", f"digit * {c.cell_words}u + ")),
            "}"]


def _window_words(c: CLayer, window: str, cell: str) -> list[str]:
    """C statements that put a digit of nine cells, bit after bit, into the window's words."""
    pieces: list[list[str]] = [[] for _ in range(c.words)]
    for tap in range(9):
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


def declare_words(c: CLayer, name: str) -> list[str]:
    """C statements that declare an array of a layer's inputs, and clear its end."""
    lines = [f"int16_t {name}[{c.input_count}];"]
    if c.input_count > c.layer.rows:
        lines += [f"for (uint32_t r = {c.layer.rows}; r < {c.input_count}u; r++) {{",
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
