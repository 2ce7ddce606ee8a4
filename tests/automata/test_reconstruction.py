import numpy as np
import pytest

from larqca.automata.reconstruction import Seen, reconstruct

LEVELS = np.array([-7.0, -5.0, -3.0, -1.0, 1.0, 3.0, 5.0, 7.0])
INPUTS, OUTPUTS = 20, 6


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _correlated(rng, samples=2_000):
    inputs = rng.normal(size=(samples, 5)) @ rng.normal(size=(5, INPUTS))
    return inputs + 0.5 * rng.normal(size=inputs.shape)


def _put_out(fit, inputs):
    return inputs @ (fit.levels * fit.scale) + fit.shift


def test_weights_on_levels_are_found_again(rng):
    inputs = _correlated(rng)
    weights = rng.choice(LEVELS, (INPUTS, OUTPUTS)) * 0.1
    seen = Seen(inputs[:, None], inputs @ weights)
    fit = reconstruct(weights, LEVELS, np.full(OUTPUTS, 0.1), seen, bias=None, relu=False)
    np.testing.assert_allclose(fit.levels * fit.scale, weights, atol=1e-3)
    np.testing.assert_array_equal(fit.shift, 0.0)


def test_what_layers_before_lost_is_made_good(rng):
    """The rounded layer reads inputs of which each holds a part of its neighbour."""
    theirs = _correlated(rng)
    mine = theirs + 0.4 * np.roll(theirs, 1, axis=1) + 0.3
    weights = rng.normal(size=(INPUTS, OUTPUTS))
    bias = np.zeros(OUTPUTS)
    wanted = theirs @ weights
    scale = np.abs(weights).mean(axis=0) / 3
    errors = []
    for sums in (wanted, mine @ weights):  # what is aimed at, and what a layer alone would see
        fit = reconstruct(weights, LEVELS, scale, Seen(mine[:, None], sums), bias=bias, relu=False)
        errors.append(np.square(_put_out(fit, mine) - wanted).mean())
    assert errors[0] < 0.2 * errors[1]


def test_sums_that_a_relu_cuts_off_hardly_count(rng):
    """Half of the samples, large ones that vary otherwise, have sums far below zero."""
    seen_through, cut_off = _correlated(rng), 5.0 * _correlated(rng)
    seen_through[:, 0], cut_off[:, 0] = 10.0, -200.0
    inputs = np.concatenate([seen_through, cut_off])
    weights = rng.normal(size=(INPUTS, OUTPUTS))
    weights[0] = 1.0
    bias, sums = np.zeros(OUTPUTS), inputs @ weights
    scale = np.abs(weights).mean(axis=0) / 3
    errors = {}
    for relu in (False, True):
        seen = Seen(inputs[:, None], sums)
        fit = reconstruct(weights, LEVELS, scale, seen, bias=bias, relu=relu)
        mine = np.maximum(_put_out(fit, inputs), 0.0)
        errors[relu] = np.square(mine - np.maximum(sums, 0.0)).mean()
    assert errors[True] < 0.7 * errors[False]


def test_the_mean_is_kept_where_a_bias_may_move(rng):
    inputs = _correlated(rng) + 1.0
    weights = rng.normal(size=(INPUTS, OUTPUTS))
    sums = inputs @ weights
    fit = reconstruct(weights, LEVELS, np.full(OUTPUTS, 0.3), Seen(inputs[:, None], sums),
                      bias=np.zeros(OUTPUTS), relu=False)
    np.testing.assert_allclose(_put_out(fit, inputs).mean(axis=0), sums.mean(axis=0), atol=1e-6)


def test_an_output_without_weights_puts_out_nothing(rng):
    inputs = _correlated(rng)
    weights = rng.normal(size=(INPUTS, OUTPUTS))
    weights[:, 2] = 0.0
    scale = np.full(OUTPUTS, 0.3)
    scale[2] = 0.0
    fit = reconstruct(weights, LEVELS, scale, Seen(inputs[:, None], inputs @ weights),
                      bias=np.zeros(OUTPUTS), relu=True)
    assert np.isfinite(fit.levels).all()
    np.testing.assert_array_equal((fit.levels * fit.scale)[:, 2], 0.0)


def test_a_fixed_scale_stays_and_levels_still_make_good_what_others_lose():
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=(400, 6)) @ generator.normal(size=(6, 12))
    weights = generator.uniform(-1.0, 1.0, (12, 3))
    levels = np.linspace(-1.0, 1.0, 8)
    seen = Seen(inputs[:, None], inputs @ weights)
    fit = reconstruct(weights, levels, np.ones(3), seen, bias=None, relu=False, fixed=True)
    nearest = levels[np.abs(weights[..., None] - levels).argmin(axis=-1)]
    error, of_nearest = (np.square(inputs @ (found - weights)).sum()
                         for found in (fit.levels, nearest))
    assert (fit.scale == 1.0).all()
    assert set(np.unique(fit.levels)) <= set(levels)
    assert error < 0.5 * of_nearest
