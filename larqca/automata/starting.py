"""Starting an automaton from another one's weights: what quantizing a trained model means.

A float kernel W becomes ``u * q(latent) * v`` with a quantizer q, an input scale u and
an output scale v: |W| as a rank-one product with the quantizer's levels in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.balancing import (
    balanced,
    nonzero,
    outputs_held_by,
    stretchable,
    times_outputs,
    weights_of,
)
from larqca.automata.calibration import SANE, Moment, layer_inputs, layer_windows, moments_met
from larqca.automata.layers import Block
from larqca.automata.layout import LayerLayout, check_fits
from larqca.automata.narrowing import narrowed
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.reconstruction import Seen, reconstruct, reconstruct_depthwise
from larqca.automata.rounding import kernel_levels, levels_of
from larqca.backend import tf
from larqca.quantizers.registry import dorefa_mode

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class InputChange:
    """How a layer of the target reads what the source's layer reads as x.

    Attributes:
        gain: what x is multiplied by before the layer, by the layer that puts it out or
            by the input scale, ``[inputs]``.
        offset: what is added to it then, ``[inputs]``.
        rows: x is about ``rows * code + constant``, with the code that the kernel gets.
        constant: see `rows`.
        by_scale: whether the layer's own input scale multiplies by `gain`, and not the layer
            before.
    """

    gain: Array
    offset: Array
    rows: Array
    constant: Array
    by_scale: bool = False


def start_from(
    model: NeuralCA, source: NeuralCA, images: Array | None = None, *, to_settle: bool = False
) -> None:
    """Give `model` the weights of `source`, quantized as `model` wants them.

    A layer that is quantized and scaled alike in both is copied as it is. Layers start one
    after the other, and each sees what those before it have become. Of a wider source the
    channels are taken that count most (`larqca.automata.narrowing`).

    Args:
        model: the automaton to start.
        source: one of the same layers, up to quantizers, scales and biases, and as wide or wider.
        images: grey ``[pictures, height, width]``, on which the source runs to tell what
            new input quantizers must cover, and what rounded weights must put out; without
            them, the former start as they are, and weights are rounded one by one.
        to_settle: whether latent weights are to be what the kernels are while no weight has
            settled (`larqca.training.settling`): of float kernels the weights, as they are,
            over the scales that their levels want.

    Raises:
        ModelFileError: the automata differ in more than that.
    """
    check_fits(source.layout, model.layout)
    source = narrowed(source, model.layout, images)
    moved = balanced(source, model)
    targets = model.perceive_blocks + model.update_blocks
    origins = moved.perceive_blocks + moved.update_blocks
    changes = _input_changes(model, source, images)
    rounded = [_newly_rounded(one.layout, two.layout)
               for one, two in zip(origins, targets, strict=True)]
    met = [] if images is None or to_settle or not any(rounded) else moments_met(source, images)
    shapes = model.layout.array_shapes()
    for number, (target, origin) in enumerate(zip(targets, origins, strict=True)):
        found = {name: variable.numpy() for name, variable in origin.variables.items()}
        if _quantized_alike(origin.layout, target.layout) and changes[number] is None:
            mine = {**_defaults(target), **found}
            if to_settle and target.latents:
                mine[f"{target.layout.name}/kernel"] = _levels_as_latents(origin)
        else:
            seen = _seen(model, moved, met, number, changes[number]) if rounded[number] else None
            mine = _requantized(target, origin, found, changes[number], seen, to_settle)
        mine = _outputs_changed(mine, target, changes[number + 1])
        arrays = {**model.arrays(), **mine}
        model.set_arrays({name: arrays[name] for name in shapes})


def rounds_together(model: NeuralCA, source: NeuralCA) -> bool:
    """Whether a start rounds weights by what it saw of pictures, so that others would give
    other weights."""
    targets = model.perceive_blocks + model.update_blocks
    origins = source.perceive_blocks + source.update_blocks
    return any(
        _newly_rounded(origin.layout, target.layout)
        and levels_of(target.kernel_quantizer, target.layout.kernel_quantizer or {}) is not None
        for target, origin in zip(targets, origins, strict=True))


def _input_changes(
    model: NeuralCA, source: NeuralCA, images: Array | None
) -> list[InputChange | None]:
    """For each layer, and for the state after the last one."""
    targets = model.perceive_blocks + model.update_blocks
    origins = source.perceive_blocks + source.update_blocks
    changes: list[InputChange | None] = [None]
    changes += map(_movable_rows, pairwise(targets), pairwise(origins))
    new = [_newly_quantized(one.layout, two.layout)
           for one, two in zip(origins, targets, strict=True)]
    if images is not None and any(new):
        inputs = layer_inputs(source, images)
        for number, target in enumerate(targets):
            if new[number] and len(inputs[number]):
                before = targets[number - 1] if number else None
                changes[number] = _covering(target, inputs[number], _movable(before))
    return [*changes, None]


def _seen(
    model: NeuralCA, source: NeuralCA, met: Sequence[Moment], number: int,
    change: InputChange | None,
) -> Seen | None:
    """What the kernels of a layer read; None where too little was seen.

    The layers of `model` before this one must have started.
    """
    target = (model.perceive_blocks + model.update_blocks)[number]
    origin = (source.perceive_blocks + source.update_blocks)[number]
    if not met:
        return None
    theirs, mine = (layer_windows(automaton, met, number) for automaton in (source, model))
    sane = [(np.abs(windows) <= SANE).all(axis=(1, 2)) for windows in (theirs, mine)]
    theirs, mine = (windows[np.all(sane, axis=0)] for windows in (theirs, mine))
    if len(mine) <= prod(mine.shape[1:]):
        return None
    weights = weights_of(origin)
    if target.layout.input_quantizer is not None:
        # Codes of few levels say too little of what was lost before them: fitted to that, a
        # fully binary automaton did worse (on the digits 92.8 % of the cells for 97.5).
        mine = theirs
    if change is not None and target.layout.input_quantizer is not None:
        moved = (theirs * change.gain + change.offset).astype(np.float32)
        codes = np.asarray(target.convolution.input_quantizer(tf.constant(moved)))
        own = np.einsum("aio,i->o", weights, change.constant)
        return Seen(codes, _sums(codes, weights * change.rows[:, None]) + own)
    read = np.asarray(origin.transform_input(tf.constant(theirs)))
    return Seen(_read(origin, mine, change), _sums(read, weights))


def _sums(read: Array, weights: Array) -> Array:
    if weights.shape[1] < read.shape[2]:  # depthwise
        own: Array = (read * weights[:, 0]).sum(axis=1)
        return own
    result: Array = read.reshape(len(read), -1) @ weights.reshape(-1, weights.shape[2])
    return result


def _read(origin: Block, windows: Array, change: InputChange | None) -> Array:
    """What a kernel gets of windows that the layer before has moved as `change` says."""
    return np.asarray(origin.transform_input(tf.constant(windows))) if change is None else windows


def _newly_quantized(origin: LayerLayout, target: LayerLayout) -> bool:
    return origin.input_quantizer is None and target.input_quantizer is not None


def _newly_rounded(origin: LayerLayout, target: LayerLayout) -> bool:
    return target.kernel_quantizer is not None and not _quantized_alike(origin, target)


def _movable(before: Block | None) -> bool:
    """Whether what a layer puts out can be stretched and shifted by the layer itself."""
    return before is not None and before.layout.bias and stretchable(before.layout)


# Shares of the inputs that a quantizer is to cover; that of the smallest error is taken.
_COVERED = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def _covering(target: Block, inputs: Array, movable: bool) -> InputChange:
    """Gain and offset that bring inputs to where the target's quantizer tells them apart.

    What comes out of another layer may be moved and stretched by that layer; the state,
    and what comes out of a layer without a bias, can only be stretched, by an input scale.
    """
    spread = np.abs(inputs)
    unit = dorefa_mode(target.layout.input_quantizer) == "activations"  # of [0, 1]
    by_scale = not movable and target.layout.has_input_scale
    ends = target.convolution.input_quantizer(tf.constant([[-1.5], [1.5]])).numpy().ravel()
    fits = []
    for share in _COVERED:
        high = nonzero(np.quantile(spread, share, axis=0))
        if not movable and not by_scale:
            high = np.ones_like(high)
        low = np.zeros_like(high) if movable or unit else -high
        # The quantizer's domain is [0, 1] or [-1, 1].
        gain = (1.0 if unit else 2.0) / (high - low)
        offset = -gain * low - (0.0 if unit else 1.0)
        rows = (high - low) / (ends[1] - ends[0])
        constant = low - rows * ends[0]
        codes = target.convolution.input_quantizer(tf.constant(inputs * gain + offset, tf.float32))
        error = np.square(codes.numpy() * rows + constant - inputs).mean(axis=0)
        fits.append((error, np.stack([gain, offset, rows, constant])))
    best = np.argmin([error for error, _ in fits], axis=0)
    chosen = np.stack([fit for _, fit in fits])[best, :, np.arange(len(best))]
    gain, offset, rows, constant = chosen.T.astype(np.float32)
    return InputChange(gain, offset, rows, constant, by_scale)


def _movable_rows(
    targets: tuple[Block, Block], origins: tuple[Block, Block]
) -> InputChange | None:
    """Mean magnitude of the weights of each input of the second layer, relative to all,
    if the first layer can multiply its outputs by it: through a ReLU that changes nothing,
    and a quantized kernel with one scale for each column fits the better."""
    before, layout = targets[0].layout, targets[1].layout
    wanted = layout.kernel_quantizer is not None and layout.scale == "channel"
    alike = _quantized_alike(origins[1].layout, layout)
    if layout.depthwise:
        return None  # each input has an output of its own, whose scale does as well
    if layout.pad_values and layout.neighbourhood != "center":
        return None  # what lies outside the grid would not be multiplied with the outputs
    rectified = before.relu and origins[0].layout.relu
    if not (wanted and rectified and stretchable(before)) or alike:
        return None
    rows = nonzero(np.abs(weights_of(origins[1])).mean(axis=(0, 2)))
    gain = rows / rows.mean()
    return InputChange(gain, np.zeros_like(gain), 1.0 / gain, np.zeros_like(gain))


def _outputs_changed(
    arrays: dict[str, Array], block: Block, change: InputChange | None
) -> dict[str, Array]:
    """The block's arrays for what the layer after it wants to read."""
    if change is None or change.by_scale:
        return arrays
    name = block.layout.name
    held_by = outputs_held_by(block.layout)
    changed = {**arrays, **times_outputs(arrays, held_by, change.gain)}
    if block.layout.bias:
        changed[f"{name}/bias"] = changed[f"{name}/bias"] + change.offset
    return changed


