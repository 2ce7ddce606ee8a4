import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from larqca.automata.sites import find_sites


def by_hand(alive, image, row, column, live_rows):
    """The neighbour row numbers of one cell, one by one."""
    height, width = alive.shape[1:]
    live = len(live_rows)
    found = []
    for r in (row - 1, row, row + 1):
        for c in (column - 1, column, column + 1):
            if not (0 <= r < height and 0 <= c < width):
                found.append(live + 1)
            else:
                found.append(live_rows.get((image, r, c), live))
    return found


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_neighbours_are_those_that_counting_finds(seed, batch, height, width):
    rng = np.random.default_rng(seed)
    alive = rng.random((batch, height, width)) < rng.random()
    images = rng.random((batch, height, width)).astype(np.float32)
    sites = find_sites(images, alive, 1)
    cells = np.argwhere(alive)
    live_rows = {tuple(cell): row for row, cell in enumerate(cells)}
    expected = [by_hand(alive, *cell, live_rows) for cell in cells]
    np.testing.assert_array_equal(sites.neighbours[0], np.reshape(expected, (-1, 9)))
    np.testing.assert_array_equal(sites.grey[:, 4], images[alive])
    np.testing.assert_array_equal(sites.image, cells[:, 0])
    outside = sites.neighbours[0] == len(cells) + 1
    assert not sites.grey[outside].any()


def test_a_deeper_stack_is_computed_around_the_live_cells():
    alive = np.zeros((1, 7, 7), bool)
    alive[0, 3, 3] = True
    sites = find_sites(np.ones((1, 7, 7)), alive, 3)
    assert [len(index) for index in sites.neighbours] == [25, 9, 1]
    np.testing.assert_array_equal(sites.neighbours[2], [np.arange(9)])
    assert sites.neighbours[1].min() >= 0


def test_no_live_cell_at_all():
    sites = find_sites(np.zeros((2, 3, 3)), np.zeros((2, 3, 3), bool), 2)
    assert [index.shape for index in sites.neighbours] == [(0, 9), (0, 9)]
    assert sites.grey.shape == (0, 9)
