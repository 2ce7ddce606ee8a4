"""One layer in C: its packed weights, its sums, its output stage.

Two ways to sum. *ones*: inputs are cut into binary digits, weights stored as bit planes,
and ones that both share are counted, 32 rows at a time. *products*: weights are stored as
a stream of codes and multiplied one by one. Sums are taken modulo 2**32. That is exact
where the accumulators, less what output stages hold of them (`CLayer.folded`), stay within 32
bits; `larqca.export.c99.stages` refuses others.
"""

from __future__ import annotations

from larqca.export.c99.constants import bit_stream, signed, unsigned
from larqca.export.c99.helpers import MOST_WORDS, WEYL_C
from larqca.export.c99.layer import CLayer
from larqca.export.c99.ones import (
    Word,
    declare_bits,
    define_weights,
    emit_sums,
    shared_ones,
)
from larqca.export.c99.signature import accumulate_of, layer_of, sums_of
from larqca.export.c99.stages import for_outputs, indented, line, pack_statements, staircase
from larqca.export.c99.writer import Writer
from larqca.export.program import Codes, ToCodes, ToState, ToWords, Words


def emit_layer(writer: Writer, c: CLayer) -> None:
    """Constants and functions of a layer: ``NAME_layer``, which puts words or codes
    somewhere, or of the last layer ``NAME_accumulate``.
    """
    last = isinstance(c.layer.stage, ToState)
    words = define_weights(writer, c) if c.by_ones else []
    if c.is_signs:
        _emit_signs(writer, c, words)
        return
    fused = c.is_fused and not last
    if not fused or c.corrects_edges:
        if c.by_ones:
            emit_sums(writer, c, words)
        else:
            _emit_products(writer, c)
        _emit_accumulate(writer, c)
    if fused:
        _emit_fused(writer, c, words)
    elif not last:
        _emit_layer(writer, c)


def _emit_products(writer: Writer, c: CLayer) -> None:
    layer, weights = c.layer, c.layer.weights
    stream = bit_stream(weights.codes, weights.bits)
    writer.constant(unsigned(
        f"{c.name}_weights", layer.name, stream, 8,
        f"codes of {weights.bits} bits as [{'term, ' * (weights.terms > 1)}row, output], lowest "
        "bit first, and a byte to read over"))
    at = f"(term * {layer.rows}u + r)" if weights.terms > 1 else "r"
    if layer.depthwise:
        writer.function([
            "/* Adds the products of each channel's inputs with the codes of its own weights. */",
            sums_of(c).head, "{",
            f"    for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
            f"        add_own_products(sums, weights->{c.name}, {at} * {layer.outputs}u,",
            f"                         {weights.bits}u, {layer.outputs}u, "
            f"inputs + r * {layer.inputs}u);",
            "    }", "}"])
        return
    writer.function([
        "/* Adds the products of all inputs with the codes of the weights. */",
        sums_of(c).head, "{",
        f"    for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
        "        if (inputs[r] != 0) {",
        f"            add_products(sums, weights->{c.name}, {at} * {layer.outputs}u,",
        f"                         {weights.bits}u, {layer.outputs}u, (uint32_t)inputs[r]);",
        "        }", "    }", "}",
    ])


