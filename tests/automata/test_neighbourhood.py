"""What a cell sees of the cells around it."""

import numpy as np
import pytest

from larqca.automata.layout import layout_of
from larqca.automata.model_file import load_model, write_model
from larqca.automata.neighbourhood import places_seen
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.starting import start_from
from larqca.backend import keras, tf
from larqca.config.canonical import build_run_config, run_hash
from larqca.errors import ConfigError, ModelFileError
from larqca.footprint.memory import memory_of
from tests.automata.helpers import random_pictures, random_state, tiny_automaton

NARROW = {"perceive": {"widths": [6]}, "update": {"widths": [5]}, "cell": {"hidden_channels": 2}}
CORNERS = [0, 2, 6, 8]


def von_neumann(**perceive):
    return {**NARROW, "perceive": {"widths": [6], "neighbourhood": "von_neumann", **perceive}}


def test_taps_to_a_kernel():
    block = tiny_automaton(**von_neumann()).perceive_blocks[0]
    inputs, places = block.layout.inputs, places_seen("von_neumann", 3)
    taps = np.arange(30.0 * inputs).reshape(5, inputs, 6)
    kernel = block.spread(taps).numpy()
    assert kernel.shape == (3, 3, inputs, 6)
    assert not kernel.reshape(9, inputs, 6)[CORNERS].any()
    np.testing.assert_array_equal(kernel.reshape(9, inputs, 6)[list(places)], taps)
    np.testing.assert_array_equal(block.taps(kernel)[:, 0], taps)
    assert places_seen("moore", 1) == places_seen("von_neumann", 1) == (0,)


def test_it_is_the_whole_neighbourhood_with_nothing_in_its_corners():
    four, eight = tiny_automaton(**von_neumann()), tiny_automaton(**NARROW)
    eight.set_arrays(four.arrays())
    pictures = random_pictures(1, 3, 5, 7)
    state = random_state(four, pictures, 2)
    moore = eight.rollout(state, 3, engine="live")
    kernel = four.arrays()["perceive/0/kernel"].copy()
    kernel.reshape(9, *kernel.shape[2:])[CORNERS] = 0.0
    eight.set_arrays({**four.arrays(), "perceive/0/kernel": kernel})
    for engine in ("live", "dense"):
        np.testing.assert_allclose(four.rollout(state, 3, engine=engine),
                                   eight.rollout(state, 3, engine="live"), rtol=1e-4, atol=1e-5)
    assert np.abs(moore - eight.rollout(state, 3, engine="live")).max() > 0.01


@pytest.mark.parametrize("spec", ["none", "ste_sign", {"name": "dorefa_quantizer", "k_bit": 3}])
def test_weights_that_are_not_there_start_at_zero(spec):
    config = build_run_config({**von_neumann(kernel_quantizer=spec), "seed": 3})
    kernel = NeuralCA(layout_of(config), seed=3).arrays()["perceive/0/kernel"]
    flat = kernel.reshape(9, *kernel.shape[2:])
    assert not flat[CORNERS].any()
    assert np.abs(flat[1::2]).min() > 0.0


@pytest.mark.parametrize(("spec", "planes"), [
    ("magnitude_aware_sign", 1), ("magnitude_aware_sign", 3),
    ({"name": "ste_tern", "ternary_weight_networks": True}, 1),
    ({"name": "dorefa_quantizer", "k_bit": 3}, 1)])
def test_quantizers_see_no_weights_that_are_not_there(spec, planes):
    """Means and maxima over a kernel are those of its five taps."""
    model = tiny_automaton(**von_neumann(kernel_quantizer=spec, kernel_planes=planes))
    block = model.perceive_blocks[0]
    kernel = block.latent_kernel.numpy()
    taps = kernel.reshape(9, *kernel.shape[2:])[list(block.layout.places)]
    wanted = block.kernel_quantizer(tf.constant(taps[:, None])).numpy()[:, 0]
    np.testing.assert_array_equal(block.levels(tf.constant(kernel)).numpy()[:, 0], wanted)
    kernel.reshape(9, *kernel.shape[2:])[CORNERS] = 9.0
    again = tiny_automaton(**von_neumann(kernel_quantizer=spec, kernel_planes=planes))
    again.set_arrays({**model.arrays(), "perceive/0/kernel": kernel})
    np.testing.assert_array_equal(again.perceive_blocks[0].weights(), block.weights())
    state = random_state(model, random_pictures(1, 2, 5, 5), 1)
    np.testing.assert_array_equal(again(state), model(state))


