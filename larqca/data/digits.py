"""The 1,797 handwritten 8x8 digits that come with scikit-learn: no network, no files."""

from __future__ import annotations

import numpy as np

from larqca.data.dataset import Dataset

IMAGE_SIZE = (8, 8)
TRAIN_IMAGES = 1437
TEST_IMAGES = 360


def load_digits() -> Dataset:
    """All digits, grey values 0 to 16 scaled to 0 to 1, always split in the same way."""
    from sklearn.datasets import load_digits as bundled_digits  # takes a second to import

    bunch = bundled_digits()
    images = (bunch.images / 16.0).astype(np.float32)
    labels = bunch.target.astype(np.int32)
    # NumPy guarantees the stream of the legacy generator for all versions to come.
    order = np.random.RandomState(0).permutation(len(labels))
    train, test = order[:TRAIN_IMAGES], order[TRAIN_IMAGES:]
    return Dataset("digits", images[train], labels[train], images[test], labels[test])


def describe_digits() -> str:
    """Where the digits are and how many."""
    height, width = IMAGE_SIZE
    return (
        "digits: handwritten digits\n"
        "  where  inside scikit-learn\n"
        f"  train  {TRAIN_IMAGES:,} images of {height}x{width}\n"
        f"  test   {TEST_IMAGES:,} images of {height}x{width}"
    )
