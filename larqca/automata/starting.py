"""Starting an automaton from another one's weights: what quantizing a trained model means.

A float kernel W becomes ``u * q(latent) * v`` with a quantizer q, an input scale u and
an output scale v: |W| as a rank-one product with the quantizer's levels in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.factoring import factored, fitted_scale
from larqca.automata.layers import Block
from larqca.automata.layout import LayerLayout, check_fits
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.quantizers.build import is_elementwise

Array = npt.NDArray[Any]


def start_from(model: NeuralCA, source: NeuralCA) -> None:
    """Give `model` the weights of `source`, quantized as `model` wants them.

    A layer that is quantized and scaled alike in both is copied as it is.

    Raises:
        ModelFileError: the automata differ in more than quantizers, scales and biases.
    """
    check_fits(source.layout, model.layout)
    targets = model.perceive_blocks + model.update_blocks
    origins = source.perceive_blocks + source.update_blocks
    # Scale of each layer's inputs that the layer before it takes over; none before the first.
    moved = [None, *map(_movable_rows, pairwise(targets), pairwise(origins)), None]
    arrays: dict[str, Array] = {}
    for number, (target, origin) in enumerate(zip(targets, origins, strict=True)):
        found = {name: variable.numpy() for name, variable in origin.variables.items()}
        if _quantized_alike(origin.layout, target.layout) and moved[number] is None:
            mine = {**_defaults(target), **found}
        else:
            mine = _requantized(target, origin, found, moved[number])
        arrays.update(_outputs_times(mine, target, moved[number + 1]))
    model.set_arrays({name: arrays[name] for name in model.layout.array_shapes()})


def _movable_rows(targets: tuple[Block, Block], origins: tuple[Block, Block]) -> Array | None:
    """Mean magnitude of the weights of each input of the second layer, relative to all,
    if the first layer can multiply its outputs by it: through a ReLU that changes nothing,
    and a quantized kernel with one scale for each column fits the better."""
    before, layout = targets[0].layout, targets[1].layout
    wanted = (
        layout.kernel_quantizer is not None and layout.scale == "channel" and not layout.rank
    )
    alike = _quantized_alike(origins[1].layout, layout)
    rectified = before.relu and origins[0].layout.relu
    scalable = before.kernel_quantizer is None or (before.has_output_scale and not before.rank)
    if not (wanted and rectified and scalable) or alike:
        return None
    rows = _nonzero(np.abs(_weights(origins[1])).mean(axis=(0, 2)))
    return rows / rows.mean()


def _outputs_times(arrays: dict[str, Array], block: Block, scale: Array | None) -> dict[str, Array]:
    """The block's arrays for outputs that are `scale` times as large."""
    if scale is None:
        return arrays
    name = block.layout.name
    held_by = "output_scale" if block.layout.has_output_scale else "kernel"
    scaled = [f"{name}/{held_by}"] + [f"{name}/bias"] * block.layout.bias
    return {**arrays, **{key: arrays[key] * scale for key in scaled}}


def _quantized_alike(one: LayerLayout, other: LayerLayout) -> bool:
    return (one.kernel_quantizer, one.scale, one.rank) == (
        other.kernel_quantizer,
        other.scale,
        other.rank,
    )


def _defaults(block: Block) -> dict[str, Array]:
    return {name: variable.numpy() for name, variable in block.variables.items()}


def _weights(block: Block) -> Array:
    """What a block multiplies its inputs by, ``[area, inputs, outputs]``."""
    weights: Array = block.weights().numpy()
    return weights


def _requantized(
    target: Block, origin: Block, found: Mapping[str, Array], moved: Array | None
) -> dict[str, Array]:
    """Arrays of `target` that compute as nearly as it can what `origin` computes, on
    inputs that are `moved` times as large."""
    layout, name = target.layout, target.layout.name
    weights = _weights(origin)
    if moved is not None:
        weights = weights / moved[:, None]
    arrays = _defaults(target)
    if layout.bias and f"{name}/bias" in found:
        arrays[f"{name}/bias"] = found[f"{name}/bias"]
    if layout.thresholds and origin.layout.thresholds == layout.thresholds:
        arrays[f"{name}/thresholds"] = found[f"{name}/thresholds"]
    if layout.has_input_scale and layout.input_quantizer is not None:
        # It stands in front of the input quantizer and is no part of the kernel.
        if origin.layout.has_input_scale and origin.layout.input_quantizer is not None:
            arrays[f"{name}/input_scale"] = found[f"{name}/input_scale"]
    elif layout.has_input_scale:
        rows = _nonzero(np.abs(weights).mean(axis=2))
        if layout.kernel_quantizer is None:
            rows = np.ones_like(rows)
        weights = weights / rows[..., None]
        arrays[f"{name}/input_scale"] = rows.reshape(layout.input_scale_shape)
    if layout.rank:
        return {**arrays, **_product(target, weights)}
    latent, outputs = factorized(weights, _quantize(target), layout)
    arrays[f"{name}/kernel"] = latent.reshape(target.latent_kernel.shape)
    if layout.has_output_scale:
        arrays[f"{name}/output_scale"] = outputs
    return arrays


