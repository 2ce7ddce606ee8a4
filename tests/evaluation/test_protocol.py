import numpy as np
import pytest

from larqca.automata.engine import make_engine
from larqca.config.schema import EvaluationConfig
from larqca.errors import Interrupted
from larqca.evaluation.protocol import evaluate
from tests.automata.helpers import random_pictures, tiny_automaton


@pytest.fixture(scope="module")
def engine():
    return make_engine(tiny_automaton(deviation=0.05))


@pytest.fixture(scope="module")
def pictures():
    return random_pictures(0, 7, 6, 6), np.arange(7) % 3


def test_steps_are_recorded_through_the_mutation(engine, pictures):
    config = EvaluationConfig(steps=7, record_every=3)
    result = evaluate(engine, *pictures, config)
    assert result.steps == [3, 6, 7, 10, 13, 14]
    assert result.mutation_step == 7
    assert result.curves()["step"] == result.steps
    assert all(len(column) == 6 for column in result.curves().values())
    assert set(result.summary()) == {"7", "14"}


def test_without_mutation(engine, pictures):
    result = evaluate(engine, *pictures, EvaluationConfig(steps=4, mutate=False))
    assert (result.steps, result.mutation_step) == ([4], None)


def test_threads_and_engines_change_nothing_and_progress_is_told(pictures, monkeypatch):
    monkeypatch.setattr("larqca.evaluation.protocol.CHUNK", 2)  # several pieces of work
    model = tiny_automaton(deviation=0.05)
    config = EvaluationConfig(steps=6, record_every=2)
    told = []
    one, three, dense = (
        evaluate(make_engine(model, name, shards=shards), *pictures, config, progress=told.append)
        for name, shards in (("live", 1), ("live", 3), ("dense", 1))
    )
    assert one == three
    for row, other in zip(one.metrics, dense.metrics, strict=True):
        assert row == pytest.approx(other, abs=0.02)
    assert all(0 < each.done <= each.total == 7 * 12 for each in told)


def test_statistics_of_a_batch_are_those_of_the_protocols_batch(pictures, monkeypatch):
    model = tiny_automaton(update={"input_quantizer": "magnitude_aware_sign"}, deviation=0.3)
    config = EvaluationConfig(steps=6)
    engine = make_engine(model)
    whole = evaluate(engine, *pictures, config)
    monkeypatch.setattr("larqca.evaluation.protocol.CHUNK", 2)
    assert evaluate(engine, *pictures, config) == whole


def test_the_seed_decides(engine, pictures):
    first, same, other = (
        evaluate(engine, *pictures, EvaluationConfig(steps=6, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other


def test_metrics_after_the_mutation_are_those_of_the_new_pictures():
    """A network that writes one channel for bright cells: labels must follow the image."""
    model = tiny_automaton(deviation=0.0, cell={"hidden_channels": 5, "noise": 0.0})
    arrays = model.arrays()
    for array in arrays.values():
        array[...] = 0.0
    arrays["update/1/bias"][-10 + 4] = 1.0  # every cell comes to name class 4
    model.set_arrays(arrays)
    pictures = np.ones((5, 3, 3), np.float32)
    labels = np.array([4, 4, 4, 4, 0])
    result = evaluate(make_engine(model), pictures, labels, EvaluationConfig(steps=20))
    for step in (20, 40):
        assert result.at(step)["cell_accuracy"] == pytest.approx(0.8)
        assert result.at(step)["agreement"] == 1.0
        assert result.at(step)["agree_and_correct"] == pytest.approx(0.8)


def test_state_survives_the_mutation_only_where_both_pictures_are_alive():
    model = tiny_automaton(deviation=0.0, cell={"hidden_channels": 5, "noise": 0.0})
    arrays = {name: np.zeros_like(array) for name, array in model.arrays().items()}
    arrays["perceive/0/kernel"][1, 1, 0, 0] = 1.0  # sees its own grey value
    arrays["update/0/kernel"][0, 0, 0, 0] = 1.0
    arrays["update/1/kernel"][0, 0, 0, -10 + 7] = 1.0
    model.set_arrays(arrays)
    left, right = np.zeros((2, 1, 4), np.float32)
    left[0, :2] = 1.0
    right[0, 1:3] = 1.0
    result = evaluate(
        make_engine(model), np.stack([left, right]), np.array([7, 7]), EvaluationConfig(steps=30)
    )
    assert result.at(60)["agree_and_correct"] == 1.0


def test_limits_and_stopping(engine, pictures):
    few = evaluate(engine, *pictures, EvaluationConfig(steps=2, images=3))
    assert few.metrics != evaluate(engine, *pictures, EvaluationConfig(steps=2)).metrics
    with pytest.raises(Interrupted):
        evaluate(engine, *pictures, EvaluationConfig(steps=2), stop=lambda: True)
