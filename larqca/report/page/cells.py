"""The pictures of a run: ``cells.npz`` as one image with a line for each moment."""

from __future__ import annotations

import base64
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.files import read_arrays
from larqca.report.colours import COLOURS, coloured
from larqca.report.page.png import paletted_png

Array = npt.NDArray[Any]

# Far above what a run writes (0.5 MB for MNIST), far below what hurts.
MOST_BYTES = 16 * 2**20
_SHAPES = {"grey": 4, "classes": 2, "steps": 1, "phase": 1, "named": 4}

# Grey values are drawn in so many levels, so that a palette holds every colour.
_LEVELS = 16
_DEAD, _GREYS = 0, 1
_FIRST_CLASS = _GREYS + _LEVELS


@dataclass(frozen=True)
class Frames:
    """What `larqca.evaluation.frames.record_frames` returns."""

    grey: Array
    classes: Array
    steps: Array
    phase: Array
    named: Array


def read_frames(path: Path) -> Frames:
    """The frames in a file that anybody may have written.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it cannot be read, or holds something else.
    """
    try:
        _check_size(path)
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise
    except (OSError, MemoryError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError(f"cannot be read ({error})") from error
    for name, dimensions in _SHAPES.items():
        array = arrays.get(name)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu":
            raise ValueError(f"has no whole numbers {name!r}")
        if array.ndim != dimensions or not array.size:
            raise ValueError(f"{name!r} is of shape {list(array.shape)}")
    frames = Frames(**{name: arrays[name] for name in _SHAPES})
    _check(frames)
    return frames


def _check_size(path: Path) -> None:
    """A small file may hold arrays that would fill the memory."""
    with zipfile.ZipFile(path) as file:
        if sum(entry.file_size for entry in file.infolist()) > MOST_BYTES:
            raise ValueError(f"holds more than {MOST_BYTES:,} bytes")


def _check(frames: Frames) -> None:
    phases, pictures, height, width = frames.grey.shape
    moments = len(frames.steps)
    fits = (frames.classes.shape == (phases, pictures) and frames.phase.shape == (moments,)
            and frames.named.shape == (moments, pictures, height, width))
    if not fits:
        raise ValueError("holds arrays that do not fit each other")
    bounds = {"grey": (0, 255), "classes": (0, len(COLOURS) - 1), "phase": (0, phases - 1),
              "named": (-1, len(COLOURS) - 1), "steps": (0, 2**31 - 1)}
    for name, (low, high) in bounds.items():
        values = getattr(frames, name)
        if values.min() < low or values.max() > high:
            raise ValueError(f"{name!r} leaves {low} to {high}")


def describe_frames(frames: Frames) -> dict[str, Any]:
    """Plain data for the page.

    Returns:
        ``image``, a data address of a PNG whose lines are moments, top down, and whose columns
        are pictures; ``lines``, how many; for each line ``steps``, ``phase``, and how many
        pictures ``agree`` on a class and how many of those are ``right`` (None for lines that
        show the grey picture before its cells have said anything); ``pictures``, how many.
    """
    agree, right = _agreement(frames)
    lines: list[tuple[int, int, int | None, int | None]] = []
    pixels = []
    for moment, (step, phase) in enumerate(zip(frames.steps, frames.phase, strict=True)):
        grey = _level(frames.grey[phase])
        if not lines or lines[-1][1] != phase:
            lines.append((lines[-1][0] if lines else 0, int(phase), None, None))
            pixels.append(_GREYS + grey)
        lines.append((int(step), int(phase), agree[moment], right[moment]))
        named = frames.named[moment].astype(int)
        pixels.append(np.where(named < 0, _DEAD, _FIRST_CLASS + named * _LEVELS + grey))
    image = paletted_png(_sheet(np.stack(pixels)), _palette())
    names = ("steps", "phase", "agree", "right")
    return {
        "image": "data:image/png;base64," + base64.b64encode(image).decode("ascii"),
        "lines": len(lines), "pictures": frames.grey.shape[1],
        **dict(zip(names, map(list, zip(*lines, strict=True)), strict=True)),
    }


def _agreement(frames: Frames) -> tuple[list[int], list[int]]:
    """At each moment, how many pictures' live cells all name one class, and the right one."""
    cells = frames.named.reshape(*frames.named.shape[:2], -1)
    shown = frames.classes[frames.phase]
    highest = cells.max(axis=2)
    agree = (highest >= 0) & ((cells == highest[..., None]) | (cells < 0)).all(axis=2)
    right = agree & (highest == shown)
    return agree.sum(axis=1).tolist(), right.sum(axis=1).tolist()


def _level(grey: Array) -> Array:
    return np.rint(grey * ((_LEVELS - 1) / 255)).astype(int)


def _sheet(lines: Array) -> Array:
    """``[moments, pictures, height, width]`` to one image, with margins between pictures."""
    margin = max(1, lines.shape[-1] // 14)
    sides = (margin, margin)
    padded = np.pad(lines, ((0, 0), (0, 0), sides, sides), constant_values=_DEAD)
    moments, pictures, height, width = padded.shape
    return padded.transpose(0, 2, 1, 3).reshape(moments * height, pictures * width)


def _palette() -> Array:
    grey = np.linspace(0, 1, _LEVELS)
    ink = np.repeat(255 - 255 * grey[:, None], 3, axis=1)
    classes = np.repeat(np.arange(len(COLOURS)), _LEVELS)
    paint = coloured(classes, np.tile(grey, len(COLOURS)))
    return np.rint(np.concatenate([[[255.0] * 3], ink, paint])).astype(np.uint8)
