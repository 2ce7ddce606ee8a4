"""What a run leaves for people to look at."""

import numpy as np
import pytest

from larqca.automata.engine import make_engine
from larqca.config.schema import EvaluationConfig
from larqca.evaluation.frames import record_frames
from larqca.evaluation.protocol import evaluate, exchange
from tests.automata.helpers import random_pictures, tiny_automaton

LABELS = np.array([2, 0, 2, 1, 0, 1, 2], np.int32)
FIRST = [0, 1, 3]  # of each class, in the order of the pictures


@pytest.fixture(scope="module")
def certain():
    """Every cell fires and nothing is random."""
    return tiny_automaton(deviation=0.05, cell={"fire_rate": 1.0, "noise": 0.0})


@pytest.fixture(scope="module")
def pictures():
    return random_pictures(0, 7, 6, 6)


def test_frames_are_those_of_the_automaton_with_the_pictures_exchanged(certain, pictures):
    config = EvaluationConfig(steps=25, record_every=5)
    frames = record_frames(make_engine(certain), pictures, LABELS, config)
    steps = [*range(1, 21), 25]
    assert frames["steps"].tolist() == steps + [25 + step for step in steps]
    assert frames["phase"].tolist() == [0] * 21 + [1] * 21
    successor = exchange(7, config.seed)[FIRST]
    state = certain.seed_state(pictures[FIRST])
    expected = []
    for phase, shown in enumerate((pictures[FIRST], pictures[successor])):
        state[..., 0] = shown
        state[..., 1:] *= certain.alive(shown)[..., None]
        for step in range(1, 26):
            state = certain.step(state)
            if step in steps:
                expected.append(certain.labels(state))
        np.testing.assert_allclose(frames["grey"][phase] / 255, shown, atol=1 / 255)
    np.testing.assert_array_equal(frames["named"], np.stack(expected))
    np.testing.assert_array_equal(frames["classes"], [LABELS[FIRST], LABELS[successor]])


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"steps": 3, "mutate": False}, [1, 2, 3]),
        ({"steps": 4, "record_every": 3, "images": 1}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"steps": 30, "record_every": 7, "mutate": False}, [*range(1, 21), 28, 30]),
        ({"steps": 200, "mutate": False},
         [*range(1, 21), 25, 30, 40, 50, 60, 75, 90, 110, 135, 165, 200]),
    ],
)
def test_moments(certain, pictures, settings, steps):
    config = EvaluationConfig(**settings)
    frames = record_frames(make_engine(certain), pictures, LABELS, config)
    assert frames["steps"].tolist() == steps
    phases = 1 if config.mutate is False else 2
    shown = 1 if config.images == 1 else 3
    assert frames["named"].shape == (len(steps), shown, 6, 6)
    assert frames["grey"].shape == (phases, shown, 6, 6)


def test_frames_repeat_and_leave_the_evaluation_as_it_is(pictures):
    engine = make_engine(tiny_automaton(deviation=0.05))
    config = EvaluationConfig(steps=6, record_every=2)
    before = evaluate(engine, pictures, LABELS, config)
    first, second = (record_frames(engine, pictures, LABELS, config) for _ in range(2))
    assert evaluate(engine, pictures, LABELS, config) == before
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)


def test_pictures_without_a_live_cell_are_shown_dead(certain):
    frames = record_frames(make_engine(certain), np.zeros((3, 4, 4), np.float32),
                           np.arange(3), EvaluationConfig(steps=2))
    assert (frames["named"] == -1).all()