def _emit_accumulate(writer: Writer, c: CLayer) -> None:
    layer, weights, sums = c.layer, c.layer.weights, sums_of(c)
    outputs, several = layer.outputs, c.layer.weights.terms > 1
    body = [writer.array("uint32_t", "sums", outputs), *_base(writer, c)]
    each = [f"clear(sums, {outputs}u);"]
    if c.digits == 1 or not c.by_ones:
        each.append(f"{sums.call(bits='window', worth='1u')};")
    else:
        worth = "(uint32_t)1 << digit"
        if c.has_sign:
            worth = f"digit == {c.digits - 1}u ? 0u - ((uint32_t)1 << digit) : {worth}"
        call = sums.call(bits=f"window + digit * {c.words}u", worth=worth)
        each += [f"for (uint32_t digit = 0; digit < {c.digits}u; digit++) {{",
                 f"    {call};", "}"]
    value = _value(c, "sums[c]")
    edges = _edges(c) if c.corrects_edges else []
    if several or edges:
        body.append(writer.array("uint32_t", "totals", outputs))
    if several:
        gains = writer.constant(signed(f"{c.name}_gains", layer.name, weights.gains,
                                       "what the sums of each term are multiplied by"))
        value = f"totals[c] + (uint32_t){gains}[term][c] * ({value})"
        loop = [*each, *for_outputs(outputs, f"totals[c] = {value};"), *edges]
        body += [f"clear(totals, {outputs}u);",
                 f"for (uint32_t term = 0; term < {weights.terms}u; term++) {{",
                 *indented(loop), "}"]
        value = "totals[c]"
    elif edges:
        body += [*each, *for_outputs(outputs, f"totals[c] = {value};"), *edges]
        value = "totals[c]"
    else:
        body += each
    body += for_outputs(outputs, f"accumulators[c] = to_signed({value});")
    writer.function([accumulate_of(c).head, "{", *indented(body), "}"])


def _base(writer: Writer, c: CLayer) -> list[str]:
    """C statements that set ``base``: the offset of the weights times all inputs."""
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    if isinstance(source, Words):
        lines = [writer.array("uint32_t", "window", c.window_words),
                 f"slice(window, inputs, {c.words}u, {c.digits}u);"] if c.by_ones else []
        if not weights.offset:
            return [*lines, "uint32_t base = 0;"]
        if layer.depthwise:
            return [writer.array("uint32_t", "bases", layer.outputs),
                    *for_outputs(layer.outputs, "uint32_t base = 0;",
                                 f"for (uint32_t r = 0; r < {layer.rows}u; r++) {{",
                                 f"    int32_t number = inputs[r * {layer.inputs}u + c];",
                                 "    base += (uint32_t)number;", "}",
                                 _times("base", weights.offset), "bases[c] = base;")]
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


def _edges(c: CLayer) -> list[str]:
    """C statements that add to ``totals`` what neighbours outside the grid contribute
    more than the code zero that stands in their place."""
    layer, weights, source = c.layer, c.layer.weights, c.layer.source
    assert isinstance(source, Codes)
    more = source.outside - source.offset
    inner = [f"uint32_t edge = outside_rows * {abs(weights.offset)}u;",
             f"clear(sums, {layer.outputs}u);",
             f"{sums_of(c).call(bits='outside', worth='1u')};"]
    sign = "-" if weights.offset < 0 else "+"
    value = f"{more}u * ({weights.step}u * sums[c] {sign} edge)"
    if weights.terms > 1:
        value = f"(uint32_t){c.name}_gains[term][c] * ({value})"
    inner += for_outputs(layer.outputs, f"totals[c] += {value};")
    return ["if (outside_rows != 0u) {", *indented(inner), "}"]


def _stage_statements(writer: Writer, c: CLayer, value: str) -> list[str]:
    """C statements that make ``words`` or ``packed`` of an int32_t expression for output c."""
    stage, layer, reach = c.layer.stage, c.layer, c.layer.bounds
    if isinstance(stage, ToWords):
        found = line(writer, c.name, layer.name, stage.line, c.folded, reach, value)
        return for_outputs(
            layer.outputs, f"{found.kind} word = {found.text};",
            f"words[c] = (int16_t)(word < {stage.low} ? {stage.low} : "
            f"word > {stage.high} ? {stage.high} : word);")
    assert isinstance(stage, ToCodes)
    digits = (stage.staircase.levels - 1).bit_length()
    steps = staircase(writer, c.name, layer.name, stage.staircase, c.folded, reach, value)
    return pack_statements(writer, layer.outputs, digits, steps, "packed")


