"""Kernels become integers: what `Weights` hold, and what one of them is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block, KernelScale
from larqca.automata.layout import LayerLayout
from larqca.backend import tf
from larqca.errors import ExportError
from larqca.export.program import INT32_MAX, Weights
from larqca.quantizers.build import build

Array = npt.NDArray[Any]

SIGNS = ("ste_sign", "approx_sign", "swish_sign")
FLOAT_BITS, FLOAT_LEVEL = 8, 127


@dataclass(frozen=True)
class IntegerKernel:
    """A kernel in integers: about ``unit * rows * combined weights``.

    Attributes:
        weights: see `program.Weights`.
        unit: float64 ``[outputs]``, what an integer weight is worth.
        rows: float64 ``[rows]``, learned scale of each row, or None.
    """

    weights: Weights
    unit: Array
    rows: Array | None


def integer_kernel(block: Block, largest_input: int) -> IntegerKernel:
    """The kernel of a block. Float kernels, and levels that are no multiples of one
    number, are rounded to 8 bits, one scale for each output.

    Args:
        block: the layer.
        largest_input: the largest magnitude of an integer input.
    """
    layout = block.layout
    spec = layout.kernel_quantizer
    rows = _row_scale(block)
    if spec is None:
        return _rounded(_matrix(block, block.kernel_matrix()))
    if spec["name"] == "magnitude_aware_sign":
        return _own_magnitudes(block, rows, largest_input)
    matrix = _matrix(block, block.levels(tf.convert_to_tensor(block.latent_kernel)))
    grid = _grid_of(layout)
    if grid is None:
        found = _on_a_grid(matrix)
        if found is None:
            return _rounded(_matrix(block, block.kernel_matrix()))
        integers, unit = found
        return _turned(_narrow(integers), unit, rows)
    integers = np.rint(matrix / grid.unit).astype(np.int64)
    if np.abs(integers * grid.unit - matrix).max() > 1e-5:
        raise ExportError(f"layer {layout.name!r}: its kernel is not on the levels of "
                          f"{spec['name']!r}; was Larq's quantizer changed?")
    unit = np.full(layout.outputs, grid.unit)
    return _turned(_packed(integers[None], grid.bits, grid.step, grid.low), unit, rows)


@dataclass(frozen=True)
class _Grid:
    """Levels ``unit * (low + step * code)`` with codes of so many bits."""

    unit: float
    low: int
    step: int
    bits: int


def _grid_of(layout: LayerLayout) -> _Grid | None:
    """The levels that a quantizer can put out; None where only they themselves can say."""
    spec, planes = layout.kernel_quantizer or {}, layout.kernel_planes
    name, top = spec["name"], 2**planes - 1
    several = 0.5**planes if planes > 1 else 1.0
    if name in SIGNS:
        return _Grid(several, -top, 2, planes)
    if name == "ste_heaviside":
        return _Grid(0.5 ** (planes - 1), 1 - 2 ** (planes - 1), 1, planes)
    if name == "ste_tern" and planes < FLOAT_BITS:
        return _Grid(several, -top, 1, planes + 1)
    if name == "dorefa_quantizer" and spec["k_bit"] <= FLOAT_BITS:
        top = 2 ** spec["k_bit"] - 1
        return _Grid(1.0 / top, -top, 2, spec["k_bit"])
    return None


def _matrix(block: Block, kernel: Any) -> Array:
    """float64 ``[rows, outputs]``."""
    return np.asarray(kernel, np.float64).reshape(-1, block.layout.outputs)


def _row_scale(block: Block) -> Array | None:
    if not isinstance(block.input_scale, KernelScale):
        return None
    rows: Array = block.input_scale.rows().numpy().astype(np.float64).reshape(-1)
    return rows


def _packed(integers: Array, bits: int, step: int, low: int) -> Weights:
    codes = (integers - low) // step
    gains = np.ones((len(integers), integers.shape[-1]), np.int64)
    return Weights(codes, bits, step, low, gains)


def _narrow(integers: Array) -> Weights:
    """Weights in as few bits as their own range needs."""
    low, high = int(integers.min()), int(integers.max())
    odd = bool((integers % 2 == low % 2).all()) and high > low
    step = 2 if odd else 1
    bits = max(1, ((high - low) // step).bit_length())
    return _packed(integers[None], bits, step, low)


def _rounded(matrix: Array) -> IntegerKernel:
    largest = np.abs(matrix).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0) / FLOAT_LEVEL
    integers = np.rint(matrix / unit).astype(np.int64)
    weights = _packed(integers[None], FLOAT_BITS, 1, -FLOAT_LEVEL)
    return IntegerKernel(weights, unit, None)


def _on_a_grid(matrix: Array) -> tuple[Array, Array] | None:
    """Integers and a unit for each output of a user's own quantizer, if there are any."""
    unit = np.empty(matrix.shape[1])
    for channel, column in enumerate(matrix.T):
        levels = np.unique(np.abs(np.append(column, 0.0)).round(7))
        steps = np.diff(levels)
        unit[channel] = steps[steps > 1e-6].min(initial=np.inf)
    unit = np.where(np.isfinite(unit), unit, 1.0)
    integers = np.rint(matrix / unit)
    if np.abs(integers).max() > FLOAT_LEVEL or np.abs(integers * unit - matrix).max() > 1e-5:
        return None
    return integers.astype(np.int64), unit


def _own_magnitudes(block: Block, rows: Array | None, largest_input: int) -> IntegerKernel:
    """Signs whose magnitudes follow from the latent weights, one for each output. Of
    several planes, they become integers of 8 bits in proportion: 16 would cost a device
    3 % of its constants (in five planes), and its digits were classified no better."""
    quantizer = build(block.layout.kernel_quantizer)
    assert quantizer is not None
    rest = np.asarray(block.taps(tf.convert_to_tensor(block.latent_kernel)))
    signs, magnitudes = [], []
    for _ in range(block.layout.kernel_planes):
        level = np.asarray(quantizer(rest))
        # Larq's sign of zero is +1.
        signs.append(_matrix(block, np.where(rest < 0, -1, 1)).astype(np.int64))
        magnitudes.append(_matrix(block, np.abs(level)).max(axis=0))
        rest = rest - level
    integers, sizes = np.stack(signs), np.stack(magnitudes)
    weights = _packed(integers, 1, 2, -1)
    if len(sizes) == 1:
        return _turned(weights, sizes[0], rows)
    largest = np.maximum(sizes.max(axis=0), 1e-30)
    top = min(FLOAT_LEVEL, INT32_MAX // (integers.shape[1] * largest_input * len(sizes)))
    if top < 1:
        raise ExportError(f"layer {block.layout.name!r}: sums of its planes could exceed 32 bits")
    gains = np.rint(sizes / largest * top).astype(np.int64)
    return _turned(Weights(weights.codes, 1, 2, -1, gains), largest / top, rows)


def _turned(weights: Weights, unit: Array, rows: Array | None) -> IntegerKernel:
    """Rows of a negative scale turn their weights round, where weights can."""
    symmetric = 2 * weights.offset + weights.step * (2**weights.bits - 1) == 0
    if rows is None or not symmetric or (rows >= 0).all():
        return IntegerKernel(weights, unit, rows)
    top = 2**weights.bits - 1
    codes = np.where((rows < 0)[:, None], top - weights.codes, weights.codes)
    turned = Weights(codes, weights.bits, weights.step, weights.offset, weights.gains)
    return IntegerKernel(turned, unit, np.abs(rows))
