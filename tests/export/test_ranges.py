"""Formats of words: long tails are kept, states that blow up are not."""

from __future__ import annotations

import numpy as np
import pytest

from larqca.export.ranges import LARGEST_CLIP, state_format, word_unit

ONES = np.ones(4)


def _tailed(seed: int = 0) -> np.ndarray:
    """Rectified, mostly below one, one in ten thousand beyond three times that."""
    return np.maximum(np.random.default_rng(seed).laplace(0.0, 0.3, (50_000, 4)), 0.0)


def test_words_of_8_bits_hold_long_tails() -> None:
    met = _tailed()
    largest = 255 * word_unit(8, met, ONES, 0)
    assert (met > largest).mean() < 2e-5
    assert largest < 4 * met.max()


def test_words_of_8_bits_spend_no_levels_on_what_is_not_there() -> None:
    met = np.random.default_rng(0).uniform(0.0, 1.0, (10_000, 4))
    assert 1.0 <= 255 * word_unit(8, met, ONES, 0) <= 1.5


@pytest.mark.parametrize("bits", [8, 16])
def test_a_state_that_blows_up_does_not_coarsen_all_others(bits: int) -> None:
    met = _tailed()
    blown = met.copy()
    blown[7] = 1e9
    largest = 255 if bits == 8 else 32_767
    assert word_unit(bits, blown, ONES, 0) * largest < 2 * LARGEST_CLIP * np.quantile(met, 0.999)


@pytest.mark.parametrize("bits", [8, 16])
def test_last_digits_of_float_sums_do_not_decide(bits: int) -> None:
    met = _tailed()
    noise = 1.0 + 1e-6 * np.random.default_rng(1).standard_normal(met.shape)
    assert word_unit(bits, met, ONES, 0) == word_unit(bits, met * noise, ONES, 0)


def test_units_follow_what_the_layer_multiplies_by() -> None:
    met = _tailed()
    assert word_unit(8, met, 4 * ONES, 0) == pytest.approx(4 * word_unit(8, met, ONES, 0))


def test_a_neighbour_outside_the_grid_fits() -> None:
    assert 255 * word_unit(8, np.zeros((10, 4)), ONES, 3) == pytest.approx(3.0)


@pytest.mark.parametrize("bits", [8, 16])
def test_the_state_is_as_fine_as_its_words_allow(bits: int) -> None:
    states = np.random.default_rng(0).uniform(-1.0, 1.0, (10_000, 4))
    format_ = state_format(bits, states)
    assert 2.0 ** (bits - 4) <= 2.0**format_.fraction < format_.high
