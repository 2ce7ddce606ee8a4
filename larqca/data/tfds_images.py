"""MNIST and Fashion-MNIST through tensorflow-datasets, all 70,000 images of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np

from larqca.data.dataset import Dataset
from larqca.data.tfds_folder import (
    IMAGE_SIZE,
    IMAGES,
    VERSION,
    Location,
    check_folder,
    how_to_get,
)
from larqca.errors import DataError

REACH_TIMEOUT_S = 15


def load_images(location: Location) -> Dataset:
    """All images in the order of their files, grey values 0 to 255 scaled to 0 to 1.

    Takes about five seconds, which go into decoding 70,000 PNG files.

    Raises:
        DataError: the data set is not there, damaged or unreadable.
    """
    check_folder(location)
    # larqca.backend must come before tensorflow_datasets, which imports TensorFlow.
    from larqca.backend import tf

    tfds = _tfds()
    try:
        train, test = tfds.load(
            f"{location.name}:{VERSION}",
            data_dir=str(location.root),
            download=False,
            shuffle_files=False,
            batch_size=-1,
            split=["train", "test"],
        )
    except (tf.errors.OpError, OSError, ValueError) as error:
        raise DataError(
            f"{location.folder} cannot be read: {_one_line(error)}; "
            f"remove that folder, then {how_to_get(location)}"
        ) from error
    return Dataset(location.name, *_arrays(train), *_arrays(test))


def describe_images(location: Location) -> str:
    """Where the data set is, how many images of what size, and its bytes on disk.

    Raises:
        DataError: the data set is not there or damaged.
    """
    check_folder(location)
    height, width = IMAGE_SIZE
    stored = sum(file.stat().st_size for file in location.folder.iterdir())
    return "\n".join(
        [
            f"{location.name} {VERSION}: {stored / 2**20:.1f} MiB",
            f"  where  {location.folder} (from {location.origin})",
            *(f"  {split:<5}  {n:,} images of {height}x{width}" for split, n in IMAGES.items()),
        ]
    )


def prepare_images(location: Location) -> None:
    """Download the data set to where it was looked for, unless it is there.

    tensorflow-datasets writes to a folder of another name and renames it at the end.

    Raises:
        DataError: no network, a broken download, no room, a folder that cannot be
            written, or an older folder that is damaged and in the way.
    """
    if location.folder.exists():  # whole, or in the way
        check_folder(location)
        return
    from larqca.backend import tf

    tfds = _tfds(progress=True)
    try:
        builder = tfds.builder(f"{location.name}:{VERSION}", data_dir=str(location.root))
        _reach(builder.URL)
        # Asking the bucket of prepared copies first only delays the answer when offline.
        config = tfds.download.DownloadConfig(try_download_gcs=False)
        builder.download_and_prepare(download_config=config)
    except (
        OSError,
        ValueError,
        tf.errors.OpError,
        tfds.download.DownloadError,
        tfds.download.download_manager.NonMatchingChecksumError,
    ) as error:
        raise DataError(
            f"{location.name} {VERSION} cannot be fetched to {location.root} "
            f"(from {location.origin}): {_one_line(error)}"
        ) from error
    check_folder(location)


def _reach(url: str) -> None:
    """Ask the server for anything at all.

    Without this, tensorflow-datasets tries for more than three minutes when offline.

    Raises:
        ConnectionError: there was no answer.
    """
    import requests  # what tensorflow-datasets downloads with, so proxies work alike

    try:
        requests.head(url, timeout=REACH_TIMEOUT_S)
    except requests.RequestException as error:
        host = urlsplit(url).hostname
        raise ConnectionError(f"{host} does not answer; is there a network?") from error


def _tfds(*, progress: bool = False) -> Any:
    import tensorflow_datasets as tfds

    if not progress:
        tfds.disable_progress_bar()
    return tfds


def _arrays(split: dict[str, Any]) -> tuple[Any, Any]:
    """float32 [n, h, w] and int32 [n] from uint8 [n, h, w, 1] and int64 [n]."""
    images = np.asarray(split["image"])[..., 0].astype(np.float32)
    images /= np.float32(255.0)
    return images, np.asarray(split["label"]).astype(np.int32)


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