def _product(target: Block, weights: Array) -> dict[str, Array]:
    """Both kernels of a product that comes near `weights`, and the scale between them."""
    name, shapes = target.layout.name, target.layout.array_shapes()
    quantizer = target.kernel_quantizer
    flat = weights.reshape(-1, weights.shape[-1])
    factors = factored(flat, target.layout.rank, _elementwise(target))
    left, right = factors.left, factors.right
    if target.layout.kernel_quantizer and not (is_elementwise(quantizer) or _is_dorefa(target)):
        # What such a quantizer multiplies an output by, the mean magnitude of its latent
        # weights, shall be the same for all.
        right = np.clip(right / (2.0 * _nonzero(np.abs(right).mean(axis=0))), -1.0, 1.0)
    arrays = {
        f"{name}/kernel": left.reshape(shapes[f"{name}/kernel"]),
        f"{name}/second_kernel": right.reshape(shapes[f"{name}/second_kernel"]),
    }
    if target.layout.has_output_scale:
        levels = [_quantized_as(quantizer, array) for array in arrays.values()]
        matrices = [each.reshape(-1, each.shape[-1]) for each in levels]
        scale = fitted_scale(flat, *matrices).astype(np.float32)
        arrays[f"{name}/output_scale"] = scale
    return arrays


def _is_dorefa(block: Block) -> bool:
    return (block.layout.kernel_quantizer or {}).get("mode") == "weights"


def _elementwise(block: Block) -> Callable[[Array], Array]:
    """The levels of single latent weights; of quantizers that use statistics of a whole
    kernel, DoReFa's for a kernel whose largest weight is one, and else signs."""
    quantizer = block.kernel_quantizer
    if is_elementwise(quantizer):
        return lambda latent: _quantized_as(quantizer, latent)
    if _is_dorefa(block):
        return lambda latent: _quantized_as(quantizer, np.append(latent, 1.0))[:-1].reshape(
            latent.shape
        )
    return lambda latent: np.where(latent >= 0, 1.0, -1.0)


def _quantized_as(quantizer: Callable[[Any], Any] | None, latent: Array) -> Array:
    if quantizer is None:
        return latent.astype(np.float64)
    return np.asarray(quantizer(tf.constant(latent, tf.float32)), np.float64)


def _nonzero(scale: Array) -> Array:
    """A channel without weights keeps a tiny scale, so that nothing divides by zero."""
    floor = max(float(scale.max()), 1e-6) * 1e-3
    return np.maximum(scale, floor).astype(np.float32)


# How far latent weights may spread, as multiples of a column's mean magnitude. A sign
# does not care; more levels want more of the tail within reach.
_SPREADS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)


def factorized(
    weights: Array, quantize: Callable[[Array], Array] | None, layout: LayerLayout
) -> tuple[Array, Array]:
    """Latent weights and output scale with ``quantize(latent) * scale`` near `weights`.

    The latent weights are the weights over a multiple of their column's mean magnitude,
    clipped to [-1, 1]; the scale is the least-squares fit to the quantized latent
    weights. Of some multiples, the one with the smallest error is taken.

    Args:
        weights: float32 ``[area, inputs, outputs]``.
        quantize: the kernel quantizer, or None for a float kernel.
        layout: of the layer; without an output scale the scale is one.

    Returns:
        latent ``[area, inputs, outputs]`` and scale ``[outputs]``, float32.
    """
    ones = np.ones(weights.shape[-1], np.float32)
    if quantize is None:
        return weights.astype(np.float32), ones
    if not layout.has_output_scale:
        return np.clip(weights, -1.0, 1.0).astype(np.float32), ones
    magnitude = _nonzero(np.abs(weights).mean(axis=(0, 1)))
    tanh = (layout.kernel_quantizer or {}).get("mode") == "weights"  # DoReFa's
    fits = [_fit(weights, quantize, spread * magnitude, tanh) for spread in _SPREADS]
    _, latent, scale = min(fits, key=lambda fit: fit[0])
    return latent, scale


def _fit(
    weights: Array, quantize: Callable[[Array], Array], reach: Array, tanh: bool
) -> tuple[float, Array, Array]:
    """Squared error, latent weights and output scale if `reach` becomes latent one.

    `tanh`: the quantizer squeezes its input by a tanh first, which is undone.
    """
    latent = np.clip(weights / reach, -1.0, 1.0).astype(np.float32)
    if tanh:
        latent = np.arctanh(np.tanh(np.float32(1.0)) * latent)
    levels = quantize(latent)
    square = np.square(levels).sum(axis=(0, 1))
    fit = (weights * levels).sum(axis=(0, 1)) / np.where(square > 0, square, 1.0)
    scale = np.where(square > 0, fit, reach).astype(np.float32)
    # Errors equal but for rounding shall not decide.
    total = max(float(np.square(weights).sum()), 1e-12)
    error = round(float(np.square(weights - levels * scale).sum()) / total, 6)
    return error, latent, scale


def _quantize(block: Block) -> Callable[[Array], Array] | None:
    quantizer = block.kernel_quantizer
    if quantizer is None:
        return None
    shape = block.latent_kernel.shape
    return lambda latent: np.asarray(quantizer(latent.reshape(shape))).reshape(latent.shape)