def _emit_layer(writer: Writer, c: CLayer) -> None:
    body = [*_accumulated(writer, c),
            *_stage_statements(writer, c, "accumulators[c]")]
    writer.function([layer_of(c).head, "{", *indented(body), "}"])


def _accumulated(writer: Writer, c: CLayer) -> list[str]:
    return [writer.array("int32_t", "accumulators", c.layer.outputs),
            f"{accumulate_of(c).call()};"]


def _emit_fused(writer: Writer, c: CLayer, words: list[Word]) -> None:
    """Sums and output stage in one loop, where sums take one pass."""
    value = f"to_signed({_value(c, shared_ones(words))})"
    body = [*_base(writer, c), *declare_bits(len(words), "window"),
            *_stage_statements(writer, c, value)]
    if c.corrects_edges:
        border = [*_accumulated(writer, c),
                  *_stage_statements(writer, c, "accumulators[c]"), "return;"]
        body = ["if (outside_rows != 0u) {", *indented(border), "}", *body]
    writer.function([layer_of(c).head, "{", *indented(body), "}"])


def _emit_signs(writer: Writer, c: CLayer, words: list[Word]) -> None:
    """Sums of signs: the rows, less twice those where input and weight differ."""
    differing = [f"({word(f'{n}u')} ^ b{n})" for n, word in enumerate(words)]
    bits = declare_bits(len(words), "window")

    def value(rows: str, differing: list[str]) -> str:
        return f"({rows} - 2 * (int32_t)ones_{len(words)}({', '.join(differing)}))"

    inner = value(str(c.layer.rows), differing)
    if isinstance(c.layer.stage, ToState):
        writer.function([
            accumulate_of(c).head, "{",
            *indented([*bits, *for_outputs(c.layer.outputs, f"accumulators[c] = {inner};")]), "}"])
        return
    body = _stage_statements(writer, c, inner)
    if c.corrects_edges:
        # What is outside is zero: it neither agrees nor differs.
        masked = [f"{each} & ~outside[{n}]" for n, each in enumerate(differing)]
        border = _stage_statements(writer, c, value("inside", masked))
        body = ["if (outside_rows != 0u) {",
                *indented([f"const int32_t inside = {c.layer.rows} - (int32_t)outside_rows;",
                           *border, "return;"]), "}", *body]
    writer.function([layer_of(c).head, "{", *indented([*bits, *body]), "}"])


def _value(c: CLayer, sums: str) -> str:
    """C expression of an accumulator from its sum and ``base``."""
    source = c.layer.source
    step = c.layer.weights.step * (source.step if isinstance(source, Codes) else 1)
    base = "bases[c]" if c.layer.depthwise and c.layer.weights.offset else "base"
    return f"{step}u * {sums} + {base}" if step > 1 else f"{sums} + {base}"


def draws_numbers(stage: ToState) -> bool:
    """Whether what is added to the state is rounded by numbers from the generator."""
    return stage.stochastic and stage.line.shift > 0


def state_statements(writer: Writer, c: CLayer, state_type: str, high: int) -> list[str]:
    """C statements that add accumulators to ``state``, and saturate; they need ``number``
    where the layer's stage `draws_numbers`."""
    stage = c.layer.stage
    assert isinstance(stage, ToState)
    drawn = ""
    if draws_numbers(stage):
        shift = 32 - stage.line.shift
        drawn = f"(int32_t)(mix(number + (c + 1u) * {WEYL_C}) >> {shift}u)"
    value = line(writer, c.name, c.layer.name, stage.line, c.folded, c.layer.bounds,
                 "accumulators[c]", drawn=drawn)
    return for_outputs(
        c.layer.outputs, f"{value.kind} word = state[c] + {value.text};",
        f"state[c] = ({state_type})(word < -{high + 1} ? -{high + 1} : "
        f"word > {high} ? {high} : word);")
