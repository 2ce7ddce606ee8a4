"""The training losses of a run, at any moment."""

from __future__ import annotations

import math
from pathlib import Path

from larqca.files import read_arrays
from larqca.sweep.outcome import CHECKPOINT, HISTORY


def read_history(directory: Path) -> list[float]:
    """The loss of each iteration so far: of the whole run, or up to its last checkpoint.

    Raises:
        FileNotFoundError: the run has written neither.
        ValueError: the file cannot be read, was cut short, or holds something else.
    """
    try:
        return _of_text((directory / HISTORY).read_text())
    except FileNotFoundError:
        return _of_checkpoint(directory / CHECKPOINT)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error


def _of_text(text: str) -> list[float]:
    head, *lines = text.splitlines() or [""]
    if head != "iteration,loss":
        raise ValueError("does not begin with 'iteration,loss'")
    return [_loss(number, line) for number, line in enumerate(lines, start=1)]


def _loss(number: int, line: str) -> float:
    iteration, _, loss = line.partition(",")
    if iteration != str(number) or not math.isfinite(float(loss)):
        raise ValueError(f"line {number + 1} is not iteration {number} and its loss")
    return float(loss)


def _of_checkpoint(path: Path) -> list[float]:
    try:
        losses = [float(loss) for loss in read_arrays(path, names=("history",))["history"]]
    except FileNotFoundError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"is not there, and {path.name} cannot be read ({error})") from error
    if not all(map(math.isfinite, losses)):
        raise ValueError(f"is not there, and {path.name} holds losses that are not finite")
    return losses
