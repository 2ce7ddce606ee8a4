"""A rounded layer fitted to what a float layer puts out, on inputs that both have seen.

The rounded layer reads what rounded layers before it make of the float automaton's states,
and is to put out what the float layer put out on its own inputs: so it makes good what those
before it lost. Where a ReLU follows, sums that it cuts off hardly count.

Source: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization (2020), for
reconstructing a layer from quantized inputs and through its activation; see `rounding` for
how weights are rounded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.rounding import damp, round_together

Array = npt.NDArray[Any]

# What a sample counts whose sum the ReLU cuts off, and how far below zero, in standard
# deviations, a sum still counts in full: rounding may lift it over.
_CUT_OFF, _MARGIN = 0.01, 0.1


@dataclass(frozen=True)
class Seen:
    """What two layers' kernels read in the same cells, and what the float one makes of it.

    Attributes:
        inputs: what the rounded kernel multiplies, ``[samples, taps, inputs]``.
        sums: what the float kernel gives, with its scale and without its bias,
            ``[samples, outputs]``.
    """

    inputs: Array
    sums: Array


@dataclass(frozen=True)
class Reconstruction:
    """Rounded weights ``levels * scale`` and what the bias must add.

    Attributes:
        levels: ``[taps * inputs, outputs]``.
        scale: ``[outputs]``.
        shift: ``[outputs]``; zero where the bias may not move.
    """

    levels: Array
    scale: Array
    shift: Array


def reconstruct(
    weights: Array, levels: Array, scale: Array, seen: Seen, *, bias: Array | None, relu: bool,
    fixed: bool = False,
) -> Reconstruction:
    """Levels, scale and shift that put out what the float layer does.

    Args:
        weights: what nearest rounding would aim at, ``[taps * inputs, outputs]``: decides
            what the samples leave open.
        levels: what a quantizer can put out, rising.
        scale: a first guess, ``[outputs]``.
        seen: the samples.
        bias: of the float layer, ``[outputs]``; None if the layers have none.
        relu: whether a ReLU follows.
        fixed: whether the scale stays as it is.
    """
    inputs = seen.inputs.reshape(len(seen.inputs), -1).astype(np.float64)
    chosen, fitted = np.zeros_like(weights, np.float64), np.zeros(len(scale))
    shift = np.zeros(len(scale))
    for outputs, shares in _groups(seen.sums + (0.0 if bias is None else bias), relu):
        sums = seen.sums[:, outputs].astype(np.float64)
        middle, aim = shares @ inputs, shares @ sums
        if bias is None:
            middle, aim = np.zeros_like(middle), np.zeros_like(aim)
        centred = inputs - middle
        weighted = (centred * shares[:, None]).T
        moments = weighted @ centred
        damped = damp(moments)
        wanted = np.linalg.solve(
            damped, weighted @ (sums - aim) + (damped - moments) @ weights[:, outputs])
        found, fit = round_together(
            wanted, levels, scale[outputs].astype(np.float64), moments, fixed=fixed)
        chosen[:, outputs], fitted[outputs] = found, fit
        if bias is not None:
            shift[outputs] = aim - middle @ (found * fit)
    return Reconstruction(chosen, fitted, shift)


def reconstruct_depthwise(
    weights: Array, levels: Array, scale: Array, seen: Seen, *, bias: Array | None, relu: bool,
    fixed: bool = False,
) -> Reconstruction:
    """`reconstruct` of a depthwise layer, channel by channel; its weights are ``[taps,
    channels]``."""

    def of_channel(c: int) -> Reconstruction:
        one = slice(c, c + 1)
        own = Seen(seen.inputs[:, :, one], seen.sums[:, one])
        return reconstruct(weights[:, one], levels, scale[one], own,
                           bias=None if bias is None else bias[one], relu=relu, fixed=fixed)

    fits = [of_channel(c) for c in range(len(scale))]
    return Reconstruction(np.concatenate([fit.levels for fit in fits], axis=1),
                          np.concatenate([fit.scale for fit in fits]),
                          np.concatenate([fit.shift for fit in fits]))


def _groups(activations: Array, relu: bool) -> Iterator[tuple[slice, Array]]:
    """Outputs for which samples count alike, and what each sample counts, one in all."""
    samples, outputs = activations.shape
    if not relu:
        yield slice(None), np.full(samples, 1.0 / samples)
        return
    for output in range(outputs):
        own = activations[:, output]
        shares = np.where(own > -_MARGIN * own.std(), 1.0, _CUT_OFF)
        yield slice(output, output + 1), shares / shares.sum()
