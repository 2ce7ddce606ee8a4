"""Two layers as the one convolution that they are: kernels of rank one.

A layer that sees the cell alone, and then a depthwise one, make for each output a kernel
that is the product of one weight for each input and one for each place. Composed once a
rollout, it is multiplied as any other: a matrix for all outputs, where a depthwise layer by
itself gathers all its channels around every cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from larqca.automata.layers import Block
from larqca.backend import tf


class RankOneBlock:
    """A mix of inputs and the filters behind it, in the parts that an engine computes.

    Sums differ from those of the layers one by one by rounding.

    Args:
        mix: sees the cell alone; without quantized inputs, bias and ReLU.
        filters: the depthwise layer that reads it.
    """

    def __init__(self, mix: Block, filters: Block) -> None:
        self._mix, self._filters = mix, filters
        self.layout = replace(filters.layout, inputs=mix.layout.inputs, depthwise=False)

    def transform_input(self, inputs: Any) -> Any:
        """The inputs as they are."""
        return inputs

    def multiplier(self) -> Callable[[Any], Any]:
        """As `Block.multiplier`."""
        kernels = self._mix.weights() * self._filters.weights()  # [taps, inputs, outputs]
        matrix = tf.reshape(kernels, [-1, self.layout.outputs])
        return lambda windows: self._filters.finish(tf.matmul(windows, matrix))


def composed(blocks: Sequence[Block]) -> list[Block | RankOneBlock]:
    """The blocks, with each pair that can be one convolution as one."""
    found: list[Block | RankOneBlock] = []
    for block in blocks:
        if found and isinstance(found[-1], Block) and _are_one(found[-1], block):
            found[-1] = RankOneBlock(found[-1], block)
        else:
            found.append(block)
    return found


def _are_one(mix: Block, filters: Block) -> bool:
    """Whether nothing stands between the two, and what is outside the grid is zero to both."""
    one, two = mix.layout, filters.layout
    linear = not (one.relu or one.bias or one.pad_values or two.pad_values)
    float_inputs = one.input_quantizer is None and two.input_quantizer is None
    pair = one.neighbourhood == "center" and two.depthwise
    return pair and linear and float_inputs and not filters.exact_sums
