from types import SimpleNamespace

import numpy as np
import pytest

from larqca.automata.calibration import CALIBRATION_PICTURES
from larqca.automata.starting import rounds_together
from larqca.errors import Interrupted
from larqca.training import start
from larqca.training.result import Progress
from tests.automata.helpers import random_pictures, tiny_automaton

PLANES = {"kernel_quantizer": "ste_sign", "kernel_planes": 3}


@pytest.mark.parametrize(("network", "expected"), [
    ({}, False),
    (PLANES, True),
    ({**PLANES, "scale": "none"}, True),  # levels alone
    ({"kernel_quantizer": "ste_sign", "kernel_planes": 1}, False),
    ({"kernel_quantizer": "ste_tern", "kernel_planes": 1}, False),
    ({"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 4}}, True),
], ids=str)
def test_which_starts_depend_on_pictures(network, expected):
    assert rounds_together(tiny_automaton(update=network), tiny_automaton()) is expected


def test_what_is_copied_does_not_depend_on_pictures():
    assert not rounds_together(tiny_automaton(update=PLANES), tiny_automaton(update=PLANES))


def _dataset(count):
    return SimpleNamespace(train_images=random_pictures(1, count, 6, 6),
                           train_labels=np.arange(count) % 10)


def _patched(monkeypatch, scores):
    """`start_from` numbers the automaton, and these are the scores in turn."""
    seen, waiting = [], list(scores)

    def numbered(model, origin, pictures):
        seen.append(pictures)
        model.set_arrays({name: np.full_like(array, len(seen))
                          for name, array in model.arrays().items()})

    def judged(engine, images, labels, config, progress, stop):
        progress(Progress("evaluation", 50, 100, None, 10.0))
        cells, both = waiting.pop(0)
        score = {"cell_accuracy": cells, "agree_and_correct": both, "agreement": 1.0 - both}
        return SimpleNamespace(at=lambda step: score)

    monkeypatch.setattr(start, "start_from", numbered)
    monkeypatch.setattr(start, "evaluate", judged)
    return seen


def test_the_start_that_does_best_is_taken(monkeypatch):
    scores = [(0.1, 0.0), (0.75, 0.3), (0.8, 0.6), (0.8, 0.6), (0.9, 0.4), (0.1, 0.1)]
    seen = _patched(monkeypatch, scores)
    model = tiny_automaton(update=PLANES)
    dataset = _dataset(6 * CALIBRATION_PICTURES)
    start._start(model, tiny_automaton(), dataset)
    assert len(seen) == start.TRIES == len(scores)
    np.testing.assert_array_equal(np.concatenate(seen), dataset.train_images)
    for array in model.arrays().values():
        assert (array == 3).all()  # the first of those that did best


def test_where_no_cell_can_be_judged_it_is_started_all_the_same(monkeypatch):
    _patched(monkeypatch, [(np.nan, np.nan)] * start.TRIES)
    model = tiny_automaton(update=PLANES)
    start._start(model, tiny_automaton(), _dataset(100))
    for array in model.arrays().values():
        assert (array >= 1).all()


def test_every_start_begins_with_the_new_automaton(monkeypatch):
    """A bias that the source lacks must not pile up."""
    found = []
    monkeypatch.setattr(start, "start_from", lambda model, *_: found.append(model.arrays()) or
                        model.set_arrays({name: array + 1.0 for name, array in found[-1].items()}))
    score = {"cell_accuracy": 0.5, "agree_and_correct": 0.5}
    monkeypatch.setattr(start, "evaluate",
                        lambda *_, **__: SimpleNamespace(at=lambda step: score))
    start._start(tiny_automaton(update=PLANES), tiny_automaton(), _dataset(100))
    assert len(found) == start.TRIES
    for arrays in found:
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, found[0][name])


def test_starts_that_would_all_be_the_same_are_made_once(monkeypatch):
    seen = _patched(monkeypatch, [])
    start._start(tiny_automaton(), tiny_automaton(), _dataset(100))
    assert len(seen) == 1


def test_few_pictures_are_shown_again(monkeypatch):
    seen = _patched(monkeypatch, [(0.0, 0.0)] * start.TRIES)
    start._start(tiny_automaton(update=PLANES), tiny_automaton(), _dataset(10))
    assert [len(pictures) for pictures in seen] == [10] * start.TRIES


def test_the_start_comes_near_on_pictures_that_it_never_saw():
    """The whole way: six calibrations, each judged."""
    from larqca.data import load

    digits = load("digits")
    origin = tiny_automaton(seed=1, deviation=0.02)
    model = tiny_automaton(seed=2, update=PLANES)
    start._start(model, origin, digits)
    state = origin.rollout(origin.seed_state(digits.test_images[:8]), 100, seed=1)
    wanted, found = origin(state).numpy(), model(state).numpy()
    apart = (found - wanted)[origin.alive(state[..., 0])]
    assert np.linalg.norm(apart) < 0.4 * np.linalg.norm(wanted)


def test_a_start_can_be_stopped():
    with pytest.raises(Interrupted):
        start._start(tiny_automaton(update=PLANES), tiny_automaton(), _dataset(20),
                     stop=lambda: True)


def test_progress_counts_all_starts_as_one(monkeypatch):
    _patched(monkeypatch, [(0.5, 0.5)] * start.TRIES)
    seen = []
    start._start(tiny_automaton(update=PLANES), tiny_automaton(), _dataset(100), seen.append)
    assert [each.done for each in seen] == [50, 150, 250, 350, 450, 550]
    assert {(each.phase, each.total, each.rate) for each in seen} == {("start", 600, 10.0)}
