"""What an automaton changes in a step, computed by binary convolutions alone.

The Larq Compute Engine computes a convolution of signs with signs by counting bits, and any
other in floating point, without a word. So a layer that is no sum of the former is refused
here, and one that is becomes exactly these:

- A kernel in planes is a sum of kernels of signs, each worth half of the one before.
- An input in T planes is a number from -T to T in steps of two, and so a sum of
  floor(log2 T) + 1 signs that are worth half of T, then half of the rest, and so on to one,
  each half rounded up; successive approximation finds them. With the T signs of its
  thresholds it would take T convolutions for each plane of the kernel.

Such sums are of whole numbers and powers of two, exact in floating point in any order: the
signs that follow are those that Keras finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import larq, tf
from larqca.errors import ExportError
from larqca.export.flatbuffer.float_layers import with_ones_outside
from larqca.export.kernels import SIGNS, integer_kernel
from larqca.quantizers.registry import QuantizerSpec

Array = npt.NDArray[Any]

_OWN_MAGNITUDE = "magnitude_aware_sign"


@dataclass(frozen=True)
class BinaryLayer:
    """A layer as a sum of binary convolutions, one for each plane of its kernel with each
    plane of its inputs.

    Attributes:
        block: the layer.
        kernels: -1 and +1, float32 ``[kernel size, kernel size, inputs, outputs]`` each.
        kernel_worths: float32 ``[outputs]`` or scalars, what each of them is worth.
        input_worths: what each sign of an input is worth, the last one 1.
    """

    block: Block
    kernels: tuple[Array, ...]
    kernel_worths: tuple[Array, ...]
    input_worths: tuple[int, ...]

    @property
    def scope(self) -> str:
        """Begins the names of its operations."""
        return self.block.layout.name.replace("/", "_")

    @property
    def convolutions(self) -> int:
        """How many binary convolutions it takes."""
        return len(self.kernels) * len(self.input_worths)


def binary_layers(model: NeuralCA) -> tuple[BinaryLayer, ...]:
    """All layers of an automaton as sums of binary convolutions.

    Raises:
        ExportError: a layer is none; the message names it and says why.
    """
    return tuple(_binary(block) for block in model.perceive_blocks + model.update_blocks)


def binary_change(layers: Sequence[BinaryLayer], state: Any) -> Any:
    """What a step would add to every cell, as `NeuralCA.call` does."""
    hidden = state
    for layer in layers:
        with tf.name_scope(layer.scope):
            hidden = _apply(layer, hidden)
    return hidden


def _binary(block: Block) -> BinaryLayer:
    layout = block.layout
    for what, spec, allowed in (
        ("kernel", layout.kernel_quantizer, (*SIGNS, _OWN_MAGNITUDE)),
        ("input", layout.input_quantizer, SIGNS),
    ):
        if spec is None or spec["name"] not in allowed:
            raise ExportError(f"layer {layout.name!r}: {_why_not(what, spec)}, so that the Larq "
                              "Compute Engine would compute it in floating point without a word; "
                              f"set {what}_quantizer to ste_sign, or export with --target c99")
    if not layout.is_full:
        raise ExportError(f"layer {layout.name!r}: its neighbourhood is {layout.neighbourhood}, "
                          "and a binary convolution has weights at all nine places; "
                          "export with --target c99")
    if layout.kernel_planes > 1 and (layout.kernel_quantizer or {})["name"] == _OWN_MAGNITUDE:
        raise ExportError(f"layer {layout.name!r}: planes of {_OWN_MAGNITUDE!r} have magnitudes "
                          "whose sums are not exact in floating point, so that signs could differ "
                          "from those in Keras; use ste_sign, or export with --target c99")
    kernels, worths = _kernel_planes(block)
    return BinaryLayer(block, kernels, worths, _input_worths(layout.input_planes))


def _why_not(what: str, spec: QuantizerSpec | None) -> str:
    if spec is None:
        return f"its {what} is float"
    return f"its {what} quantizer {spec['name']!r} does not put out two values of one magnitude"


def _kernel_planes(block: Block) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    kernel = integer_kernel(block, largest_input=1)
    assert kernel.rows is None  # Scales of rows stand in front of an input quantizer.
    weights = kernel.weights
    shape = block.latent_kernel.shape
    digits = [(weights.codes[0] >> bit) & 1 for bit in range(weights.bits)]
    signs = tuple((2 * digit - 1).astype(np.float32).reshape(shape) for digit in digits)
    worths = (kernel.unit * 2**bit for bit in range(weights.bits))
    return signs, tuple(_scalar_if_equal(worth.astype(np.float32)) for worth in worths)


def _scalar_if_equal(worth: Array) -> Array:
    return worth[0] if (worth == worth[0]).all() else worth


def _input_worths(planes: int) -> tuple[int, ...]:
    worths = []
    while planes:
        worths.append((planes + 1) // 2)
        planes //= 2
    return tuple(worths)


def _apply(layer: BinaryLayer, inputs: Any) -> Any:
    # In one plane these are signs already.
    rest = layer.block.transform_input(inputs)
    several = len(layer.input_worths) > 1
    # A running sum: keeping all products would take as many times the memory.
    total = None
    for plane, input_worth in enumerate(layer.input_worths):
        signs = larq.math.sign(rest) if several else rest
        rest = rest - input_worth * signs if several else rest
        padded, padding = _padded(layer, signs, plane)
        for kernel, kernel_worth in zip(layer.kernels, layer.kernel_worths, strict=True):
            worth = np.float32(input_worth) * kernel_worth
            convolved = tf.nn.conv2d(padded, kernel, 1, padding)
            product = convolved if np.ndim(worth) == 0 and worth == 1 else convolved * worth
            total = product if total is None else total + product
    return layer.block.transform_output(total)


def _padded(layer: BinaryLayer, signs: Any, plane: int) -> tuple[Any, str]:
    """A neighbour outside the grid counts one, not one for each plane: the last plane's,
    which are worth one, are ones, and the others' are zeros. Where no zeros are padded,
    what goes from one binary convolution to the next stays in bits."""
    layout = layer.block.layout
    last = plane == len(layer.input_worths) - 1
    return with_ones_outside(signs, layout.kernel_size, layout.pad_values if last else 0)
