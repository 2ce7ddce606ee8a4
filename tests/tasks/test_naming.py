import numpy as np
import pytest

from larqca.tasks.naming import class_channels, class_code, named_class


def test_one_class_to_a_channel_is_one_hot():
    np.testing.assert_array_equal(class_code(10, 1), np.eye(10))


def test_two_classes_to_a_channel_are_opposite():
    np.testing.assert_array_equal(class_code(3, 2), [[1, 0], [-1, 0], [0, 1]])


@pytest.mark.parametrize("classes", [1, 2, 9, 10])
@pytest.mark.parametrize("per_channel", [1, 2])
def test_every_code_word_names_its_class_and_is_as_far_from_others_as_one_hot(
    classes, per_channel
):
    code = class_code(classes, per_channel)
    assert code.shape == (classes, class_channels(classes, per_channel))
    np.testing.assert_array_equal(named_class(code, code), np.arange(classes))
    apart = ((code[:, None] - code[None]) ** 2).sum(-1)
    assert (apart[~np.eye(classes, dtype=bool)] >= 2).all()


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.float32])
def test_the_most_negative_word_says_its_class_loudest(kind):
    """Its opposite does not fit into as many bits."""
    lowest = -128 if kind == np.int8 else -32768
    state = np.array([[0, 5, lowest, 127]], kind)  # the first is hidden
    assert named_class(state, class_code(6, 2)) == 3


def test_of_equals_the_first_is_named():
    state = np.array([[0, 0], [0, -2], [1, -1], [-1, 1]])
    np.testing.assert_array_equal(named_class(state, class_code(4, 2)), [0, 3, 0, 1])
