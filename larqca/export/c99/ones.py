"""Sums of a layer by counting ones: its weights as bit planes, its inputs as binary digits.

The output channel is the innermost loop, which compilers turn into vectors; several words
of an output are counted together, so that sums stay in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from larqca.export.c99.constants import bit_words, unsigned
from larqca.export.c99.helpers import MOST_WORDS
from larqca.export.c99.signature import sums_of
from larqca.export.c99.stages import for_outputs, indented

if TYPE_CHECKING:
    from larqca.export.c99.layer import CLayer
    from larqca.export.c99.writer import Writer

# So many groups of words are written one after the other, more as a loop.
_MOST_GROUPS = 3

# C expression of a word of output c, given the expression of its number.
Word = Callable[[str], str]


def emit_sums(writer: Writer, c: CLayer, words: list[Word]) -> None:
    """``NAME_sums`` of a layer with these words, which takes a digit of the inputs."""
    signature, planes = sums_of(c), c.layer.weights.bits
    worth = signature.takes("worth")
    body = _groups(words, c.layer.outputs, "worth * " if worth else "")
    if planes > 1:
        body = [f"for (uint32_t plane = 0; plane < {planes}u; plane++) {{", *indented(body),
                "    worth *= 2u;", "}"]
    what = "what the ones of a digit are worth" if worth else "the number of ones"
    writer.function([
        f"/* Adds to each output {what} that it shares with the inputs.",
        " * Apart: within its caller gcc does not turn the loop into vectors. */",
        "#ifdef __GNUC__", "__attribute__((noinline))", "#endif",
        signature.head, "{", *indented(body), "}"])


def define_weights(writer: Writer, c: CLayer) -> list[Word]:
    """Bit planes as constants; the words of an output in order."""
    layer, weights = c.layer, c.layer.weights
    several = weights.terms > 1
    planes = (weights.codes[:, None] >> np.arange(weights.bits)[:, None, None]) & 1
    at = ("[term]" if several else "") + ("[plane]" if weights.bits > 1 else "")
    axes = ["term"] * several + ["plane"] * (weights.bits > 1)
    full, left = divmod(layer.rows, 32)
    # Half a word or a byte more is saved; three bytes in two arrays would cost more time.
    if left > 16:
        full, left = full + 1, 0

    def define(name: str, rows: slice, bits: int, shape: list[str]) -> str:
        words = np.moveaxis(bit_words(np.moveaxis(planes[:, :, rows], 2, 0), bits), 0, 2)
        # Axes of length one that an array of this shape does not have.
        at_zero = tuple(slice(None) if axis in shape else 0 for axis in ("term", "plane", "word"))
        values: npt.NDArray[np.int64] = words[at_zero]
        return writer.constant(unsigned(name, layer.name, values, bits,
                                        f"weights as [{', '.join(shape)}]"))

    found: list[Word] = []
    if full:
        name = define(f"{c.name}_weights", slice(0, 32 * full), 32, [*axes, "word", "output"])
        found += [lambda number: f"{name}{at}[{number}][c]"] * full
    if left:
        bits = 16 if left > 8 else 8
        narrow = define(f"{c.name}_rest", slice(32 * full, layer.rows), bits, [*axes, "output"])
        found.append(lambda number: f"{narrow}{at}[c]")
    return found


def declare_bits(count: int, bits: str, first: str = "") -> list[str]:
    """C statements that hold words of inputs in registers: ``b0``, ``b1``, ..."""
    return [f"const uint32_t b{n} = {bits}[{first}{n}u];" for n in range(count)]


def shared_ones(words: Sequence[Word], first: str = "") -> str:
    """C expression of the number of ones that words share with ``b0``, ``b1``, ..."""
    shared = [f"{word(f'{first}{n}u')} & b{n}" for n, word in enumerate(words)]
    return f"ones_{len(words)}({', '.join(shared)})"


def _groups(words: list[Word], outputs: int, worth: str) -> list[str]:
    """C loops over the outputs, each for as many words as are counted together."""
    count = -(-len(words) // MOST_WORDS)
    size = -(-len(words) // count)

    def group(numbers: range, first: str) -> list[str]:
        counted = shared_ones([words[n] for n in numbers], first)
        return ["{", *indented([*declare_bits(len(numbers), "bits", first),
                                *for_outputs(outputs, f"sums[c] += {worth}{counted};")]), "}"]

    lines, start = [], 0
    if count > _MOST_GROUPS:
        # The last word may be a narrow one, which no loop reaches.
        start = (len(words) - 1) // size * size
        lines = [f"for (uint32_t w = 0; w < {start}u; w += {size}u)", *group(range(size), "w + ")]
    for first in range(start, len(words), size):
        lines += group(range(first, min(first + size, len(words))), f"{first}u + " if first else "")
    return lines
