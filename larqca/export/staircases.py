"""Staircases of integers that equal real float layers: thresholds found by asking them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.fixed_point import shared
from larqca.export.program import INT16_MAX, MAX_SHIFT, Affine, Ramp, Staircase, Steps

Array = npt.NDArray[Any]
CodesOf = Callable[[Array], Array]

# A table of more thresholds than this a channel would be larger than any kernel.
LARGEST_TABLE = 255
# As many (value, channel, sixteen levels) are compared exhaustively, in pieces.
EXHAUSTIVE = 4_000_000
_PIECE = 250_000


def staircase_of(
    codes_of: CodesOf, levels: int, reach: Array, slope: Array | None
) -> Staircase:
    """The staircase that equals `codes_of` for all integers within reach.

    Args:
        codes_of: int64 ``[samples, channels]`` to codes, through the float layers; in
            every channel it must rise or fall.
        levels: how many codes there are.
        reach: int64 ``[channels]``, the largest magnitude of an integer.
        slope: float64 ``[channels]``, codes for each unit of the integer where the steps
            are even, None where they are not. A ramp is taken instead of thresholds where
            one equals them; where a table would be too large, also one that is off by a
            code at a few integers.

    Raises:
        ExportError: `codes_of` does not only rise or fall, or is too large for a table.
    """
    steps = find_steps(codes_of, levels, reach)
    check_equal(codes_of, steps, reach)
    ramp = None if slope is None or levels == 2 else find_ramp(steps, reach, slope)
    if ramp is None and slope is not None and levels - 1 > LARGEST_TABLE:
        ramp = nearest_ramp(steps, reach, slope)
    if ramp is None and levels - 1 > LARGEST_TABLE:
        raise ExportError(f"{levels:,} levels of an input quantizer are no straight ramp of "
                          f"integers, and too many for a table ({LARGEST_TABLE}); use fewer bits")
    return steps if ramp is None else ramp


def find_steps(codes_of: CodesOf, levels: int, reach: Array) -> Steps:
    """The smallest integer, or negated integer, that reaches each code, by bisection.

    Codes that no integer within reach has get thresholds at its edge or just beyond it.
    """
    ends = codes_of(np.stack([-reach, reach]))
    descending = (ends[1] < ends[0]).astype(np.int64)
    sign = 1 - 2 * descending
    wanted = np.arange(1, levels, dtype=np.int64)[:, None]
    low = np.broadcast_to(-reach, (levels - 1, len(reach))).copy()
    high = np.broadcast_to(reach + 1, low.shape).copy()
    while (low < high).any():
        middle = (low + high) // 2
        # Where the search has ended it is asked beyond its reach, and not listened to.
        reached = codes_of(sign * np.minimum(middle, reach)) >= wanted
        searching = low < high
        high = np.where(searching & reached, middle, high)
        low = np.where(searching & ~reached, middle + 1, low)
    return Steps(low, descending)


def check_equal(codes_of: CodesOf, staircase: Staircase, reach: Array) -> None:
    """Compare with the float layers: every integer, or, where there are millions, many.

    Raises:
        ExportError: they differ.
    """
    top = int(reach.max())
    most = max(1024, EXHAUSTIVE // (len(reach) * (1 + staircase.levels // 16)))
    if 2 * top + 1 <= most:
        asked = np.arange(-top, top + 1)
    else:
        asked = np.unique(np.linspace(-top, top, most // 8).astype(np.int64))
    for piece in np.array_split(asked, -(-len(asked) * len(reach) // _PIECE)):
        values = np.clip(piece[:, None], -reach, reach)
        if not np.array_equal(codes_of(values), staircase.apply(values)):
            raise ExportError("an input quantizer neither only rises nor only falls with its "
                              "input, so that thresholds cannot stand for it; use one of Larq's")


def find_ramp(steps: Steps, reach: Array, slope: Array) -> Ramp | None:
    """An affine function that equals the thresholds within reach, with numbers as small
    as can be, if there is one."""
    sign = 1 - 2 * steps.descending
    # One bit more at a time: biases grow with it, and soon want 64 bits.
    for largest in [INT16_MAX, *(2**bits for bits in range(16, 31))]:
        shift = _shift(np.abs(slope).max(), largest)
        exact = np.abs(slope) * 2.0**shift
        chosen, bias = np.zeros_like(reach), np.zeros_like(reach)
        found = np.zeros(len(reach), bool)
        for change in (0, 1, -1):
            tried = np.maximum(np.rint(exact).astype(np.int64) + change, 0)
            low, high = _biases(steps, reach, tried, shift)
            better = (low <= high) & ~found
            chosen = np.where(better, tried, chosen)
            bias = np.where(better, low + (high - low) // 2, bias)
            found |= better
        if found.all():
            return Ramp(Affine(shared(sign * chosen), shared(bias), shift), steps.levels)
    return None


def nearest_ramp(steps: Steps, reach: Array, slope: Array) -> Ramp | None:
    """An affine function that is off by no more than one code where a code begins."""
    sign = 1 - 2 * steps.descending
    shift = _shift(np.abs(slope).max(), 2**30)
    multiplier = np.rint(np.abs(slope) * 2.0**shift).astype(np.int64)
    low, high = _biases(steps, reach, multiplier, shift)
    bias = low + (high - low) // 2
    ramp = Ramp(Affine(shared(sign * multiplier), shared(bias), shift), steps.levels)
    begins = sign * np.clip(steps.thresholds, -reach, reach)
    return ramp if np.abs(ramp.apply(begins) - steps.apply(begins)).max() <= 1 else None


def _shift(largest_slope: float, largest: int) -> int:
    shift = MAX_SHIFT
    while shift and largest_slope * 2.0**shift > largest:
        shift -= 1
    return shift


def _biases(steps: Steps, reach: Array, multiplier: Array, shift: int) -> tuple[Array, Array]:
    """The smallest and the largest bias with which a line crosses each code's edge at its
    threshold; thresholds beyond reach bind from one side only."""
    edge = np.arange(1, steps.levels, dtype=np.int64)[:, None] << shift
    reached = edge - multiplier * steps.thresholds
    missed = edge - multiplier * (steps.thresholds - 1) - 1
    limit = np.int64(2**60)
    low = np.where(steps.thresholds > reach, -limit, reached).max(axis=0)
    high = np.where(steps.thresholds <= -reach, limit, missed).min(axis=0)
    # Constant channels leave one side open.
    low = np.where(low == -limit, np.minimum(high, 0), low)
    high = np.where(high == limit, np.maximum(low, 0), high)
    return low, high
