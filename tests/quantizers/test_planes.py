from itertools import pairwise

import numpy as np
import pytest

from larqca.backend import tf
from larqca.quantizers.build import build
from larqca.quantizers.planes import input_planes, kernel_planes, thresholds
from larqca.quantizers.registry import normalize

LATENT = np.linspace(-0.999, 0.999, 4000, dtype=np.float32).reshape(-1, 1)


def kernel(name, count):
    spec = normalize(name, role="kernel")
    return kernel_planes(build(spec), spec, count)


@pytest.mark.parametrize("name", ["ste_sign", "approx_sign", "swish_sign"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_signs_in_planes_are_evenly_spaced_levels(name, count):
    levels = np.unique(kernel(name, count)(tf.constant(LATENT)).numpy())
    expected = (2 * np.arange(2**count) + 1) / 2**count - 1
    np.testing.assert_array_equal(levels, expected if count > 1 else [-1, 1])


@pytest.mark.parametrize(
    "name", ["ste_sign", "ste_heaviside", "magnitude_aware_sign", "ste_tern"]
)
def test_each_plane_halves_the_error(name):
    errors = [
        np.abs(kernel(name, count)(tf.constant(LATENT)).numpy() - LATENT).mean()
        for count in (2, 3, 4, 5)
    ]
    for before, after in pairwise(errors):
        assert after == pytest.approx(before / 2, rel=0.2)


@pytest.mark.parametrize("name", ["ste_sign", "ste_heaviside", "magnitude_aware_sign"])
def test_gradients_go_straight_through(name):
    latent = tf.constant(LATENT)
    with tf.GradientTape() as tape:
        tape.watch(latent)
        total = tf.reduce_sum(kernel(name, 4)(latent))
    gradient = tape.gradient(total, latent).numpy()
    assert 0.6 < gradient.mean() < 1.1


def test_thresholds_are_symmetrical_and_one_is_the_quantizer_itself():
    np.testing.assert_array_equal(thresholds(1), [0.0])
    np.testing.assert_allclose(thresholds(4), [-0.75, -0.25, 0.25, 0.75])
    spec = normalize("ste_sign", role="input")
    quantizer = build(spec)
    assert input_planes(quantizer, spec, 1) is quantizer


@pytest.mark.parametrize("name", ["ste_sign", "approx_sign", "swish_sign"])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_input_planes_count_the_thresholds_that_are_reached(name, count):
    spec = normalize(name, role="input")
    codes = input_planes(build(spec), spec, count)(tf.constant(LATENT)).numpy()
    assert set(np.unique(codes)) == set(range(-count, count + 1, 2))
    assert np.abs(codes / count - LATENT).max() <= 1 / count + 1e-6


@pytest.mark.parametrize("clip", [None, 0.7, 1.0])
@pytest.mark.parametrize("count", [2, 5, 14])
def test_counting_thresholds_is_comparing_with_each(clip, count):
    spec = normalize({"name": "ste_sign", "clip_value": clip}, role="input")
    quantizer = build(spec)
    inputs = tf.constant(np.random.default_rng(0).normal(0, 1.2, 5000), tf.float32)

    def codes_and_gradient(function):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            codes = function(inputs)
        return codes.numpy(), tape.gradient(codes, inputs).numpy()

    counted = codes_and_gradient(input_planes(quantizer, spec, count))
    compared = codes_and_gradient(
        lambda x: tf.add_n([quantizer(x - threshold) for threshold in thresholds(count)])
    )
    np.testing.assert_array_equal(counted, compared)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_zeros_and_ones_round_neither_down_nor_up(count):
    """Errors of one sign would add up in sums of many inputs. (Above zero the first plane decides
    alone: there is no rounding down to zero.)"""
    levels = kernel("ste_heaviside", count)(tf.constant(LATENT)).numpy()
    inner = (levels.min() < LATENT) & (LATENT < 0)
    assert abs((levels - LATENT)[inner].mean()) < 0.02 / 2**count


@pytest.mark.parametrize("name", ["ste_sign", "approx_sign", "swish_sign"])
@pytest.mark.parametrize("count", [2, 3, 4, 14])
def test_a_threshold_that_is_met_is_reached(name, count):
    spec = normalize(name, role="input")
    codes = input_planes(build(spec), spec, count)(tf.constant(thresholds(count))).numpy()
    np.testing.assert_array_equal(codes, 2 * np.arange(1, count + 1) - count)


def test_precision_is_that_of_all_planes_of_a_kernel_and_of_one_of_an_input():
    assert kernel("ste_sign", 3).precision == 3
    assert kernel("ste_tern", 2).precision == 4
    spec = normalize("ste_sign", role="input")
    assert input_planes(build(spec), spec, 5).precision == 1
