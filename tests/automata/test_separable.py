"""Depthwise layers: each output sees the input of its own number alone."""

import numpy as np
import pytest

from larqca.automata.engine import make_engine
from larqca.automata.layout import layout_of
from larqca.automata.model_file import load_model, write_model
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.rank_one import composed
from larqca.automata.starting import start_from
from larqca.backend import tf
from larqca.config.canonical import build_run_config
from larqca.config.schema import OptimizerConfig, TrainingConfig
from larqca.errors import ConfigError, ModelFileError
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of
from larqca.footprint.summary import larq_figures
from larqca.quantizers.registry import QUANTIZERS
from larqca.training.optimizers import Optimizers
from tests.automata.helpers import random_pictures, random_state, tiny_automaton

DORE = {"name": "dorefa_quantizer", "k_bit": 4}


def separable(neighbourhood=("center", "moore"), pad_values=0, **network):
    """Six channels that each read a mix of all inputs through a filter of their own."""
    return {
        "cell": {"hidden_channels": 2},
        "perceive": {"widths": [6, 6], "neighbourhood": list(neighbourhood), **network,
                     "depthwise": [False, True], "pad_values": pad_values},
        "update": {"widths": [5], **network},
    }


def rank_one(model):
    """Both perceive layers as one whole kernel ``[3, 3, inputs, outputs]``."""
    mix, own = (block.weights().numpy() for block in model.perceive_blocks)
    return (mix * own).reshape(3, 3, *mix.shape[1:])


@pytest.mark.parametrize(("neighbourhood", "pad_values", "quantizer"), [
    *((("center", "moore"), number % 2, name) for number, name in enumerate(QUANTIZERS)),
    (("center", "moore"), 1, "none"), (("moore", "moore"), 0, "none"),
    (("moore", "moore"), 1, "ste_sign"), (("von_neumann", "center"), 1, "none")])
def test_engines_agree(neighbourhood, pad_values, quantizer):
    model = tiny_automaton(**separable(neighbourhood, pad_values, kernel_quantizer=quantizer))
    pictures = random_pictures(1, 3, 5, 7)
    state = random_state(model, pictures, 2)
    live, dense = (model.rollout(state, 3, seed=3, engine=name) for name in ("live", "dense"))
    size = max(1.0, float(np.abs(dense).max()))
    np.testing.assert_allclose(live, dense, rtol=1e-4, atol=1e-5 * size)
    assert np.abs(live - state).max() > 0.01


@pytest.mark.parametrize("quantizer", ["none", *QUANTIZERS])
def test_engines_agree_on_both_layers_as_one(quantizer):
    """States, and gradients of every variable."""
    model = tiny_automaton(deviation=0.3, **separable(kernel_quantizer=quantizer, bias=False))
    pictures = random_pictures(1, 3, 5, 7)
    state = random_state(model, pictures, 2)
    found = []
    for name in ("live", "dense"):
        engine = make_engine(model, name, shards=1)
        # grey and one neighbour index, not two; images and coordinates
        assert len(engine.prepared_spec) == 2
        cells = engine.pictures(pictures).cells(np.arange(3))
        batch = engine.pack(cells)
        states = [tf.constant(cells.pack(state[..., 1:]))]
        with tf.GradientTape() as tape:
            after = engine.rollout(states, batch.prepared, 3, tf.constant([1, 2], tf.int64))[0]
            loss = tf.reduce_mean(tf.square(after))
        found.append([after, *tape.gradient(loss, model.trainable_variables)])
    for live, dense in zip(*found, strict=True):
        size = max(1e-6, float(np.abs(dense).max()))
        np.testing.assert_allclose(live, dense, rtol=1e-3, atol=1e-4 * size)


@pytest.mark.parametrize(("change", "one"), [
    ({}, True), ({"kernel_quantizer": "ste_sign", "scale": "channel"}, True),
    ({"bias": True}, False), ({"bias": [False, True]}, True), ({"pad_values": 1}, False),
    ({"neighbourhood": ["moore", "moore"]}, False),
    ({"input_quantizer": ["ste_sign", None]}, False)])
def test_which_layers_are_computed_as_one(change, one):
    perceive = {**separable(bias=False)["perceive"], **change}
    settings = {**separable(bias=False), "perceive": perceive}
    blocks = NeuralCA(layout_of(build_run_config(settings))).perceive_blocks
    assert len(composed(blocks)) == (1 if one else 2)


