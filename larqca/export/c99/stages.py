"""Output stages in C: what becomes of accumulators, and how the state is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.c99.constants import bit_words, signed, unsigned
from larqca.export.c99.writer import Writer
from larqca.export.program import INT32_MAX, Affine, Ramp, Staircase

Array = npt.NDArray[Any]


def numbers(writer: Writer, name: str, layer: str, values: Array, note: str) -> str:
    """C expression of channel c's number: a literal where all channels have the same."""
    if (values == values[0]).all():
        return _literal(int(values[0]))
    return writer.constant(signed(name, layer, values, note)) + "[c]"


def _literal(value: int) -> str:
    if -INT32_MAX <= value <= INT32_MAX:
        return f"({value})" if value < 0 else str(value)
    return f"INT64_C({value})"


@dataclass(frozen=True)
class Expression:
    """A C expression.

    Attributes:
        text: of it.
        kind: its C type.
    """

    text: str
    kind: str


def line(
    writer: Writer, name: str, layer: str, affine: Affine, folded: Array, reach: Array,
    value: str, *, drawn: str = "",
) -> Expression:
    """``affine(value + folded)`` for channel c.

    Args:
        writer: gets the constants.
        name: of the constants.
        layer: for their comments.
        affine: see `program.Affine`.
        folded: int64 ``[channels]``, to be added to the value first.
        reach: int64 ``[channels]``, the largest magnitude of value + folded.
        value: C expression of an int32_t.
        drawn: C expression of what is added before the shift, below ``2**shift``.
    """
    _check_32_bits(layer, reach, folded)
    multiplier = np.broadcast_to(affine.multiplier, folded.shape)
    bias = affine.bias + multiplier * folded
    m = numbers(writer, f"{name}_multiplier", layer, multiplier, "multiplier of each output")
    b = numbers(writer, f"{name}_bias", layer, bias, "what is added then, before the shift")
    largest = np.abs(multiplier) * (reach + np.abs(folded)) + np.abs(bias) + (1 << affine.shift)
    more = f" + {drawn}" if drawn else ""
    if int(largest.max()) + 2**16 <= INT32_MAX:
        return Expression(f"floor_shift({value} * {m} + {b}{more}, {affine.shift}u)", "int32_t")
    text = f"floor_shift_64((int64_t){value} * {m} + {b}{more}, {affine.shift}u)"
    return Expression(text, "int64_t")


def _check_32_bits(layer: str, reach: Array, folded: Array) -> None:
    """C's sums are int32_t, and lack what is folded."""
    largest = int((reach + np.abs(folded)).max())
    if largest >= INT32_MAX:
        raise ExportError(f"layer {layer!r}: C's sums could reach {largest:,}, beyond 32 bits; "
                          "fewer planes, levels or inputs make them smaller")


def staircase(
    writer: Writer, name: str, layer: str, stairs: Staircase, folded: Array, reach: Array,
    value: str,
) -> list[str]:
    """C statements that set ``uint32_t code`` for channel c from an int32_t expression.

    See `line` for the arguments.
    """
    if isinstance(stairs, Ramp):
        return _ramp(writer, name, layer, stairs, folded, reach, value)
    _check_32_bits(layer, reach, folded)
    count = len(folded)
    turned = np.broadcast_to(stairs.descending, (count,)).astype(np.int64)
    sign = 1 - 2 * turned
    thresholds = np.broadcast_to(stairs.thresholds, (len(stairs.thresholds), count))
    # Beyond 32 bits none is reached, or every one is.
    thresholds = np.clip(thresholds - sign * folded, -INT32_MAX, INT32_MAX)
    lines = [f"int32_t value = {value};"]
    if turned.all():
        lines.append("value = -value;")
    elif turned.any():
        words = unsigned(f"{name}_descending", layer, bit_words(turned, 32), 32,
                         "bits of the outputs whose sums are negated before they are compared")
        lines += [f"if ((({writer.constant(words)}[c / 32u] >> (c % 32u)) & 1u) != 0u) {{",
                  "    value = -value;", "}"]
    if len(thresholds) == 1:
        threshold = numbers(writer, f"{name}_threshold", layer, thresholds[0],
                            "threshold of each output")
        largest = int((reach + np.abs(folded)).max() + np.abs(thresholds).max())
        if largest >= INT32_MAX:
            return [*lines, f"uint32_t code = value >= {threshold};"]
        return [*lines, f"uint32_t code = at_least(value, {threshold});"]
    same = (thresholds == thresholds[:, :1]).all()
    shown = thresholds[:, 0] if same else thresholds
    table = writer.constant(signed(f"{name}_thresholds", layer, shown,
                                   "thresholds" + ("" if same else " of each output")))
    return [*lines, "uint32_t code = 0;",
            f"for (uint32_t j = 0; j < {len(thresholds)}u; j++) {{",
            f"    code += (uint32_t)(value >= {table}[j]{'' if same else '[c]'});", "}"]


def _ramp(
    writer: Writer, name: str, layer: str, ramp: Ramp, folded: Array, reach: Array, value: str
) -> list[str]:
    found = line(writer, name, layer, ramp.line, folded, reach, value)
    top = ramp.levels - 1
    return [f"{found.kind} level = {found.text};",
            f"uint32_t code = level < 0 ? 0u : level > {top} ? {top}u : (uint32_t)level;"]


def pack_statements(
    writer: Writer, count: int, digits: int, code: list[str], target: str
) -> list[str]:
    """C statements that compute ``code`` for each channel c and put its binary digits into
    the words ``target[digits][words]``.

    The inner loops are those that compilers turn into vectors.
    """
    if digits > 1:
        return [writer.array("uint32_t", "levels", count),
                f"for (uint32_t c = 0; c < {count}u; c++) {{",
                *indented([*code, "levels[c] = code;"]), "}",
                f"pack({target}, levels, {count}u, {digits}u);"]
    full, left = divmod(count, 32)
    lines = []
    if full:
        lines += [f"for (uint32_t w = 0; w < {full}u; w++) {{", "    uint32_t word = 0;",
                  "    for (uint32_t b = 0; b < 32u; b++) {", "        uint32_t c = 32u * w + b;",
                  *indented([*code, "word |= code << b;"], 2), "    }",
                  f"    {target}[w] = word;", "}"]
    if left:
        lines += ["uint32_t word = 0;", f"for (uint32_t b = 0; b < {left}u; b++) {{",
                  f"    uint32_t c = {32 * full}u + b;" if full else "    uint32_t c = b;",
                  *indented([*code, "word |= code << b;"]), "}", f"{target}[{full}] = word;"]
    return lines


def for_outputs(outputs: int, *statements: str) -> list[str]:
    """A C loop over the outputs c."""
    return [f"for (uint32_t c = 0; c < {outputs}u; c++) {{", *indented(list(statements)), "}"]


def indented(lines: list[str], by: int = 1) -> list[str]:
    """The lines, so many times four spaces further in."""
    return [("    " * by + each) if each else each for each in lines]
