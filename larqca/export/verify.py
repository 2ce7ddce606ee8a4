"""``larqca verify``: an export computes, step by step, what its program means."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from larqca.errors import ConfigError, ExportError
from larqca.export.boards import BOARDS, run_on_board
from larqca.export.host import (
    Case,
    Outcome,
    compare,
    compile_driver,
    endless_cases,
    in_batches,
    interpret_case,
    read_outcomes,
    run_cases,
)
from larqca.export.interpret import Interpreter
from larqca.export.manifest import PROGRAM, read_manifest, vectors_of
from larqca.export.program import Program
from larqca.export.program_file import read_program
from larqca.export.targets import FLATBUFFER_TARGETS
from larqca.export.trace import write_trace
from larqca.export.wasm import run_in_node
from larqca.suggest import unknown

RANDOM_GRIDS, RANDOM_STEPS = 16, 16


def verify(
    directory: Path, *, random: int | None = None, target: str = "host",
    compiler: str | None = None, flags: Sequence[str] | None = None, seed: int | None = None,
    trace: Path | None = None,
) -> str:
    """Compile an export and compare every state with the interpreter's.

    Flatbuffers run in their own interpreter and are compared with the states that Keras gave
    when they were written.

    Args:
        directory: what `larqca export` wrote.
        random: how many random grids beside the test vectors, by default 16.
        target: "host", "wasm32", or a board (`boards.BOARDS`).
        compiler: of the host, by default gcc.
        flags: for the compiler, by default -O2, and -Os for boards.
        seed: of the random grids, by default 0.
        trace: a file to write with the interpreter's states after every step of the test
            vectors (see `larqca.export.trace`).

    Returns:
        A line for people.

    Raises:
        ConfigError: there is no such target, or it has no such option.
        ExportError: a file was changed, does not compile, or computes something else.
    """
    _check_target(target, compiler, flags)
    content = read_manifest(directory)
    if content["options"]["target"] in FLATBUFFER_TARGETS:
        _check_no_random(random, seed, "flatbuffers are compared with Keras on pictures alone")
        if trace is not None:
            raise ConfigError("--trace is of integer programs, which flatbuffers do not hold")
        return _flatbuffers(directory, content, target, compiler, flags)
    program = read_program(directory / PROGRAM)
    cases = check_vectors(content, program)
    if trace is not None:
        if trace.resolve().parent == directory.resolve():
            raise ExportError(f"--trace {trace}: is among the export's own files; name one "
                              "elsewhere")
        write_trace(trace, program, cases)
    options = content["options"]
    if options["target"] == "program":
        _check_no_random(random, seed, f"{directory} holds no code to compare on them")
        if target != "host":
            wanted = "wasm32" if target == "wasm32" else "c99"
            raise ExportError(f"{directory}: holds no C for {target}; export it with --target "
                              f"{wanted}")
        return f"{len(cases)} test vectors of {cases[0].steps} steps: as the manifest says"
    grids = chain(cases, islice(
        endless_cases(program, options["max_height"], options["max_width"], steps=RANDOM_STEPS,
                      seed=seed or 0),
        RANDOM_GRIDS if random is None else random))
    flags = (("-O2",) if target == "host" else ("-Os",)) if flags is None else flags
    compiler = "gcc" if compiler is None else compiler
    with tempfile.TemporaryDirectory() as build:
        run = _runner(directory, content, program, target, compiler, flags, Path(build))
        count, steps = _compare_batches(program, grids, run)
    by = " ".join([compiler, *flags]) if target == "host" else target
    return f"{count} grids, {steps:,} steps: {by} gives the same states, and the same votes"


def _runner(
    directory: Path, content: Mapping[str, Any], program: Program, target: str, compiler: str,
    flags: Sequence[str], build: Path,
) -> Callable[[list[Case]], list[Outcome]]:
    """What runs cases on a target."""
    prefix = content["options"]["prefix"]
    if target == "host":
        binary = compile_driver(directory, program, prefix, build, compiler=compiler, flags=flags)
        return lambda cases: run_cases(binary, cases)
    if target == "wasm32":
        if content["options"]["target"] != "wasm32":
            raise ExportError(f"{directory}: holds no WebAssembly; export it with --target wasm32")
        return lambda cases: read_outcomes(run_in_node(directory, prefix, cases, build), cases)
    return lambda cases: run_on_board(target, directory, program, prefix, build, cases,
                                      flags=flags)


def _compare_batches(
    program: Program, cases: Iterable[Case], run: Callable[[list[Case]], list[Outcome]]
) -> tuple[int, int]:
    """Compare cases batch by batch, however many there are; gives their number and steps."""
    count = steps = 0
    for batch in in_batches(cases):
        steps += _compare_all(program, batch, run(batch), first=count)
        count += len(batch)
    return count, steps


def _check_target(target: str, compiler: str | None, flags: Sequence[str] | None) -> None:
    targets = ("host", "wasm32", *BOARDS)
    if target not in targets:
        raise ConfigError(unknown("target", target, targets))
    if compiler is not None and target != "host":
        raise ConfigError(f"--cc is for the host; {target} has a compiler of its own")
    if flags is not None and target == "wasm32":
        raise ConfigError("--flags are not for wasm32, which was compiled when it was exported")


def _check_no_random(random: int | None, seed: int | None, why: str) -> None:
    if random is not None or seed is not None:
        raise ConfigError(f"--random and --seed are for C: {why}")


def _flatbuffers(
    directory: Path, content: Mapping[str, Any], target: str, compiler: str | None,
    flags: Sequence[str] | None,
) -> str:
    held = content["options"]["target"]
    if target != "host":
        raise ExportError(f"{directory}: holds flatbuffers ({held}), which run on the host only; "
                          "export with --target c99 for boards")
    if compiler is not None or flags is not None:
        raise ConfigError(f"--cc and --flags are for C, and {directory} holds flatbuffers ({held})")
    from larqca.export.flatbuffer.export import verify_flatbuffers

    return verify_flatbuffers(directory, content)


def check_vectors(content: Mapping[str, Any], program: Program) -> list[Case]:
    """The interpreter gives what the manifest's test vectors say.

    Raises:
        ExportError: it does not.
    """
    machine = Interpreter(program)
    vectors = vectors_of(content, program)
    for number, (case, wanted) in enumerate(vectors):
        if interpret_case(machine, case) != wanted:
            raise ExportError(f"test vector {number}: the program does not give its state hashes "
                              "and votes; this larqca means something else by it than the one "
                              "that wrote it")
    return [case for case, _ in vectors]


def check_source(
    directory: Path, program: Program, prefix: str, cases: Sequence[Case], compiler: str = "gcc",
    flags: Sequence[str] = ("-O2",),
) -> int:
    """Compile the C in a directory and compare it with a program; gives the steps compared.

    Raises:
        ExportError: it does not compile, stops, or computes something else.
    """
    with tempfile.TemporaryDirectory() as build:
        binary = compile_driver(directory, program, prefix, Path(build), compiler=compiler,
                                flags=flags)
        found = run_cases(binary, cases)
    return _compare_all(program, cases, found)


def _compare_all(
    program: Program, cases: Sequence[Case], found: Sequence[Outcome], *, first: int = 0
) -> int:
    machine = Interpreter(program)
    for number, (case, outcome) in enumerate(zip(cases, found, strict=True), start=first):
        compare(number, interpret_case(machine, case), outcome)
    return sum(case.steps for case in cases)
