"""A wide automaton's channels that count most, as a narrower automaton to start from.

What a hidden channel counts is the mean square of what the next layer reads of it times the
squares of the weights that read it: what the layer's sums would lose on average. A mix and
the filters behind it are narrowed as one.

Source: Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference
(2017), and what it compares with, for whole channels by what they contribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.balancing import weights_of
from larqca.automata.calibration import layer_inputs
from larqca.automata.layers import Block
from larqca.automata.layout import AutomatonLayout, LayerLayout
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf

Array = npt.NDArray[Any]


def narrowed(source: NeuralCA, target: AutomatonLayout, images: Array | None) -> NeuralCA:
    """The source itself, or what it computes with as many of its channels between layers as
    `target` has; the kept ones stay in order.

    Args:
        source: of float kernels where it is wider (`check_fits` sees to it).
        target: of the automaton to start.
        images: grey ``[pictures, height, width]``, on which the source runs to tell what its
            channels put out; without them all are taken to put out as much.
    """
    if source.layout.trunk() == target.trunk():
        return source
    inputs = None if images is None else layer_inputs(source, images)
    kept = _kept_inputs(source, target, inputs)
    arrays = source.arrays()
    layers, sliced = [], {}
    for number, (layer, wanted) in enumerate(zip(source.layout.layers, target.layers, strict=True)):
        layers.append(replace(layer, inputs=wanted.inputs, outputs=wanted.outputs))
        sliced.update(_sliced(arrays, layer, kept[number], kept[number + 1]))
    count = len(source.layout.perceive)
    layout = replace(source.layout, perceive=tuple(layers[:count]), update=tuple(layers[count:]))
    model = NeuralCA(layout)
    model.set_arrays({name: sliced[name] for name in layout.array_shapes()})
    return model


def _kept_inputs(
    source: NeuralCA, target: AutomatonLayout, inputs: list[Array] | None
) -> list[Array]:
    """For each layer the numbers of the inputs that stay, and at last those of the state."""
    layers, blocks = source.layout.layers, source.perceive_blocks + source.update_blocks
    counts: list[Array] = []
    for number in reversed(range(len(layers))):
        if layers[number].depthwise:  # an input counts what its one output does
            counts.insert(0, counts[0])
            continue
        weights = np.square(weights_of(blocks[number])).sum(axis=(0, 2))
        met = None if inputs is None else inputs[number]
        counts.insert(0, weights * _size(blocks[number], met))
    kept = [np.sort(np.argsort(-own, kind="stable")[: layer.inputs])
            for own, layer in zip(counts, target.layers, strict=True)]
    return [*kept, np.arange(source.layout.state_channels)]


def _size(block: Block, inputs: Array | None) -> Any:
    """The mean square of what a layer multiplies its weights by."""
    if inputs is None or not len(inputs):  # not seen, or all of it blown up
        return 1.0
    read = block.transform_input(tf.constant(inputs, tf.float32)).numpy()
    return np.square(read, dtype=np.float64).mean(axis=0)


def _sliced(
    arrays: Mapping[str, Array], layer: LayerLayout, inputs: Array, outputs: Array
) -> dict[str, Array]:
    """The layer's arrays with these inputs and outputs alone."""
    found = {}
    for name in layer.array_shapes():
        kind, array = name.rsplit("/", 1)[1], arrays[name]
        if kind == "kernel":
            array = array[:, :, inputs]
            found[name] = array if layer.depthwise else array[..., outputs]
        else:
            found[name] = array[..., inputs if kind == "input_scale" else outputs]
    return found
