"""How the picture is kept in C: as bytes, or, where memory is short, as the few levels that
a binarized automaton tells apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larqca.export.c99.constants import Constant, unsigned
from larqca.export.program import CodeInput, Program, Staircase
from larqca.export.staircases import find_steps

_BYTES = """\
static uint32_t is_alive(const struct @prefix@ *a, uint32_t place)
{
    return a->grey[place] >= @PREFIX@_ALIVE_FROM;
}

static void put_grey(struct @prefix@ *a, uint32_t place, uint8_t grey)
{
    a->grey[place] = grey;
}
"""

_LEVELS = """\
static uint32_t grey_level(const struct @prefix@ *a, uint32_t place)
{
    return ((uint32_t)a->grey[place / @EACH@u] >> (place % @EACH@u * @BITS@u)) & @MASK@u;
}

static uint32_t is_alive(const struct @prefix@ *a, uint32_t place)
{
    return grey_level(a, place) >= @ALIVE_LEVEL@u;
}

/* A grey byte is kept as its level, @BITS@ bits: how many steps it has reached. */
static void put_grey(struct @prefix@ *a, uint32_t place, uint8_t grey)
{
    uint32_t level = 0, shift = place % @EACH@u * @BITS@u;
    for (uint32_t i = 0; i < @STEPS@u; i++) {
        level += grey >= grey_steps[i];
    }
    a->grey[place / @EACH@u] =
        (uint8_t)((a->grey[place / @EACH@u] & ~((uint32_t)@MASK@u << shift)) | (level << shift));
}
"""


@dataclass(frozen=True)
class Grey:
    """How the picture is kept.

    Attributes:
        bits: of a cell: 8 for bytes, or 1, 2 or 4 for levels.
        steps: the grey bytes at which a level begins, but for the lowest.
        alive_from: the smallest byte or level that is alive.
        staircase: what the first layer's input quantizer makes of bytes or levels; None
            where it has none.
        value: C expression of the byte or level of ``place``.
    """

    bits: int
    steps: tuple[int, ...]
    alive_from: int
    staircase: Staircase | None
    value: str

    @property
    def reach(self) -> int:
        """The largest byte or level."""
        return 255 if self.bits == 8 else len(self.steps)

    def size(self, cells: int) -> int:
        """Bytes for so many cells."""
        return -(-cells * self.bits // 8)

    @property
    def constants(self) -> tuple[Constant, ...]:
        """That `functions` need."""
        if self.bits == 8:
            return ()
        return (unsigned("grey_steps", "picture", np.array(self.steps), 8,
                         "the grey bytes at which a level begins"),)

    @property
    def functions(self) -> str:
        """C template of ``is_alive`` and ``put_grey``."""
        if self.bits == 8:
            return _BYTES
        names = {"BITS": self.bits, "STEPS": len(self.steps), "EACH": 8 // self.bits,
                 "MASK": 2**self.bits - 1, "ALIVE_LEVEL": self.alive_from}
        text = _LEVELS
        for name, number in names.items():
            text = text.replace(f"@{name}@", str(number))
        return text


def grey_of(program: Program) -> Grey:
    """How C keeps the picture: states of 8 bits are chosen where memory is short, so that
    levels are, too; they take a little longer to read."""
    reader, alive_from = program.reader, program.alive_from
    if not isinstance(reader, CodeInput):
        return Grey(8, (), alive_from, None, "a->grey[place]")
    codes = reader.grey.apply(np.arange(256)[:, None])[:, 0]
    alive = np.arange(256) >= alive_from
    changes = (np.diff(codes) != 0) | (np.diff(alive) != 0)
    steps = tuple(int(step) + 1 for step in np.flatnonzero(changes))
    bits = next((bits for bits in (1, 2, 4) if len(steps) < 2**bits), 8)
    if program.state_bits > 8 or bits == 8:
        return Grey(8, (), alive_from, reader.grey, "a->grey[place]")
    by_level = codes[[0, *steps]]
    last = len(steps)
    staircase = find_steps(
        lambda levels: by_level[np.clip(levels, 0, last)], reader.grey.levels, np.array([last]))
    return Grey(bits, steps, steps.index(alive_from) + 1, staircase,
                "(int32_t)grey_level(a, place)")
