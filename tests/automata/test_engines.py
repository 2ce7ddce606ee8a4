"""Both engines compute the same states and gradients from the same random numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larqca.automata.engine import make_engine
from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.config.canonical import build_run_config
from larqca.errors import ConfigError
from larqca.quantizers.registry import QUANTIZERS
from tests.automata.helpers import every_pair, random_pictures, random_state, tiny_automaton

NARROW = {"perceive": {"widths": [6]}, "update": {"widths": [5]}, "cell": {"hidden_channels": 2}}
TWICE = {**NARROW, "perceive": {"widths": [4, 6]}}  # the live engine keeps sums of the first layer
DEEP = {**NARROW, "perceive": {"widths": [4, 6, 5]}}
BASES = {"narrow": NARROW, "twice": TWICE, "deep": DEEP}
ELEMENTWISE = [name for name in QUANTIZERS if name != "magnitude_aware_sign"]


def with_quantizers(base, **network):
    base = BASES[base]
    network = {"kernel_planes": 1, "input_planes": 1, **network}
    return {
        **base,
        "perceive": {**base["perceive"], **network},
        "update": {**base["update"], **{k: v for k, v in network.items() if k != "pad_values"}},
    }


def assert_engines_agree(model, pictures, seed=3, steps=3):
    state = random_state(model, pictures, seed)
    live = model.rollout(state, steps, seed=seed, engine="live")
    dense = model.rollout(state, steps, seed=seed, engine="dense")
    # Sums in another order differ by rounding, in proportion to the largest numbers.
    size = max(1.0, float(np.abs(dense).max(initial=0.0)))
    np.testing.assert_allclose(live, dense, rtol=1e-4, atol=1e-5 * size)
    dead = ~model.alive(pictures)
    np.testing.assert_array_equal(live[dead], state[dead])
    return state, live


@pytest.mark.parametrize(("base", "quantizer", "pad_values"),
                         every_pair(BASES, ["none", *QUANTIZERS], [0, 1]))
def test_kernel_quantizers(base, quantizer, pad_values):
    model = tiny_automaton(
        **with_quantizers(base, kernel_quantizer=quantizer, pad_values=pad_values)
    )
    state, after = assert_engines_agree(model, random_pictures(1, 3, 5, 7))
    assert np.abs(after - state).max() > 0.01


@pytest.mark.parametrize(("base", "quantizer", "pad_values", "scale"),
                         every_pair(BASES, ELEMENTWISE, [0, 1], ["none", "center", "rank_one"]))
def test_input_quantizers(base, quantizer, pad_values, scale):
    network = {"input_quantizer": quantizer, "scale": scale, "pad_values": pad_values}
    model = tiny_automaton(**with_quantizers(base, **network))
    assert_engines_agree(model, random_pictures(2, 2, 6, 5))


@pytest.mark.parametrize(("base", "quantized", "scale"), every_pair(
    BASES, ["nothing", "kernel", "input"], ["none", "center", "rank_one"]))
def test_von_neumann_neighbourhoods(base, quantized, scale):
    quantizers = {"nothing": {}, "input": {"input_quantizer": "ste_sign"},
                  "kernel": {"kernel_quantizer": "ste_sign", "kernel_planes": 3}}[quantized]
    settings = with_quantizers(base, scale=scale, **quantizers)
    settings["perceive"]["neighbourhood"] = "von_neumann"
    assert_engines_agree(tiny_automaton(**settings), random_pictures(2, 2, 6, 5))


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 7), (5, 3), (9, 9)])
@pytest.mark.parametrize(("base", "quantizer"), [("deep", "ste_sign"), ("twice", "none")])
def test_small_and_odd_grids(size, base, quantizer):
    model = tiny_automaton(**with_quantizers(base, input_quantizer=quantizer, pad_values=1))
    assert_engines_agree(model, random_pictures(3, 4, *size, alive=0.8))


def test_images_without_a_live_cell():
    model = tiny_automaton(**NARROW)
    pictures = random_pictures(4, 3, 4, 4)
    pictures[1] = 0.05
    assert_engines_agree(model, pictures)
    assert_engines_agree(model, np.zeros((2, 3, 3), np.float32))


def test_steps_in_which_no_cell_fires():
    cell = {"hidden_channels": 2, "fire_rate": 1e-6}
    model = tiny_automaton(**{**NARROW, "cell": cell})
    state, after = assert_engines_agree(model, random_pictures(5, 2, 3, 3), steps=2)
    np.testing.assert_array_equal(state, after)


def test_every_cell_fires_at_rate_one():
    cell = {"hidden_channels": 2, "fire_rate": 1.0, "noise": 0.0}
    model = tiny_automaton(**{**NARROW, "cell": cell})
    pictures = random_pictures(6, 2, 4, 4)
    state = random_state(model, pictures, 6)
    expected = state.copy()
    expected[..., 1:] += model(state).numpy() * model.alive(pictures)[..., None]
    np.testing.assert_allclose(model.rollout(state, 1), expected, rtol=1e-4, atol=1e-5)


def test_half_of_the_live_cells_fire_and_noise_has_its_deviation():
    model = tiny_automaton(deviation=0.0, cell={"hidden_channels": 5, "noise": 0.25})
    state = model.seed_state(np.ones((10, 20, 20), np.float32))
    change = model.rollout(state, 1, seed=1)[..., 1:] - state[..., 1:]
    fired = np.any(change != 0, axis=-1)
    assert abs(fired.mean() - 0.5) < 0.04
    assert abs(change[fired].std() - 0.25) < 0.01
    other = model.rollout(state, 1, seed=2)[..., 1:]
    assert np.any((other != 0).any(axis=-1) != fired)


@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    alive=st.floats(0, 1),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_random_grids(shared_models, seed, size, alive):
    for model in shared_models:
        assert_engines_agree(model, random_pictures(seed, *size, alive=alive), seed, steps=2)


@pytest.fixture(scope="module")
def shared_models():
    return [
        tiny_automaton(**NARROW),
        tiny_automaton(**with_quantizers("twice", kernel_quantizer="ste_tern", pad_values=1)),
        tiny_automaton(**with_quantizers("deep", input_quantizer="ste_heaviside", pad_values=1)),
    ]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("quantizer", ["none", *ELEMENTWISE])
def test_gradients_agree(base, quantizer):
    network = {"kernel_quantizer": "approx_sign", "input_quantizer": quantizer, "scale": "rank_one"}
    model = tiny_automaton(**with_quantizers(base, **network))
    pictures = random_pictures(7, 3, 5, 5)
    state = random_state(model, pictures, 7)
    variables = list(model.named_variables().values())
    gradients = []
    for name in ("live", "dense"):
        engine = make_engine(model, name, shards=1)
        cells = engine.pictures(pictures).cells(np.arange(3))
        batch = engine.pack(cells)
        prepared = tf.nest.map_structure(tf.constant, batch.prepared)
        packed = tf.constant(cells.pack(state[..., 1:]))
        with tf.GradientTape() as tape:
            tape.watch(packed)
            (after,) = engine.rollout([packed], prepared, 3, tf.constant([1, 2], tf.int64))
            loss = tf.reduce_sum(tf.square(after))
        gradients.append(tape.gradient(loss, [packed, *variables], unconnected_gradients="zero"))
    for one, other in zip(*gradients, strict=True):
        size = max(1.0, float(np.abs(other).max()))
        np.testing.assert_allclose(one / size, other / size, atol=1e-3)


@pytest.mark.parametrize("quantizer", ["ste_sign", "ste_tern"])
@pytest.mark.parametrize("settings", [{}, {"bias": False}], ids=["zero biases", "no biases"])
@pytest.mark.parametrize(
    ("first", "second"), [(None, "ste_sign"), ("ste_sign", None), ("ste_sign", "ste_heaviside")]
)
def test_a_sign_of_sums_that_are_exactly_zero(quantizer, settings, first, second):
    """Untrained scales are equal and biases zero, so that many sums are: no rounding of the
    scales may decide their sign. Grey values are few, as on scanned pictures."""
    network = {"kernel_quantizer": quantizer, "scale": "channel", **settings}
    base = {"preset": "compact", "cell": {"hidden_channels": 2, "noise": 0.0},
            "perceive": {"widths": [6], **network, "input_quantizer": first},
            "update": {"widths": [6], **network, "input_quantizer": [second, first]}}  # fmt: skip
    model = NeuralCA(layout_of(build_run_config(base)), seed=5)
    state = model.seed_state((random_pictures(3, 8, 6, 6) * 16).round() / 16)
    live, dense = (model.rollout(state, 4, seed=2, engine=name) for name in ("live", "dense"))
    np.testing.assert_allclose(live, dense, atol=1e-3)


def test_an_empty_batch_stays_empty():
    model = tiny_automaton()
    for name in ("live", "dense"):
        assert model.rollout(np.zeros((0, 8, 8, 16)), 2, engine=name).shape == (0, 8, 8, 16)


def test_no_retracing_as_the_number_of_live_cells_changes():
    model = tiny_automaton(**NARROW)
    engine = make_engine(model)
    traces = []
    advance = engine.advance
    engine.advance = lambda *arguments: traces.append(1) or advance(*arguments)
    for seed in range(4):
        engine.rollout_dense(model.seed_state(random_pictures(seed, 1 + seed, 4, 4)), 2, seed)
    assert len(traces) == 1


@pytest.mark.parametrize("name", ["live", "dense"])
def test_shards_change_nothing(name):
    model = tiny_automaton(**NARROW)
    pictures = random_pictures(8, 5, 6, 4)
    state = random_state(model, pictures, 8)
    one, three, seven = (
        make_engine(model, name, shards=shards).rollout_dense(state, 3, seed=1)
        for shards in (1, 3, 7)
    )
    np.testing.assert_allclose(one, three, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one, seven, rtol=1e-4, atol=1e-4)


def test_noise_beyond_the_table_is_drawn(monkeypatch):
    monkeypatch.setattr("larqca.automata.randomness._TABLE_SIZE", 64)
    cell = {"hidden_channels": 2, "noise": 0.5, "fire_rate": 1.0}
    model = tiny_automaton(**{**NARROW, "cell": cell}, deviation=0.0)
    state = model.seed_state(np.ones((2, 20, 20), np.float32))
    change = model.rollout(state, 1)[..., 1:]
    assert abs(change.std() - 0.5) < 0.02
    assert len(np.unique(change)) > 0.99 * change.size


def test_quantizers_with_statistics_of_the_grid_take_the_dense_engine():
    model = tiny_automaton(**with_quantizers("narrow", input_quantizer="magnitude_aware_sign"))
    assert type(make_engine(model)).__name__ == "DenseEngine"
    with pytest.raises(ConfigError, match="use the engine 'dense'"):
        make_engine(model, "live")
    assert type(make_engine(tiny_automaton())).__name__ == "LiveEngine"


def test_errors_at_the_edge():
    model = tiny_automaton()
    with pytest.raises(ConfigError, match=r"unknown engine 'lively' .did you mean 'live'"):
        make_engine(model, "lively")
    with pytest.raises(ConfigError, match=r"state must be \[batch, height, width, 16\]"):
        model.rollout(np.zeros((1, 8, 8, 3)), 1)
    with pytest.raises(ConfigError, match="seed must be from 0"):
        model.rollout(np.zeros((1, 8, 8, 16)), 1, seed=2**63)
    with pytest.raises(ConfigError, match="shards must be at least 1"):
        make_engine(model, shards=0)
    with pytest.raises(ConfigError, match="steps must not be negative"):
        model.rollout(np.zeros((1, 8, 8, 16)), -1)


@pytest.mark.parametrize(
    ("base", "kernel_quantizer", "input_quantizer", "pad_values"),
    every_pair(BASES, ["ste_sign", "ste_tern", "ste_heaviside"],
               ["none", "ste_sign", "ste_heaviside"], [0, 1]))
def test_planes(base, kernel_quantizer, input_quantizer, pad_values):
    network = {
        "kernel_quantizer": kernel_quantizer, "kernel_planes": 3, "pad_values": pad_values,
        "input_quantizer": input_quantizer, "input_planes": 1 if input_quantizer == "none" else 4,
    }
    model = tiny_automaton(**with_quantizers(base, **network))
    state, after = assert_engines_agree(model, random_pictures(1, 3, 5, 7))
    assert np.abs(after - state).max() > 0.001
