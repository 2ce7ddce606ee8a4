"""What a program means: its interpreter in NumPy, cells and pictures side by side.

Every number is a whole one. Sums of products are taken in float64 or float32 only where
none can leave the whole numbers that the type holds exactly, because those matrix
products are many times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.errors import ExportError
from larqca.export import counter
from larqca.export.program import (
    PREMULTIPLIER_SHIFT,
    Codes,
    Layer,
    Program,
    ToState,
    WordInput,
    Words,
)
from larqca.tasks.naming import named_class

Array = npt.NDArray[Any]

_HALF = 1 << (PREMULTIPLIER_SHIFT - 1)


@dataclass
class Grid:
    """Pictures and the automata that stand on them.

    Attributes:
        grey: uint8 ``[pictures, height, width]``.
        state: int64 ``[pictures, height, width, state_channels]``; zero in dead cells.
        seeds: uint32 ``[pictures]``, of the fire masks.
        step: how many steps were made.
    """

    grey: Array
    state: Array
    seeds: Array
    step: int = 0


class Interpreter:
    """Runs a program.

    Args:
        program: what to run.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._layers = [_compile(layer) for layer in program.layers]

    def start(self, grey: Array, *, seeds: Sequence[int] | None = None) -> Grid:
        """The grid before the first step.

        Args:
            grey: uint8 ``[pictures, height, width]``.
            seeds: one for each picture; by default the program's for all.

        Raises:
            ExportError: `grey` is something else.
        """
        grey = np.asarray(grey)
        if grey.dtype != np.uint8 or grey.ndim != 3:
            raise ExportError("pictures must be uint8 [pictures, height, width], got "
                              f"{grey.dtype} {list(grey.shape)}")
        given = [self.program.seed] * len(grey) if seeds is None else list(seeds)
        if len(given) != len(grey):
            raise ExportError(f"{len(given)} seeds for {len(grey)} pictures")
        state = np.zeros((*grey.shape, self.program.state_channels), np.int64)
        return Grid(grey, state, np.array(given, np.int64).astype(np.uint32))

    def show(self, grid: Grid, grey: Array) -> None:
        """Exchange the pictures; cells that are no longer alive, or newly, are at zero."""
        grid.grey = np.asarray(grey, np.uint8).reshape(grid.grey.shape)
        grid.state = grid.state * self.alive(grid)[..., None]

    def alive(self, grid: Grid) -> Array:
        """Whether each cell is alive, bool ``[pictures, height, width]``."""
        result: Array = grid.grey >= self.program.alive_from
        return result

    def firing(self, grid: Grid) -> Array:
        """Which cells fire in the next step, bool ``[pictures, height, width]``."""
        numbers = self._cell_numbers(grid)
        return self.alive(grid) & counter.fires(numbers, self.program.fire_below)

    def step(self, grid: Grid) -> None:
        """Advance by one step."""
        numbers, firing = self._cell_numbers(grid), self.firing(grid)
        hidden, outside = self._read(grid)
        count = self.program.perceive_layers
        everywhere = np.ones_like(firing)
        for number, (layer, sums) in enumerate(
            zip(self.program.layers, self._layers, strict=True)
        ):
            where = everywhere if number < count - 1 else firing
            if layer.kernel_size == 3:
                hidden = _windows(hidden, outside, where, layer.places)
            accumulators = sums(hidden)
            if isinstance(layer.stage, ToState):
                self._change(grid, layer.stage, accumulators, firing, numbers[firing])
                break
            hidden = self._finish(layer, accumulators, self.program.layers[number + 1])
            if number < count - 1:
                outside = self.program.layers[number + 1].source.outside
                hidden = hidden.reshape(*firing.shape, layer.outputs)
        grid.step += 1

    def rollout(self, grid: Grid, steps: int) -> None:
        """Advance by so many steps."""
        for _ in range(steps):
            self.step(grid)

    def trace(self, grid: Grid, steps: int) -> Iterator[Array]:
        """The state words after each step, ``[pictures, height, width, state_channels]``."""
        for _ in range(steps):
            self.step(grid)
            yield grid.state.copy()

    def labels(self, grid: Grid) -> Array:
        """The class that each cell names (of equals the first), int64 ``[pictures, height,
        width]``; -1 where it is dead."""
        named = named_class(grid.state, self.program.class_code)
        return np.where(self.alive(grid), named, -1)

    def votes(self, grid: Grid) -> Array:
        """How many live cells name each class, int64 ``[pictures, classes]``."""
        labels = self.labels(grid)
        counts = [(labels == one).sum(axis=(1, 2)) for one in range(self.program.classes)]
        return np.stack(counts, axis=1)

    def classify(self, grid: Grid) -> Array:
        """The class with most votes (of equals the first), int64 ``[pictures]``; -1 where
        no cell is alive."""
        votes = self.votes(grid)
        return np.where(votes.any(axis=1), votes.argmax(axis=1), -1)

    def values(self, grid: Grid) -> Array:
        """The state that the words stand for, float64, with grey first, as Keras has it."""
        state = grid.state * 2.0**-self.program.state_fraction
        return np.concatenate([grid.grey[..., None] / 255.0, state], axis=-1)

    def _cell_numbers(self, grid: Grid) -> Array:
        keys = counter.step_keys(grid.seeds, grid.step)
        places = np.arange(grid.grey[0].size if len(grid.grey) else 0)
        return counter.cell_numbers(keys[:, None], places).reshape(grid.grey.shape)

    def _read(self, grid: Grid) -> tuple[Array, int]:
        """What the first layer reads in every cell, X or words, and outside the grid."""
        reader, source = self.program.reader, self.program.layers[0].source
        grey = grid.grey.astype(np.int64)[..., None]
        if isinstance(reader, WordInput):
            parts = [reader.grey.apply(grey), grid.state << reader.state_shift]
        else:
            parts = [reader.grey.apply(grey), reader.state.apply(grid.state)]
        return _numbers(np.concatenate(parts, axis=-1), source), source.outside

    def _finish(self, layer: Layer, accumulators: Array, after: Layer) -> Array:
        stage = layer.stage
        if stage.kind == "words":
            return np.clip(stage.line.apply(accumulators), stage.low, stage.high)  # type: ignore[union-attr]
        codes = stage.staircase.apply(accumulators)  # type: ignore[union-attr]
        return _numbers(codes, after.source)

    def _change(
        self, grid: Grid, stage: ToState, accumulators: Array, firing: Array, numbers: Array
    ) -> None:
        line, high = stage.line, self.program.state_high
        values = accumulators * line.multiplier + line.bias
        if stage.stochastic and line.shift:
            drawn = counter.channel_numbers(numbers, self.program.state_channels)
            values = values + (drawn >> np.uint32(32 - line.shift)).astype(np.int64)
        changed = grid.state[firing] + (values >> line.shift)
        grid.state = grid.state.copy()
        grid.state[firing] = np.clip(changed, -high - 1, high)


