"""One state hash for all: every target computes what the program means, for 1,000 steps.

`make toolchains` installs what is needed; with LARQCA_REQUIRE_TOOLCHAINS=1 (set by .ci/run)
a missing tool fails these tests instead of skipping them.
"""

import json
import os
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from larqca.cli import main as command
from larqca.errors import ConfigError, ExportError
from larqca.export import tools
from larqca.export.boards import BOARDS, run_on_board
from larqca.export.c99.emit import emit_c99
from larqca.export.host import (
    Case,
    compare,
    interpret_case,
    read_outcomes,
    seed_case,
)
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.verify import check_source, verify
from larqca.export.wasm import emit_wasm, run_in_node
from tests.export.cases import EVERY
from tests.export.helpers import random_cases, tiny_program, whole_pictures
from tests.export.random_programs import random_program
from tests.toolchains import need

HEIGHT, WIDTH = 7, 9
HOST = {
    "gcc -O2": ("gcc", ("-O2",)),
    "gcc -O3 -march=native": ("gcc", ("-O3", "-march=native")),
    "clang -O2": ("clang", ("-O2",)),
}
ROWS = ("one bit", "ternary", "4 bits", "8 bits", "planes", "ban", "bnn", "bnn, planes of both")
TOOLS = {
    **{name: (compiler,) for name, (compiler, _) in HOST.items()},
    **{name: (board.compiler, board.emulator[0]) for name, board in BOARDS.items()},
    "wasm32": ("clang", "wasm-ld", "node"),
}


@pytest.fixture(scope="module", params=ROWS)
def row(request):
    """A program, and what the interpreter makes of long and of odd cases."""
    _, program = tiny_program(EVERY[request.param], fire_all=False, deviation=0.05)
    grey = grey_bytes(whole_pictures(3, 1, 4, 6))[0]
    cases: list[Case] = [seed_case(program, grey, seed=7, steps=1000)]
    for number, size in enumerate([(HEIGHT, WIDTH), (1, WIDTH), (HEIGHT, 1), (1, 1)]):
        cases += random_cases(program, 1, *size, steps=8, seed=number)
    machine = Interpreter(program)
    return program, cases, [interpret_case(machine, case) for case in cases]


@pytest.mark.parametrize("target", TOOLS)
def test_the_same_states_everywhere(row, target, tmp_path):
    need(*TOOLS[target])
    program, cases, wanted = row
    c = emit_c99(program, max_height=HEIGHT, max_width=WIDTH)
    (tmp_path / "automaton.h").write_text(c.header)
    (tmp_path / "automaton.c").write_text(c.source)
    if target in HOST:
        compiler, flags = HOST[target]
        assert check_source(tmp_path, program, "automaton", cases, compiler, flags) == 1032
        return
    build = tmp_path / "build"
    build.mkdir()
    if target == "wasm32":
        files = emit_wasm(program, c, prefix="automaton", max_height=HEIGHT, max_width=WIDTH)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        found = read_outcomes(run_in_node(tmp_path, "automaton", cases, build), cases)
    else:
        found = run_on_board(target, tmp_path, program, "automaton", build, cases)
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        compare(number, one, other)
    assert len(set(found[0].hashes)) > 900  # it goes on moving


def exported_files(directory):
    _, program = tiny_program(EVERY["bnn"], fire_all=False)
    c = emit_c99(program, max_height=HEIGHT, max_width=WIDTH)
    (directory / "automaton.h").write_text(c.header)
    (directory / "automaton.c").write_text(c.source)
    return program, c


def test_a_wrong_constant_is_found_on_a_board(tmp_path):
    need(*TOOLS["cortex-m3"])
    program, c = exported_files(tmp_path)
    cases = random_cases(program, 2, HEIGHT, WIDTH, steps=4)
    changed = c.source
    position = changed.index("0x", changed.index("_weights"))
    digit = changed[position + 2]
    changed = changed[: position + 2] + ("1" if digit != "1" else "2") + changed[position + 3 :]
    (tmp_path / "automaton.c").write_text(changed)
    found = run_on_board("cortex-m3", tmp_path, program, "automaton", tmp_path, cases)
    with pytest.raises(ExportError, match="case 0: after step"):
        compare(0, interpret_case(Interpreter(program), cases[0]), found[0])


