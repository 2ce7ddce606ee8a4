"""Weights rounded together lose less of what a layer puts out than weights rounded alone."""

import numpy as np
import pytest

from larqca.automata import rounding
from larqca.automata.rounding import levels_of, round_together
from larqca.automata.starting import start_from
from tests.automata.helpers import random_pictures, tiny_automaton

LEVELS = np.array([-0.75, -0.25, 0.25, 0.75])


def error(found, weights, inputs):
    return np.square(inputs @ (found - weights)).sum() / np.square(inputs @ weights).sum()


def nearest(weights, scale):
    return LEVELS[np.abs(weights[..., None] / scale[:, None] - LEVELS).argmin(axis=-1)]


@pytest.mark.parametrize(("shared", "at_most"), [(0.0, 1.0), (0.9, 0.5), (0.99, 0.1)])
def test_the_more_inputs_have_in_common_the_more_errors_cancel(shared, at_most):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(24, 5))
    common = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 24))
    inputs = np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=(500, 24))
    scale = np.full(5, 2.0)
    levels, fitted = round_together(weights, LEVELS, scale, inputs.T @ inputs / 500)
    alone = nearest(weights, scale) * scale
    assert set(np.unique(levels)) <= set(LEVELS)
    together = error(levels * fitted, weights, inputs)
    assert together <= at_most * error(alone, weights, inputs)


def test_weights_on_the_levels_stay():
    rng = np.random.default_rng(2)
    levels, scale = rng.choice(LEVELS, (12, 3)), np.array([0.5, 1.0, 3.0])
    found, fitted = round_together(levels * scale, LEVELS, scale, np.eye(12))
    np.testing.assert_allclose(found * fitted, levels * scale, atol=1e-9)


def test_inputs_that_never_vary_and_weights_of_zero_do_no_harm():
    found, scale = round_together(np.zeros((4, 2)), LEVELS, np.ones(2), np.zeros((4, 4)))
    assert np.isfinite(found).all()
    assert np.isfinite(scale).all()


def test_an_output_without_weights_keeps_a_scale_of_zero():
    found, scale = round_together(np.zeros((4, 2)), LEVELS, np.array([0.0, 1.0]), np.eye(4))
    assert np.isfinite(found).all()
    assert scale[0] == 0.0


def test_the_scale_is_fitted_to_the_levels():
    levels = np.random.default_rng(2).choice(LEVELS, (40, 2))
    found, scale = round_together(levels * 2.0, LEVELS, np.full(2, 1.7), np.eye(40))
    np.testing.assert_array_equal(found, levels)
    np.testing.assert_allclose(scale, 2.0)


def test_rows_that_follow_make_good_the_errors_of_those_before(monkeypatch):
    """Without the descent that comes after it: compensation alone."""
    monkeypatch.setattr(rounding, "_SWEEPS", 0)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(24, 5))
    inputs = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 24))
    inputs += 0.3 * rng.normal(size=inputs.shape)
    scale = np.full(5, 2.0)
    levels, fitted = round_together(weights, LEVELS, scale, inputs.T @ inputs / 500)
    tried = [nearest(weights, f * scale) * f * scale for f in rounding._FACTORS]
    alone = min(error(one, weights, inputs) for one in tried)
    assert error(levels * fitted, weights, inputs) < 0.5 * alone


QUANTIZERS = [
    ({"kernel_quantizer": "ste_sign", "kernel_planes": 3}, 8),
    ({"kernel_quantizer": "ste_tern", "kernel_planes": 2}, 7),
    ({"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 3}}, 8),
    ({"kernel_quantizer": "ste_sign", "kernel_planes": 1}, None),
    ({"kernel_quantizer": "ste_tern", "kernel_planes": 1}, None),
    ({"kernel_quantizer": "magnitude_aware_sign", "kernel_planes": 2}, None),
    ({"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 8}}, None),
]


@pytest.mark.parametrize(("network", "count"), QUANTIZERS, ids=str)
def test_levels_are_what_a_quantizer_puts_out(network, count):
    block = tiny_automaton(update=network).update_blocks[0]
    levels = levels_of(block.kernel_quantizer, block.layout.kernel_quantizer)
    if count is None:
        assert levels is None
        return
    assert levels is not None
    assert len(levels.values) == count
    probe = np.resize(levels.latents, block.latent_kernel.shape).astype(np.float32)
    put_out = np.asarray(block.kernel_quantizer(probe))
    np.testing.assert_allclose(put_out, np.resize(levels.values, probe.shape), atol=1e-5)


def test_latent_weights_are_in_the_middle_of_their_level():
    """Training shall not throw them over the edge with its first step."""
    network = {"kernel_quantizer": "ste_sign", "kernel_planes": 3}
    block = tiny_automaton(update=network).update_blocks[0]
    levels = levels_of(block.kernel_quantizer, block.layout.kernel_quantizer)
    for step in (-0.02, 0.02):
        moved = np.clip(levels.latents + step, -1, 1).astype(np.float32).reshape(1, 1, 1, -1)
        put_out = np.asarray(block.kernel_quantizer(moved)).ravel()
        np.testing.assert_allclose(put_out, levels.values, atol=1e-5)


def test_a_users_own_quantizer_may_have_a_mode():
    def halves(latent):
        return np.round(np.asarray(latent) * 4) / 4

    levels = levels_of(halves, {"name": "mine:halves", "mode": "weights"})
    assert levels is not None
    np.testing.assert_allclose(levels.values, np.linspace(-1, 1, 9))


def test_an_automaton_that_blows_up_starts_as_one_that_was_not_seen():
    source = tiny_automaton(seed=1, deviation=1.0)
    arrays = []
    for images in (None, random_pictures(1, 4, 8, 8)):
        target = tiny_automaton(seed=2, update={"kernel_quantizer": "ste_tern", "kernel_planes": 2})
        start_from(target, source, images)
        arrays.append(target.arrays())
    for name, array in arrays[0].items():
        np.testing.assert_array_equal(array, arrays[1][name])


@pytest.mark.parametrize("scale", ["channel", "center", "rank_one"])
@pytest.mark.parametrize("quantizer", ["ste_sign", "ste_tern"])
def test_an_automaton_that_was_seen_running_starts_nearer(scale, quantizer):
    pictures = random_pictures(1, 16, 10, 10)
    source = tiny_automaton(seed=1, deviation=0.02)
    network = {"kernel_quantizer": quantizer, "kernel_planes": 3, "scale": scale}
    distances = []
    for images in (None, pictures):
        target = tiny_automaton(seed=2, perceive=network, update=network)
        start_from(target, source, images)
        state = source.rollout(source.seed_state(pictures), 120, seed=7)
        one, other = source(state).numpy(), target(state).numpy()
        distances.append(np.linalg.norm(one - other) / np.linalg.norm(one))
    assert distances[1] < distances[0]