def test_filters_that_a_quantizer_reads_are_computed_apart():
    settings = separable(bias=False)
    settings["update"]["input_quantizer"] = "ste_sign"
    assert len(composed(NeuralCA(layout_of(build_run_config(settings))).perceive_blocks)) == 2


def test_both_layers_are_one_convolution_with_kernels_of_rank_one():
    """No ReLU stands between; where biases are zero, a whole kernel does the same."""
    model = tiny_automaton(**separable(bias=False))
    whole = tiny_automaton(cell={"hidden_channels": 2},
                           perceive={"widths": [6], "bias": False},
                           update={"widths": [5], "bias": False})
    arrays = {"perceive/0/kernel": rank_one(model),
              **{name: array for name, array in model.arrays().items() if name[:6] == "update"}}
    whole.set_arrays(arrays)
    state = random_state(model, random_pictures(1, 3, 5, 7), 2)
    for engine in ("live", "dense"):
        np.testing.assert_allclose(model.rollout(state, 3, engine=engine),
                                   whole.rollout(state, 3), rtol=1e-4, atol=1e-5)


def test_weights_are_counted():
    layout = layout_of(build_run_config(separable(kernel_quantizer=DORE, bias=False)))
    mix, own = layout.perceive
    assert (mix.kernel_count, own.kernel_count) == (mix.inputs * 6, 9 * 6)
    assert (mix.float_count, own.float_count) == (mix.inputs + 6, 6)  # rank_one; channel
    assert memory_of([own]).total_bits == 4 * 54 + 32 * 6
    assert sum(macs_of([own]).values()) == 54
    whole = layout_of(build_run_config(separable(("moore", "moore"))))
    figures = larq_figures(NeuralCA(whole))
    assert figures["model_bytes"] == memory_of(whole.layers).bytes
    assert sum(figures["macs"].values()) == sum(macs_of(whole.layers).values())


@pytest.mark.parametrize(("quantizer", "scale", "lost"), [
    (DORE, None, 0.04), ("ste_sign", None, 0.05), ("ste_tern", None, 0.15),
    ({**DORE, "k_bit": 8}, None, 1e-3), ({**DORE, "k_bit": 8}, ["none", "channel"], 1e-3)])
@pytest.mark.parametrize("seen", [False, True])
def test_a_start_keeps_the_kernels(quantizer, scale, lost, seen):
    """Without scales of its own, a layer hands magnitudes to the depthwise one behind it."""
    source = tiny_automaton(deviation=0.15, **separable(bias=False))
    settings = separable(kernel_quantizer=quantizer, bias=False)
    settings["perceive"]["scale"] = scale
    settings["update"] = {"widths": [5], "bias": False}  # which moves no magnitudes
    model = NeuralCA(layout_of(build_run_config(settings)))
    start_from(model, source, random_pictures(4, 12, 9, 9) if seen else None)
    wanted, found = rank_one(source), rank_one(model)
    assert np.square(found - wanted).sum() / np.square(wanted).sum() < lost


@pytest.mark.parametrize("perceive", [
    {"scale": "channel"}, {"scale": ["none", "channel"], "kernel_quantizer": [None, "ste_sign"]}])
def test_magnitudes_are_handed_over_wherever_they_are_held(perceive):
    """In scales too, which a float or a quantized layer may have learned; biases stay."""
    source = separable()
    source["perceive"] |= perceive
    trained = tiny_automaton(deviation=0.15, **source)
    settings = separable()
    settings["perceive"] |= {"scale": ["none", "channel"], "kernel_quantizer": [
        {**DORE, "k_bit": 8}, source["perceive"].get("kernel_quantizer", [None, None])[1]]}
    model = NeuralCA(layout_of(build_run_config(settings)))
    start_from(model, trained)
    state = random_state(model, random_pictures(1, 3, 5, 7), 2)
    wanted, found = (each.rollout(state, 1) - state for each in (trained, model))
    assert np.square(found - wanted).sum() < 1e-3 * np.square(wanted).sum()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("update", [None, {**DORE, "k_bit": 8}])
