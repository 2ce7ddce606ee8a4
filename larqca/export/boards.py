"""Runs exported C on boards that QEMU emulates: compiled for their processor, no operating
system, cases in flash.

Only whether states are the same is found out here; an emulator says nothing of time.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from larqca.errors import ExportError
from larqca.export.c99.emit import emit_c99
from larqca.export.driver import CASES, DRIVER, cases_header, driver_source
from larqca.export.host import WARNINGS, Case, Outcome, read_outcomes
from larqca.export.program import Program
from larqca.export.tools import first_error, run_tool

# Of the driver and its C library, beside the automaton's arrays.
_DRIVER_STACK = 0x800
_PICOLIBC = "/usr/lib/picolibc/{}/picolibc.specs"
INSTALL = "'make toolchains' installs it on Debian and Ubuntu"


@dataclass(frozen=True)
class Board:
    """An emulated board.

    Attributes:
        compiler: name of its cross compiler.
        processor: flags that choose the processor.
        memory: start and bytes of flash, start and bytes of RAM.
        emulator: QEMU's command up to the program.
        stack: bytes of RAM set aside for it.
    """

    compiler: str
    processor: tuple[str, ...]
    memory: tuple[int, int, int, int]
    emulator: tuple[str, ...]
    stack: int = 0x2000

    @property
    def target(self) -> str:
        """The compiler's target, which names its C library too."""
        return self.compiler.removesuffix("-gcc")


def _cortex(processor: str, machine: str, *flags: str) -> Board:
    return Board(
        "arm-none-eabi-gcc", (f"-mcpu={processor}", "-mthumb", *flags),
        (0, 0x400000, 0x20000000, 0x400000), ("qemu-system-arm", "-M", machine),
    )


BOARDS: Mapping[str, Board] = {
    # The micro:bit's processor: 16 KiB of RAM.
    "cortex-m0": Board(
        "arm-none-eabi-gcc", ("-mcpu=cortex-m0", "-mthumb"),
        (0, 0x40000, 0x20000000, 0x4000), ("qemu-system-arm", "-M", "microbit"), stack=0xC00,
    ),
    "cortex-m3": _cortex("cortex-m3", "mps2-an385"),
    "cortex-m4": _cortex("cortex-m4", "mps2-an386"),
    "cortex-m7": _cortex("cortex-m7", "mps2-an500"),
    "rv32imac": Board(
        "riscv64-unknown-elf-gcc", ("-march=rv32imac", "-mabi=ilp32"),
        (0x80000000, 0x400000, 0x80400000, 0x400000),
        ("qemu-system-riscv32", "-M", "virt", "-cpu", "rv32", "-bios", "none"),
    ),
}


def run_on_board(
    name: str, directory: Path, program: Program, prefix: str, build: Path,
    cases: Sequence[Case], *, flags: Sequence[str] = ("-Os",),
) -> list[Outcome]:
    """Compile exported C for a board and run the cases on it.

    Args:
        name: a key of `BOARDS`.
        directory: holds ``PREFIX.h`` and ``PREFIX.c``.
        program: what they were emitted from.
        prefix: of their names.
        build: a directory for what is compiled.
        cases: what to run.
        flags: more flags for the compiler.

    Raises:
        ExportError: compiler or emulator are missing, the automaton does not fit, or what
            it prints is not what it should.
    """
    board = BOARDS[name]
    _find(board.emulator[0], name)
    (build / CASES).write_text(cases_header(b"".join(case.bytes() for case in cases)))
    (build / DRIVER).write_text(driver_source(prefix, program.state_bits))
    binary = build / "driver.elf"
    stack = max(board.stack, emit_c99(program).stack_bytes + _DRIVER_STACK)
    command = [
        _find(board.compiler, name), *link_flags(board, stack), *board.processor, *WARNINGS,
        *flags, "-DEMBEDDED_CASES", "-iquote", str(directory), "-iquote", str(build),
        str(directory / f"{prefix}.c"), str(build / DRIVER), "-o", str(binary),
    ]
    done = run_tool(command, f"{name}: {board.compiler}")
    if done.returncode:
        raise ExportError(f"{name}: {_reason(done.stderr, prefix)}")
    return read_outcomes(emulate(name, binary), cases)


def _find(command: str, name: str) -> str:
    found = shutil.which(command)
    if found is None:
        raise ExportError(f"{name}: there is no {command} on this machine; {INSTALL}")
    return found


def link_flags(board: Board, stack: int | None = None) -> list[str]:
    """How a program for a board is linked: its C library, where its memory lies.

    Args:
        board: one of `BOARDS`.
        stack: bytes of RAM set aside for it, the board's own by default. The linker
            refuses what does not fit, where a stack that runs over would say nothing.

    Raises:
        ExportError: the C library is not installed.
    """
    specs = _PICOLIBC.format(board.target)
    if not Path(specs).exists():
        raise ExportError(f"there is no C library {specs} on this machine; {INSTALL}")
    flash, flash_size, ram, ram_size = board.memory
    symbols = {"__flash": flash, "__flash_size": flash_size, "__ram": ram,
               "__ram_size": ram_size, "__stack_size": stack or board.stack}
    return [f"--specs={specs}", "--oslib=semihost", "--crt0=hosted",
            *(f"-Wl,--defsym={symbol}={value:#x}" for symbol, value in symbols.items())]


def _reason(said: bytes, prefix: str) -> str:
    lines = said.decode(errors="replace").splitlines()
    full = next((line for line in lines if "overflowed by" in line), None)
    if full is not None:
        return (f"{prefix} and its test cases do not fit into the board "
                f"({full.split('ld: ')[-1]}); export it with a smaller --max-height and "
                "--max-width")
    return f"{prefix}.c does not compile: {first_error(said)}"


def emulate(name: str, binary: Path, *options: str) -> list[str]:
    """The lines that a program prints on an emulated board.

    Args:
        name: a key of `BOARDS`.
        binary: the program, linked with `link_flags`.
        options: more for QEMU.

    Raises:
        ExportError: there is no emulator, or the program did not end well.
    """
    emulator, *machine = BOARDS[name].emulator
    command = [_find(emulator, name), *machine, *options, "-nographic", "-monitor", "none",
               "-serial", "null", "-chardev", "stdio,id=host", "-semihosting-config",
               "enable=on,target=native,chardev=host", "-kernel", str(binary)]
    done = run_tool(command, f"{name}: the emulated board")
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode:
        said = (lines[-1:] or done.stderr.decode(errors="replace").splitlines() or [""])[0]
        raise ExportError(f"{name}: the compiled code stopped with {done.returncode}: {said}")
    return lines