def _quantized_alike(one: LayerLayout, other: LayerLayout) -> bool:
    """Whether the arrays of one layer are those of the other."""

    def told(layout: LayerLayout) -> tuple[Any, ...]:
        kernel = (layout.kernel_quantizer, layout.kernel_planes, layout.scale)
        return (*kernel, layout.inputs_read)

    return told(one) == told(other)


def _defaults(block: Block) -> dict[str, Array]:
    return {name: variable.numpy() for name, variable in block.variables.items()}


def _requantized(
    target: Block, origin: Block, found: Mapping[str, Array], change: InputChange | None,
    seen: Seen | None, to_settle: bool = False,
) -> dict[str, Array]:
    """Arrays of `target` that compute as nearly as it can what `origin` computes, on inputs
    like those that were seen."""
    layout, name = target.layout, target.layout.name
    weights = weights_of(origin)
    arrays = _defaults(target)
    bias = found.get(f"{name}/bias", np.float32(0.0))
    if change is not None:
        bias = bias + np.einsum("aio,i->o", weights, change.constant)
        weights = weights * change.rows[:, None]
    if layout.bias:
        arrays[f"{name}/bias"] = np.broadcast_to(bias, (layout.outputs,)).astype(np.float32)
    if layout.has_input_scale and layout.input_quantizer is not None:
        # It stands in front of the input quantizer and is no part of the kernel.
        if origin.layout.has_input_scale and origin.layout.input_quantizer is not None:
            arrays[f"{name}/input_scale"] = found[f"{name}/input_scale"]
        elif change is not None and change.by_scale:
            arrays[f"{name}/input_scale"] = change.gain
        else:
            arrays[f"{name}/input_scale"] = np.ones(layout.inputs, np.float32)
    elif layout.has_input_scale:
        own = _row_magnitudes(weights, layout.scale_places)
        if layout.kernel_quantizer is None:
            own = np.ones_like(own)
        rows = own[list(layout.scale_places)]
        weights = weights / rows[..., None]
        seen = None if seen is None else Seen(seen.inputs * rows, seen.sums)
        arrays[f"{name}/input_scale"] = own.reshape(layout.input_scale_shape)
    quantize = _nearest_level(target) if to_settle else _quantize(target)
    latent, outputs = factorized(weights, quantize, layout, to_settle=to_settle)
    if seen is not None:
        theirs = found.get(f"{name}/bias", np.zeros(layout.outputs, np.float32))
        fit = _reconstructed(target, weights, outputs, seen, theirs)
        if fit is not None:
            latent, outputs, own_bias = fit
            if layout.bias:
                arrays[f"{name}/bias"] = own_bias
    arrays[f"{name}/kernel"] = np.asarray(target.spread(latent))
    if layout.has_output_scale:
        arrays[f"{name}/output_scale"] = outputs
    return arrays


