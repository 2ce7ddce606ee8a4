import numpy as np
import pytest

from larqca.automata.pictures import Pictures
from larqca.config.schema import TrainingConfig
from larqca.training.pool import Pool

ALIVE = np.random.default_rng(0).random((50, 4, 4)) < 0.5
PICTURES = Pictures(ALIVE.astype(np.float32), ALIVE)


def make_pool(**settings):
    pool = Pool(TrainingConfig(batch_size=16, pool_size=40, **settings), PICTURES, 3, seed=1)
    rng = np.random.default_rng(2)
    pool.states = [rng.normal(size=state.shape).astype(np.float32) for state in pool.states]
    return pool


def dense(pool, slots):
    """The pool's states in those slots, ``[slots, 4, 4, 3]``."""
    state = np.concatenate([pool.states[slot] for slot in slots])
    return PICTURES.cells(pool.on[slots]).unpack(state)


@pytest.mark.parametrize(
    ("regime", "fresh", "mutated"), [("naive", 16, 0), ("persistent", 4, 0), ("mutating", 4, 4)]
)
def test_a_batch_is_made_as_published(regime, fresh, mutated):
    pool = make_pool(regime=regime)
    batch = pool.draw(np.random.default_rng(3))
    chosen, states = batch.cells.chosen, batch.cells.unpack(batch.state)
    before = dense(pool, batch.slots)
    assert len(set(batch.slots)) == 16
    assert not states[:fresh].any()
    new = slice(fresh, fresh + mutated)
    both = ALIVE[chosen] & ALIVE[pool.on[batch.slots]]
    np.testing.assert_array_equal(states[new], before[new] * both[new][..., None])
    kept = slice(fresh + mutated, None)
    np.testing.assert_array_equal(states[kept], before[kept])
    np.testing.assert_array_equal(chosen[kept], pool.on[batch.slots[kept]])
    if mutated:
        assert np.any(chosen[new] != pool.on[batch.slots][new])


def test_results_come_back_to_their_slots():
    pool = make_pool()
    batch = pool.draw(np.random.default_rng(3))
    untouched = np.setdiff1d(np.arange(40), batch.slots)
    before = dense(pool, untouched)
    after = np.random.default_rng(4).normal(size=batch.state.shape).astype(np.float32)
    pool.put_back(batch, after)
    np.testing.assert_array_equal(dense(pool, batch.slots), batch.cells.unpack(after))
    np.testing.assert_array_equal(dense(pool, untouched), before)
    np.testing.assert_array_equal(pool.on[batch.slots], batch.cells.chosen)


@pytest.mark.parametrize("value", [-31.0, np.inf, np.nan])
def test_states_that_blow_up_start_over(value):
    pool = make_pool(reseed_above=30.0)
    batch = pool.draw(np.random.default_rng(3))
    state = np.ones_like(batch.state)
    state[np.flatnonzero(batch.cells.image == 2)[0], 1] = value
    pool.put_back(batch, state)
    assert not pool.states[batch.slots[2]].any()
    assert all((pool.states[slot] == 1.0).all() for slot in np.delete(batch.slots, 2))


def test_drawing_changes_nothing_in_the_pool():
    pool = make_pool()
    before = {name: array.copy() for name, array in pool.arrays().items()}
    batch = pool.draw(np.random.default_rng(3))
    batch.state[...] = 5.0
    batch.cells.chosen[...] = 0
    for name, array in pool.arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_checkpoint_brings_everything_back():
    pool, other = make_pool(), make_pool()
    pool.put_back(*lived(pool))
    other.set_arrays(pool.arrays())
    for slot in range(40):
        np.testing.assert_array_equal(other.states[slot], pool.states[slot])
    other.put_back(*lived(other))  # what it holds is its own


def lived(pool):
    batch = pool.draw(np.random.default_rng(3))
    return batch, batch.state + 1.0


@pytest.mark.parametrize(
    ("name", "damage"),
    [("pool/pictures", lambda a: a + 50), ("pool/pictures", lambda a: a - 50),
     ("pool/states", lambda a: a[:-1])],
)  # fmt: skip
def test_arrays_that_do_not_belong_together_are_refused(name, damage):
    pool = make_pool()
    before = pool.arrays()
    with pytest.raises(ValueError, match="that"):
        pool.set_arrays({**before, name: damage(before[name])})
    np.testing.assert_array_equal(pool.arrays()["pool/states"], before["pool/states"])