def test_an_automaton_too_large_for_the_board_is_one_line(tmp_path):
    need(*TOOLS["cortex-m0"])
    _, program = tiny_program(EVERY["bnn"], fire_all=False)
    c = emit_c99(program, max_height=64, max_width=64)
    (tmp_path / "automaton.h").write_text(c.header)
    (tmp_path / "automaton.c").write_text(c.source)
    cases = random_cases(program, 1, 4, 4, steps=2)
    with pytest.raises(ExportError, match=r"do not fit into the board .*smaller --max-height"):
        run_on_board("cortex-m0", tmp_path, program, "automaton", tmp_path, cases)


def test_missing_tools_are_named(tmp_path, monkeypatch):
    program, c = exported_files(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"cortex-m4: there is no qemu-system-arm .*toolchains"):
        run_on_board("cortex-m4", tmp_path, program, "automaton", tmp_path, [])
    with pytest.raises(ExportError, match="wasm32: there is no clang"):
        emit_wasm(program, c, prefix="automaton", max_height=HEIGHT, max_width=WIDTH)
    with pytest.raises(ExportError, match="wasm32: there is no node"):
        run_in_node(tmp_path, "automaton", [], tmp_path)


@pytest.mark.parametrize("prefix", ["cases", "exports", "wasm", "driver"])
def test_prefixes_do_not_meet_names_of_the_builders(prefix, tmp_path):
    need(*TOOLS["wasm32"], *TOOLS["cortex-m3"])
    _, program = tiny_program(EVERY["bnn"], fire_all=False)
    size = {"max_height": HEIGHT, "max_width": WIDTH, "prefix": prefix}
    c = emit_c99(program, **size)
    files = {**emit_wasm(program, c, **size),
             f"{prefix}.c": c.source.encode(), f"{prefix}.h": c.header.encode()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "build").mkdir()
    cases = random_cases(program, 1, HEIGHT, WIDTH, steps=2)
    found = read_outcomes(run_in_node(tmp_path, prefix, cases, tmp_path / "build"), cases)
    found += run_on_board("cortex-m3", tmp_path, program, prefix, tmp_path / "build", cases)
    for outcome in found:
        compare(0, interpret_case(Interpreter(program), cases[0]), outcome)


def test_tools_that_hang_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "SECONDS", 0.2)
    with pytest.raises(ExportError, match=r"^the tool was not done after 0.2 s$"):
        tools.run_tool(["sleep", "9"], "the tool")
    with pytest.raises(ExportError, match=r"^it cannot be run: Permission denied$"):
        tools.run_tool([str(tmp_path)], "it")
    assert tools.first_error(b"a\nb: error: c\nerror") == "b: error: c"
    assert tools.first_error(b" a\nb\n") == "a"
    assert tools.first_error(b"") == "no reason given"
    # What compiles and what runs goes through there.
    program, _ = exported_files(tmp_path)
    (tmp_path / "slow").write_text("#!/bin/sh\nexec sleep 9\n")
    (tmp_path / "slow").chmod(0o755)
    for tool in ("gcc", "node", "arm-none-eabi-gcc", "qemu-system-arm", "clang"):
        (tmp_path / tool).symlink_to("slow")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for call in (
        lambda: check_source(tmp_path, program, "automaton", []),
        lambda: run_on_board("cortex-m4", tmp_path, program, "automaton", tmp_path, []),
        lambda: emit_wasm(program, emit_c99(program), prefix="automaton", max_height=28,
                          max_width=28),
    ):
        with pytest.raises(ExportError, match=r"was not done after 0.2 s$"):
            call()


