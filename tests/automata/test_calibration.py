import numpy as np

from larqca.automata.calibration import layer_inputs, layer_windows, moments_met
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


def test_windows_show_every_neighbour_in_its_place():
    model = tiny_automaton(seed=1, deviation=0.02)
    picture = np.linspace(0.2, 1.0, 48, dtype=np.float32).reshape(1, 6, 8)  # each grey once
    for window in layer_windows(model, moments_met(model, picture), 0)[:, :, 0]:
        row, column = np.argwhere(picture[0] == window[4])[0]
        expected = picture[0, row - 1 : row + 2, column - 1 : column + 2]
        np.testing.assert_array_equal(window.reshape(3, 3), expected)


def test_windows_are_what_the_kernels_multiply():
    model = tiny_automaton(seed=1, deviation=0.05)
    met = moments_met(model, random_pictures(1, 4, 8, 8))
    for number, layer in enumerate(model.layout.layers):
        found = layer_windows(model, met, number)
        assert found.shape[1:] == (layer.kernel_size**2, layer.inputs)
        assert len(found) > 50
    grey = layer_windows(model, met, 0)[:, 4, 0]
    assert (grey >= 0.1).all()  # the middle is alive


def test_windows_of_a_layer_do_not_ask_what_comes_after_it():
    model = tiny_automaton(seed=1, deviation=0.05)
    met = moments_met(model, random_pictures(1, 4, 8, 8))
    before = layer_windows(model, met, 1)
    arrays = model.arrays()
    nothing = {name: np.zeros_like(array) for name, array in arrays.items()
               if not name.startswith(model.layout.layers[0].name)}
    model.set_arrays({**arrays, **nothing})
    np.testing.assert_array_equal(layer_windows(model, met, 1), before)
