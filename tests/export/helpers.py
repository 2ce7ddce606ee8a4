"""Programs for tests: of tiny automata, calibrated on a few tiny pictures."""

import json
from functools import cache
from itertools import islice

import numpy as np

from larqca.export.host import endless_cases
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.lower import lower
from tests.automata.helpers import random_pictures, tiny_automaton

TINY = {"perceive": {"widths": [6]}, "update": {"widths": [5]}, "cell": {"hidden_channels": 2}}
DEEP = {**TINY, "perceive": {"widths": [4, 6]}}


def with_quantizers(base, pad_values=0, neighbourhood="moore", **network):
    network = {"kernel_planes": 1, "input_planes": 1, **network}
    return {
        **base,
        "perceive": {**base["perceive"], **network, "pad_values": pad_values,
                     "neighbourhood": neighbourhood},
        "update": {**base["update"], **network},
    }


def whole_pictures(seed, batch, height, width, alive=0.5):
    """Pictures whose grey values are whole bytes, so that nothing is lost in reading."""
    return (grey_bytes(random_pictures(seed, batch, height, width, alive)) / 255).astype(np.float32)


def tiny_program(settings, *, weights=0, deviation=0.1, fire_all=True, **options):
    """An automaton and its program; tests that want the same share them."""
    return _tiny_program(json.dumps(settings), weights, deviation, fire_all,
                         tuple(sorted(options.items())))


@cache
def _tiny_program(settings, weights, deviation, fire_all, options):
    settings, options = json.loads(settings), dict(options)
    model = tiny_automaton(seed=weights, deviation=deviation, classes=3, **settings)
    program = lower(
        model, whole_pictures(5, 6, 6, 5), fire="all" if fire_all else "random", **options
    )
    return model, program


def random_grid(program, grey, seed=0):
    """A grid with random words in its live cells."""
    machine = Interpreter(program)
    grid = machine.start(grey)
    rng = np.random.default_rng(seed)
    high = program.state_high
    words = rng.integers(-high - 1, high + 1, grid.state.shape) >> rng.integers(
        0, program.state_bits - 2, grid.state.shape)
    grid.state = words * machine.alive(grid)[..., None]
    return machine, grid


def random_cases(program, number, max_height, max_width, *, steps, seed=0):
    """The first of `endless_cases`."""
    return list(islice(endless_cases(program, max_height, max_width, steps=steps, seed=seed),
                       number))
