"""Lowering: from a trained automaton to an integer program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from larqca.automata.calibration import layer_inputs
from larqca.automata.layers import Block
from larqca.automata.model_file import check_arrays
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.errors import ExportError
from larqca.export.counter import fire_threshold
from larqca.export.fixed_point import line_of
from larqca.export.kernels import IntegerKernel, integer_kernel
from larqca.export.levels import InputCodes, input_codes
from larqca.export.program import (
    INT16_MAX,
    INT32_MAX,
    PREMULTIPLIER_SHIFT,
    Affine,
    CodeInput,
    Codes,
    Layer,
    Program,
    Staircase,
    ToCodes,
    ToState,
    ToWords,
    WordInput,
    Words,
)
from larqca.export.ranges import (
    StateFormat,
    largest_word,
    state_format,
    state_limit,
    word_unit,
)
from larqca.export.staircases import staircase_of

Array = npt.NDArray[Any]

NO_ROWS = np.zeros(0, np.int64)
_GREY_SHIFT = 15


def lower(
    model: NeuralCA,
    images: Array,
    *,
    state_bits: int = 16,
    activation_bits: int = 8,
    seed: int = 0,
    fire: Literal["random", "all"] = "random",
    rounding: Literal["nearest", "stochastic"] = "nearest",
) -> Program:
    """The integer program of an automaton. Noise is off.

    Args:
        model: the automaton.
        images: grey ``[pictures, height, width]`` of the training data, on which it runs
            to tell what the formats of its words must hold.
        state_bits: of each word of the state, 8 or 16.
        activation_bits: of inputs that are not binarized, behind the first layer, 8 or 16.
        seed: of the fire masks.
        fire: "random" at the automaton's own fire rate, or "all" live cells in every step.
        rounding: of what is added to the state.

    Raises:
        ExportError: the automaton cannot be held by integers; the message says why.
    """
    for what, bits in (("state_bits", state_bits), ("activation_bits", activation_bits)):
        if bits not in (8, 16):
            raise ExportError(f"{what} must be 8 or 16, got {bits!r}")
    if not 0 <= seed < 2**32:
        raise ExportError(f"seed must be from 0 to 2**32 - 1, got {seed!r}")
    check_arrays(model.arrays(), model.layout.array_shapes())
    samples = layer_inputs(model, images, limit=state_limit(state_bits))
    if not all(len(found) for found in samples):
        alive = np.any(model.alive(images))
        raise ExportError("its states are not finite on any calibration picture" if alive else
                          "no calibration picture has a live cell")
    state = state_format(state_bits, samples[0][:, 1:])
    plans = _plans(model, samples, state, activation_bits)
    layout = model.layout
    return Program(
        state_bits=state_bits,
        state_fraction=state.fraction,
        state_channels=layout.state_channels,
        classes=layout.classes,
        classes_per_channel=layout.cell.classes_per_channel,
        alive_from=_alive_from(model),
        fire_below=fire_threshold(1.0 if fire == "all" else layout.cell.fire_rate),
        seed=seed,
        reader=_reader(plans[0], state),
        perceive_layers=len(layout.perceive),
        layers=tuple(
            _layer(plan, after, state, stochastic=rounding == "stochastic")
            for plan, after in zip(plans, [*plans[1:], None], strict=True)
        ),
    )


@dataclass(frozen=True)
class _Plan:
    """What is settled of a layer before its output stage is.

    Attributes:
        block: the Keras layers.
        kernel: its integers.
        codes: how it reads quantized inputs, if it does.
        source: see `program.Layer`.
        unit: what an X of one is worth.
        merged: float64 ``[inputs]``, what the layer before multiplies its outputs by for
            this one.
    """

    block: Block
    kernel: IntegerKernel
    codes: InputCodes | None
    source: Words | Codes
    unit: float
    merged: Array


def _plans(
    model: NeuralCA, samples: list[Array], state: StateFormat, activation_bits: int
) -> list[_Plan]:
    plans: list[_Plan] = []
    blocks = model.perceive_blocks + model.update_blocks
    for number, (block, met) in enumerate(zip(blocks, samples, strict=True)):
        codes = input_codes(block)
        if codes is not None:
            kernel = integer_kernel(block, codes.source.largest)
            ones = np.ones(block.layout.inputs)
            plans.append(_Plan(block, kernel, codes, codes.source, codes.unit, ones))
        elif number == 0:
            plans.append(_first_plan(block, state))
        else:
            signed = not blocks[number - 1].layout.relu
            plans.append(_word_plan(block, met, activation_bits, signed=signed))
    return plans


def _first_plan(block: Block, state: StateFormat) -> _Plan:
    """The first layer reads the state's own words, shifted, and grey in their format."""
    one = 1 << state.read_fraction
    low, high = -(state.high + 1) << state.shift, max(state.high << state.shift, one)
    kernel = integer_kernel(block, -low)
    source, unit = _with_rows(kernel.rows, low, high, block.layout.pad_values * one)
    unit *= 2.0**-state.read_fraction
    return _Plan(block, kernel, None, source, unit, np.ones(block.layout.inputs))


