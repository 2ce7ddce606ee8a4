"""What an input quantizer puts out, as codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layers import Block
from larqca.backend import tf
from larqca.errors import ExportError
from larqca.export.kernels import SIGNS
from larqca.export.program import Codes
from larqca.quantizers.build import is_elementwise

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class InputCodes:
    """The codes of a layer whose inputs are quantized.

    Attributes:
        source: see `program.Codes`.
        unit: what an X of one is worth.
        spacing: how far apart the quantizer's thresholds lie, None if not evenly.
        read: real inputs float32 ``[samples, inputs]`` to codes int64, through the
            Keras layers of the block.
    """

    source: Codes
    unit: float
    spacing: float | None
    read: Callable[[Array], Array]


def input_codes(block: Block) -> InputCodes | None:
    """The codes that a block reads; None if it has no input quantizer.

    Raises:
        ExportError: its quantizer looks at more than one input at a time, or puts out
            levels that are not evenly spaced.
    """
    layout = block.layout
    spec = layout.input_quantizer
    if spec is None:
        return None
    quantizer = block.convolution.input_quantizer
    if not is_elementwise(quantizer):
        raise ExportError(
            f"layer {layout.name!r}: the levels of its input quantizer {spec['name']!r} depend "
            "on all cells of a batch at once, which no cell can know; use ste_sign"
        )
    levels, step, offset, unit, spacing = _levels(block)
    outside = layout.pad_values if layout.kernel_size == 3 else 0
    source = Codes(levels, step, offset, round(outside / unit))

    def read(inputs: Array) -> Array:
        put_out = np.asarray(block.transform_input(tf.constant(inputs, tf.float32)), np.float64)
        return (np.rint(put_out / unit).astype(np.int64) - offset) // step

    return InputCodes(source, unit, spacing, read)


def _levels(block: Block) -> tuple[int, int, int, float, float | None]:
    """Number of levels, step, offset, unit, and spacing of the thresholds."""
    spec, planes = block.layout.input_quantizer or {}, block.layout.input_planes
    if spec["name"] in SIGNS:
        return planes + 1, 2, -planes, 1.0, 2.0 / planes
    if spec["name"] == "ste_heaviside":
        return planes + 1, 1, 0, 1.0, 2.0 / planes
    if spec["name"] == "ste_tern":
        return 2 * planes + 1, 1, -planes, 1.0, None
    if spec["name"] == "dorefa_quantizer":
        top = 2 ** spec["k_bit"] - 1
        return top + 1, 1, 0, 1.0 / top, 1.0 / top
    return _probed(block)


_PROBES = np.linspace(-16.0, 16.0, 2**14 + 1, dtype=np.float32)


def _probed(block: Block) -> tuple[int, int, int, float, float | None]:
    """Levels of a user's own quantizer, as its outputs on many inputs tell."""
    put_out = np.asarray(block.convolution.input_quantizer(tf.constant(_PROBES[:, None])))
    values = np.unique(put_out.astype(np.float64).round(6))
    spaces = np.diff(values)
    for step in (1, 2):
        if len(values) < 2 or len(values) > 256:
            break
        unit = float(spaces.min()) / step
        integers = values / unit
        whole = np.abs(integers - np.rint(integers)).max() < 1e-3
        outside = block.layout.pad_values / unit
        if whole and spaces.max() - spaces.min() < 1e-5 and abs(outside - round(outside)) < 1e-3:
            return len(values), step, round(integers[0]), unit, None
    raise ExportError(
        f"layer {block.layout.name!r}: its input quantizer puts out {len(values)} levels that are "
        "not evenly spaced multiples of one number, 256 at most; use one of Larq's"
    )
