"""The integer program of an automaton, as plain data. What it means, `interpret` says.

A program knows integers alone. Every layer multiplies integer inputs X by integer
weights W into exact accumulators

    acc[c] = sum over terms t of gains[t, c] * sum over rows r of W[t, r, c] * X[r]

(of a depthwise layer, whose rows are taps, ``X[r, c]`` for ``X[r]``)

and an output stage makes of each accumulator a word, a code for the next layer, or a
change of the state. Rows are ``[tap, input]``, taps in raster order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from larqca.automata.neighbourhood import NEIGHBOURHOODS, places_seen
from larqca.errors import ExportError
from larqca.export.counter import FIRE_ALWAYS
from larqca.tasks.naming import class_channels, class_code

Array = npt.NDArray[Any]

FORMAT = "larqca-program"
VERSION = 1

INT16_MAX, INT32_MAX = 2**15 - 1, 2**31 - 1
PREMULTIPLIER_SHIFT = 15
_NAME = re.compile(r"[a-z]+/[0-9]{1,5}")
MAX_SHIFT = 31


def _require(condition: Any, problem: str) -> None:
    if not condition:
        raise ExportError(problem)


def _check_whole(what: str, value: Any, low: int, high: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    _require(whole and low <= value <= high,
             f"{what} is {value!r}, not a whole number from {low} to {high}")


def _check_integers(
    what: str, array: Any, shape: Sequence[int | None], low: int, high: int
) -> None:
    """An integer array of this shape (None: any length) with all values in [low, high]."""
    found = isinstance(array, np.ndarray) and array.dtype.kind in "iu"
    _require(found, f"{what} is not an array of whole numbers")
    fits = array.ndim == len(shape) and all(
        wanted is None or have == wanted for have, wanted in zip(array.shape, shape, strict=True)
    )
    shown = ["any" if wanted is None else wanted for wanted in shape]
    _require(fits, f"{what} has shape {list(array.shape)}, not {shown}")
    if array.size:
        _require(low <= array.min() and array.max() <= high,
                 f"{what} holds numbers outside {low} to {high}")


@dataclass(frozen=True)
class Affine:
    """``(v * multiplier + bias) >> shift``, rounded down; per channel or for all alike.

    Attributes:
        multiplier: int64 ``[channels]`` or ``[1]``, 31 bits and a sign.
        bias: int64 ``[channels]`` or ``[1]``; holds the half that rounds to nearest.
        shift: from 0 to 31.
    """

    multiplier: Array
    bias: Array
    shift: int

    def __post_init__(self) -> None:
        _check_integers("multiplier", self.multiplier, (None,), -INT32_MAX, INT32_MAX)
        _check_integers("bias", self.bias, (None,), -(2**61), 2**61)
        _require(len(self.multiplier) and len(self.bias), "multiplier or bias is empty")
        _check_whole("shift", self.shift, 0, MAX_SHIFT)

    def apply(self, values: Array) -> Array:
        """int64 ``[..., channels]`` to the same shape."""
        result: Array = (values * self.multiplier + self.bias) >> self.shift
        return result

    def check_channels(self, channels: int) -> None:
        """As many numbers as channels, or one."""
        for what, array in (("multiplier", self.multiplier), ("bias", self.bias)):
            _require(len(array) in (1, channels),
                     f"{what} has {len(array)} entries for {channels} channels")


@dataclass(frozen=True)
class Steps:
    """A staircase by its thresholds: how many of them an integer has reached.

    Attributes:
        thresholds: int64 ``[levels - 1, channels]``, ascending along the first axis.
        descending: int64 ``[channels]`` of 0 and 1; 1 where the negated integer is
            compared.
    """

    kind: ClassVar[str] = "steps"
    thresholds: Array
    descending: Array

    def __post_init__(self) -> None:
        _check_integers("thresholds", self.thresholds, (None, None), -(2**31), 2**31)
        _check_integers("descending", self.descending, (self.thresholds.shape[1],), 0, 1)
        _require((np.diff(self.thresholds, axis=0) >= 0).all(), "thresholds do not ascend")

    @property
    def levels(self) -> int:
        """How many different codes there are."""
        return len(self.thresholds) + 1

    @property
    def channels(self) -> int | None:
        """Of how many channels it speaks."""
        return int(self.thresholds.shape[1])

    def apply(self, values: Array) -> Array:
        """int64 ``[..., channels]`` to codes from 0 to levels - 1."""
        turned = np.where(self.descending, -values, values)
        codes = np.zeros(values.shape, np.int64)
        for threshold in self.thresholds:
            codes += turned >= threshold
        return codes


@dataclass(frozen=True)
class Ramp:
    """A staircase of even steps: an affine function between 0 and levels - 1.

    Attributes:
        line: see `Affine`.
        levels: how many different codes there are.
    """

    kind: ClassVar[str] = "ramp"
    line: Affine
    levels: int

    def __post_init__(self) -> None:
        _check_whole("levels", self.levels, 2, 2**16)

    @property
    def channels(self) -> int | None:
        """None: of any number where one line is for all."""
        count = max(len(self.line.multiplier), len(self.line.bias))
        return None if count == 1 else count

    def apply(self, values: Array) -> Array:
        """int64 ``[..., channels]`` to codes from 0 to levels - 1."""
        return np.clip(self.line.apply(values), 0, self.levels - 1)


Staircase = Steps | Ramp


@dataclass(frozen=True)
class Words:
    """Inputs that are fixed-point numbers: X is the word itself, or the word times the
    premultiplier of its row, ``(word * premultiplier + 2**14) >> 15``.

    Attributes:
        low, high: what a word can be.
        outside: the word of a neighbour outside the grid.
        premultipliers: int64 ``[rows]`` of 16 bits, or ``[0]`` for none.
    """

    kind: ClassVar[str] = "words"
    low: int
    high: int
    outside: int
    premultipliers: Array

    def __post_init__(self) -> None:
        _check_whole("low", self.low, -INT16_MAX - 1, 0)
        _check_whole("high", self.high, 1, INT16_MAX)
        _check_whole("outside", self.outside, 0, self.high)
        _check_integers("premultipliers", self.premultipliers, (None,), -INT16_MAX, INT16_MAX)

    @property
    def largest(self) -> int:
        """The largest magnitude of an X."""
        return max(-self.low, self.high)


@dataclass(frozen=True)
class Codes:
    """Inputs that an input quantizer put out: X is ``step * code + offset``.

    Attributes:
        levels: codes go from 0 to levels - 1.
        step, offset: see above.
        outside: X (not the code) of a neighbour outside the grid.
    """

    kind: ClassVar[str] = "codes"
    levels: int
    step: int
    offset: int
    outside: int

    def __post_init__(self) -> None:
        _check_whole("levels", self.levels, 2, 2**16)
        _check_whole("step", self.step, 1, 2)
        _check_whole("offset", self.offset, -(2**15), 2**15)
        _check_whole("outside", self.outside, 0, 2**16)

    @property
    def digits(self) -> int:
        """Binary digits of a code."""
        return (self.levels - 1).bit_length()

    @property
    def largest(self) -> int:
        """The largest magnitude of an X."""
        top = self.step * (self.levels - 1) + self.offset
        return max(abs(self.offset), abs(top), self.outside)


@dataclass(frozen=True)
class Weights:
    """Integer weights ``W = step * code + offset``.

    Attributes:
        codes: int64 ``[terms, rows, outputs]``, each of `bits` bits.
        bits: from 1 to 8.
        step, offset: see above.
        gains: int64 ``[terms, outputs]``; see the module. One term has gains of one.
    """

    codes: Array
    bits: int
    step: int
    offset: int
    gains: Array

    def __post_init__(self) -> None:
        _check_whole("bits", self.bits, 1, 8)
        _check_integers("weight codes", self.codes, (None, None, None), 0, 2**self.bits - 1)
        _check_whole("step", self.step, 1, 2)
        _check_whole("offset", self.offset, -255, 255)
        shape = (self.codes.shape[0], self.codes.shape[2])
        _check_integers("gains", self.gains, shape, 0, INT16_MAX)
        _require(len(self.codes) > 0, "weights have no term")
        _require(len(self.codes) > 1 or (self.gains == 1).all(), "gains of one term are not one")

    @property
    def terms(self) -> int:
        """How many kernels the weights are a sum of."""
        return len(self.codes)

    @property
    def integers(self) -> Array:
        """W of each term, int64 ``[terms, rows, outputs]``."""
        result: Array = self.step * self.codes + self.offset
        return result

    @property
    def combined(self) -> Array:
        """What X is multiplied by in all, int64 ``[rows, outputs]``."""
        result: Array = (self.gains[:, None] * self.integers).sum(axis=0)
        return result


@dataclass(frozen=True)
class ToWords:
    """Output stage: ``min(max(line(acc), low), high)``, a rectified word where low is 0."""

    kind: ClassVar[str] = "words"
    line: Affine
    high: int
    low: int = 0

    def __post_init__(self) -> None:
        _check_whole("high", self.high, 1, INT16_MAX)
        _check_whole("low", self.low, -INT16_MAX, 0)


@dataclass(frozen=True)
class ToCodes:
    """Output stage: the staircase of the accumulator."""

    kind: ClassVar[str] = "codes"
    staircase: Staircase


@dataclass(frozen=True)
class ToState:
    """Output stage: the state's word plus ``line(acc)``, saturated.

    Attributes:
        line: see `Affine`.
        stochastic: whether what is added before the shift is a number from the counter
            generator, from 0 to ``2**shift - 1``, instead of the half that `line` then
            does not hold.
    """

    kind: ClassVar[str] = "state"
    line: Affine
    stochastic: bool

    def __post_init__(self) -> None:
        _require(isinstance(self.stochastic, bool), "stochastic is neither true nor false")


@dataclass(frozen=True)
class Layer:
    """One convolution.

    Attributes:
        name: ``perceive/0``, ...
        kernel_size: 3 or 1.
        inputs, outputs: channels.
        source: what kind of input it reads.
        weights: see `Weights`.
        stage: its output stage.
        neighbourhood: "moore", "von_neumann" or "center", the taps of a layer of kernel size 3.
        depthwise: whether an output reads the input of its own number alone. Rows are taps
            then, and row r of output c is multiplied by input c of tap r.
    """

    name: str
    kernel_size: int
    inputs: int
    outputs: int
    source: Words | Codes
    weights: Weights
    stage: ToWords | ToCodes | ToState
    neighbourhood: str = "moore"
    depthwise: bool = False

    def __post_init__(self) -> None:
        _require(isinstance(self.name, str) and _NAME.fullmatch(self.name),
                 f"a layer's name is {self.name!r}, not like 'perceive/0'")
        try:
            self._check()
        except ExportError as error:
            raise ExportError(f"layer {self.name!r}: {error}") from None

    def _check(self) -> None:
        _require(type(self.kernel_size) is int and self.kernel_size in (1, 3),
                 f"kernel_size is {self.kernel_size!r}, not 1 or 3")
        _require(self.neighbourhood in NEIGHBOURHOODS,
                 f"neighbourhood is {self.neighbourhood!r}, not {' or '.join(NEIGHBOURHOODS)}")
        _require(self.kernel_size == 3 or self.neighbourhood == "moore",
                 f"neighbourhood is {self.neighbourhood!r} for a kernel size of 1")
        self._check_depthwise()
        for what in ("inputs", "outputs"):
            _check_whole(what, getattr(self, what), 1, 2**15)
        shape = (None, self.rows, self.outputs)
        _check_integers("weight codes", self.weights.codes, shape, 0, 255)
        if isinstance(self.source, Words):
            rows = len(self.source.premultipliers)
            _require(rows in (0, self.rows), f"has {rows} premultipliers for {self.rows} rows")
        if isinstance(self.stage, ToCodes):
            channels = self.stage.staircase.channels
            _require(channels in (None, self.outputs),
                     f"its staircase is for {channels} channels, not {self.outputs}")
        else:
            self.stage.line.check_channels(self.outputs)
        bound = int(self.bounds.max())
        _require(bound <= INT32_MAX, f"an accumulator could reach {bound:,}, beyond 32 bits")

    def _check_depthwise(self) -> None:
        _require(isinstance(self.depthwise, bool), "depthwise is neither true nor false")
        if not self.depthwise:
            return
        _require(self.kernel_size == 3 and self.inputs == self.outputs,
                 f"is depthwise with {self.inputs} inputs, {self.outputs} outputs and a kernel "
                 f"size of {self.kernel_size}; both must be as many, and the size 3")
        _require(isinstance(self.source, Words) and not len(self.source.premultipliers),
                 "is depthwise, and reads other inputs than words without premultipliers")

    @property
    def rows(self) -> int:
        """Rows of its matrix."""
        return len(self.places) * (1 if self.depthwise else self.inputs)

    @property
    def numbers(self) -> int:
        """Inputs in its window."""
        return len(self.places) * self.inputs

    @property
    def places(self) -> tuple[int, ...]:
        """The taps: which of the ``kernel_size**2`` places, in raster order, it reads."""
        return places_seen(self.neighbourhood, self.kernel_size)

    @property
    def bounds(self) -> Array:
        """What no accumulator's magnitude exceeds, int64 ``[outputs]``, whatever is read.

        It covers each term by itself too, before its gain.
        """
        total = (self.weights.gains[:, None] * np.abs(self.weights.integers)).sum(axis=0)
        result: Array = total.sum(axis=0) * self.source.largest
        return result


@dataclass(frozen=True)
class WordInput:
    """How the first layer reads grey bytes and state words as words of one format.

    Attributes:
        grey: ``(byte * multiplier + bias) >> shift``, one channel.
        state_shift: a state word is shifted to the left by so much.
    """

    kind: ClassVar[str] = "words"
    grey: Affine
    state_shift: int

    def __post_init__(self) -> None:
        self.grey.check_channels(1)
        _check_whole("state_shift", self.state_shift, 0, 14)


@dataclass(frozen=True)
class CodeInput:
    """How the first layer's input quantizer reads grey bytes and state words.

    Attributes:
        grey: staircase of the byte, one channel.
        state: staircase of the state's words.
    """

    kind: ClassVar[str] = "codes"
    grey: Staircase
    state: Staircase


@dataclass(frozen=True)
class Program:
    """An automaton in integers.

    Attributes:
        state_bits: 8 or 16, of each state word (two's complement, saturating).
        state_fraction: a word stands for ``word / 2**state_fraction``.
        state_channels: how many words a cell has.
        classes: how many the last of them tell apart.
        alive_from: a cell is alive where its grey byte is at least this.
        fire_below: a live cell fires where its 16 random bits are below this; 65,536
            is always.
        seed: of the fire masks, unless another is asked for.
        reader: how the first layer reads the state.
        perceive_layers: how many layers, from the first, look at neighbours.
        layers: all of them in order.
        classes_per_channel: 1, or 2 that share one (`larqca.tasks.naming`).
    """

    state_bits: int
    state_fraction: int
    state_channels: int
    classes: int
    alive_from: int
    fire_below: int
    seed: int
    reader: WordInput | CodeInput
    perceive_layers: int
    layers: tuple[Layer, ...]
    classes_per_channel: int = 1

    @property
    def class_channels(self) -> int:
        """How many of the state words, the last ones, name the class."""
        return class_channels(self.classes, self.classes_per_channel)

    @property
    def class_code(self) -> Array:
        """The class words of a cell that names each class, int64 ``[classes, channels]``."""
        return class_code(self.classes, self.classes_per_channel)

    def __post_init__(self) -> None:
        _require(self.state_bits in (8, 16), f"state_bits is {self.state_bits!r}, not 8 or 16")
        _check_whole("state_fraction", self.state_fraction, -16, 14)
        _check_whole("state_channels", self.state_channels, 1, 2**14)
        _check_whole("classes_per_channel", self.classes_per_channel, 1, 2)
        _check_whole("classes", self.classes, 1, self.classes_per_channel * self.state_channels)
        _check_whole("alive_from", self.alive_from, 1, 255)
        _check_whole("fire_below", self.fire_below, 1, FIRE_ALWAYS)
        _check_whole("seed", self.seed, 0, 2**32 - 1)
        _check_whole("perceive_layers", self.perceive_layers, 1, max(1, len(self.layers) - 1))
        self._check_reader()
        self._check_chain()

    def _check_reader(self) -> None:
        first = self.layers[0].source if self.layers else None
        _require(first is not None and first.kind == self.reader.kind,
                 f"the state is read as {self.reader.kind}, and the first layer wants others")
        if isinstance(self.reader, CodeInput):
            grey, state = self.reader.grey, self.reader.state
            _require(grey.channels in (None, 1), "grey's staircase is not for one channel")
            _require(state.channels in (None, self.state_channels),
                     f"the state's staircase is not for {self.state_channels} channels")
            _require(isinstance(first, Codes) and first.levels == grey.levels == state.levels,
                     "the state is not read at as many levels as the first layer has")
        elif isinstance(first, Words):
            low, high = -self.state_high - 1, self.state_high
            shift = self.reader.state_shift
            words = self.reader.grey.apply(np.array([[0], [255]]))
            reach = (first.low <= low << shift and high << shift <= first.high
                     and first.low <= words.min() and words.max() <= first.high)
            _require(reach, "the state's words do not fit those of the first layer")

    def _check_chain(self) -> None:
        names = [layer.name for layer in self.layers]
        _require(len(set(names)) == len(names), f"two layers have one name: {', '.join(names)}")
        last = len(self.layers) - 1
        inputs, source = 1 + self.state_channels, None
        for number, layer in enumerate(self.layers):
            name = f"layer {layer.name!r}"
            size = 3 if number < self.perceive_layers else 1
            _require(layer.kernel_size == size,
                     f"{name}: kernel_size is {layer.kernel_size}, not {size}")
            _require(layer.inputs == inputs, f"{name}: reads {layer.inputs} channels of {inputs}")
            _require((layer.stage.kind == "state") == (number == last),
                     f"{name}: the last layer and no other changes the state")
            if source is not None:
                _check_handover(name, source, layer.source)
            inputs, source = layer.outputs, layer.stage
        _require(inputs == self.state_channels,
                 f"the last layer puts out {inputs} channels, not {self.state_channels}")

    @property
    def state_high(self) -> int:
        """The largest state word; the smallest is its negative less one."""
        return int(2 ** (self.state_bits - 1) - 1)


def _check_handover(name: str, stage: Any, source: Words | Codes) -> None:
    _require(stage.kind == source.kind, f"{name}: reads {source.kind}, and gets {stage.kind}")
    if isinstance(source, Codes):
        levels = stage.staircase.levels
        _require(source.levels == levels, f"{name}: reads {source.levels} levels of {levels}")
    else:
        _require(stage.high <= source.high, f"{name}: reads words up to {source.high}, "
                                            f"and gets them up to {stage.high}")
        _require(stage.low >= source.low, f"{name}: reads words from {source.low}, "
                                          f"and gets them from {stage.low}")
