"""Magnitudes move between layers, and the automaton computes what it did."""

import numpy as np
import pytest

from larqca.automata.balancing import balanced
from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.config.canonical import build_run_config
from tests.automata.helpers import random_pictures, random_state, tiny_automaton

CHANNELS = 12
FOUR_BITS = {"name": "dorefa_quantizer", "k_bit": 4}


def settings(quantized=(True, True), scale="none", update=FOUR_BITS, update_scale=None):
    """Of channels that each read a mix of all inputs through a filter of their own."""
    return {
        "cell": {"hidden_channels": 2},
        "perceive": {
            "widths": [CHANNELS] * 2, "neighbourhood": ["center", "moore"],
            "depthwise": [False, True], "bias": False, "scale": scale,
            "kernel_quantizer": [FOUR_BITS if each else None for each in quantized]},
        "update": {"widths": [], "bias": False, "kernel_quantizer": update, "scale": update_scale},
    }


def unequal_automaton():
    """A float one whose channels' filters differ a hundredfold in size."""
    trained = tiny_automaton(deviation=0.3, **settings((False, False), update=None))
    sizes = np.logspace(-2, 0, CHANNELS)[:, None]
    trained.set_arrays({name: array * sizes if array.shape[-1] == 1 else array
                        for name, array in trained.arrays().items()})
    return trained


def reaches(model):
    """The largest weight of each channel in mix, filters and update, the last for each output
    relative to its largest."""
    mix, filters, update = (np.abs(block.weights().numpy())
                            for block in model.perceive_blocks + model.update_blocks)
    update = update / update.max(axis=(0, 1))
    return mix.max(axis=(0, 1)), filters.max(axis=(0, 1)), update.max(axis=(0, 2))


@pytest.mark.parametrize("changes", [
    {}, {"update": None}, {"update_scale": "none"}, {"scale": ["none", "channel"]},
    {"scale": ["channel", "none"]}, {"quantized": (True, False)}, {"quantized": (False, True)}])
def test_the_automaton_computes_what_it_did(changes):
    trained = unequal_automaton()
    moved = balanced(trained, NeuralCA(layout_of(build_run_config(settings(**changes)))))
    state = random_state(trained, random_pictures(1, 3, 5, 7), 2)
    np.testing.assert_allclose(moved.rollout(state, 3), trained.rollout(state, 3),
                               rtol=1e-3, atol=1e-4)
    before, after = trained.arrays(), moved.arrays()
    assert any(not np.array_equal(before[name], after[name]) for name in before)


def test_three_layers_share_the_magnitude_of_a_channel():
    """So that none of them has a hundredth of the levels for a channel's weights."""
    trained = unequal_automaton()
    mix, filters, update = reaches(balanced(
        trained, NeuralCA(layout_of(build_run_config(settings())))))
    np.testing.assert_allclose(mix, filters, rtol=1e-4)
    assert max(mix) <= 1.0 + 1e-6
    assert np.ptp(np.log10(mix)) < 1.2  # three times as little as the product's at most
    assert min(*mix, *filters, *update) > 0.05
    assert sum(mix > 0.999) == pytest.approx(0.1 * CHANNELS, abs=1)


def test_a_layer_of_floats_gets_what_does_not_fit():
    """Filters in float have any size, and the mix before them all of its levels."""
    mix, _, _ = reaches(balanced(unequal_automaton(), NeuralCA(layout_of(build_run_config(
        settings((True, False), update=None))))))
    np.testing.assert_allclose(mix, 1.0, rtol=1e-5)


def test_without_scales_no_weight_grows_beyond_the_largest_level():
    """Where the product of a channel's largest weights is at most one."""
    trained = unequal_automaton()
    before = [block.weights().numpy() for block in trained.perceive_blocks + trained.update_blocks]
    products = np.prod([np.abs(before[0]).max(axis=(0, 1)), np.abs(before[1]).max(axis=(0, 1)),
                        np.abs(before[2]).max(axis=(0, 2))], axis=0)
    assert products.max() < 1.0
    moved = balanced(trained, NeuralCA(layout_of(build_run_config(
        settings(update_scale="none")))))
    after = [np.abs(block.weights().numpy()).max()
             for block in moved.perceive_blocks + moved.update_blocks]
    assert max(after) <= 1.0 + 1e-5


def test_automata_of_floats_stay_as_they_are():
    trained = unequal_automaton()
    model = NeuralCA(layout_of(build_run_config(settings((False, False), update=None))))
    for name, array in balanced(trained, model).arrays().items():
        np.testing.assert_array_equal(array, trained.arrays()[name])