def _row_magnitudes(weights: Array, places: Sequence[int]) -> Array:
    """Mean magnitudes of the weights at the places that share a scale, ``[scales, inputs]``."""
    rows = np.abs(weights).mean(axis=2)
    shared = [rows[np.equal(places, own)].mean(axis=0) for own in range(max(places) + 1)]
    return nonzero(np.stack(shared))


def _reconstructed(
    target: Block, weights: Array, scale: Array, seen: Seen, bias: Array
) -> tuple[Array, Array, Array] | None:
    """Latent weights, scale and bias with which the layer puts out what the float one does;
    None where the quantizer's weights are not rounded together."""
    layout, quantize = target.layout, _quantize(target)
    assert quantize is not None
    levels = levels_of(target.kernel_quantizer, layout.kernel_quantizer or {})
    if levels is None:
        return None
    fixed = not layout.has_output_scale
    fit = (reconstruct_depthwise if layout.depthwise else reconstruct)(
        weights.reshape(-1, layout.outputs).astype(np.float64), levels.values, scale, seen,
        bias=bias if layout.bias else None, relu=layout.relu, fixed=fixed)
    if fixed and dorefa_mode(layout.kernel_quantizer) == "weights":
        _reach_the_largest_level(fit.levels, weights)
    numbers = np.searchsorted(levels.values, fit.levels - 1e-6)
    latent = levels.latents[numbers].reshape(weights.shape).astype(np.float32)
    put_out = quantize(latent).reshape(fit.levels.shape)
    if np.abs(put_out - fit.levels).max() > 1e-4:
        return None  # DoReFa without a weight at its largest level
    return latent, fit.scale.astype(np.float32), (bias + fit.shift).astype(np.float32)


