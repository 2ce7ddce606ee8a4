import numpy as np
import pytest

from larqca.backend import tf
from larqca.tasks.classify import LOSSES


def test_l2_of_a_network_that_never_moves_is_half_a_unit_for_each_cell():
    """150 live cells score 75: log10 is 1.88, as with the published network."""
    state = tf.zeros([150, 19])
    labels = tf.zeros([150], tf.int32)
    assert float(LOSSES["l2"](state, labels, 10, 1.0)) == 75.0
    assert float(LOSSES["l2"](state, labels, 10, 3.0)) == 25.0


def test_l2_by_hand():
    state = np.zeros((2, 12), np.float32)
    state[0, 2:5] = [0.5, 1.0, -1.0]
    labels = tf.constant([1, 9])
    expected = ((0.5**2 + 0.0 + 1.0) + 1.0) / 2
    assert float(LOSSES["l2"](tf.constant(state), labels, 10, 1.0)) == pytest.approx(expected)


def test_cross_entropy_reads_the_class_channels_alone():
    state = np.zeros((4, 19), np.float32)
    state[:, :9] = 100.0  # hidden channels are nobody's logits
    labels = tf.constant([0, 3, 5, 9])
    loss = float(LOSSES["cross_entropy"](tf.constant(state), labels, 10, 2.0))
    assert loss == pytest.approx(4 * np.log(10) / 2)


def test_cross_entropy_by_hand():
    logits = np.array([[2.0, 0.0, 1.0]], np.float32)
    expected = -np.log(np.exp(1.0) / np.exp([2.0, 0.0, 1.0]).sum())
    loss = LOSSES["cross_entropy"](tf.constant(logits), tf.constant([2]), 3, 1.0)
    assert float(loss) == pytest.approx(expected, rel=1e-6)
