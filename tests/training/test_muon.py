import numpy as np
import pytest

from larqca.backend import tf
from larqca.config.schema import OptimizerConfig, TrainingConfig
from larqca.training.muon import Muon, orthogonalized
from larqca.training.optimizers import Optimizers
from tests.automata.helpers import tiny_automaton


@pytest.mark.parametrize("shape", [(12, 80), (180, 80), (80, 80), (80, 1)])
def test_singular_values_come_near_one_and_directions_stay(shape):
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = orthogonalized(tf.constant(matrix)).numpy()
    values = np.linalg.svd(found, compute_uv=False)
    assert values.min() > 0.3
    assert values.max() < 1.3
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    overlap = np.sum((left @ right) * found)
    assert overlap > 0.6 * min(shape)


def test_a_gradient_of_zeros_gives_no_update():
    np.testing.assert_array_equal(orthogonalized(tf.zeros([3, 4])).numpy(), 0.0)


def test_kernels_move_by_rms_times_the_rate_whatever_the_gradient():
    kernel = tf.Variable(tf.zeros([3, 3, 20, 80]))
    optimizer = Muon(0.01, rms=0.2)
    optimizer.build([kernel])
    for size in (1e-4, 1e4):
        kernel.assign(tf.zeros_like(kernel))
        gradient = size * tf.random.stateless_normal(kernel.shape, [1, 2])
        optimizer.apply_gradients([(gradient, kernel)])
        moved = float(tf.sqrt(tf.reduce_mean(tf.square(kernel))))
        assert moved == pytest.approx(0.01 * 0.2, rel=0.3)


def test_places_without_weights_are_no_rows_of_a_kernel():
    moved = []
    for neighbourhood in ("moore", "von_neumann"):
        model = tiny_automaton(perceive={"widths": [20], "neighbourhood": neighbourhood})
        optimizers = Optimizers(model, TrainingConfig(average=None))
        kernel = model.perceive_blocks[0].latent_kernel
        before = kernel.numpy()
        taps = model.perceive_blocks[0].taps
        noise = [tf.random.stateless_normal(v.shape, [1, 2]) for v in optimizers.variables]
        at_taps = np.zeros(kernel.shape, np.float32)
        places = model.layout.perceive[0].places
        at_taps.reshape(9, *kernel.shape[2:])[list(places)] = 1.0
        gradients = [each * at_taps if v is kernel else each
                     for each, v in zip(noise, optimizers.variables, strict=True)]
        optimizers.apply(gradients, 0.01)
        change = kernel.numpy() - before
        np.testing.assert_array_equal(change[at_taps == 0.0], 0.0)
        moved.append(float(np.sqrt(np.square(taps(tf.constant(change))).mean())))
    # Singular values of another shape end otherwise between 0.7 and 1.2.
    assert moved == pytest.approx([0.01, 0.01], rel=0.2)


def test_scales_and_biases_move_as_under_adam():
    moves = []
    for name in ("adam", "muon"):
        model = tiny_automaton(update={"kernel_quantizer": "ste_sign", "scale": "rank_one"})
        optimizers = Optimizers(model, TrainingConfig(optimizer=OptimizerConfig(name=name)))
        for size in (1.0, -0.5, 0.25):
            optimizers.apply([tf.fill(v.shape, size) for v in optimizers.variables], 0.01)
        rest = [v.numpy() for v in optimizers.others if len(v.shape) != 4]
        assert rest
        moves.append(rest)
    for adam, muon in zip(*moves, strict=True):
        np.testing.assert_allclose(adam, muon, rtol=1e-4)


def test_a_plain_least_squares_problem_is_solved():
    rng = np.random.default_rng(1)
    inputs = tf.constant(rng.normal(size=(64, 6)), tf.float32)
    wanted = tf.constant(rng.normal(size=(6, 5)), tf.float32)
    kernel = tf.Variable(tf.zeros([1, 1, 6, 5]))
    optimizer = Muon(0.1)
    optimizer.build([kernel])
    for iteration in range(300):
        optimizer.learning_rate.assign(0.1 * (1.0 - iteration / 300))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(inputs @ (kernel[0, 0] - wanted)))
        optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
    np.testing.assert_allclose(kernel[0, 0], wanted, atol=0.02)