def _reach_the_largest_level(levels: Array, weights: Array) -> None:
    """DoReFa gives the largest of a layer's latent weights its largest level, one, and without
    a scale nothing makes good what that does to all others: so one weight must have it."""
    if np.abs(levels).max() < 1.0:
        largest = np.abs(weights).argmax()
        levels.flat[largest] = np.copysign(1.0, weights.flat[largest])


# How far latent weights may spread, as multiples of a column's mean magnitude. A sign
# does not care; more levels want more of the tail within reach, and eight bits all of it:
# weights of trained kernels reach 5 to 17 times the mean.
_SPREADS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 20.0)


def factorized(
    weights: Array, quantize: Callable[[Array], Array] | None, layout: LayerLayout,
    *, to_settle: bool = False,
) -> tuple[Array, Array]:
    """Latent weights and output scale with ``quantize(latent) * scale`` near `weights`.

    The latent weights are the weights over a multiple of their column's mean magnitude,
    clipped to [-1, 1]; the scale is the least-squares fit to the quantized latent
    weights. Of some multiples, the one with the smallest error is taken.

    Args:
        weights: float32 ``[taps, inputs, outputs]``.
        quantize: the kernel quantizer, or None for a float kernel; `to_settle`, the nearest level.
        layout: of the layer; without an output scale the scale is one.
        to_settle: see `start_from`: the latent weights are the weights over that scale, neither
            clipped nor quantized.

    Returns:
        latent ``[taps, inputs, outputs]`` and scale ``[outputs]``, float32.
    """
    ones = np.ones(weights.shape[-1], np.float32)
    if quantize is None:
        return weights.astype(np.float32), ones
    tanh = dorefa_mode(layout.kernel_quantizer) == "weights" and not to_settle
    if not layout.has_output_scale:
        within = weights if to_settle else np.clip(weights, -1.0, 1.0)
        return _before_tanh(within.astype(np.float32), tanh), ones
    magnitude = nonzero(np.abs(weights).mean(axis=(0, 1)))
    fits = [_fit(weights, quantize, spread * magnitude, tanh) for spread in _SPREADS]
    _, latent, scale = min(fits, key=lambda fit: fit[0])
    if to_settle:
        scale = np.where(scale > 0, scale, magnitude)
        latent = (weights / scale).astype(np.float32)
    return latent, scale


