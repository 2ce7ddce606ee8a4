"""The embedded digits: their split, and that nobody's numbers change under them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from larqca import data


@pytest.fixture(scope="module")
def digits() -> data.Dataset:
    return data.load("digits")


def test_split_has_the_documented_shapes_and_types(digits):
    assert digits.train_images.shape == (1437, 8, 8)
    assert digits.test_images.shape == (360, 8, 8)
    assert digits.train_labels.shape == (1437,)
    assert digits.test_labels.shape == (360,)
    assert digits.train_images.dtype == digits.test_images.dtype == np.float32
    assert digits.train_labels.dtype == digits.test_labels.dtype == np.int32


def test_grey_values_are_sixteenths_from_0_to_1(digits):
    images = np.concatenate([digits.train_images, digits.test_images])
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.array_equal(images * 16, np.round(images * 16))


def test_every_label_is_in_both_parts(digits):
    assert set(digits.train_labels) == set(digits.test_labels) == set(range(digits.classes))


def test_no_image_is_in_both_parts(digits):
    train = {image.tobytes() for image in digits.train_images}
    assert not [image for image in digits.test_images if image.tobytes() in train]


def test_digest_is_the_same_on_every_machine_and_version(digits):
    # All published results on the digits carry this digest: changing it orphans them.
    expected = "cb1f24918690479d4f3a42e75b4c0717d34d0a9e68b999b580cd98305c4172bd"
    assert digits.sha256() == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda d: {"train_labels": d.train_labels[::-1]},
        lambda d: {"train_images": d.train_images.astype(np.float64)},
        lambda d: {"train_images": d.train_images.reshape(1437, 4, 16)},
        lambda d: {"train_labels": d.test_labels, "test_labels": d.train_labels},
    ],
    ids=["order", "type", "shape", "parts"],
)
def test_digest_tells_changed_data(digits, change):
    assert dataclasses.replace(digits, **change(digits)).sha256() != digits.sha256()


def test_digest_does_not_depend_on_memory_layout(digits):
    fortran = np.asfortranarray(digits.train_images)
    assert dataclasses.replace(digits, train_images=fortran).sha256() == digits.sha256()


def test_description_and_preparation_need_nothing():
    assert "1,437 images of 8x8" in data.describe("digits")
    assert data.prepare("digits") == data.describe("digits")


def test_description_carries_the_digest_on_request(digits):
    assert digits.sha256() in data.describe("digits", digest=True)
