"""Layers of every kind behind layers of every other: the C compiles without a warning, and
computes what the program means."""

import pytest

from larqca.export.c99.emit import emit_c99
from larqca.export.verify import check_source
from tests.export.helpers import random_cases
from tests.export.random_programs import random_program

COUNT, EACH = 40, 10
HEIGHT, WIDTH = 4, 5


@pytest.mark.parametrize("first", range(0, COUNT, EACH))
def test_random_mixtures_bit_for_bit(first, tmp_path):
    for seed in range(first, first + EACH):
        program = random_program(seed)
        c = emit_c99(program, max_height=HEIGHT, max_width=WIDTH)
        (tmp_path / "automaton.h").write_text(c.header)
        (tmp_path / "automaton.c").write_text(c.source)
        cases = random_cases(program, 3, HEIGHT, WIDTH, steps=3, seed=seed)
        check_source(tmp_path, program, "automaton", cases, flags=("-O1",))
