"""Constants of emitted C: arrays in the smallest type that holds them, written to be read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SIGNED = ((8, "int8_t"), (16, "int16_t"), (32, "int32_t"), (64, "int64_t"))
_WIDTH = 96


@dataclass(frozen=True)
class Constant:
    """One ``static const`` array.

    Attributes:
        name: in C.
        layer: that it belongs to.
        kind: C type of an element.
        bits: of an element.
        values: integers of any shape.
        note: what it is, for the comment.
    """

    name: str
    layer: str
    kind: str
    bits: int
    values: Array
    note: str

    @property
    def bytes(self) -> int:
        """Size in the compiled object."""
        return int(prod(self.values.shape)) * self.bits // 8

    def text(self) -> str:
        """The C definition, with a comment that says layer, shape and bits."""
        shape = "".join(f"[{size}]" for size in self.values.shape)
        sizes = " x ".join(f"{size:,}" for size in self.values.shape)
        lines = _lines([self._number(int(value)) for value in self.values.reshape(-1)])
        # Flat values in an array of arrays want braces around every row.
        if self.values.ndim > 1:
            rows = self.values.reshape(-1, self.values.shape[-1])
            lines = _braced([[self._number(int(value)) for value in row] for row in rows],
                            self.values.shape[:-1])
        body = "\n".join(lines)
        return (f"/* {self.layer}: {self.note}; {sizes}, {self.bits} bits each, "
                f"{self.bytes:,} bytes. */\n"
                f"static const {self.kind} {self.name}{shape} = {{\n{body}\n}};")

    def _number(self, value: int) -> str:
        if self.kind.startswith("u"):
            return f"0x{value:0{self.bits // 4}x}u"
        if self.bits == 64:
            return f"INT64_C({value})"
        # C reads -2147483648 as the negative of a number that no int32_t holds.
        return "INT32_MIN" if value == -(2**31) else str(value)


def signed(name: str, layer: str, values: Array, note: str) -> Constant:
    """A constant of signed integers in the smallest type that holds them."""
    low, high = int(values.min()), int(values.max())
    bits, kind = next((bits, kind) for bits, kind in _SIGNED
                      if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1))
    return Constant(name, layer, kind, bits, np.asarray(values), note)


def unsigned(name: str, layer: str, values: Array, bits: int, note: str) -> Constant:
    """A constant of unsigned words of so many bits."""
    return Constant(name, layer, f"uint{bits}_t", bits, np.asarray(values), note)


def _lines(numbers: list[str], indent: int = 4) -> list[str]:
    lines, line = [], " " * indent
    for number in numbers:
        if len(line) + len(number) + 2 > _WIDTH:
            lines.append(line.rstrip())
            line = " " * indent
        line += number + ", "
    return [*lines, line.rstrip().rstrip(",")]


def _braced(rows: list[list[str]], outer: tuple[int, ...]) -> list[str]:
    """Rows of an array of arrays, with the braces that its outer axes want."""
    lines: list[str] = []
    for number, row in enumerate(rows):
        starts = sum(number % prod(outer[axis:]) == 0 for axis in range(1, len(outer)))
        ends = sum((number + 1) % prod(outer[axis:]) == 0 for axis in range(1, len(outer)))
        lines.append("    " + "{" * (starts + 1))
        lines += _lines(row, 6)
        lines.append("    " + "}" * (ends + 1) + ("," if number + 1 < len(rows) else ""))
    return lines


def bit_words(bits: Array, word: int) -> Array:
    """Bits along the first axis as words: ``[count, ...]`` to ``[ceil(count / word), ...]``,
    the first bit lowest."""
    missing = -len(bits) % word
    padded = np.concatenate([bits, np.zeros((missing, *bits.shape[1:]), bits.dtype)])
    grouped = padded.reshape(-1, word, *bits.shape[1:]).astype(np.uint64)
    powers = np.uint64(2) ** np.arange(word, dtype=np.uint64)
    return np.tensordot(powers, grouped.swapaxes(0, 1), axes=1).astype(np.int64)


def bit_stream(codes: Array, bits: int) -> Array:
    """Codes one after the other, lowest bit first, as bytes; one more byte follows, so
    that two can be read anywhere."""
    digits = (codes.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.append(bit_words(digits.reshape(-1), 8), 0)
