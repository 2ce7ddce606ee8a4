"""A layer as C computes it: by counting ones or by multiplying, from words or from codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.export.c99.helpers import MOST_WORDS
from larqca.export.program import Codes, Layer, Steps, ToCodes

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
        """Whether it counts ones (see `layers`)."""
        if isinstance(self.layer.source, Codes):
            return True
        if self.layer.depthwise:
            return False  # a digit would stand for one tap alone
        return self.digits * self.layer.weights.bits * self.layer.weights.terms <= MOST_PAIRS

    @property
    def is_fused(self) -> bool:
        """Whether its sums take one pass over words that fit into registers, so that its
        output stage can stand in the same loop."""
        return (self.reads_codes and self.digits == 1
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
        return 32 * self.words if self.by_ones else self.layer.numbers

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
