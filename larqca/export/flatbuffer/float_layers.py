"""What an automaton with float inputs changes in a step, with its kernels as they are in the
end: quantized, and multiplied by the scales of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.errors import ExportError
from larqca.export.flatbuffer.step_graph import Change


def float_change(model: NeuralCA) -> Change:
    """A function that is `NeuralCA.call`, with constants in place of quantizers.

    Raises:
        ExportError: a layer's inputs are quantized; it is named.
    """
    blocks = model.perceive_blocks + model.update_blocks
    for block in blocks:
        if block.layout.input_quantizer is not None:
            raise ExportError(
                f"layer {block.layout.name!r}: its inputs are quantized, and TensorFlow Lite "
                "multiplies scales into kernels, so that sums of zero get a sign that they do not "
                "have in Keras; export with --target lce or c99")
    kernels = [np.asarray(block.spread(block.kernel_matrix())) for block in blocks]

    def change(state: Any) -> Any:
        hidden = state
        for block, kernel in zip(blocks, kernels, strict=True):
            padded, padding = with_ones_outside(hidden, block.layout.kernel_size,
                                                block.layout.pad_values)
            convolve = _depthwise if block.layout.depthwise else tf.nn.conv2d
            hidden = block.transform_output(convolve(padded, kernel, 1, padding))
        return hidden

    return change


def _depthwise(inputs: Any, kernel: Any, stride: int, padding: str) -> Any:
    return tf.nn.depthwise_conv2d(inputs, kernel, [1, stride, stride, 1], padding)


def with_ones_outside(inputs: Any, kernel_size: int, pad_values: int) -> tuple[Any, str]:
    """``[1, height, width, channels]`` with a frame of ones where a 3x3 kernel wants that, and
    how a convolution must pad what is given to it."""
    if kernel_size == 1:
        return inputs, "VALID"
    if pad_values == 0:
        return inputs, "SAME"
    return tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=1.0), "VALID"
