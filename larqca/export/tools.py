"""Runs compilers, emulators, and what was compiled: other programs, which may fail or hang."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from larqca.errors import ExportError

SECONDS = 600


def run_tool(
    command: Sequence[str], what: str, *, given: bytes = b"", folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command, whatever it returns.

    Args:
        command: and its arguments.
        what: begins the message where it does not come to an end.
        given: its standard input.
        folder: where it runs.

    Raises:
        ExportError: it cannot be started, or is not done in time.
    """
    try:
        return subprocess.run(command, input=given, cwd=folder, capture_output=True,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"{what} was not done after {SECONDS} s") from error
    except OSError as error:
        raise ExportError(f"{what} cannot be run: {error.strerror or error}") from error


def first_error(said: bytes) -> str:
    """The first line of a tool's output that speaks of an error, or its first line."""
    lines = said.decode(errors="replace").strip().splitlines()
    wrong = (line for line in lines if "error" in line.lower())
    return next(wrong, next(iter(lines), "no reason given"))
