"""Formats of words: what numbers an automaton meets decides how its words count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.export.program import INT16_MAX

Array = npt.NDArray[Any]

# Grey needs a one, and a one outside the grid too, in a word of 16 bits.
LARGEST_FRACTION = 14
GREY_FRACTION = 8
# Formats of states cover this share of what was met, and those of layers' inputs with 16
# bits: states that blow up on a picture now and then must not coarsen all others.
COVERED = 0.999
# They leave so many times more room, as there are bits for it. An automaton whose large
# inputs are clipped step after step goes astray; one whose inputs are a little coarser
# does not notice.
HEADROOM = {8: 1.25, 16: 4.0}
# Inputs of a layer have long tails. With 8 bits the room begins where clipping and rounding
# together cost the smallest squared error, at most at so many times what is covered.
LARGEST_CLIP = 8
# What useful automata stay far below; states of others saturate.
SMALLEST_FRACTION = {8: 0, 16: 4}


@dataclass(frozen=True)
class StateFormat:
    """How state words count.

    Attributes:
        bits: 8 or 16.
        fraction: a word is worth ``2**-fraction``.
        shift: the first layer reads words shifted to the left by so much, so that grey
            has its levels.
    """

    bits: int
    fraction: int
    shift: int

    @property
    def high(self) -> int:
        """The largest word."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def read_fraction(self) -> int:
        """What the first layer reads is worth ``2**-read_fraction``."""
        return self.fraction + self.shift


def state_limit(bits: int) -> float:
    """The largest state that words of so many bits hold in any format."""
    return float(2 ** (bits - 1) - 1) / 2.0 ** SMALLEST_FRACTION[bits]


def state_format(bits: int, samples: Array) -> StateFormat:
    """The finest format that holds the states of a calibration, ``[samples, channels]``."""
    peak = _peak(samples) * HEADROOM[bits]
    high = 2 ** (bits - 1) - 1
    fraction = LARGEST_FRACTION if peak == 0 else math.floor(math.log2(high / peak))
    fraction = max(SMALLEST_FRACTION[bits], min(LARGEST_FRACTION, fraction))
    return StateFormat(bits, fraction, max(0, min(GREY_FRACTION - fraction, 16 - bits)))


def _peak(samples: Array) -> float:
    return float(np.quantile(np.abs(samples), COVERED)) if samples.size else 0.0


def word_unit(
    bits: int, samples: Array, gain: Array, outside: int, *, signed: bool = False
) -> float:
    """What a word of that many bits is worth in a layer's inputs.

    Args:
        bits: 8 (up to 255, or 127 with a sign) or 16 (up to 32,767).
        samples: inputs met in calibration, ``[samples, inputs]``.
        gain: float64 ``[inputs]``, what the layer multiplies each input by first.
        outside: the value of a neighbour outside the grid, which must fit.
        signed: whether inputs are not rectified.
    """
    met, largest = np.abs(samples * gain), largest_word(bits, signed=signed)
    peak = _best_clip(met, largest) if bits == 8 else _peak(met)
    return max(_rounded(peak * HEADROOM[bits]), float(outside), 1e-6) / largest


def _best_clip(met: Array, largest: int) -> float:
    """Where words of 8 bits clip with the smallest squared error, of all inputs together."""
    covered = _rounded(_peak(met))
    # Zeros, half of what is rectified, cost nothing wherever it clips.
    met = np.minimum(met[met > 0.0], LARGEST_CLIP * covered)
    eighths = np.arange(8 * math.log2(LARGEST_CLIP) + 1)
    return min(covered * 2.0 ** (eighths / 8), key=lambda clip: _squared_error(met, clip, largest))


def _squared_error(met: Array, clip: float, largest: int) -> float:
    """Of magnitudes of words of 8 bits up to a number."""
    unit = max(clip, 1e-30) / largest
    words = np.minimum(np.rint(met / unit), largest)
    return float(np.square(words * unit - met).sum())


def _rounded(peak: float) -> float:
    """The next eighth of a power of two, so that the last digits of float sums, which may
    differ from machine to machine, do not decide the bytes of an export."""
    return float(2.0 ** (math.ceil(8 * math.log2(peak)) / 8)) if peak > 1e-30 else 0.0


def largest_word(bits: int, *, signed: bool = False) -> int:
    """The largest word of so many bits, rectified or signed; the smallest signed one is its
    negative."""
    if bits == 16:
        return INT16_MAX
    return 127 if signed else 255
