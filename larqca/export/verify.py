"""``larqca verify``: an export computes, step by step, what its program means."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from larqca.errors import ExportError
from larqca.export.host import (
    Case,
    compare,
    compile_driver,
    find_compiler,
    interpret_case,
    random_cases,
    run_cases,
)
from larqca.export.interpret import Interpreter
from larqca.export.manifest import PROGRAM, read_manifest, vectors_of
from larqca.export.program import Program
from larqca.export.program_file import read_program

RANDOM_STEPS = 16


def verify(
    directory: Path, *, random: int = 16, compiler: str = "gcc", flags: Sequence[str] = ("-O2",),
    seed: int = 0,
) -> str:
    """Compile an export and compare every state with the interpreter's.

    Args:
        directory: what `larqca export` wrote.
        random: how many random grids beside the test vectors.
        compiler: its name.
        flags: for it.
        seed: of the random grids.

    Returns:
        A line for people.

    Raises:
        ExportError: a file was changed, does not compile, or computes something else.
    """
    content = read_manifest(directory)
    program = read_program(directory / PROGRAM)
    cases = check_vectors(content, program)
    options = content["options"]
    if options["target"] != "c99":
        return f"{len(cases)} test vectors of {cases[0].steps} steps: as the manifest says"
    cases += random_cases(program, random, options["max_height"], options["max_width"],
                          steps=RANDOM_STEPS, seed=seed)
    find_compiler(compiler)
    steps = check_source(directory, program, options["prefix"], cases, compiler, flags)
    return (f"{len(cases)} grids, {steps:,} steps: {compiler} {' '.join(flags)} gives the same "
            "states, and the same votes")


def check_vectors(content: Mapping[str, Any], program: Program) -> list[Case]:
    """The interpreter gives what the manifest's test vectors say.

    Raises:
        ExportError: it does not.
    """
    machine = Interpreter(program)
    vectors = vectors_of(content, program)
    for number, (case, hashes) in enumerate(vectors):
        if interpret_case(machine, case).hashes != hashes:
            raise ExportError(f"test vector {number}: the program does not give its state hashes; "
                              "this larqca means something else by it than the one that wrote it")
    return [case for case, _ in vectors]


def check_source(
    directory: Path, program: Program, prefix: str, cases: Sequence[Case], compiler: str = "gcc",
    flags: Sequence[str] = ("-O2",),
) -> int:
    """Compile the C in a directory and compare it with a program; gives the steps compared.

    Raises:
        ExportError: it does not compile, stops, or computes something else.
    """
    machine = Interpreter(program)
    with tempfile.TemporaryDirectory() as build:
        binary = compile_driver(directory, program, prefix, Path(build), compiler=compiler,
                                flags=flags)
        found = run_cases(binary, cases)
    for number, (case, outcome) in enumerate(zip(cases, found, strict=True)):
        compare(number, interpret_case(machine, case), outcome)
    return sum(case.steps for case in cases)
