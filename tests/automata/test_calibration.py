import numpy as np

from larqca.automata.calibration import layer_inputs
from tests.automata.helpers import random_pictures, tiny_automaton


def test_every_layer_shows_what_it_reads_in_live_cells():
    model = tiny_automaton(seed=1, deviation=0.02)
    pictures = random_pictures(1, 3, 6, 7)
    found = layer_inputs(model, pictures)
    assert [inputs.shape[1] for inputs in found] == [16, 32, 32]
    assert len({len(inputs) for inputs in found}) == 1
    assert set(np.unique(found[0][:, 0])) <= set(np.unique(pictures[model.alive(pictures)]))
    assert (found[1] >= 0).all()  # behind a ReLU
    assert found[0][:, 1:].std() > 0  # the state has moved


def test_states_that_blow_up_are_left_out():
    model = tiny_automaton(seed=1, deviation=3.0)
    for inputs in layer_inputs(model, random_pictures(1, 2, 8, 8)):
        assert np.isfinite(inputs).all()


def test_the_same_seed_shows_the_same():
    model = tiny_automaton(seed=1, deviation=0.02)
    pictures = random_pictures(1, 2, 5, 5)
    for one, two in zip(layer_inputs(model, pictures), layer_inputs(model, pictures), strict=True):
        np.testing.assert_array_equal(one, two)


def test_states_are_kept_within_the_limit():
    model = tiny_automaton(seed=1, deviation=0.5)
    found = layer_inputs(model, random_pictures(1, 2, 8, 8), limit=2.0)
    assert np.abs(found[0][:, 1:]).max() == 2.0


def test_cells_that_die_with_their_picture_start_from_nothing(monkeypatch):
    """Half-way every picture is exchanged; a cell that was dead then has no past."""
    model = tiny_automaton(seed=1, deviation=0.02)
    model.set_arrays({name: 0 * array for name, array in model.arrays().items()})
    rolled = []

    def grow(state, steps, seed):
        rolled.append(state)
        return state + np.float32([0] + [1] * (state.shape[-1] - 1)) * (state[..., :1] > 0.1)

    monkeypatch.setattr(type(model), "rollout", lambda self, *a, **k: grow(*a, **k))
    one = np.zeros((2, 4, 4), np.float32)
    one[0, :2], one[1, 2:] = 0.5, 0.5
    layer_inputs(model, one)
    half = len(rolled) // 2
    assert rolled[half - 1][..., 1:].max() > 0
    assert rolled[half][..., 1:].max() == 0  # no cell is alive in both
