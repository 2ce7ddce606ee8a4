"""Magnitudes moved between layers, to where a quantized layer without scales can hold them.

Such a layer has weights in [-1, 1]. Its outputs may be multiplied by any positive number where
what reads them is divided by it, through a ReLU too, and the automaton computes what it did.

Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction
(2019), section 4.1, for two layers; here the mix of all channels, the depthwise filters behind it
and the layer that reads those share a channel's magnitude among three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.automata.layout import LayerLayout
from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]

# The share of channels that reach the largest level in no layer of a stack. With all of them,
# the one loudest channel would leave few levels to the others.
_BELOW_LARGEST = 0.9


def balanced(source: NeuralCA, model: NeuralCA) -> NeuralCA:
    """An automaton that computes what `source` does, its magnitudes held where `model` can
    hold them, in stacks with depthwise layers. (With `pad_values`, what lies outside the grid
    does not shrink with a filter's inputs, so that cells at the edge may differ.)

    Args:
        source: of the layers of `model`, as wide.
        model: the automaton that is to start from it.
    """
    found = source
    for number in range(len(model.layout.layers) - 1):
        size = _handed_on(found, model.layout.layers, number)
        if size is not None:
            found = _with_outputs_divided(found, number, size)
    return found


def _handed_on(found: NeuralCA, targets: Sequence[LayerLayout], number: int) -> Array | None:
    """What each output of a layer is to be divided by, and the next layer's weights of it
    multiplied, once the layers before have been balanced.

    The largest weights of a mix become its share of what it, its filters and their reader
    multiply by, or one where those two can have any size; filters keep as much as the mix before
    them, and without such a one as much as the layer behind gets.
    """
    blocks = found.perceive_blocks + found.update_blocks
    if not _is_bare(blocks[number], targets[number]):
        return None
    size = _largest(blocks[number])
    if blocks[number + 1].layout.depthwise and stretchable(blocks[number + 1].layout):
        return size / _shares(blocks, targets, number)
    if not targets[number].depthwise or not _takes(blocks[number + 1], targets[number + 1]):
        return None
    if number and _is_bare(blocks[number - 1], targets[number - 1]):
        return nonzero(size / _largest(blocks[number - 1]))
    own = np.sqrt(size * nonzero(np.abs(weights_of(blocks[number + 1])).max(axis=(0, 2))))
    shared: Array = size * own.max() / own
    return shared


def _shares(blocks: Sequence[Block], targets: Sequence[LayerLayout], mix: int) -> Array | float:
    """The largest weight that each channel of a mix keeps, so that its filter may have as
    large a one, and the layer behind too; one where those two layers do not want it."""
    filters, reader = mix + 1, mix + 2
    bare = _is_bare(blocks[filters], targets[filters])
    if not bare or not _takes(blocks[reader], targets[reader]):
        return 1.0
    read = np.abs(weights_of(blocks[reader]))
    scaled = stretchable(targets[reader])
    if scaled:  # so that only weights of one output compare
        read = read / nonzero(read.max(axis=(0, 1)))
    together = _largest(blocks[mix]) * _largest(blocks[filters]) * nonzero(read.max(axis=(0, 2)))
    share = np.cbrt(together)
    if scaled:
        share = share / np.quantile(share, _BELOW_LARGEST)
    return nonzero(np.minimum(share, 1.0))


def _is_bare(origin: Block, target: LayerLayout) -> bool:
    """Whether a float layer is to be quantized without scales."""
    return not stretchable(target) and origin.layout.kernel_quantizer is None


def _takes(reader: Block, target: LayerLayout) -> bool:
    """Whether a layer behind filters can be multiplied for what they hand on."""
    floats = reader.layout.kernel_quantizer is None and reader.layout.input_quantizer is None
    return floats and not reader.layout.depthwise and target.input_quantizer is None


def _with_outputs_divided(found: NeuralCA, number: int, size: Array) -> NeuralCA:
    """The automaton whose layer of this number puts out less, and the next one makes good."""
    one, two = found.layout.layers[number : number + 2]
    arrays = found.arrays()
    if two.depthwise:
        behind = times_outputs(arrays, outputs_held_by(two)[:1], size)
    else:
        kernel = f"{two.name}/kernel"
        behind = {kernel: arrays[kernel] * size[:, None]}
    own = times_outputs(arrays, outputs_held_by(one), 1.0 / size)
    moved = NeuralCA(found.layout)
    moved.set_arrays({**arrays, **own, **behind})
    return moved


def _largest(block: Block) -> Array:
    """The largest weight of each output."""
    return nonzero(np.abs(weights_of(block)).max(axis=(0, 1)))


def weights_of(block: Block) -> Array:
    """What a block multiplies its inputs by, ``[taps, inputs, outputs]``."""
    weights: Array = block.weights().numpy()
    return weights


def stretchable(layout: LayerLayout) -> bool:
    """Whether a layer's outputs can have any size."""
    return layout.kernel_quantizer is None or layout.has_output_scale


def outputs_held_by(layout: LayerLayout) -> list[str]:
    """Names of the arrays that say how large outputs are: of the products, then the bias."""
    held_by = "output_scale" if layout.has_output_scale else "kernel"
    return [f"{layout.name}/{held_by}"] + [f"{layout.name}/bias"] * layout.bias


def times_outputs(
    arrays: Mapping[str, Array], names: Sequence[str], gain: Array
) -> dict[str, Array]:
    """The arrays of these names times one number for each output, which the last dimension of
    a depthwise kernel ``[height, width, outputs, 1]`` does not hold."""

    def times(array: Array) -> Array:
        depthwise = array.ndim == 4 and array.shape[-1] == 1
        return array * (gain[:, None] if depthwise else gain)

    return {name: times(arrays[name]) for name in names}


def nonzero(scale: Array) -> Array:
    """A channel without weights keeps a tiny scale, so that nothing divides by zero."""
    floor = max(float(scale.max()), 1e-6) * 1e-3
    return np.maximum(scale, floor).astype(np.float32)
