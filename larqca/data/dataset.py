"""What a data set is once it is in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from larqca.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled grey images, split once and for all into train and test.

    Attributes:
        name: the name by which `larqca.data.load` knows it.
        train_images: float32 [images, height, width], 0 (background) to 1.
        train_labels: int32 [images], 0 to `classes` - 1.
        test_images: like `train_images`.
        test_labels: like `train_labels`.
        classes: how many labels there are.
    """

    name: str
    train_images: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int32]
    test_images: npt.NDArray[np.float32]
    test_labels: npt.NDArray[np.int32]
    classes: int = 10

    def held_out(self, count: int) -> Dataset:
        """The last so many training images as test images, which training then lacks.

        Raises:
            DataError: there are not more training images than that.
        """
        if count == 0:
            return self
        if count >= len(self.train_images):
            raise DataError(f"evaluation.held_out is {count:,}, but {self.name} has only "
                            f"{len(self.train_images):,} training images; hold out fewer")
        return replace(
            self,
            train_images=self.train_images[:-count], train_labels=self.train_labels[:-count],
            test_images=self.train_images[-count:], test_labels=self.train_labels[-count:],
        )

    def sha256(self) -> str:
        """Digest of the four arrays: their names, shapes, types and little-endian bytes."""
        digest = hashlib.sha256()
        for field in ("train_images", "train_labels", "test_images", "test_labels"):
            array = getattr(self, field)
            little_endian = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
            digest.update(f"{field} {array.dtype.name} {array.shape}\n".encode())
            digest.update(little_endian.tobytes())
        return digest.hexdigest()
