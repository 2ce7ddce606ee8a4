import numpy as np
import pytest

from larqca.backend import tf
from larqca.config.canonical import build_run_config
from larqca.config.schema import OptimizerConfig, TrainingConfig
from larqca.training.optimizers import Optimizers, learning_rate_at
from tests.automata.helpers import tiny_automaton

ONE_KERNEL = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}


def stepped(config, gradient, clip_latents=False, average=None, **settings):
    model = tiny_automaton(**settings)
    training = TrainingConfig(optimizer=config, clip_latents=clip_latents, average=average)
    optimizers = Optimizers(model, training)
    before = [variable.numpy() for variable in optimizers.variables]
    gradients = [tf.fill(variable.shape, gradient) for variable in optimizers.variables]
    optimizers.apply(gradients, 0.01)
    return optimizers, [v.numpy() - b for v, b in zip(optimizers.variables, before, strict=True)]


def test_latent_weights_have_their_own_learning_rate():
    config = OptimizerConfig(name="adam", latent_factor=3.0)
    optimizers, moves = stepped(config, 1.0, update=ONE_KERNEL)
    assert len(optimizers.latents) == 2
    for number, move in enumerate(moves):  # Adam's first step is the learning rate
        expected = -0.03 if number < 2 else -0.01
        np.testing.assert_allclose(move, expected, rtol=1e-3)


def test_every_layer_may_have_its_own_rate_of_latent_weights():
    quantized = ONE_KERNEL
    config = OptimizerConfig(name="adam", latent_factor=[2.0, 2.0, 0.5])
    optimizers, moves = stepped(config, 1.0, perceive=quantized, update=quantized)
    for move, factor in zip(moves[:3], config.latent_factor, strict=True):
        np.testing.assert_allclose(move, -0.01 * factor, rtol=1e-3)
    np.testing.assert_allclose(moves[3], -0.01, rtol=1e-3)
    again = stepped(config, 0.0, perceive=quantized, update=quantized)[0]
    again.set_arrays(optimizers.arrays())
    for name, array in again.arrays().items():
        np.testing.assert_array_equal(array, optimizers.arrays()[name])


@pytest.mark.parametrize("name", ["muon", "adam", "sgd"])
def test_float_kernels_alone_decay(name):
    config = OptimizerConfig(name=name, arguments={"weight_decay": 0.5})
    optimizers, moves = stepped(config, 0.0, update=ONE_KERNEL)
    for variable, move in zip(optimizers.variables, moves, strict=True):
        if variable is optimizers.others[0]:  # the float kernel of perceive
            np.testing.assert_allclose(move, -0.01 * 0.5 * (variable - move), atol=1e-7)
        else:
            np.testing.assert_array_equal(move, 0.0)


def test_gradients_are_divided_by_their_norm():
    config = OptimizerConfig(name="sgd")
    _, moves = stepped(config, 5.0)
    for move in moves:
        assert np.linalg.norm(move) == pytest.approx(0.01, rel=1e-3)
    _, moves = stepped(OptimizerConfig(name="sgd", normalize_gradients=False), 5.0)
    np.testing.assert_allclose(moves[0], -0.05, rtol=1e-3)


def test_latents_can_be_kept_within_one():
    config = OptimizerConfig(name="adam", latent_factor=1000.0)
    optimizers, _ = stepped(config, -1.0, True, update=ONE_KERNEL)
    for latent in optimizers.latents:
        assert np.abs(latent.numpy()).max() == 1.0


def test_the_average_follows_slower_and_slower_and_takes_over_at_the_end():
    config = OptimizerConfig(name="adam", latent_factor=1.0)
    optimizers, moves = stepped(config, 1.0, average=0.75)
    last = [variable.numpy() for variable in optimizers.variables]
    optimizers.use_averages()
    for variable, end, move in zip(optimizers.variables, last, moves, strict=True):
        np.testing.assert_allclose(variable.numpy(), end - 0.1 * move, atol=1e-6)


def test_without_an_average_the_last_weights_stay():
    optimizers, _ = stepped(OptimizerConfig(name="adam"), 1.0)
    last = [variable.numpy() for variable in optimizers.variables]
    optimizers.use_averages()
    for variable, end in zip(optimizers.variables, last, strict=True):
        np.testing.assert_array_equal(variable.numpy(), end)


def test_the_schedule_drops_at_shares_of_the_training():
    training = build_run_config({"training": {"iterations": 100}}).training
    rates = [learning_rate_at(training, iteration) for iteration in (0, 29, 30, 69, 70, 99)]
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