def _fit(
    weights: Array, quantize: Callable[[Array], Array], reach: Array, tanh: bool
) -> tuple[float, Array, Array]:
    """Squared error, latent weights and output scale if `reach` becomes latent one.

    `tanh`: the quantizer squeezes its input by a tanh first, which is undone.
    """
    latent = _before_tanh(np.clip(weights / reach, -1.0, 1.0).astype(np.float32), tanh)
    levels = quantize(latent)
    square = np.square(levels).sum(axis=(0, 1))
    fit = (weights * levels).sum(axis=(0, 1)) / np.where(square > 0, square, 1.0)
    scale = np.where(square > 0, fit, reach).astype(np.float32)
    # Errors equal but for rounding shall not decide.
    total = max(float(np.square(weights).sum()), 1e-12)
    error = round(float(np.square(weights - levels * scale).sum()) / total, 6)
    return error, latent, scale


def _before_tanh(latent: Array, tanh: bool) -> Array:
    """What a tanh makes latent weights in [-1, 1] of, relative to that of one, if it is to be
    undone."""
    return np.arctanh(np.tanh(np.float32(1.0)) * latent) if tanh else latent


def _levels_as_latents(block: Block) -> Array:
    """The levels of a quantized kernel in the kernel's own shape."""
    levels: Array = np.asarray(block.spread(block.levels(tf.constant(block.latent_kernel))))
    return levels.reshape(block.latent_kernel.shape)


def _nearest_level(block: Block) -> Callable[[Array], Array] | None:
    """What weights settle to; None for a float kernel, and where weights cannot settle."""
    spec = block.layout.kernel_quantizer
    levels = None if spec is None else kernel_levels(block.kernel_quantizer, spec)
    if levels is None:
        return None

    def nearest(weights: Array) -> Array:
        return levels.values[levels.nearest(weights)]

    return nearest


def _quantize(block: Block) -> Callable[[Array], Array] | None:
    if block.kernel_quantizer is None:
        return None
    return lambda latent: np.asarray(block.levels(block.spread(latent))).reshape(latent.shape)
