import numpy as np
import pytest

from larqca.backend import tf
from larqca.tasks.classify import LOSSES, class_scores
from larqca.tasks.naming import class_code, named_class

ONE_HOT, PAIRS = class_code(10, 1), class_code(10, 2)


def test_l2_of_a_network_that_never_moves_is_half_a_unit_for_each_cell():
    """150 live cells score 75: log10 is 1.88, as with the published network."""
    state = tf.zeros([150, 19])
    labels = tf.zeros([150], tf.int32)
    assert float(LOSSES["l2"](state, labels, ONE_HOT, 1.0)) == 75.0
    assert float(LOSSES["l2"](state, labels, ONE_HOT, 3.0)) == 25.0


def test_l2_by_hand():
    state = np.zeros((2, 12), np.float32)
    state[0, 2:5] = [0.5, 1.0, -1.0]
    labels = tf.constant([1, 9])
    expected = ((0.5**2 + 0.0 + 1.0) + 1.0) / 2
    assert float(LOSSES["l2"](tf.constant(state), labels, ONE_HOT, 1.0)) == pytest.approx(expected)


def test_cross_entropy_reads_the_class_channels_alone():
    state = np.zeros((4, 19), np.float32)
    state[:, :9] = 100.0  # hidden channels are nobody's logits
    labels = tf.constant([0, 3, 5, 9])
    loss = float(LOSSES["cross_entropy"](tf.constant(state), labels, ONE_HOT, 2.0))
    assert loss == pytest.approx(4 * np.log(10) / 2)


def test_cross_entropy_by_hand():
    logits = np.array([[2.0, 0.0, 1.0]], np.float32)
    expected = -np.log(np.exp(1.0) / np.exp([2.0, 0.0, 1.0]).sum())
    loss = LOSSES["cross_entropy"](tf.constant(logits), tf.constant([2]), class_code(3, 1), 1.0)
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_l2_of_two_classes_to_a_channel_by_hand():
    state = np.zeros((3, 7), np.float32)
    state[1, 2:] = [0.0, 0.5, 0.0, 0.0, 0.0]
    state[2, 2:] = [0.0, -1.0, 0.0, 0.0, 0.0]
    labels = tf.constant([0, 3, 3])
    expected = (1.0 + 1.5**2 + 0.0) / 2
    assert float(LOSSES["l2"](tf.constant(state), labels, PAIRS, 1.0)) == pytest.approx(expected)


def test_cross_entropy_of_two_classes_to_a_channel_by_hand():
    state = tf.constant([[1.0, -2.0]])
    loss = LOSSES["cross_entropy"](state, tf.constant([2]), class_code(3, 2), 1.0)
    expected = -np.log(np.exp(-2.0) / np.exp([1.0, -1.0, -2.0]).sum())
    assert float(loss) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("code", [ONE_HOT, PAIRS])
def test_graph_and_arrays_name_the_same_class(code):
    state = np.random.default_rng(0).integers(-2, 3, (200, 12)).astype(np.float32)
    named = tf.argmax(class_scores(tf.constant(state), code), axis=1).numpy()
    np.testing.assert_array_equal(named, named_class(state, code))
    assert len(np.unique(named)) == 10
