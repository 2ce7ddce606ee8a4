"""Programs with a layer of any kind behind a layer of any other, in random integers: what
training could make of them costs time and does not matter to an emitter."""

from dataclasses import replace

import numpy as np

from larqca.automata.neighbourhood import places_seen
from larqca.export.counter import FIRE_ALWAYS
from larqca.export.fixed_point import line_of
from larqca.export.program import (
    Affine,
    CodeInput,
    Codes,
    Layer,
    Program,
    Ramp,
    Steps,
    ToCodes,
    ToState,
    ToWords,
    Weights,
    WordInput,
    Words,
)

# Bits, step and offset of a weight, by the quantizer that leaves them.
KERNELS = {
    "float": (8, 1, -127),
    "one bit": (1, 2, -1),
    "three planes": (3, 2, -7),
    "five planes": (5, 2, -31),
    "ternary": (2, 1, -1),
    "heaviside": (1, 1, 0),
    "own magnitudes": (1, 2, -1),
    "own magnitudes in planes": (1, 2, -1),
    **{f"dorefa {bits}": (bits, 2, 1 - 2**bits) for bits in range(2, 9)},
}
# Levels, step and offset of an input's code; None for words.
INPUTS = {
    "none": None,
    "words of rows": None,
    "sign": (2, 2, -1),
    "odd planes": (4, 2, -3),
    "even planes": (5, 2, -4),
    "many planes": (15, 2, -14),
    "heaviside": (2, 1, 0),
    "ternary": (3, 1, -1),
    **{f"dorefa {bits}": (2**bits, 1, 0) for bits in (1, 2, 3, 6)},
}


def _weights(rng, kind, rows, outputs):
    bits, step, offset = KERNELS[kind]
    terms = 3 if kind.endswith("in planes") else 1
    codes = rng.integers(0, 2**bits, (terms, rows, outputs))
    gains = rng.integers(0, 9, (terms, outputs)) if terms > 1 else np.ones((1, outputs), np.int64)
    return Weights(codes, bits, step, offset, gains)


def _source(rng, kind, size, rows, high):
    """What a layer reads, words from 0 to `high`."""
    pad = int(rng.integers(2)) if size == 3 else 0
    if INPUTS[kind] is None:
        premultipliers = rng.integers(-32767 if size == 3 else 0, 32768, rows)
        return Words(0, high, pad * high,
                     premultipliers if kind == "words of rows" else np.zeros(0, np.int64))
    levels, step, offset = INPUTS[kind]
    return Codes(levels, step, offset, pad * (levels - 1 if kind.startswith("dorefa") else 1))


def _staircase(rng, levels, reach):
    channels = len(reach)
    if levels > 2 and rng.integers(2):
        line = Affine(rng.integers(-9, 10, channels), rng.integers(0, levels << 6, channels), 6)
        return Ramp(line, levels)
    thresholds = np.sort(rng.integers(-reach // 4, reach // 4 + 2, (levels - 1, channels)), axis=0)
    return Steps(thresholds, rng.integers(0, 2, channels))


def _stage(rng, draft, after, stochastic):
    """`after`: what the next layer reads, or the state's largest word."""
    if isinstance(after, Codes):
        return ToCodes(_staircase(rng, after.levels, draft.bounds))
    high = after.high if isinstance(after, Words) else after // 4
    gain = rng.normal(0.0, 4 * high / draft.bounds.max(), draft.outputs)
    offset = rng.normal(0.0, high / 4, draft.outputs)
    if isinstance(after, Words):
        return ToWords(line_of(gain, offset), high, after.low)
    return ToState(line_of(gain, offset, nearest=not stochastic), stochastic)


def _first_words(rng, kind, rows, bits):
    shift = int(rng.integers(0, 9)) if bits == 8 else 0
    high = (2 ** (bits - 1) - 1) << shift
    words = _source(rng, kind, 3, rows, high)
    return Words(-(2 ** (bits - 1)) << shift, high, words.outside, words.premultipliers), shift


def random_program(
    seed, perceive=None, update=None, *, kernel=None, inputs=None, channels=None, classes=None,
    neighbourhood=None
):
    """A program of one to three perceive layers and one to three update layers, of kernels and
    inputs of any kind: what is not given is drawn. Of odd seeds, two classes share a channel;
    of every other two, cells see the four that share a side with them; of every third, perceive
    layers behind the first are depthwise where they read plain words."""
    neighbourhood = neighbourhood or ("von_neumann" if seed // 2 % 2 else "moore")
    rng = np.random.default_rng(seed)
    perceive, update = (
        [int(width) for width in rng.choice([1, 2, 5, 17, 33, 40], rng.integers(low, low + 3))]
        if given is None else given for low, given in ((1, perceive), (0, update)))
    seen, count = len(perceive), len(update) + 1
    channels, bits = channels or int(rng.integers(3, 20)), int(rng.choice([8, 16]))
    apart = seed % 3 == 0
    if apart:
        perceive = perceive[:1] * seen
    widths = [1 + channels, *perceive, *update, channels]
    kinds = rng.choice([inputs] if inputs else list(INPUTS), seen + count)
    kernels = rng.choice([kernel] if kernel else list(KERNELS), seen + count)
    sources, shift = [], 0
    alone = [apart and 0 < number < seen and kind == "none" for number, kind in enumerate(kinds)]
    for number, kind in enumerate(kinds):
        size = 3 if number < seen else 1
        rows = len(places_seen(neighbourhood, size)) * widths[number]
        if number == 0 and INPUTS[kind] is None:
            source, shift = _first_words(rng, kind, rows, bits)
        else:
            source = _source(rng, kind, size, rows, int(rng.choice([255, 1023])))
            if alone[number] and rng.integers(2):
                source = replace(source, low=-source.high)
        sources.append(source)
    layers = []
    for number, kernel in enumerate(kernels):
        size = 3 if number < seen else 1
        inputs, outputs = widths[number : number + 2]
        rows = len(places_seen(neighbourhood, size)) * (1 if alone[number] else inputs)
        draft = Layer(f"{'perceive' if size == 3 else 'update'}/{number - (size == 1) * seen}",
                      size, inputs, outputs, sources[number],
                      _weights(rng, kernel, rows, outputs),
                      ToWords(Affine(np.array([1]), np.array([0]), 0), 1),
                      neighbourhood if size == 3 else "moore", alone[number])
        after = [*sources[1:], 2 ** (bits - 1) - 1][number]
        stage = _stage(rng, draft, after, bool(rng.integers(2)))
        layers.append(replace(draft, stage=stage))
    if isinstance(sources[0], Codes):
        levels = sources[0].levels
        reader = CodeInput(_staircase(rng, levels, np.array([255])),
                           _staircase(rng, levels, np.full(channels, 2 ** (bits - 1))))
    else:
        top = np.array([sources[0].high])
        reader = WordInput(Affine(top * 128 // 255, np.array([64]), 7), shift)
    return Program(
        state_bits=bits, state_fraction=4, state_channels=channels,
        classes=classes or int(rng.integers(1, 1 + channels)) * (1 + seed % 2) - (seed % 4 == 1),
        classes_per_channel=1 + seed % 2,
        alive_from=int(rng.choice([1, 26, 200])),
        fire_below=int(rng.choice([1000, 32768, FIRE_ALWAYS])), seed=seed, reader=reader,
        perceive_layers=seen, layers=tuple(layers))