def test_the_networks_are_keras_models_that_can_be_made_again():
    model = tiny_automaton(**von_neumann())
    config = model.perceive.get_config()
    layer = next(each["config"] for each in config["layers"]
                 if each["class_name"].endswith("QuantConv2D"))
    initializer = keras.initializers.get(layer["kernel_initializer"])
    kernel = np.asarray(initializer((3, 3, 2, 4)))
    assert not kernel.reshape(9, 2, 4)[CORNERS].any()
    assert kernel.reshape(9, 2, 4)[1::2].all()


def test_five_weights_are_counted_for_nine():
    layout = layout_of(build_run_config(von_neumann(
        kernel_quantizer="ste_sign", kernel_planes=1, bias=False)))
    layer = layout.perceive[0]
    assert layer.kernel_count == 5 * layer.inputs * 6
    # One scale for each tap of each input and one for each output.
    assert layer.float_count == 5 * layer.inputs + 6
    assert memory_of([layer]).total_bits == layer.kernel_count + 32 * layer.float_count


@pytest.mark.parametrize("scale", ["channel", "center", "rank_one"])
@pytest.mark.parametrize(("spec", "planes"), [("ste_sign", 1), ("ste_sign", 4)])
def test_a_start_rounds_the_weights_that_are_there(scale, spec, planes):
    source = tiny_automaton(**von_neumann())
    config = build_run_config(von_neumann(kernel_quantizer=spec, kernel_planes=planes, scale=scale))
    model = NeuralCA(layout_of(config, source.layout.classes))
    start_from(model, source, random_pictures(4, 12, 9, 9))
    wanted = source.perceive_blocks[0].weights().numpy()
    found = model.perceive_blocks[0].weights().numpy()
    assert found.shape == wanted.shape == (5, source.layout.perceive[0].inputs, 6)
    lost = np.square(found - wanted).sum() / np.square(wanted).sum()
    assert lost < (0.6 if planes == 1 else 0.1)
    kernel = model.arrays()["perceive/0/kernel"]
    assert not kernel.reshape(9, *kernel.shape[2:])[CORNERS].any()


def test_one_cannot_start_from_the_other():
    with pytest.raises(ModelFileError, match=r"are 3x3 13-6, .* start are 3x3 von_neumann 13-6, "):
        start_from(tiny_automaton(**von_neumann()), tiny_automaton(**NARROW))


def test_one_cannot_start_from_an_automaton_that_names_classes_otherwise():
    shared = tiny_automaton(cell={"hidden_channels": 7, "classes_per_channel": 2})
    with pytest.raises(ModelFileError, match=r"classes_per_channel is 2, .* is 1"):
        start_from(tiny_automaton(cell={"hidden_channels": 2}), shared)


def test_a_model_file_keeps_it(tmp_path):
    model = tiny_automaton(**von_neumann())
    config = build_run_config(von_neumann())
    write_model(tmp_path / "model.npz", config, model.layout.classes, model.arrays())
    loaded = load_model(tmp_path / "model.npz")
    assert loaded.layout.perceive == layout_of(config, model.layout.classes).perceive
    state = random_state(model, random_pictures(1, 2, 5, 5), 1)
    np.testing.assert_array_equal(loaded.rollout(state, 2), model.rollout(state, 2))


def test_what_a_run_is_called():
    plain, named = build_run_config(NARROW), build_run_config(
        {**NARROW, "perceive": {"widths": [6], "neighbourhood": "moore"}})
    assert run_hash(plain) == run_hash(named) != run_hash(build_run_config(von_neumann()))
    with pytest.raises(ConfigError, match="neighbourhood"):
        build_run_config({**NARROW, "perceive": {"widths": [6], "neighbourhood": "margolus"}})
