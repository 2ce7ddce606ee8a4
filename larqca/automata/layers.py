"""Keras layers of an automaton: Larq's convolutions, and learned channel scales."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from larqca.automata.layout import LayerLayout
from larqca.automata.settled import SettledWeights
from larqca.backend import keras, larq, tf
from larqca.quantizers.build import build
from larqca.quantizers.planes import input_planes, kernel_planes

# Larq warns of starved latent weights wherever a binary kernel has no constraint.
# Here training decides that (`clip_latents`), for the latent weights alone.
logging.getLogger("larq.layers_base").setLevel(logging.ERROR)


@keras.utils.register_keras_serializable("larqca")
class ChannelScale(keras.layers.Layer):
    """Multiplies every channel by a learned number and may add a learned bias.

    Args:
        initial: the scale before training, for all channels.
        use_bias: whether a bias is added (starting at zero).
        relu: whether a ReLU follows.

    Shapes: any ``[..., channels]`` to the same shape.
    """

    def __init__(
        self, *, initial: float = 1.0, use_bias: bool = False, relu: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.initial = initial
        self.use_bias = use_bias
        self.relu = relu
        self.bias = None

    def build(self, input_shape: Any) -> None:
        """Create one scale, and one bias if asked for, per channel."""
        channels = (int(input_shape[-1]),)
        start = keras.initializers.Constant(self.initial)
        self.scale = self.add_weight(name="scale", shape=channels, initializer=start)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=channels, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Scale, shift, rectify."""
        outputs = inputs * self.scale
        if self.bias is not None:
            outputs += self.bias
        return tf.nn.relu(outputs) if self.relu else outputs

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        own = {"initial": self.initial, "use_bias": self.use_bias, "relu": self.relu}
        return {**super().get_config(), **own}


@keras.utils.register_keras_serializable("larqca")
class KernelScale(keras.layers.Layer):
    """Holds the learned scales of the rows of the next convolution's kernel matrix.

    The convolution multiplies its quantized kernel by it; the layer itself passes its
    inputs on. It is a layer of its own so that Larq's summary counts its numbers as
    what they are, and no multiply-accumulates for them.

    Args:
        shape: of the scales, all but the last for places, the last for input channels.
        places: for each tap of the kernel, in raster order, which of them is its own.
    """

    def __init__(self, *, shape: Sequence[int], places: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.places = tuple(places)
        self.scale = self.add_weight(name="scale", shape=self.shape, initializer="ones")

    def rows(self) -> Any:
        """The scale of every row, ``[taps, inputs]``."""
        own = tf.reshape(self.scale, [-1, self.shape[-1]])
        return tf.gather(own, self.places) if len(self.places) > own.shape[0] else own

    def call(self, inputs: Any) -> Any:
        """The inputs as they are."""
        return tf.identity(inputs)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "shape": self.shape, "places": self.places}


