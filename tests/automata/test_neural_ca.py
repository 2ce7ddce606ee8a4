import numpy as np
import pytest

from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import larq
from larqca.config.canonical import build_run_config
from larqca.errors import ModelFileError
from tests.automata.helpers import random_pictures, random_state, tiny_automaton


def test_larqs_summary_works_and_networks_can_be_taken_apart():
    settings = {"update": {"kernel_quantizer": "ste_sign", "scale": "rank_one"}}
    model = NeuralCA(layout_of(build_run_config(settings)))
    lines = []
    larq.models.summary(model, print_fn=lines.append)
    larq.models.summary(model.update, print_fn=lines.append)
    assert "update" in lines[0]
    assert "8.71 KiB" not in lines[1]
    assert [layer.name for layer in model.update.layers][:3] == [
        "update_0_input_scale",
        "update_0",
        "update_0_output_scale",
    ]
    assert isinstance(model.update.layers[1], larq.layers.QuantConv2D)
    assert len(model.trainable_variables) == len(model.named_variables())


def test_an_untrained_automaton_hardly_moves():
    for settings in ({}, {"kernel_quantizer": "ste_sign", "scale": "rank_one"}):
        config = build_run_config(
            {"perceive": settings, "update": settings, "cell": {"noise": 0.0}}
        )
        model = NeuralCA(layout_of(config))
        state = model.seed_state(random_pictures(0, 2, 8, 8))
        assert np.abs(model.step(state)[..., 1:]).max() < 0.05


def test_the_grey_value_never_changes_and_dead_cells_stay_at_zero():
    model = tiny_automaton()
    pictures = random_pictures(1, 2, 6, 6)
    state = model.rollout(model.seed_state(pictures), 4, seed=1)
    np.testing.assert_array_equal(state[..., 0], pictures)
    assert not state[~model.alive(pictures)][:, 1:].any()
    assert state[model.alive(pictures)][:, 1:].any(axis=1).mean() > 0.9


def test_alive_is_strictly_above_the_threshold():
    model = tiny_automaton()
    row = np.array([[[0.0, 0.1, np.nextafter(np.float32(0.1), np.float32(1)), 1.0]]], np.float32)
    np.testing.assert_array_equal(model.alive(row), [[[False, False, True, True]]])


def test_labels_are_the_largest_class_channel_of_live_cells():
    model = tiny_automaton()
    state = model.seed_state(np.array([[[0.0, 1.0, 1.0]]]))
    state[0, 0, 1, -10 + 7] = 2.0
    state[0, 0, 2, -10 + 3] = 0.5
    state[0, 0, 2, 1] = 9.0  # a hidden channel
    np.testing.assert_array_equal(model.labels(state), [[[-1, 7, 3]]])


def test_the_same_seed_gives_the_same_states():
    model = tiny_automaton()
    state = random_state(model, random_pictures(2, 2, 5, 5), 2)
    one, same, other = (model.rollout(state, 3, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_initial_weights_follow_the_seed():
    config = build_run_config({})
    one, same, other = (NeuralCA(layout_of(config), seed=seed).arrays() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one["perceive/0/kernel"], same["perceive/0/kernel"])
    assert np.any(one["perceive/0/kernel"] != other["perceive/0/kernel"])
    assert not one["update/1/kernel"].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("update/0/bias"), "array 'update/0/bias' is missing"),
        (lambda a: a.update(extra=np.zeros(3)), "array 'extra' is not expected"),
        (lambda a: a.update({"update/0/bias": np.zeros(3)}), r"has shape \[3\], not \[32\]"),
        (lambda a: a["update/0/bias"].fill(np.nan), "not a finite number"),
        (lambda a: a.update({"update/0/bias": np.array(["x"] * 32)}), "not a finite number"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_and_change_nothing(change, message):
    model = tiny_automaton()
    before = model.arrays()
    arrays = model.arrays()
    change(arrays)
    with pytest.raises(ModelFileError, match=message):
        model.set_arrays(arrays)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, before[name])
