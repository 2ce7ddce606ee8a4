import numpy as np
import pytest

from larqca.automata.factoring import factored


def signs(latent):
    return np.where(latent >= 0, 1.0, -1.0)


def ternary(latent):
    return np.sign(latent) * (np.abs(latent) >= 0.33)


def error(weights, factors, quantize):
    return np.linalg.norm(weights - factors.product(quantize)) / np.linalg.norm(weights)


def zeros_and_ones(latent):
    return np.where(latent > 0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("quantize", "most"), [(signs, 0.15), (ternary, 0.15), (zeros_and_ones, 0.4)]
)
def test_more_terms_come_nearer(quantize, most):
    weights = np.random.default_rng(0).normal(size=(36, 20))
    errors = [error(weights, factored(weights, rank, quantize), quantize) for rank in (4, 16, 64)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < most


def test_a_sum_of_sign_products_is_found_exactly():
    rng = np.random.default_rng(1)
    left, right = signs(rng.normal(size=(40, 2))), signs(rng.normal(size=(2, 30)))
    weights = (left * [2.0, 0.5]) @ right
    assert error(weights, factored(weights, 2, signs), signs) < 1e-6


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 7), (6, 6)])
def test_latent_weights_are_within_one_and_finite(shape):
    for weights in (np.random.default_rng(2).normal(size=shape), np.zeros(shape)):
        factors = factored(weights, 3, signs)
        assert factors.left.shape == (shape[0], 3)
        assert factors.scale.shape == (3,)
        assert factors.right.shape == (3, shape[1])
        for latent in (factors.left, factors.right):
            assert np.abs(latent).max() <= 1.0
        assert np.isfinite(factors.scale).all()


def test_a_float_product_keeps_what_fits_into_its_rank():
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(12, 3)) @ rng.normal(size=(3, 8))
    assert error(weights, factored(weights, 3, lambda latent: latent), lambda latent: latent) < 0.3
