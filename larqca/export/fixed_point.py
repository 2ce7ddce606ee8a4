"""Real gains and offsets as fixed-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.program import INT16_MAX, INT32_MAX, MAX_SHIFT, Affine

Array = npt.NDArray[Any]


def line_of(gain: Array, offset: Array, *, nearest: bool = True) -> Affine:
    """``round(v * gain + offset)`` with 16-bit multipliers and 32-bit biases.

    All channels share a shift, so that an error is at most ``2**-16`` of the largest
    channel's full scale. Equal numbers of all channels become one.

    Args:
        gain: float64 ``[channels]``.
        offset: float64 ``[channels]``.
        nearest: whether the bias holds the half that rounds to nearest.
    """
    largest = float(np.abs(gain).max())
    furthest = float(np.abs(offset).max())
    shift = MAX_SHIFT
    while shift and (
        largest * 2.0**shift > INT16_MAX or (furthest + 1.0) * 2.0**shift > INT32_MAX
    ):
        shift -= 1
    if not (largest * 2.0**shift <= INT32_MAX and furthest * 2.0**shift <= INT32_MAX - 1):
        raise ExportError(f"a scale of {largest:g} words or a bias of {furthest:g} is beyond "
                          "what 32 bits hold")
    half = (1 << shift) >> 1 if nearest else 0
    multiplier = np.rint(gain * 2.0**shift).astype(np.int64)
    bias = np.rint(offset * 2.0**shift).astype(np.int64) + half
    return Affine(shared(multiplier), shared(bias), shift)


def shared(values: Array) -> Array:
    """One number instead of many where all are equal."""
    return values[:1] if (values == values[0]).all() else values