def test_a_stack_without_scales_hands_magnitudes_to_the_update(bias, update):
    """Also where a depthwise filter is ten times another, which no level would tell from zero."""
    trained = tiny_automaton(deviation=0.15, **separable(bias=bias))
    unequal = np.logspace(0, 3, trained.perceive_blocks[1].layout.outputs)[:, None]
    trained.set_arrays({
        name: array * unequal if array.shape[-1] == 1 else array
        for name, array in trained.arrays().items()})
    settings = separable(kernel_quantizer={**DORE, "k_bit": 8}, bias=bias)
    settings["perceive"]["scale"] = "none"
    settings["update"]["kernel_quantizer"] = update
    model = NeuralCA(layout_of(build_run_config(settings)))
    start_from(model, trained)
    state = random_state(model, random_pictures(1, 3, 5, 7), 2)
    wanted, found = (each.rollout(state, 1) - state for each in (trained, model))
    assert np.square(found - wanted).sum() < 1e-3 * np.square(wanted).sum()


@pytest.mark.parametrize("scale", [None, "none", ["none", "channel"]])
def test_rounding_together_makes_good_what_a_stack_puts_out(scale):
    source = tiny_automaton(deviation=0.3, **separable(bias=False))
    pictures, errors = random_pictures(4, 24, 9, 9), []
    state = source.rollout(source.seed_state(random_pictures(5, 8, 9, 9)), 20)
    wanted = source.rollout(state, 1) - state
    settings = separable(kernel_quantizer={**DORE, "k_bit": 3}, bias=False)
    settings["perceive"]["scale"] = scale
    for seen in (None, pictures):
        model = NeuralCA(layout_of(build_run_config(settings)))
        start_from(model, source, seen)
        errors.append(np.square(model.rollout(state, 1) - state - wanted).sum())
    assert errors[1] < 0.8 * errors[0]


def test_muon_takes_the_kernel_as_taps_by_channels():
    model = tiny_automaton(**separable(bias=False))
    optimizers = Optimizers(model, TrainingConfig(
        optimizer=OptimizerConfig(normalize_gradients=False), average=None))
    kernel = model.perceive_blocks[1].latent_kernel
    before = kernel.numpy()
    noise = [tf.random.stateless_normal(v.shape, [1, 2]) for v in optimizers.variables]
    optimizers.apply(noise, 0.01)
    change = (kernel.numpy() - before).reshape(9, 6)
    assert np.sqrt(np.square(change).mean()) == pytest.approx(0.01, rel=0.2)
    values = np.linalg.svd(change, compute_uv=False)
    assert values.min() > 0.5 * values.max()


def test_model_files(tmp_path):
    settings = separable(kernel_quantizer=DORE)
    model = tiny_automaton(**settings)
    write_model(tmp_path / "model.npz", build_run_config(settings), 10, model.arrays())
    again = load_model(tmp_path / "model.npz")
    assert again.layout == model.layout
    state = random_state(model, random_pictures(1, 2, 5, 5), 1)
    np.testing.assert_array_equal(again(state), model(state))


def test_one_cannot_start_from_a_whole_one():
    whole = tiny_automaton(cell={"hidden_channels": 2}, perceive={"widths": [6, 6]},
                           update={"widths": [5]})
    with pytest.raises(ModelFileError, match="3x3 depthwise 6-6"):
        start_from(tiny_automaton(**separable()), whole)


@pytest.mark.parametrize(("perceive", "message"), [
    ({"widths": [6], "depthwise": True}, "depthwise layer 0 must have as many outputs as inputs"),
    ({"widths": [6, 7], "depthwise": [False, True]}, "widths are [6, 7]"),
    ({"widths": [6, 6], "depthwise": [True]}, "depthwise has 1 entries for 2 layers"),
    ({"widths": [6, 6], "depthwise": [False, True], "input_quantizer": "ste_sign"},
     "depthwise layer 1 reads float inputs"),
    ({"widths": [6, 6], "neighbourhood": ["center", "hex"]}, "perceive.neighbourhood.1: unknown"),
    ({"widths": [6, 6], "neighbourhood": ["center"]}, "neighbourhood has 1 entries for 2 layers"),
])
def test_what_cannot_be_is_told(perceive, message):
    with pytest.raises(ConfigError) as caught:
        build_run_config({"perceive": perceive})
    assert message in str(caught.value)


def test_what_all_layers_have_alike_is_one_value():
    """Runs and model files keep their names from when it could not be another."""
    config = build_run_config({"perceive": {"widths": [6, 6], "neighbourhood": "von_neumann"}})
    assert config.model_dump()["perceive"]["neighbourhood"] == "von_neumann"
    assert "depthwise" not in config.model_dump()["perceive"]
    assert type(config).model_validate_json(config.model_dump_json()) == config