def _numbers(read: Array, source: Words | Codes) -> Array:
    """Codes to X; words as they are, because premultipliers belong to rows."""
    return source.step * read + source.offset if isinstance(source, Codes) else read


def _windows(
    hidden: Array, outside: int, where: Array, places: tuple[int, ...]
) -> Array:
    """The neighbourhoods of the chosen cells: ``[pictures, height, width, channels]`` to
    ``[chosen, taps * channels]``."""
    around = [(0, 0), (1, 1), (1, 1), (0, 0)]
    padded = np.pad(hidden, around, constant_values=outside)
    picture, row, column = np.nonzero(where)
    taps = [padded[picture, row + place // 3, column + place % 3] for place in places]
    return np.concatenate(taps, axis=1)


def _compile(layer: Layer) -> Callable[[Array], Array]:
    """The function from inputs ``[cells, rows]`` to accumulators ``[cells, outputs]``."""
    if layer.depthwise:
        own = layer.weights.combined
        return lambda inputs: (inputs.reshape(-1, *own.shape) * own).sum(axis=1)
    kind: Any = np.float32 if layer.bounds.max() < 2**24 else np.float64
    matrix = layer.weights.combined.astype(kind)
    source = layer.source
    premultipliers = source.premultipliers if isinstance(source, Words) else ()

    def sums(inputs: Array) -> Array:
        if len(premultipliers):
            inputs = (inputs * premultipliers + _HALF) >> PREMULTIPLIER_SHIFT
        products: Array = inputs.astype(kind) @ matrix
        return products.astype(np.int64)

    return sums


def grey_bytes(images: Array) -> Array:
    """Grey pictures in [0, 1] as the bytes that a program reads, ``round(255 * grey)``."""
    bytes_: Array = np.clip(np.rint(np.asarray(images, np.float64) * 255.0), 0, 255)
    return bytes_.astype(np.uint8)
