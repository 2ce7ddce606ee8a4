"""MNIST and Fashion-MNIST as they are read from disk."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from larqca import data
from larqca.data.tfds_folder import VERSION
from larqca.errors import DataError

MNIST_TEST_LABELS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize(
    ("name", "test_labels"), [("mnist", MNIST_TEST_LABELS), ("fashion_mnist", [1000] * 10)]
)
def test_all_70000_images_are_read(mnist_dir, name, test_labels):
    dataset = data.load(name, str(mnist_dir))
    assert dataset.name == name
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert dataset.test_images.shape == (10_000, 28, 28)
    assert dataset.train_images.dtype == np.float32
    assert dataset.train_labels.dtype == np.int32
    assert (dataset.train_images.min(), dataset.train_images.max()) == (0.0, 1.0)
    assert np.bincount(dataset.test_labels).tolist() == test_labels
    assert len(dataset.train_labels) == 60_000


def test_environment_variable_names_the_directory(mnist_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(mnist_dir))
    data.check_available("mnist")
    described = data.describe("mnist")
    assert str(mnist_dir / "mnist" / VERSION) in described
    assert "(from TFDS_DATA_DIR)" in described
    assert "10,000 images of 28x28" in described


def test_prepare_leaves_what_is_there(mnist_dir):
    assert data.prepare("mnist", str(mnist_dir)) == data.describe("mnist", str(mnist_dir))


def test_bytes_changed_inside_a_file_are_found_when_read(mnist_dir, tmp_path):
    shutil.copytree(mnist_dir / "mnist", tmp_path / "mnist", copy_function=shutil.copyfile)
    with next(tmp_path.glob(f"mnist/{VERSION}/*-test.*")).open("r+b") as file:
        file.seek(1000)
        file.write(b"scribble")
    with pytest.raises(DataError, match=r"cannot be read: .*; remove that folder, then get it"):
        data.load("mnist", str(tmp_path))
