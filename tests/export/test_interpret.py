import numpy as np
import pytest

from larqca.errors import ExportError
from larqca.export import counter
from larqca.export.interpret import Interpreter, grey_bytes
from tests.export.cases import KERNELS
from tests.export.helpers import TINY, random_grid, tiny_program, whole_pictures


@pytest.fixture(scope="module")
def program():
    return tiny_program(KERNELS["one bit"], fire_all=False, seed=3)[1]


def test_known_numbers_of_the_generator():
    """Whoever writes another target must find these."""
    assert counter.mix([0, 1, 2**32 - 1]).tolist() == [0, 0x688990C0, 0x6768824A]
    keys = counter.step_keys(np.array([7, 8]), 3)
    assert keys.tolist() == [725697567, 1691885164]
    cells = counter.cell_numbers(keys, np.array([0, 5]))
    assert cells.tolist() == [2751515196, 1015054690]
    channels = [[1040613991, 423877029], [3564253237, 3196000011]]
    assert counter.channel_numbers(keys, 2).tolist() == channels
    assert counter.state_hash(np.arange(-3, 5).reshape(1, 2, 4)) == "b5a34e747030ed0e"
    assert len({*counter.cell_numbers(keys[:, None], np.arange(1000)).ravel().tolist()}) == 2000


def test_fire_rates_are_kept():
    keys = counter.step_keys(np.arange(4), 11)
    numbers = counter.cell_numbers(keys[:, None], np.arange(20_000))
    for below in (0, 1 << 12, 1 << 15, 1 << 16):
        assert abs(counter.fires(numbers, below).mean() - below / 65536) < 0.005


def test_hashes_tell_states_apart():
    words = np.arange(24).reshape(2, 3, 4)
    hashes = {counter.state_hash(words)}
    for place in np.ndindex(words.shape):
        other = words.copy()
        other[place] -= 1
        hashes.add(counter.state_hash(other))
    hashes.add(counter.state_hash(words[::-1]))
    assert len(hashes) == 26
    assert counter.state_hash(words - 5) == counter.state_hash((words - 5) % 65536)


def test_pictures_do_not_see_each_other(program):
    pictures = grey_bytes(whole_pictures(1, 4, 5, 6))
    machine = Interpreter(program)
    together = machine.start(pictures, seeds=[1, 2, 3, 4])
    machine.rollout(together, 5)
    for number, picture in enumerate(pictures):
        alone = machine.start(picture[None], seeds=[number + 1])
        machine.rollout(alone, 5)
        np.testing.assert_array_equal(alone.state[0], together.state[number])


def test_dead_cells_stay_at_zero_and_cells_that_do_not_fire_stay(program):
    machine, grid = random_grid(program, grey_bytes(whole_pictures(1, 3, 6, 6)))
    before = grid.state.copy()
    firing = machine.alive(grid) & counter.fires(machine._cell_numbers(grid), program.fire_below)
    machine.step(grid)
    assert not grid.state[~machine.alive(grid)].any()
    np.testing.assert_array_equal(grid.state[~firing], before[~firing])
    assert (grid.state[firing] != before[firing]).any()


def test_trace_gives_every_state(program):
    machine, grid = random_grid(program, grey_bytes(whole_pictures(1, 2, 4, 4)))
    states = list(machine.trace(grid, 4))
    assert len(states) == 4
    np.testing.assert_array_equal(states[-1], grid.state)
    assert (states[0] != states[1]).any()


def test_another_picture_keeps_what_both_share(program):
    machine, grid = random_grid(program, grey_bytes(whole_pictures(1, 2, 5, 5)))
    before, alive = grid.state.copy(), machine.alive(grid)
    machine.show(grid, grey_bytes(whole_pictures(2, 2, 5, 5)))
    both = alive & machine.alive(grid)
    np.testing.assert_array_equal(grid.state[both], before[both])
    assert not grid.state[~both].any()


def test_votes_of_equals_go_to_the_first(program):
    machine = Interpreter(program)
    grid = machine.start(np.full((1, 2, 2), 200, np.uint8))
    assert machine.votes(grid).tolist() == [[4, 0, 0]]
    grid.state[0, 0, :, -1] = 5
    assert machine.votes(grid).tolist() == [[2, 0, 2]]
    assert machine.classify(grid).tolist() == [0]
    assert machine.classify(machine.start(np.zeros((1, 2, 2), np.uint8))).tolist() == [-1]


def test_stochastic_rounding_is_right_in_the_mean():
    _, nearest = tiny_program(TINY, state_bits=16)
    _, random = tiny_program(TINY, state_bits=16, rounding="stochastic")
    picture = np.repeat(grey_bytes(whole_pictures(1, 1, 4, 4)), 400, axis=0)
    states = []
    for program in (nearest, random):
        machine = Interpreter(program)
        grid = machine.start(picture, seeds=range(400))
        machine.step(grid)
        states.append(grid.state)
    assert np.abs(states[1].mean(axis=0) - states[0].mean(axis=0)).max() < 0.7
    assert np.abs(states[1] - states[0]).max() <= 1
    assert (states[1] != states[0]).any()


@pytest.mark.parametrize("grey", [np.zeros((2, 2), np.uint8), np.zeros((1, 2, 2))])
def test_pictures_of_another_kind_are_refused(program, grey):
    with pytest.raises(ExportError, match="pictures must be uint8"):
        Interpreter(program).start(grey)
