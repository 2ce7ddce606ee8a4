"""Compiles exported C with the machine's compiler, and runs it on cases."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export.counter import state_hash
from larqca.export.driver import DRIVER, driver_source
from larqca.export.interpret import Grid, Interpreter
from larqca.export.program import Program
from larqca.export.tools import first_error, run_tool

Array = npt.NDArray[Any]

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")

# Half of the smallest board's flash (`boards.BOARDS`), where cases lie beside the code.
BATCH_BYTES = 1 << 17


@dataclass(frozen=True)
class Case:
    """One grid and how long it runs.

    Attributes:
        grey: uint8 ``[height, width]``.
        state: int64 ``[height, width, channels]`` at step 0.
        seed: of the fire masks.
        steps: how many.
    """

    grey: Array
    state: Array
    seed: int
    steps: int

    def grid(self) -> Grid:
        """As the interpreter starts from it."""
        return Grid(self.grey[None], self.state[None].astype(np.int64),
                    np.array([self.seed], np.uint32))

    def bytes(self) -> bytes:
        """As the driver reads it."""
        head = np.array([*self.grey.shape, self.seed, self.steps], "<u4").tobytes()
        return head + self.grey.tobytes() + self.state.astype("<i2").tobytes()


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        hashes: of the state after each step (`counter.state_hash`).
        winner: the class with most votes; the number of classes if no cell is alive.
        votes: of each class.
    """

    hashes: tuple[str, ...]
    winner: int
    votes: tuple[int, ...]


def seed_case(program: Program, grey: Array, *, seed: int, steps: int) -> Case:
    """A case that starts from zeros."""
    state = np.zeros((*grey.shape, program.state_channels), np.int64)
    return Case(grey, state, seed, steps)


def endless_cases(
    program: Program, max_height: int, max_width: int, *, steps: int, seed: int = 0
) -> Iterator[Case]:
    """Grids of random sizes, contents and states; the first has the largest size."""
    rng = np.random.default_rng(seed)
    for nth in count():
        height, width = (int(rng.integers(1, top + 1)) for top in (max_height, max_width))
        if nth == 0:
            height, width = max_height, max_width
        grey = rng.integers(0, 256, (height, width)).astype(np.uint8)
        grey[rng.random(grey.shape) < rng.random()] = 0
        high = program.state_high
        shape = (height, width, program.state_channels)
        state = rng.integers(-high - 1, high + 1, shape) >> rng.integers(0, program.state_bits)
        state *= (grey >= program.alive_from)[..., None]
        yield Case(grey, state, int(rng.integers(2**32)), steps)


def in_batches(cases: Iterable[Case]) -> Iterator[list[Case]]:
    """Cases together as far as they fit into the memory of a small board, at least one."""
    batch: list[Case] = []
    size = 0
    for case in cases:
        more = len(case.bytes())
        if batch and size + more > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(case)
        size += more
    if batch:
        yield batch


def interpret_case(machine: Interpreter, case: Case) -> Outcome:
    """The case as the interpreter has it."""
    grid = case.grid()
    hashes = tuple(state_hash(state[0]) for state in machine.trace(grid, case.steps))
    votes, winner = machine.votes(grid)[0], int(machine.classify(grid)[0])
    return Outcome(hashes, len(votes) if winner < 0 else winner, tuple(int(v) for v in votes))


def find_compiler(name: str) -> str:
    """Path of a compiler.

    Raises:
        ExportError: there is none of that name.
    """
    found = shutil.which(name)
    if found is None:
        raise ExportError(f"there is no C compiler {name!r} on this machine; install it, or name "
                          "another with --cc")
    return found


def compile_driver(
    directory: Path, program: Program, prefix: str, build: Path, *, compiler: str = "gcc",
    flags: Sequence[str] = ("-O2",),
) -> Path:
    """Compile the exported source with the driver, without a warning.

    Args:
        directory: holds ``PREFIX.h`` and ``PREFIX.c``.
        program: what they were emitted from.
        prefix: of their names.
        build: a directory for what is compiled.
        compiler: its name.
        flags: more flags.

    Raises:
        ExportError: there is no such compiler, or it found something to say.
    """
    driver = build / DRIVER
    driver.write_text(driver_source(prefix, program.state_bits))
    binary = build / "driver"
    compile_c([directory / f"{prefix}.c", driver], binary, compiler=compiler,
              flags=[*flags, "-iquote", str(directory)])
    return binary


def compile_c(
    sources: Sequence[Path], binary: Path, *, compiler: str, flags: Sequence[str]
) -> None:
    """Compile C for this machine, without a warning.

    Raises:
        ExportError: there is no such compiler, or it found something to say.
    """
    command = [find_compiler(compiler), *WARNINGS, *flags, *map(str, sources), "-o", str(binary)]
    called = f"{compiler} {shlex.join(flags)}"
    done = run_tool(command, called)
    if done.returncode:
        raise ExportError(
            f"{called} does not compile {sources[0].name}: {first_error(done.stderr)}")


def run_cases(binary: Path, cases: Iterable[Case]) -> list[Outcome]:
    """The cases as the compiled code has them.

    Raises:
        ExportError: the driver stopped, or said what it should not.
    """
    cases = list(cases)
    done = run_tool([str(binary)], "the compiled code",
                    given=b"".join(case.bytes() for case in cases))
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode:
        said = (done.stderr.decode(errors="replace").splitlines() or lines[-1:] or [""])[0]
        raise ExportError(f"the compiled code stopped with {done.returncode}: {said}")
    return read_outcomes(lines, cases)


def read_outcomes(lines: Sequence[str], cases: Sequence[Case]) -> list[Outcome]:
    """What the driver printed of the cases.

    Raises:
        ExportError: it is not what it should print.
    """
    if len(lines) != sum(case.steps + 1 for case in cases):
        raise ExportError(f"the compiled code printed {len(lines)} lines")
    outcomes = []
    for case in cases:
        hashes, last, lines = lines[: case.steps], lines[case.steps], lines[case.steps + 1 :]
        winner, *votes = (int(number) for number in last.split())
        outcomes.append(Outcome(tuple(hashes), winner, tuple(votes)))
    return outcomes


def compare(number: int, wanted: Outcome, found: Outcome) -> None:
    """Both outcomes of case `number` are the same.

    Raises:
        ExportError: says at which step they part.
    """
    for step, (one, other) in enumerate(zip(wanted.hashes, found.hashes, strict=True), start=1):
        if one != other:
            raise ExportError(f"case {number}: after step {step} the compiled code's state is "
                              f"{other}, the program's is {one}")
    if wanted != found:
        raise ExportError(f"case {number}: the compiled code counts the votes {found.votes}, "
                          f"the program {wanted.votes}")
