"""Starting an automaton from another one's weights: what quantizing a trained model means.

A float kernel W becomes ``u * q(latent) * v`` with a quantizer q, an input scale u and
an output scale v: |W| as a rank-one product with the quantizer's levels in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.automata.layout import LayerLayout, check_fits
from larqca.automata.neural_ca import NeuralCA

Array = npt.NDArray[Any]


def start_from(model: NeuralCA, source: NeuralCA) -> None:
    """Give `model` the weights of `source`, quantized as `model` wants them.

    A layer that is quantized and scaled alike in both is copied as it is.

    Raises:
        ModelFileError: the automata differ in more than quantizers, scales and biases.
    """
    check_fits(source.layout, model.layout)
    targets = model.perceive_blocks + model.update_blocks
    arrays: dict[str, Array] = {}
    for target, origin in zip(
        targets, source.perceive_blocks + source.update_blocks, strict=True
    ):
        found = {name: variable.numpy() for name, variable in origin.variables.items()}
        if _quantized_alike(origin.layout, target.layout):
            arrays.update({**_defaults(target), **found})
        else:
            arrays.update(_requantized(target, origin, found))
    model.set_arrays({name: arrays[name] for name in model.layout.array_shapes()})


def _quantized_alike(one: LayerLayout, other: LayerLayout) -> bool:
    return one.kernel_quantizer == other.kernel_quantizer and one.scale == other.scale


def _defaults(block: Block) -> dict[str, Array]:
    return {name: variable.numpy() for name, variable in block.variables.items()}


def _requantized(target: Block, origin: Block, found: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays of `target` that compute as nearly as it can what `origin` computes."""
    layout, name = target.layout, target.layout.name
    weights = origin.kernel_matrix().numpy() * found.get(f"{name}/output_scale", np.float32(1.0))
    arrays = _defaults(target)
    if layout.bias and f"{name}/bias" in found:
        arrays[f"{name}/bias"] = found[f"{name}/bias"]
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
    latent, outputs = factorized(weights, _quantize(target), layout)
    arrays[f"{name}/kernel"] = latent.reshape(target.latent_kernel.shape)
    if layout.has_output_scale:
        arrays[f"{name}/output_scale"] = outputs
    return arrays


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