def _word_plan(block: Block, met: Array, bits: int, *, signed: bool) -> _Plan:
    """Rectified words, or signed ones where no ReLU is before; scales of rows merge into the
    layer before where they can."""
    layout = block.layout
    largest = largest_word(bits, signed=signed)
    kernel = integer_kernel(block, largest if bits == 8 else 2**12)
    rows: Array | None = kernel.rows
    merged: Array = np.ones(layout.inputs)
    if rows is not None and layout.kernel_size == 1 and (rows > 0).all():
        merged = rows
        rows = None
    outside = layout.pad_values if layout.kernel_size == 3 else 0
    magnitudes = kernel.weights.gains[:, None] * np.abs(kernel.weights.integers)
    heaviest = max(1, int(magnitudes.sum(axis=(0, 1)).max()))
    high = min(largest, INT32_MAX // heaviest)
    if high < 127:
        raise ExportError(f"layer {layout.name!r}: has so many inputs that sums of them could "
                          "exceed 32 bits")
    unit = word_unit(bits, met, merged, outside, signed=signed) * largest / high
    source, row_unit = _with_rows(rows, -high if signed else 0, high, round(outside / unit))
    return _Plan(block, kernel, None, source, unit * row_unit, merged)


def _with_rows(rows: Array | None, low: int, high: int, outside: int) -> tuple[Words, float]:
    """Words with a premultiplier for each row, and what that multiplies their unit by."""
    if rows is None:
        return Words(low, high, outside, NO_ROWS), 1.0
    largest = max(float(np.abs(rows).max()), 1e-30)
    premultipliers = np.rint(rows / largest * INT16_MAX).astype(np.int64)
    unit = largest * 2.0**PREMULTIPLIER_SHIFT / INT16_MAX
    return Words(low, high, outside, premultipliers), unit


def _reader(plan: _Plan, state: StateFormat) -> WordInput | CodeInput:
    """How the first layer reads bytes and words."""
    if plan.codes is None:
        scale = 2.0 ** (state.read_fraction + _GREY_SHIFT) / 255.0
        half = 1 << (_GREY_SHIFT - 1)
        grey = Affine(np.array([round(scale)]), np.array([half]), _GREY_SHIFT)
        return WordInput(grey, state.shift)
    codes, inputs = plan.codes, plan.block.layout.inputs
    gains = _input_gain(plan) / codes.spacing if codes.spacing else None

    def staircase(channels: slice, reach: int, value: float) -> Staircase:
        def codes_of(integers: Array) -> Array:
            real = np.zeros((len(integers), inputs), np.float32)
            real[:, channels] = np.asarray(integers * value, np.float32)
            return codes.read(real)[:, channels]

        width = len(range(*channels.indices(inputs)))
        slope = None if gains is None else gains[channels] * value
        return staircase_of(codes_of, codes.source.levels, np.full(width, reach), slope)

    return CodeInput(
        grey=staircase(slice(0, 1), 255, 1.0 / 255.0),
        state=staircase(slice(1, None), state.high + 1, 2.0**-state.fraction),
    )


def _input_gain(plan: _Plan) -> Array:
    """What the block multiplies its inputs by in front of its quantizer, ``[inputs]``."""
    scale = plan.block.input_scale
    if scale is None:
        return np.ones(plan.block.layout.inputs)
    gain: Array = scale.scale.numpy().astype(np.float64)
    return gain


def _layer(plan: _Plan, after: _Plan | None, state: StateFormat, *, stochastic: bool) -> Layer:
    layout = plan.block.layout
    stage: ToWords | ToCodes | ToState
    draft = Layer(layout.name, layout.kernel_size, layout.inputs, layout.outputs,
                  plan.source, plan.kernel.weights,
                  ToWords(Affine(np.array([1]), np.array([0]), 0), 1),
                  layout.neighbourhood, layout.depthwise)
    if after is None:
        line = _line(plan, np.full(layout.outputs, 2.0**-state.fraction), nearest=not stochastic)
        stage = ToState(line, stochastic)
    elif after.codes is not None:
        stage = ToCodes(_staircase(plan, after, draft.bounds))
    else:
        assert isinstance(after.source, Words)
        stage = ToWords(_line(plan, _word_units(after) / after.merged), after.source.high,
                        after.source.low)
    return replace(draft, stage=stage)


def _word_units(plan: _Plan) -> Array:
    """What a word that a layer reads is worth, before premultipliers, ``[inputs]``."""
    assert isinstance(plan.source, Words)
    rows = plan.kernel.rows
    unit = plan.unit
    if len(plan.source.premultipliers):
        assert rows is not None
        unit = plan.unit / _with_rows(rows, 0, 1, 0)[1]
    return np.full(plan.block.layout.inputs, unit)


def _line(plan: _Plan, units: Array, *, nearest: bool = True) -> Affine:
    """From accumulators to words of these units."""
    block = plan.block
    scale: Any = 1.0 if block.output_scale is None else block.output_scale.scale.numpy()
    bias = _bias(block)
    gain = plan.unit * plan.kernel.unit * np.asarray(scale, np.float64) / units
    return line_of(gain, bias / units, nearest=nearest)


def _bias(block: Block) -> Array:
    if not block.layout.bias:
        return np.zeros(block.layout.outputs)
    found: Array = block.variables[f"{block.layout.name}/bias"].numpy().astype(np.float64)
    return found


def _staircase(plan: _Plan, after: _Plan, bounds: Array) -> Staircase:
    """What the next layer's input quantizer makes of each accumulator, as Keras has it."""
    codes = after.codes
    assert codes is not None
    block, unit = plan.block, plan.unit * plan.kernel.unit

    def codes_of(accumulators: Array) -> Array:
        return codes.read(_finished(block, np.asarray(accumulators * unit, np.float32)))

    slope = None
    if codes.spacing:
        scale: Any = 1.0 if block.output_scale is None else block.output_scale.scale.numpy()
        slope = unit * np.asarray(scale, np.float64) * _input_gain(after) / codes.spacing
    return staircase_of(codes_of, codes.source.levels, bounds, slope)


def _finished(block: Block, products: Array) -> Array:
    """Products through the block's own scale and bias, in float32."""
    if block.output_scale is not None:
        return np.asarray(block.output_scale(tf.constant(products)))
    bias = _bias(block).astype(np.float32)
    return np.asarray(tf.nn.bias_add(products, bias)) if block.layout.bias else products


def _alive_from(model: NeuralCA) -> int:
    """The smallest grey byte that is alive; 256 if none is."""
    alive = model.alive(np.arange(256, dtype=np.float32) / np.float32(255.0))
    return int(np.argmax(alive)) if alive.any() else 256
