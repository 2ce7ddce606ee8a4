import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from larqca.automata.pictures import Pictures
from larqca.automata.sites import DEAD, FIRST_LIVE, FIRST_SITE, OUTSIDE, find_sites


def cells_of(images, alive):
    return Pictures(images, alive).cells(np.arange(len(images)))


def window_by_hand(grid, image, row, column, outside):
    """The 3x3 window around one cell, one by one."""
    height, width = grid.shape[1:]
    return [
        grid[image, r, c] if 0 <= r < height and 0 <= c < width else outside
        for r in (row - 1, row, row + 1)
        for c in (column - 1, column, column + 1)
    ]


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_table_and_its_index_give_the_windows_of_the_grid(seed, batch, height, width):
    rng = np.random.default_rng(seed)
    alive = rng.random((batch, height, width)) < rng.random()
    images = rng.random((batch, height, width)).astype(np.float32)
    images *= rng.random(images.shape) < 0.7  # some dead cells have no grey at all
    sites = find_sites(cells_of(images, alive), 1)
    (index,) = sites.neighbours
    cells = np.argwhere(alive)
    rows = np.where(alive, -1, DEAD)
    rows[alive] = np.arange(FIRST_LIVE, FIRST_LIVE + len(cells))
    for found, cell in zip(index, cells, strict=True):
        wanted = np.array(window_by_hand(rows, *cell, OUTSIDE))
        # A dead cell with grey has a row of its own, behind the live ones.
        shown = np.where(found >= FIRST_LIVE + len(cells), DEAD, found)
        np.testing.assert_array_equal(shown, wanted)
        np.testing.assert_array_equal(sites.grey[found], window_by_hand(images, *cell, 0.0))
    faint = np.unique(index[index >= FIRST_LIVE + len(cells)])
    assert len(sites.grey) == FIRST_LIVE + len(cells) + len(faint)


def test_a_deeper_stack_is_computed_around_the_live_cells():
    alive = np.zeros((1, 7, 7), bool)
    alive[0, 3, 3] = True
    sites = find_sites(cells_of(np.ones((1, 7, 7)), alive), 3)
    assert [len(index) for index in sites.neighbours] == [25, 9, 1]
    np.testing.assert_array_equal(sites.neighbours[2], [np.arange(9) + FIRST_SITE])
    assert sites.neighbours[1].min() >= FIRST_SITE


def test_a_deeper_stack_sees_the_edge():
    sites = find_sites(cells_of(np.ones((1, 1, 1)), np.ones((1, 1, 1), bool)), 2)
    outside_but_the_middle = [[OUTSIDE] * 4 + [1] + [OUTSIDE] * 4]
    np.testing.assert_array_equal(sites.neighbours[1], outside_but_the_middle)


def test_no_live_cell_at_all():
    sites = find_sites(cells_of(np.zeros((2, 3, 3)), np.zeros((2, 3, 3), bool)), 2)
    assert [index.shape for index in sites.neighbours] == [(0, 9), (0, 9)]
    assert sites.grey.shape == (FIRST_LIVE,)


def test_a_wider_grid_changes_nothing():
    images = np.random.default_rng(3).random((2, 5, 5)).astype(np.float32)
    images[:, [0, -1]] = images[:, :, [0, -1]] = 0.0
    wide = np.pad(images, ((0, 0), (3, 9), (8, 2)))
    narrow, wider = (find_sites(cells_of(x, x > 0.3), 1) for x in (images, wide))
    np.testing.assert_array_equal(narrow.neighbours[0], wider.neighbours[0])
    np.testing.assert_array_equal(narrow.grey, wider.grey)
