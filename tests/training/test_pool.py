import numpy as np
import pytest

from larqca.config.schema import TrainingConfig
from larqca.training.pool import Pool

ALIVE = np.random.default_rng(0).random((50, 4, 4)) < 0.5


def make_pool(**settings):
    pool = Pool(TrainingConfig(batch_size=16, pool_size=40, **settings), ALIVE, 3, seed=1)
    rng = np.random.default_rng(2)
    pool.states[...] = rng.normal(size=pool.states.shape) * ALIVE[pool.pictures][..., None]
    return pool


@pytest.mark.parametrize(
    ("regime", "fresh", "mutated"), [("naive", 16, 0), ("persistent", 4, 0), ("mutating", 4, 4)]
)
def test_a_batch_is_made_as_published(regime, fresh, mutated):
    pool = make_pool(regime=regime)
    batch = pool.draw(np.random.default_rng(3))
    assert len(set(batch.slots)) == 16
    assert not batch.states[:fresh].any()
    new = slice(fresh, fresh + mutated)
    both = ALIVE[batch.pictures] & ALIVE[pool.pictures[batch.slots]]
    np.testing.assert_array_equal(
        batch.states[new], pool.states[batch.slots][new] * both[new][..., None]
    )
    kept = slice(fresh + mutated, None)
    np.testing.assert_array_equal(batch.states[kept], pool.states[batch.slots[kept]])
    np.testing.assert_array_equal(batch.pictures[kept], pool.pictures[batch.slots[kept]])
    if mutated:
        assert np.any(batch.pictures[new] != pool.pictures[batch.slots][new])


def test_states_never_stand_on_dead_cells():
    pool = make_pool(regime="mutating")
    for seed in range(5):
        batch = pool.draw(np.random.default_rng(seed))
        assert not batch.states[~ALIVE[batch.pictures]].any()
        pool.put_back(batch, batch.states)


def test_results_come_back_to_their_slots():
    pool = make_pool()
    batch = pool.draw(np.random.default_rng(3))
    before = pool.states.copy()
    pool.put_back(batch, np.full_like(batch.states, 7.0))
    untouched = np.setdiff1d(np.arange(40), batch.slots)
    assert (pool.states[batch.slots] == 7.0).all()
    np.testing.assert_array_equal(pool.states[untouched], before[untouched])
    np.testing.assert_array_equal(pool.pictures[batch.slots], batch.pictures)


def test_states_that_blow_up_start_over():
    pool = make_pool(reseed_above=30.0)
    batch = pool.draw(np.random.default_rng(3))
    states = np.ones_like(batch.states)
    states[2, 0, 0, 1] = -31.0
    pool.put_back(batch, states)
    kept = np.delete(np.arange(16), 2)
    assert not pool.states[batch.slots[2]].any()
    assert (pool.states[batch.slots[kept]] == 1.0).all()


def test_drawing_changes_nothing_in_the_pool():
    pool = make_pool()
    before = {name: array.copy() for name, array in pool.arrays().items()}
    batch = pool.draw(np.random.default_rng(3))
    batch.states[...] = 5.0
    batch.pictures[...] = 0
    for name, array in pool.arrays().items():
        np.testing.assert_array_equal(array, before[name])
