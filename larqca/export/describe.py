"""A program as text for people."""

from __future__ import annotations

from larqca.export.counter import FIRE_ALWAYS
from larqca.export.program import (
    Affine,
    CodeInput,
    Codes,
    Layer,
    Program,
    Staircase,
    Steps,
    ToCodes,
    ToState,
    ToWords,
    Words,
)


def describe(program: Program) -> str:
    """What the program computes, a few lines for each layer."""
    lines = [
        f"state      {program.state_channels} words of {program.state_bits} bits, "
        f"worth 2^{-program.state_fraction}, saturating; {_naming(program)}",
        f"alive      grey byte >= {program.alive_from}",
        f"fires      {_fires(program)}",
        f"reads      {_reader(program)}",
    ]
    for layer in program.layers:
        lines += _layer(layer)
    return "\n".join(lines)


def _naming(program: Program) -> str:
    if program.classes_per_channel == 1:
        return f"the last {program.classes} are classes"
    return f"the last {program.class_channels} name {program.classes} classes, by their signs"


def _fires(program: Program) -> str:
    if program.fire_below == FIRE_ALWAYS:
        return "every live cell"
    return f"16 random bits < {program.fire_below}, seed {program.seed}"


def _reader(program: Program) -> str:
    reader = program.reader
    if isinstance(reader, CodeInput):
        return f"grey: {_staircase(reader.grey)}; state: {_staircase(reader.state)}"
    return f"grey: {_line(reader.grey)}; state: word << {reader.state_shift}"


def _layer(layer: Layer) -> list[str]:
    size, weights = layer.kernel_size, layer.weights
    named = {"von_neumann": " von Neumann", "center": " center"}.get(layer.neighbourhood, "")
    named += " depthwise" if layer.depthwise else ""
    terms = f"{weights.terms} x " if weights.terms > 1 else ""
    values = f"{weights.step} * code + {weights.offset}" if weights.bits < 8 else "signed"
    return [
        f"{layer.name:<10} {size}x{size}{named}, {layer.inputs} to {layer.outputs}; "
        f"accumulators within {int(layer.bounds.max()):,}",
        f"  inputs   {_source(layer.source)}",
        f"  weights  {terms}{weights.bits} bit, {values}",
        f"  gives    {_stage(layer.stage)}",
    ]


def _source(source: Words | Codes) -> str:
    if isinstance(source, Codes):
        return (f"{source.levels} codes, X = {source.step} * code + {source.offset}, "
                f"{source.outside} outside the grid")
    rows = ", times a premultiplier of its row" if len(source.premultipliers) else ""
    return f"words from {source.low} to {source.high}{rows}, {source.outside} outside the grid"


def _stage(stage: ToWords | ToCodes | ToState) -> str:
    if isinstance(stage, ToCodes):
        return _staircase(stage.staircase)
    if isinstance(stage, ToWords):
        return f"words: {_line(stage.line)}, kept within {stage.low} to {stage.high}"
    rounding = ", rounded at random" if stage.stochastic else ""
    return f"state += {_line(stage.line)}{rounding}"


def _staircase(staircase: Staircase) -> str:
    if isinstance(staircase, Steps):
        return f"{staircase.levels} codes by thresholds"
    return f"{staircase.levels} codes: {_line(staircase.line)}, kept within them"


def _line(line: Affine) -> str:
    multiplier = "m[c]" if len(line.multiplier) > 1 else str(int(line.multiplier[0]))
    bias = "b[c]" if len(line.bias) > 1 else str(int(line.bias[0]))
    return f"(v * {multiplier} + {bias}) >> {line.shift}"
