"""Weights that settle: little by little, for good, and where the automaton hardly minds."""

import numpy as np
import pytest

from larqca.automata.engine import make_engine
from larqca.automata.layout import layout_of
from larqca.automata.model_file import load_model
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.starting import start_from
from larqca.backend import tf
from larqca.config.canonical import build_run_config, merge
from larqca.config.schema import OptimizerConfig, TrainingConfig
from larqca.errors import ConfigError
from larqca.quantizers.registry import QUANTIZERS
from larqca.training.optimizers import Optimizers
from larqca.training.run import execute
from larqca.training.settling import Settling
from tests.automata.helpers import random_pictures, random_state, tiny_automaton

DOREFA = {"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 3}}
FIXED = [name for name in QUANTIZERS if name != "magnitude_aware_sign"]
TRAINING = TrainingConfig(iterations=1250, settle_until=0.8, average=None)


def blocks_of(model):
    return model.perceive_blocks + model.update_blocks


def settled_share(block):
    """Of the weights of one kernel."""
    there = block.has_weight()
    return float(block.settled.mask.numpy()[there].mean())


def kernels(model):
    return [block.kernel_matrix().numpy() for block in blocks_of(model)]


@pytest.mark.parametrize("scale", ["none", "channel", "rank_one"])
@pytest.mark.parametrize("name", FIXED)
def test_a_start_changes_nothing_and_the_end_is_what_the_quantizer_makes(name, scale):
    network = {"kernel_quantizer": name, "scale": scale}
    model = tiny_automaton(perceive=network, update=network)
    source = tiny_automaton(seed=1)
    settling = Settling(model, TRAINING)
    start_from(model, source, to_settle=True)
    pictures = random_pictures(1, 2, 6, 6)
    state = random_state(source, pictures, 2)
    theirs, mine = (one.rollout(state, 2, seed=3) for one in (source, model))
    np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)
    settling.advance(1000, {})
    held = kernels(model)
    assert all(settled_share(block) == 1.0 for block in blocks_of(model))
    settling.finish()
    for one, other in zip(held, kernels(model), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_nearest_weights_settle_first_and_none_moves_after_that():
    model = tiny_automaton(perceive=DOREFA, update=DOREFA, deviation=0.4)
    settling = Settling(model, TRAINING)
    optimizers = Optimizers(model, TRAINING)
    block = model.update_blocks[0]
    values = np.linspace(-1.0, 1.0, 8)
    start = block.latent_kernel.numpy()
    away = np.abs(start[..., None] - values).min(axis=-1)
    within = np.abs(start) < 1.0  # larger ones come down first
    shares, before = [], None
    for iteration in range(0, 1100, 100):
        settling.advance(iteration, optimizers.averages())
        shares.append(settled_share(block))
        mask, latent = block.settled.mask.numpy(), block.latent_kernel.numpy()
        if iteration == 0:
            assert away[mask & within].max() <= away[~mask & within].min()
        if before is not None:
            held, was = before
            assert (mask | ~held).all()
            np.testing.assert_array_equal(latent[held], was[held])
            assert held.all() or np.median(np.abs(latent - was)[~held]) > 0
        before = mask, latent
        gradients = [tf.ones_like(variable) for variable in optimizers.variables]
        optimizers.apply(gradients, 0.01)
    assert shares == sorted(shares)
    # What is left is the time that is left to the power of 1.5.
    assert shares[0] == pytest.approx(1 - 0.99**1.5, abs=0.01)
    assert shares[5] == pytest.approx(1 - 0.49**1.5, abs=0.01)
    assert shares[-1] == 1.0


def test_of_weights_as_near_the_sensitive_ones_settle_first():
    model = tiny_automaton(perceive=DOREFA, update=DOREFA)
    settling = Settling(model, TRAINING.model_copy(update={"settle_first": "sensitive"}))
    rng = np.random.default_rng(0)
    gradients = []
    for block in blocks_of(model):
        shape = block.latent_kernel.shape
        size = 3 / 7 + rng.choice([-0.05, 0.05], shape)
        block.latent_kernel.assign(rng.choice([-1, 1], shape) * size)
        gradients.append(tf.constant(rng.choice([1.0, 5.0], shape), tf.float32))
    for _ in range(3):
        settling.observe(gradients)
    settling.advance(400, {})
    for block, gradient in zip(blocks_of(model), gradients, strict=True):
        there, mask = block.has_weight(), block.settled.mask.numpy()
        sensitive, other = (there & (gradient.numpy() == one) for one in (5.0, 1.0))
        assert 0.4 < settled_share(block) < 0.7
        # DoReFa's largest weight is one that settles in any case.
        assert mask[sensitive].all() or mask[other].sum() <= 1


@pytest.mark.parametrize("power", [1.0, 3.0])
def test_how_slowly_the_last_weights_settle(power):
    model = tiny_automaton(perceive=DOREFA, update=DOREFA)
    settling = Settling(model, TRAINING.model_copy(update={"settle_power": power}))
    shares = []
    for iteration in range(0, 1100, 100):
        settling.advance(iteration, {})
        shares.append(settled_share(model.update_blocks[0]))
    np.testing.assert_allclose(shares, [1 - min(0.99, max(0.0, 0.99 - k / 10)) ** power
                                        for k in range(11)], atol=0.02)


def test_both_engines_compute_with_what_has_settled():
    network = {**DOREFA, "widths": [6, 6], "neighbourhood": ["center", "moore"],
               "depthwise": [False, True]}
    model = tiny_automaton(perceive=network, update=DOREFA)
    state = random_state(model, random_pictures(1, 2, 6, 6), 2)
    quantized = model.rollout(state, 2, seed=3)
    settling = Settling(model, TRAINING)
    settling.advance(400, {})
    assert 0.4 < settled_share(model.perceive_blocks[0]) < 0.7
    live, dense = (make_engine(model, name).rollout_dense(state, 2, 3)
                   for name in ("live", "dense"))
    np.testing.assert_allclose(live, dense, rtol=1e-4, atol=1e-4)
    assert np.abs(live - quantized).max() > 1e-3


def test_what_was_larger_than_the_largest_level_comes_down_slowly():
    model = tiny_automaton(update={**DOREFA, "scale": "channel"})
    block = model.update_blocks[0]
    settling = Settling(model, TRAINING)
    block.latent_kernel.assign(block.latent_kernel * 4.0 / np.abs(block.latent_kernel).max())
    largest = []
    for iteration in range(0, 400, 100):
        settling.advance(iteration, {})
        free = ~block.settled.mask.numpy()
        largest.append(np.abs(block.latent_kernel.numpy()[free]).max())
    assert 1.5 < largest[0] < 4.0
    assert largest == sorted(largest, reverse=True)
    assert largest[-1] <= 1.0


def test_a_kernel_that_was_quantized_alike_begins_with_its_levels():
    source = tiny_automaton(update=DOREFA)
    model = tiny_automaton(seed=1, update=DOREFA)
    expected = source.update_blocks[0].weights().numpy()
    Settling(model, TRAINING)
    start_from(model, source, to_settle=True)
    np.testing.assert_allclose(model.update_blocks[0].weights(), expected, atol=1e-6)


def test_a_float_layer_with_scales_beside_one_that_settles_starts_as_it_was():
    source = tiny_automaton(seed=1)
    model = tiny_automaton(perceive={"scale": "channel"}, update=DOREFA)
    Settling(model, TRAINING)
    start_from(model, source, to_settle=True)
    state = random_state(source, random_pictures(1, 2, 6, 6), 2)
    theirs, mine = (one.rollout(state, 2, seed=3) for one in (source, model))
    np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def away_from(model, source):
    """How far a model's kernels are from another's, relative to those, layer by layer."""
    pairs = zip(blocks_of(model), blocks_of(source), strict=True)
    both = [(one.weights().numpy(), other.weights().numpy()) for one, other in pairs]
    return [np.square(one - other).sum() / np.square(other).sum() for one, other in both]


@pytest.mark.parametrize("network", [
    {"kernel_quantizer": "ste_tern", "kernel_planes": 1}, {"kernel_quantizer": "ste_heaviside"},
    {"kernel_quantizer": "dorefa_quantizer"}, {"kernel_quantizer": "ste_sign", "kernel_planes": 2},
    {"kernel_quantizer": f"{__name__}:twos", "scale": "channel"},
], ids=str)
def test_settling_all_at_once_is_no_worse_than_a_start_that_quantizes(network):
    source = tiny_automaton(seed=1)
    plain = tiny_automaton(perceive=network, update=network)
    start_from(plain, source)
    settled = tiny_automaton(perceive=network, update=network)
    settling = Settling(settled, TRAINING)
    start_from(settled, source, to_settle=True)
    settling.finish()
    for mine, theirs in zip(away_from(settled, source), away_from(plain, source), strict=True):
        assert mine < 1.15 * theirs


def twos(weights):
    """A user's own quantizer whose levels are two and minus two."""
    return 2.0 * tf.sign(weights + 1e-9)


twos.precision = 1


SHORT = {
    "preset": "compact",
    "perceive": DOREFA, "update": DOREFA,
    "training": {"iterations": 30, "rollout_steps": 3, "batch_size": 4, "pool_size": 8,
                 "settle_until": 0.7},
    "evaluation": {"steps": 4, "images": 20},
}


@pytest.mark.parametrize("settings", [
    {}, {"training": {"average": None}},
    {"perceive": {"scale": "none"}, "update": {"scale": "none"}},
    {"perceive": {"neighbourhood": "von_neumann", "kernel_quantizer": "ste_sign"}},
    {"perceive": {"widths": [6, 6], "neighbourhood": ["center", "moore"],
                  "depthwise": [False, True]}},
], ids=str)
def test_what_is_saved_is_what_was_trained(tmp_path, monkeypatch, settings):
    trained = []
    finish = Settling.finish

    def watched(settling):
        trained.extend(layer.block.kernel_matrix().numpy() for layer in settling._layers)
        finish(settling)

    monkeypatch.setattr(Settling, "finish", watched)
    assert execute(build_run_config(merge(SHORT, settings)), tmp_path).state == "done"
    saved = kernels(load_model(tmp_path / "model.npz"))
    for one, other in zip(trained, saved, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_with_no_iterations_every_weight_takes_the_nearest_level(tmp_path):
    config = build_run_config(merge(SHORT, {"training": {"iterations": 0}}))
    assert execute(config, tmp_path).state == "done"
    start = NeuralCA(layout_of(config, 10), seed=config.seed)
    for mine, block in zip(blocks_of(load_model(tmp_path / "model.npz")), blocks_of(start),
                           strict=True):
        latent = np.clip(block.latent_kernel.numpy()[block.has_weight()], -1.0, 1.0)
        levels = np.asarray(mine.levels(mine.latent_kernel))[mine.has_weight()]
        away = np.abs(levels - latent)
        assert (away > 1 / 7 + 1e-5).sum() <= 1  # but for the largest, which becomes one


def test_without_quantized_kernels_nothing_settles(tmp_path):
    config = merge(SHORT, {"perceive": {"kernel_quantizer": "none"},
                           "update": {"kernel_quantizer": "none"}})
    plain = merge(config, {"training": {"settle_until": None}})
    results = []
    for name, settings in (("one", config), ("two", plain)):
        (tmp_path / name).mkdir()
        results.append(execute(build_run_config(settings), tmp_path / name))
    assert results[0].metrics == results[1].metrics


def whole_kernel(weights):
    """A user's own quantizer whose levels depend on all weights."""
    return tf.sign(weights) * tf.reduce_mean(tf.abs(weights))


whole_kernel.precision = 1


def test_levels_must_be_known_before(tmp_path):
    mine = {"update": {"kernel_quantizer": f"{__name__}:whole_kernel"}}
    with pytest.raises(ConfigError, match=r"settle_until.*update/0.*whole_kernel.*depends on all"):
        execute(build_run_config(merge(SHORT, mine)), tmp_path)


def test_latent_weights_that_do_not_settle_are_clipped_as_before():
    model = tiny_automaton(update=DOREFA)
    optimizers = Optimizers(model, TrainingConfig(optimizer=OptimizerConfig(name="sgd")))
    latent = model.update_blocks[0].latent_kernel
    latent.assign(latent * 3.0)
    optimizers.apply([tf.zeros_like(each) for each in optimizers.variables], 0.1)
    assert np.abs(latent).max() <= 1.0