class Block:
    """One convolution with its scales: the unit that both engines compute.

    A block is three Keras layers at most: an input scale, Larq's `QuantConv2D`, and an output
    scale that then also holds the bias. `layers` puts them into a model; `transform_input`,
    `multiplier` and `transform_output` are the same arithmetic in parts, for engines that
    compute single cells and for exports.

    Args:
        layout: of the layer.
        seed: of its initial weights.
        feeds_quantizer: whether what it puts out goes to an input quantizer.
    """

    def __init__(self, layout: LayerLayout, seed: int, *, feeds_quantizer: bool = False) -> None:
        self.layout = layout
        # While weights settle (`larqca.training.settling`), these are the kernel's.
        self.settled: SettledWeights | None = None
        # Sums of few different values are often exactly zero, and a sign of them must not
        # depend on the rounding of a scale that is multiplied into the kernel.
        self.exact_sums = feeds_quantizer or layout.input_quantizer is not None
        name = layout.name.replace("/", "_")
        activation = "relu" if layout.relu else None
        self.kernel_quantizer = _in_planes(
            layout.kernel_quantizer, layout.kernel_planes, kernel_planes, f"{name}_kernel_quantizer"
        )
        self.input_scale = _input_scale(layout, f"{name}_input_scale")
        self.convolution = _convolution(
            layout,
            self._scaled_kernel_quantizer(),
            _kernel_initializer(layout, seed),
            use_bias=layout.bias and not layout.has_output_scale,
            activation=None if layout.has_output_scale else activation,
            input_quantizer=_in_planes(
                layout.input_quantizer, layout.input_planes, input_planes,
                f"{name}_input_quantizer",
            ),
            name=name,
        )
        self.output_scale = (
            ChannelScale(
                initial=_initial_output_scale(layout, self.kernel_quantizer),
                use_bias=layout.bias,
                relu=layout.relu,
                name=f"{name}_output_scale",
            )
            if layout.has_output_scale
            else None
        )

    def _scaled_kernel_quantizer(self) -> Any:
        """The kernel quantizer, followed by the scale of the kernel's rows."""
        quantizer = self.kernel_quantizer
        bare = not isinstance(self.input_scale, KernelScale) and self.layout.is_full
        if quantizer is None and bare:
            return None

        def scaled(kernel: Any) -> Any:
            return self.spread(self._scaled_taps(kernel))

        scaled.precision = getattr(quantizer, "precision", 32)  # type: ignore[attr-defined]
        return scaled

    # Slices, and no `tf.gather`: Larq's quantizers cannot take its sparse gradients.

    def taps(self, kernel: Any) -> Any:
        """The weights of a kernel ``[height, width, inputs, outputs]`` (of a depthwise layer
        ``[height, width, inputs, 1]``): all of it, or ``[taps, 1, inputs, outputs]`` where some
        places have none."""
        if self.layout.is_full:
            return kernel
        size = self.layout.kernel_size
        return tf.stack([kernel[at // size, at % size] for at in self.layout.places])[:, None]

    def spread(self, taps: Any) -> Any:
        """``[taps, inputs, outputs]``, or what `taps` gives, as a kernel with zeros at places
        without weights."""
        layout, size = self.layout, self.layout.kernel_size
        rows: Any = tf.reshape(taps, [-1, *layout.kernel_channels])
        if not layout.is_full:
            own = dict(zip(layout.places, tf.unstack(rows), strict=True))
            nothing = tf.zeros_like(rows[0])
            rows = tf.stack([own.get(place, nothing) for place in range(size**2)])
        return tf.reshape(rows, [size, size, *layout.kernel_channels])

    def levels(self, kernel: Any) -> Any:
        """What the kernel quantizer makes of a kernel's weights, in the shape of `taps`: a
        quantizer that looks at all weights must not see places without one."""
        if self.settled is not None:
            return self.taps(self.settled.kernel(kernel))
        taps = self.taps(kernel)
        return taps if self.kernel_quantizer is None else self.kernel_quantizer(taps)

    def has_weight(self) -> Any:
        """At which places of the kernel a weight is, in its shape, bool."""
        shape = tuple(self.latent_kernel.shape)
        return np.broadcast_to(_has_weights(shape, self.layout.places), shape)

    def _scaled_taps(self, kernel: Any) -> Any:
        levels, scale = self.levels(kernel), self.input_scale
        if not isinstance(scale, KernelScale):
            return levels
        return levels * tf.reshape(scale.rows(), [*levels.shape[:-1], 1])

    @property
    def layers(self) -> list[Any]:
        """The block's Keras layers in order."""
        parts = (self.input_scale, self.convolution, self.output_scale)
        return [layer for layer in parts if layer is not None]

    @property
    def latent_kernel(self) -> Any:
        """The kernel's own variable, before quantization."""
        layer = self.convolution
        kernel = layer.depthwise_kernel if self.layout.depthwise else layer.kernel
        return getattr(kernel, "latent_variable", kernel)

    @property
    def latents(self) -> list[Any]:
        """The variable behind the kernel quantizer, if there is one."""
        return [] if self.layout.kernel_quantizer is None else [self.latent_kernel]

    @property
    def variables(self) -> dict[str, Any]:
        """Variables by their names in files, in the order of `array_shapes`."""
        named = {"kernel": self.latent_kernel}
        if self.input_scale is not None:
            named["input_scale"] = self.input_scale.scale
        if self.output_scale is not None:
            named["output_scale"] = self.output_scale.scale
        if self.layout.bias:
            named["bias"] = self._bias
        return {f"{self.layout.name}/{key}": variable for key, variable in named.items()}

    def transform_input(self, inputs: Any) -> Any:
        """Scale and quantize ``[..., inputs]``."""
        if isinstance(self.input_scale, ChannelScale):
            inputs = inputs * self.input_scale.scale
        quantizer = self.convolution.input_quantizer
        return inputs if quantizer is None else quantizer(inputs)

    def transform_output(self, sums: Any) -> Any:
        """Scale, shift and rectify ``[..., outputs]``."""
        if self.output_scale is not None:
            return self.output_scale(sums)
        return self.finish(sums)

    def kernel_matrix(self) -> Any:
        """The quantized and row-scaled kernel, ``[taps, inputs, outputs]``; of a depthwise
        layer ``[taps, 1, outputs]``."""
        layout, kernel = self.layout, tf.convert_to_tensor(self.latent_kernel)
        return tf.reshape(self._scaled_taps(kernel), [-1, layout.inputs_seen, layout.outputs])

    def weights(self) -> Any:
        """What inputs are multiplied by in the end, as `kernel_matrix`."""
        scale = 1.0 if self.output_scale is None else self.output_scale.scale
        return self.kernel_matrix() * scale

    def multiplier(self) -> Callable[[Any], Any]:
        """Quantizes the kernel, once for a rollout, and gives the block's function from
        windows ``[cells, taps * inputs]`` to its ``[cells, outputs]``."""
        matrix = tf.reshape(self.kernel_matrix(), [-1, self.layout.outputs])
        multiply = _own_products if self.layout.depthwise else tf.matmul
        if self.output_scale is None:
            return lambda windows: self.finish(multiply(windows, matrix))
        scaled = matrix * self.output_scale.scale
        if not self.exact_sums:
            return lambda windows: self.finish(multiply(windows, scaled))
        if self.layout.depthwise:
            scale = self.output_scale.scale
            return lambda windows: self.finish(multiply(windows, matrix) * scale)
        exact = _exactly(matrix, self.output_scale.scale)
        return lambda windows: self.finish(exact(windows, scaled))

    @property
    def _bias(self) -> Any:
        return (self.output_scale or self.convolution).bias

    def finish(self, products: Any) -> Any:
        """Shift and rectify sums ``[..., outputs]`` of scaled products."""
        if self.layout.bias:
            products = tf.nn.bias_add(products, self._bias)
        return tf.nn.relu(products) if self.layout.relu else products


def _convolution(
    layout: LayerLayout, kernel_quantizer: Any, initializer: Any, **common: Any
) -> Any:
    """Larq's layer of a layout."""
    common |= {"padding": "same", "pad_values": float(layout.pad_values)}
    if layout.depthwise:
        return larq.layers.QuantDepthwiseConv2D(
            layout.kernel_size, depthwise_quantizer=kernel_quantizer,
            depthwise_initializer=initializer, **common)
    return larq.layers.QuantConv2D(
        layout.outputs, layout.kernel_size, kernel_quantizer=kernel_quantizer,
        kernel_initializer=initializer, **common)


def _own_products(windows: Any, matrix: Any) -> Any:
    """Each channel's window ``[cells, taps * channels]`` times its own column of ``[taps,
    channels]``, summed: ``[cells, channels]``."""
    return tf.reduce_sum(tf.reshape(windows, [-1, *matrix.shape]) * matrix, axis=1)


def _in_planes(spec: Any, count: int, planes: Callable[..., Any], name: str) -> Any:
    """The quantizer of a spec in so many planes; None (float) stays None."""
    return None if spec is None else planes(build(spec, name), spec, count)


def _exactly(matrix: Any, scale: Any) -> Callable[[Any, Any], Any]:
    """Products that are scaled afterwards, as the Keras layers do it. Gradients are those of
    the scaled kernel, which takes fewer passes over all cells."""
    matrix, scale = tf.stop_gradient(matrix), tf.stop_gradient(scale)

    @tf.custom_gradient
    def product(windows: Any, scaled: Any) -> tuple[Any, Any]:
        def gradient(upstream: Any) -> tuple[Any, Any]:
            return (
                tf.matmul(upstream, scaled, transpose_b=True),
                tf.matmul(windows, upstream, transpose_a=True),
            )

        return tf.matmul(windows, matrix) * scale, gradient

    return product


def _input_scale(layout: LayerLayout, name: str) -> Any:
    if not layout.has_input_scale:
        return None
    if layout.input_quantizer is None:
        return KernelScale(
            shape=layout.input_scale_shape, places=layout.scale_places, name=name
        )
    return ChannelScale(name=name)


def _initial_deviation(layout: LayerLayout) -> float:
    """Glorot's, of the kernel as the matrix that it is for a single cell.

    Keras' own Glorot counts the outputs of a 3x3 kernel nine times, as if every output
    went to nine places; the smaller kernels that this gives learned dynamics that lasted
    less long, in trials whose runs were not kept.
    """
    reached = 1 if layout.depthwise else layout.outputs  # by each input
    return float(np.sqrt(2.0 / (layout.rows + reached)))


def _kernel_initializer(layout: LayerLayout, seed: int) -> Any:
    """Latent weights under a learned scale spread over [-1, 1], where straight-through
    gradients live; other kernels are normal, and zero in the last layer, so that an
    untrained automaton stands still."""
    if layout.kernel_quantizer is not None and layout.has_output_scale:
        return AtTaps(keras.initializers.RandomUniform(-1.0, 1.0, seed=seed), layout.places)
    if layout.last:
        return "zeros"
    normal = keras.initializers.RandomNormal(0.0, _initial_deviation(layout), seed=seed)
    return AtTaps(normal, layout.places)


def _has_weights(shape: Sequence[int], places: Sequence[int]) -> Any:
    """Which places of a kernel of this shape have weights, bool ``[height, width, 1, 1]``."""
    height, width = shape[:2]
    return np.isin(np.arange(height * width), places).reshape(height, width, 1, 1)


@keras.utils.register_keras_serializable("larqca")
class AtTaps(keras.initializers.Initializer):
    """What another initializer gives, with zeros at the places of a kernel without weights.

    Args:
        initializer: the other one.
        places: that have weights, in raster order.
    """

    def __init__(self, initializer: Any, places: Sequence[int]) -> None:
        self.initializer = keras.initializers.get(initializer)
        self.places = tuple(places)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """A kernel ``[height, width, inputs, outputs]``."""
        kernel = self.initializer(shape, dtype=dtype, **kwargs)
        return kernel * _has_weights(kernel.shape, self.places).astype(kernel.dtype.name)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"initializer": keras.initializers.serialize(self.initializer),
                "places": self.places}


def _initial_output_scale(layout: LayerLayout, quantizer: Any) -> float:
    """Quantized kernels get from their scale the gain that a float kernel has by itself,
    and a hundredth of it in the last layer.

    The gain counts the mean of the levels too: the products of a kernel of zeros and
    ones do not cancel, and would grow without end.
    """
    if quantizer is None:
        return 1.0
    rows = layout.rows
    levels = np.asarray(quantizer(tf.linspace(-1.0, 1.0, 1001)[:, None]))
    gain = np.sqrt(rows * levels.var() + (rows * levels.mean()) ** 2)
    wanted = np.sqrt(rows) * _initial_deviation(layout) / layout.input_planes
    return float(wanted / gain) * (0.01 if layout.last else 1.0)
