"""The layers that a configuration asks for, as plain data. Imports no TensorFlow.

The Keras model, the memory forecast and the checks of a start from other weights
all read this one list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy.typing as npt

from larqca.automata.neighbourhood import places_seen
from larqca.config.schema import AutomatonConfig, CellConfig, NetworkConfig
from larqca.errors import ModelFileError
from larqca.quantizers.registry import label
from larqca.tasks.naming import class_channels, class_code

Array = npt.NDArray[Any]

CLASSES = 10


@dataclass(frozen=True)
class LayerLayout:
    """One convolution with all that belongs to it.

    Attributes:
        name: ``perceive/0``, ``update/1``, ...; the prefix of its arrays in files.
        kernel_size: 3 (perceive) or 1 (update).
        inputs: input channels of the kernel.
        outputs: output channels.
        kernel_quantizer: quantizer spec of the kernel, None for float.
        input_quantizer: quantizer spec of the input, None for float.
        scale: "none", "channel", "center" or "rank_one".
        bias: whether a bias is added.
        relu: whether a ReLU follows.
        pad_values: what a neighbour outside the grid contributes.
        last: whether its output is added to the state.
        kernel_planes: quantized kernels whose sum the kernel is.
        input_planes: thresholds with which the input quantizer looks at each input.
        neighbourhood: "moore", "von_neumann" or "center", the places of a 3x3 kernel with weights.
        depthwise: whether an output sees the input of its own number alone.
    """

    name: str
    kernel_size: int
    inputs: int
    outputs: int
    kernel_quantizer: Mapping[str, Any] | None
    input_quantizer: Mapping[str, Any] | None
    scale: str
    bias: bool
    relu: bool
    pad_values: int
    last: bool
    kernel_planes: int = 1
    input_planes: int = 1
    neighbourhood: str = "moore"
    depthwise: bool = False

    @property
    def places(self) -> tuple[int, ...]:
        """The taps: which of the ``kernel_size**2`` places, in raster order, have weights."""
        return places_seen(self.neighbourhood, self.kernel_size)

    @property
    def is_full(self) -> bool:
        """Whether all places of the kernel have weights."""
        return len(self.places) == self.kernel_size**2

    @property
    def shape_shown(self) -> str:
        """``3x3``, ``1x1``, ``3x3 von_neumann``, or ``3x3 depthwise``."""
        named = "" if self.is_full else f" {self.neighbourhood}"
        alone = " depthwise" if self.depthwise else ""
        return f"{self.kernel_size}x{self.kernel_size}{named}{alone}"

    @property
    def inputs_seen(self) -> int:
        """Input channels that an output has weights for."""
        return 1 if self.depthwise else self.inputs

    @property
    def kernel_channels(self) -> tuple[int, int]:
        """The last two dimensions of the kernel, as Keras has them."""
        return (self.inputs, 1) if self.depthwise else (self.inputs, self.outputs)

    @property
    def rows(self) -> int:
        """Weights that a single output has: rows of the kernel matrix."""
        return len(self.places) * self.inputs_seen

    @property
    def kernel_count(self) -> int:
        """Weights of the kernel, each plane's counted."""
        return self.kernel_planes * self.rows * self.outputs

    @property
    def mac_count(self) -> int:
        """Multiply-accumulates per cell and step, each plane with each plane."""
        return self.kernel_count * self.input_planes

    @property
    def has_input_scale(self) -> bool:
        """Whether there is a learned scale on the input side."""
        return self.scale in ("center", "rank_one")

    @property
    def input_scale_shape(self) -> tuple[int, ...]:
        """One scale for each row of the kernel ``[height, width, inputs]`` (``[taps, inputs]``
        where it is no square), or for each place of `scale_places` ``[places, inputs]``;
        where inputs are quantized, one for each channel in front of the quantizer
        ``[inputs]``, because behind it the inputs would not be of few bits any more."""
        if self.input_quantizer is not None:
            return (self.inputs,)
        if self.scale == "center":
            return (max(self.scale_places) + 1, self.inputs)
        if not self.is_full:
            return (len(self.places), self.inputs)
        return (self.kernel_size, self.kernel_size, self.inputs)

    @property
    def scale_places(self) -> tuple[int, ...]:
        """Which of an input channel's scales each tap has: its own, or the first in the
        centre and the second all around it."""
        if self.scale == "center":
            return tuple(int(place != self.kernel_size**2 // 2) for place in self.places)
        return tuple(range(len(self.places)))

    @property
    def inputs_read(self) -> tuple[Any, ...]:
        """Quantizer and planes: which numbers the kernel sees for given inputs."""
        return self.input_quantizer, self.input_planes

    @property
    def has_output_scale(self) -> bool:
        """Whether there is a learned scale on the output side."""
        return self.scale != "none"

    @property
    def float_count(self) -> int:
        """Learned numbers that stay float32: scales and biases."""
        return (
            self.has_input_scale * prod(self.input_scale_shape)
            + self.has_output_scale * self.outputs
            + self.bias * self.outputs
        )

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every array of this layer, in file order."""
        size = self.kernel_size
        shapes: dict[str, tuple[int, ...]] = {
            f"{self.name}/kernel": (size, size, *self.kernel_channels)
        }
        if self.has_input_scale:
            shapes[f"{self.name}/input_scale"] = self.input_scale_shape
        if self.has_output_scale:
            shapes[f"{self.name}/output_scale"] = (self.outputs,)
        if self.bias:
            shapes[f"{self.name}/bias"] = (self.outputs,)
        return shapes


@dataclass(frozen=True)
class AutomatonLayout:
    """The whole automaton: its cell, and the layers of both networks."""

    cell: CellConfig
    classes: int
    perceive: tuple[LayerLayout, ...]
    update: tuple[LayerLayout, ...]

    @property
    def layers(self) -> tuple[LayerLayout, ...]:
        """Perceive layers, then update layers."""
        return self.perceive + self.update

    @property
    def state_channels(self) -> int:
        """Channels that change: hidden and class channels."""
        return _state_channels(self.cell, self.classes)

    @property
    def class_code(self) -> Array:
        """The class channels of a cell that names each class, int64 ``[classes, channels]``."""
        return class_code(self.classes, self.cell.classes_per_channel)

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every array of the automaton, in file order."""
        layers = (layer.array_shapes() for layer in self.layers)
        return {name: shape for shapes in layers for name, shape in shapes.items()}

    def trunk(self) -> tuple[tuple[tuple[int, ...], int, int, bool], ...]:
        """(taps, inputs, outputs, depthwise) of each layer: what two automata share of which
        one starts from the other's weights as they are."""
        return tuple((layer.places, layer.inputs, layer.outputs, layer.depthwise)
                     for layer in self.layers)


def layout_of(config: AutomatonConfig, classes: int = CLASSES) -> AutomatonLayout:
    """The layers that a configuration asks for."""
    state = _state_channels(config.cell, classes)
    perceive_widths = config.perceive.widths
    update_widths = [*config.update.widths, state]
    inputs = _chain([1 + state, *perceive_widths, *update_widths])
    input_quantizers = config.perceive.input_quantizer + config.update.input_quantizer
    # An input quantizer takes the place of the ReLU before it: the sign of a ReLU is
    # always +1, and DoReFa clips at zero by itself.
    # Nor does one stand before a depthwise layer: both together are one convolution, whose
    # kernels are products of one weight for each input and one for each place. With a ReLU
    # between, an automaton of 70 such channels learned MNIST no better than one of 33 whole
    # ones, without it far better (`reports/findings/one_kib.md`).
    count = len(perceive_widths)
    linear = [*config.perceive.depthwise[1:], *[False] * (len(inputs) - count)]
    relu = [quantizer is None and not before for quantizer, before in
            zip(input_quantizers[1:], linear, strict=True)] + [False]
    perceive = _stack("perceive", 3, config.perceive, inputs[:count], relu[:count],
                      config.perceive.pad_values, config.perceive.neighbourhood,
                      config.perceive.depthwise)
    after = len(inputs) - count
    update = _stack("update", 1, config.update, inputs[count:], relu[count:], 0,
                    ["moore"] * after, [False] * after)
    return AutomatonLayout(config.cell, classes, perceive, update)


def _state_channels(cell: CellConfig, classes: int) -> int:
    return cell.hidden_channels + class_channels(classes, cell.classes_per_channel)


def _chain(widths: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(widths))


def _stack(
    name: str,
    kernel_size: int,
    network: NetworkConfig,
    channels: list[tuple[int, int]],
    relu: list[bool],
    pad_values: int,
    neighbourhood: Sequence[str],
    depthwise: Sequence[bool],
) -> tuple[LayerLayout, ...]:
    return tuple(
        LayerLayout(
            name=f"{name}/{index}",
            kernel_size=kernel_size,
            inputs=inputs,
            outputs=outputs,
            kernel_quantizer=network.kernel_quantizer[index],
            input_quantizer=network.input_quantizer[index],
            scale=_scale_of(network.scale[index], depthwise=depthwise[index]),
            bias=network.bias[index],
            relu=relu[index],
            pad_values=pad_values,
            last=name == "update" and index == len(channels) - 1,
            kernel_planes=network.kernel_planes[index],
            input_planes=network.input_planes[index],
            neighbourhood=neighbourhood[index],
            depthwise=depthwise[index],
        )
        for index, (inputs, outputs) in enumerate(channels)
    )


def _scale_of(scale: str, *, depthwise: bool) -> str:
    """Scales of rows share a number between outputs, of which a row of a depthwise kernel has
    none to share with."""
    return "channel" if depthwise and scale != "none" else scale


def check_fits(source: AutomatonLayout, target: AutomatonLayout) -> None:
    """An automaton can start from another one's weights if both have the same layers, up
    to quantizers, scales and biases, and layers whose inputs are quantized in the source
    read the same in both: what they were trained on cannot be had from anything else.
    Fewer channels between layers fit too (`larqca.automata.narrowing`), where the source's
    kernels are float: what a quantizer gives may depend on all weights of a kernel.

    Raises:
        ModelFileError: says which layers each has.
    """
    namings = [each.cell.classes_per_channel for each in (source, target)]
    if namings[0] != namings[1]:
        raise ModelFileError(f"its cell.classes_per_channel is {namings[0]}, that of the automaton "
                             f"to start is {namings[1]}; class channels would mean something else")
    if not _reaches(source, target) or source.classes != target.classes:
        raise ModelFileError(
            f"its layers (kernel, inputs-outputs) are {_shown(source)}, "
            f"those of the automaton to start are {_shown(target)}; these may be narrower, no more"
        )
    quantized = [one.name for one in source.layers if one.kernel_quantizer is not None]
    if quantized and source.trunk() != target.trunk():
        raise ModelFileError(
            f"its layers are {_shown(source)}, those of the automaton to start are "
            f"{_shown(target)}, and {quantized[0]} is quantized; an automaton is made narrower "
            "first, and quantized then")
    for one, other in zip(source.layers, target.layers, strict=True):
        unscaled = one.has_input_scale and not other.has_input_scale
        if one.input_quantizer is not None and (one.inputs_read != other.inputs_read or unscaled):
            raise ModelFileError(
                f"{one.name} has {_inputs_shown(one)} there, and {_inputs_shown(other)} in the "
                "automaton to start; inputs must be float there, or the same"
            )


def _reaches(source: AutomatonLayout, target: AutomatonLayout) -> bool:
    """Whether the layers are the same but for channels between them, of which the target has
    no more."""
    if len(source.layers) != len(target.layers):
        return False
    ends = [(each.layers[0].inputs, each.layers[-1].outputs) for each in (source, target)]
    return ends[0] == ends[1] and all(
        (one.places, one.depthwise) == (other.places, other.depthwise)
        and one.outputs >= other.outputs
        for one, other in zip(source.layers, target.layers, strict=True))


def _inputs_shown(layer: LayerLayout) -> str:
    if layer.input_quantizer is None:
        return "float inputs"
    planes = f" in {layer.input_planes} planes" if layer.input_planes > 1 else ""
    scaled = "scaled " if layer.has_input_scale else ""
    return f"{scaled}inputs of {label(layer.input_quantizer)}{planes}"


def _shown(layout: AutomatonLayout) -> str:
    return ", ".join(
        f"{layer.shape_shown} {layer.inputs}-{layer.outputs}" for layer in layout.layers)