def test_unknown_targets_are_refused(tmp_path, capsys):
    with pytest.raises(ConfigError, match=r"unknown target 'cortex-m5'.*cortex-m"):
        verify(tmp_path, target="cortex-m5")
    assert command.run(["verify", str(tmp_path), "--target", "cortex-m4", "--cc", "gcc"]) == 1
    assert "--cc is for the host" in capsys.readouterr().err


MODULE_TEST = """
import { readFileSync } from "node:fs";
import { load, MAX_WIDTH, CLASSES } from "./automaton.js";
const a = await load(readFileSync("automaton.wasm"));
const refused = [];
for (const wrong of [
  () => a.step(), () => a.start(new Uint8Array(4), 2, 3), () => a.start([1, 2], 1, 2),
  () => a.start(new Uint8Array(MAX_WIDTH + 1), 1, MAX_WIDTH + 1), () => a.start(null, 0, 0),
  () => a.start(new Uint8Array(4), 2, 2, -1), () => a.start(new Uint8Array(4), 2, 2, 0.5),
]) {
  try { wrong(); } catch (error) { refused.push(error.message); }
}
a.start(new Uint8Array(4), 2, 2);
const nobody = a.classify();
a.start(Uint8Array.of(255, 0, 255, 255), 2, 2, 5);
a.rollout(9);
const before = Array.from(a.state);
const { winner, votes } = a.classify();
a.show(Uint8Array.of(0, 0, 255, 255));
console.log(JSON.stringify({ refused, nobody, before, winner, votes, labels: [...a.labels()],
  after: Array.from(a.state), classes: CLASSES }));
"""


def test_the_javascript_module_is_as_its_types_say(tmp_path):
    need(*TOOLS["wasm32"])
    program, c = exported_files(tmp_path)
    files = emit_wasm(program, c, prefix="automaton", max_height=HEIGHT, max_width=WIDTH)
    assert files == emit_wasm(program, c, prefix="automaton", max_height=HEIGHT, max_width=WIDTH)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "test.mjs").write_text(MODULE_TEST)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    said = json.loads(subprocess.run(["node", "test.mjs"], cwd=tmp_path, check=True,
                                     capture_output=True, text=True).stdout)
    assert len(said["refused"]) == 7
    assert said["nobody"] == {"winner": None, "votes": [0] * said["classes"]}
    machine = Interpreter(program)
    grid = machine.start(np.array([[[255, 0], [255, 255]]], np.uint8))
    grid.seeds[:] = 5
    for _ in range(9):
        machine.step(grid)
    assert said["before"] == grid.state.ravel().tolist()
    assert said["votes"] == machine.votes(grid)[0].tolist()
    assert said["winner"] == machine.classify(grid)[0]
    channels = program.state_channels
    assert said["after"][:channels] == [0] * channels  # the cell that died
    assert said["after"][2 * channels :] == said["before"][2 * channels :]
    assert said["labels"][:2] == [-1, -1]
    assert all(0 <= label < said["classes"] for label in said["labels"][2:])


LABELS_TEST = """
import { readFileSync } from "node:fs";
import { load } from "./automaton.js";
const a = await load(readFileSync("automaton.wasm"));
a.start(Uint8Array.of(0, 255), 1, 2);
a.state[200 + 190] = WORD;
console.log(JSON.stringify([...a.labels()]));
"""


@pytest.mark.parametrize(("sharing", "word", "label"), [
    (1, 1, 190), (2, 1, 380), (2, -1, 381), (2, -128, 381)])
def test_labels_of_many_classes_do_not_wrap(sharing, word, label, tmp_path):
    need(*TOOLS["wasm32"])
    program = replace(random_program(1, [2], [2], channels=200, classes=200),
                      classes=200 * sharing, classes_per_channel=sharing)
    size = {"max_height": 1, "max_width": 2}
    for name, content in emit_wasm(
            program, emit_c99(program, **size), prefix="automaton", **size).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "test.mjs").write_text(LABELS_TEST.replace("WORD", str(word)))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    said = subprocess.run(["node", "test.mjs"], cwd=tmp_path, check=True, capture_output=True,
                          text=True).stdout
    assert json.loads(said) == [-1, label]
