import numpy as np
import pytest

from larqca.evaluation.metrics import count_votes, metrics_of


def votes(*rows):
    return np.array(rows)


def test_by_hand():
    counted = votes([4, 0, 0], [1, 3, 0], [0, 0, 2], [2, 2, 0])
    labels = np.array([0, 1, 0, 1])
    found = metrics_of(counted, labels, batch_size=4)
    assert found["cell_accuracy"] == pytest.approx((4 + 3 + 0 + 2) / 14)
    assert found["agreement"] == 2 / 4  # the third agrees on a wrong class
    assert found["agree_and_correct"] == 1 / 4
    assert found["vote_accuracy"] == 2 / 4  # a tie goes to the lower class, here wrong


def test_cells_are_pooled_within_batches_and_averaged_over_them():
    counted = votes([9, 0], [0, 1], [1, 1])
    labels = np.array([0, 0, 0])
    assert metrics_of(counted, labels, 2)["cell_accuracy"] == pytest.approx((0.9 + 0.5) / 2)
    assert metrics_of(counted, labels, 3)["cell_accuracy"] == pytest.approx(10 / 12)


def test_images_without_live_cells_are_left_out():
    with_dead = metrics_of(votes([2, 0], [0, 0]), np.array([0, 0]), 10)
    assert with_dead == metrics_of(votes([2, 0]), np.array([0]), 10)
    assert np.isnan(metrics_of(votes([0, 0]), np.array([0]), 10)["cell_accuracy"])


def test_counting_votes():
    named = np.array([1, 1, 0, 2])
    image = np.array([0, 0, 0, 2])
    np.testing.assert_array_equal(
        count_votes(named, image, 3, 3), [[1, 2, 0], [0, 0, 0], [0, 0, 1]]
    )
