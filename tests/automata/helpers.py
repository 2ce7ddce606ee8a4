"""Automata for tests: small, and with weights that make every part matter."""

from itertools import combinations, product

import numpy as np

from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.config.canonical import build_run_config


def tiny_automaton(seed=0, deviation=0.3, classes=10, **settings):
    """A `NeuralCA` from a run's settings, with random weights everywhere."""
    settings = {"preset": "compact", **settings}
    model = NeuralCA(layout_of(build_run_config(settings), classes), seed=seed)
    rng = np.random.default_rng(seed)
    for variable in model.named_variables().values():
        variable.assign(variable + rng.normal(0, deviation, variable.shape))
    return model


def random_pictures(seed, batch, height, width, alive=0.5):
    """Grey pictures in [0, 1] of which about this share is above 0.1."""
    rng = np.random.default_rng(seed)
    bright = rng.random((batch, height, width)) < alive
    grey = rng.random((batch, height, width))
    return np.where(bright, 0.11 + 0.89 * grey, 0.1 * grey).astype(np.float32)


def random_state(model, pictures, seed):
    """A dense state with random numbers in the live cells."""
    rng = np.random.default_rng(seed)
    state = model.seed_state(pictures)
    state[..., 1:] = rng.normal(size=state[..., 1:].shape)
    state[..., 1:] *= model.alive(pictures)[..., None]
    return state


def every_pair(*choices):
    """Of all combinations so few that every two values still meet, greedily chosen.

    A graph of an automaton takes a second or two to trace. What only three values together
    would show is not tested.
    """
    positions = list(combinations(range(len(choices)), 2))

    def pairs(values):
        return {(one, other, values[one], values[other]) for one, other in positions}

    candidates = {values: pairs(values) for values in product(*choices)}
    missing, chosen = set().union(*candidates.values()), []
    while missing:
        best = max(candidates, key=lambda values: len(candidates[values] & missing))
        missing -= candidates.pop(best)
        chosen.append(best)
    return chosen
