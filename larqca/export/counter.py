"""The counter-based generator, and the hash of a state: arithmetic modulo 2**32 alone.

A number is a function of (seed, step, cell, channel), so that nothing has to be stored
and the order of computation does not matter. `mix` is a bijection of 32 bits whose every
input bit moves every output bit with a chance near one half (two rounds of xorshift and
multiply, with the constants of Wellons' search "Prospecting for hash functions", 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError

Array = npt.NDArray[Any]

FIRE_ALWAYS = 1 << 16
WEYL = 0x9E3779B9
MULTIPLIERS = (0x7FEB352D, 0x846CA68B)


def mix(values: Any) -> Array:
    """uint32 of any shape to the same shape."""
    mixed = np.atleast_1d(np.asarray(values, np.uint32)).copy()
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(MULTIPLIERS[0])
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(MULTIPLIERS[1])
    mixed ^= mixed >> np.uint32(16)
    return mixed


def step_keys(seeds: Array, step: int) -> Array:
    """One key for each picture's seed, uint32 ``[pictures]``."""
    return mix(np.asarray(seeds, np.uint32) + mix(np.uint32((step + WEYL) % 2**32)))


def cell_numbers(keys: Array, cells: Array) -> Array:
    """A number for each (key, place of a cell in its picture's raster), uint32."""
    places = np.asarray(cells, np.uint32) * np.uint32(WEYL)
    return mix(np.asarray(keys, np.uint32) + places)


def channel_numbers(cells: Array, channels: int) -> Array:
    """A number for each channel of each cell: uint32 ``[cells]`` to ``[cells, channels]``."""
    steps = (np.arange(1, channels + 1, dtype=np.uint64) * WEYL).astype(np.uint32)
    return mix(cells[:, None] + steps)


def fire_threshold(fire_rate: float) -> int:
    """What the 16 bits of `fires` are compared with so that live cells fire at a rate.

    Raises:
        ExportError: the rate is so small that none ever would.
    """
    threshold = round(fire_rate * FIRE_ALWAYS)
    if threshold < 1:
        raise ExportError(f"fire_rate {fire_rate:g} is less than 16 random bits can tell from "
                          f"zero (1/{FIRE_ALWAYS:,}), so that no cell would ever fire; export with "
                          "--fire all, or train with a larger one")
    return threshold


def fires(cells: Array, fire_below: int) -> Array:
    """Whether cells with these numbers fire: their upper 16 bits are below `fire_below`."""
    result: Array = (cells >> np.uint32(16)) < fire_below
    return result


def state_hash(words: Array) -> str:
    """Hash of state words ``[height, width, channels]``: 16 hexadecimal digits.

    Two sums modulo 2**32 of mixed (place, word), with another key each.
    """
    flat = np.asarray(words).reshape(-1).astype(np.int64)
    low = (flat & 0xFFFF).astype(np.uint32)
    place = (np.arange(len(flat), dtype=np.uint64) * WEYL).astype(np.uint32)
    sums = [int(mix(mix(place + np.uint32(key)) ^ low).sum(dtype=np.uint64)) % 2**32
            for key in (1, 2)]
    return "".join(f"{each:08x}" for each in sums)
