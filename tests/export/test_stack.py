"""What emitted C puts on the stack is known, stated, and bounded."""

import re
import subprocess

import pytest

from larqca.errors import ExportError
from larqca.export.boards import run_on_board
from larqca.export.c99 import emit
from larqca.export.c99.emit import emit_c99
from larqca.export.host import (
    compare,
    compile_driver,
    interpret_case,
    read_outcomes,
    run_cases,
)
from larqca.export.interpret import Interpreter
from larqca.export.wasm import emit_wasm, run_in_node
from tests.export.helpers import random_cases
from tests.export.random_programs import random_program
from tests.toolchains import need

SIZES = {"max_height": 4, "max_width": 4}


def write(directory, program):
    c = emit_c99(program, **SIZES)
    (directory / "automaton.h").write_text(c.header)
    (directory / "automaton.c").write_text(c.source)
    return c


def compare_all(program, cases, found):
    machine = Interpreter(program)
    for number, (case, outcome) in enumerate(zip(cases, found, strict=True)):
        compare(number, interpret_case(machine, case), outcome)


@pytest.mark.parametrize("seed", range(4))
def test_frames_are_hardly_more_than_the_arrays(seed, tmp_path):
    program = random_program(seed, [90, 200], [300, 100], neighbourhood="moore")
    c = write(tmp_path, program)
    assert f"#define AUTOMATON_STACK {c.stack_bytes}u" in c.header
    subprocess.run(["gcc", "-std=c99", "-Os", "-fstack-usage", "-c", "automaton.c"], cwd=tmp_path,
                   check=True)
    frames = [int(size) for size in re.findall(
        r"\t(\d+)\t", (tmp_path / "automaton.su").read_text())]
    assert c.stack_bytes / 2 < sum(frames) < c.stack_bytes + 128 * len(frames)


def test_wide_layers_are_not_unpacked_onto_the_stack(tmp_path):
    """281 KB of weights step on a stack of 128 KiB, also where vectors multiply."""
    program = random_program(1, [8], [520, 520], kernel="float", inputs="none")
    c = write(tmp_path, program)
    assert c.unpacked_bytes > 280_000
    flags = ("-O1", "-march=native", "-mavx2")
    binary = compile_driver(tmp_path, program, "automaton", tmp_path, flags=flags)
    small = tmp_path / "small"
    small.write_text(f"#!/bin/sh\nulimit -s 128\nexec {binary}\n")
    small.chmod(0o755)
    cases = random_cases(program, 1, 4, 4, steps=2)
    compare_all(program, cases, run_cases(small, cases))


def test_webassembly_has_the_stack_that_wide_layers_need(tmp_path):
    need("clang", "wasm-ld", "node")
    program = random_program(1, [4096, 8], [4], kernel="one bit", inputs="none")
    c = write(tmp_path, program)
    assert c.stack_bytes > 65536
    for name, content in emit_wasm(program, c, prefix="automaton", **SIZES).items():
        (tmp_path / name).write_bytes(content)
    cases = random_cases(program, 2, 4, 4, steps=2)
    (tmp_path / "build").mkdir()
    found = read_outcomes(run_in_node(tmp_path, "automaton", cases, tmp_path / "build"), cases)
    compare_all(program, cases, found)


def test_a_board_whose_memory_the_stack_exceeds_is_refused(tmp_path):
    need("arm-none-eabi-gcc", "qemu-system-arm")
    program = random_program(1, [900, 8], [4], kernel="one bit", inputs="none")
    assert write(tmp_path, program).stack_bytes > 16384
    with pytest.raises(ExportError, match="do not fit into the board"):
        run_on_board("cortex-m0", tmp_path, program, "automaton", tmp_path,
                     random_cases(program, 1, 1, 1, steps=1))


def test_what_no_stack_would_hold_is_refused(monkeypatch):
    monkeypatch.setattr(emit, "MOST_STACK", 1000)
    with pytest.raises(ExportError, match=r"would take [\d,]+ bytes of stack, and 1,000"):
        emit_c99(random_program(1, [90], [90]))
