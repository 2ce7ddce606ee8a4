"""Several planes of a quantizer: a sum of one-bit values that comes nearer than one.

A kernel in planes is a sum of quantized kernels, each worth half of the one before and
quantizing what those before it left over, read off one latent kernel; an input in planes
is compared with several thresholds. Products of planes are products of what the quantizer
puts out, so that for signs everything stays a popcount (Guo et al., "Network Sketching",
2017; Lin et al., "Towards Accurate Binary Convolutional Neural Network", 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from larqca.backend import tf
from larqca.quantizers.build import Quantizer
from larqca.quantizers.registry import QuantizerSpec


def kernel_planes(quantizer: Quantizer, spec: QuantizerSpec, count: int) -> Quantizer:
    """The quantizer of a kernel in `count` planes, of latent weights in [-1, 1].

    Gradients are those of the quantizer's own pseudo-gradient, plane by plane.
    """
    if count == 1:
        return quantizer
    expand = _EXPANSIONS.get(spec["name"], _halving)

    def planes(latent: Any) -> Any:
        return expand(quantizer, latent, count)

    planes.precision = count * quantizer.precision  # type: ignore[attr-defined]
    return planes


def _halving(quantizer: Quantizer, latent: Any, count: int) -> Any:
    """Levels of both signs: ``Q(x)/2 + Q(2x - Q(x))/4 + ...``."""
    total, rest = 0.0, latent
    for plane in range(count):
        level = quantizer(rest)
        total += level / 2.0 ** (plane + 1)
        rest = 2.0 * rest - level
    return total


def _zeros_and_ones(quantizer: Quantizer, latent: Any, count: int) -> Any:
    """Two's complement with its sign turned round: the first plane adds one where the
    latent weight is positive, and the others take away what that is too much."""
    total = quantizer(latent)
    # In [0, 1], and half of the last plane more: digits round down, and errors of one sign
    # would add up in sums of many inputs.
    rest = total - latent + 0.5**count
    for plane in range(1, count):
        level = quantizer(rest - 0.5)
        total -= level / 2.0**plane
        rest = 2.0 * rest - level
    return total


def _own_magnitudes(quantizer: Quantizer, latent: Any, count: int) -> Any:
    """Each plane's magnitude is what its quantizer makes of the rest."""
    total, rest = 0.0, latent
    for _ in range(count):
        level = quantizer(rest)
        total += level
        rest = rest - level
    return total


_EXPANSIONS = {"ste_heaviside": _zeros_and_ones, "magnitude_aware_sign": _own_magnitudes}


def thresholds(count: int) -> Any:
    """Evenly spaced in (-1, 1), symmetrical around zero, float32 ``[count]``."""
    return ((2 * np.arange(count) + 1 - count) / count).astype(np.float32)


def input_planes(quantizer: Quantizer, spec: QuantizerSpec, count: int) -> Quantizer:
    """The sum of what the quantizer makes of an input less each threshold."""
    if count == 1:
        return quantizer

    counted = spec["name"] == "ste_sign"
    planes = _counted_signs(count, spec["clip_value"]) if counted else _compared(quantizer, count)
    planes.precision = quantizer.precision  # type: ignore[attr-defined]
    return planes


def _compared(quantizer: Quantizer, count: int) -> Quantizer:
    def planes(inputs: Any) -> Any:
        return tf.add_n([quantizer(inputs - threshold) for threshold in thresholds(count)])

    return planes


def _counted_signs(count: int, clip: float | None) -> Quantizer:
    """`ste_sign` in planes, computed by counting the thresholds that are reached instead of
    comparing with each; its gradient counts those within `clip` (None: all of them)."""

    def reached(inputs: Any) -> Any:
        return tf.clip_by_value(tf.floor(inputs * (0.5 * count) + 0.5 * (count + 1)), 0, count)

    @tf.custom_gradient
    def planes(inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
        def gradient(upstream: Any) -> Any:
            if clip is None:
                return upstream * count
            return upstream * (reached(inputs + clip) - reached(inputs - clip))

        return 2.0 * reached(inputs) - count, gradient

    return planes
