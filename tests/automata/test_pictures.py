import numpy as np
import pytest

from larqca.automata.pictures import Pictures, carry_over

IMAGES = np.random.default_rng(0).random((6, 4, 5)).astype(np.float32)
ALIVE = IMAGES > 0.4


@pytest.fixture
def pictures():
    return Pictures(IMAGES, ALIVE)


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4, 5], [3, 3, 0], [], [5]])
def test_live_cells_in_raster_order(pictures, chosen):
    cells = pictures.cells(np.array(chosen, int))
    expected = np.argwhere(ALIVE[chosen].reshape(-1, 4, 5))
    np.testing.assert_array_equal(cells.coordinates(), expected)
    np.testing.assert_array_equal(cells.grey(cells.places), IMAGES[chosen][ALIVE[chosen]])
    np.testing.assert_array_equal(pictures.counts(np.array(chosen, int)),
                                  ALIVE[chosen].sum(axis=(1, 2)))  # fmt: skip


def test_packing_and_back(pictures):
    cells = pictures.cells(np.array([4, 1, 4]))
    dense = np.random.default_rng(1).normal(size=(3, 4, 5, 2))
    packed = cells.pack(dense)
    np.testing.assert_array_equal(packed, dense[ALIVE[[4, 1, 4]]])
    np.testing.assert_array_equal(cells.unpack(packed), dense * ALIVE[[4, 1, 4]][..., None])


def test_a_state_is_carried_to_where_both_pictures_are_alive(pictures):
    before, after = pictures.cells(np.array([0, 1, 2])), pictures.cells(np.array([3, 1, 5]))
    state = np.random.default_rng(1).normal(size=(len(before.image), 2))
    expected = before.unpack(state) * ALIVE[[3, 1, 5]][..., None]
    np.testing.assert_array_equal(after.unpack(carry_over(state, before, after)), expected)


def test_a_state_is_carried_from_nothing_and_to_nothing():
    empty = Pictures(np.zeros((1, 3, 3)), np.zeros((1, 3, 3), bool)).cells(np.array([0]))
    full = Pictures(np.ones((1, 3, 3)), np.ones((1, 3, 3), bool)).cells(np.array([0]))
    assert not carry_over(np.zeros((0, 2)), empty, full).any()
    assert carry_over(np.ones((9, 2)), full, empty).shape == (0, 2)
