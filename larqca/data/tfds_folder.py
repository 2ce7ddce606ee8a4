"""Where a prepared data set of tensorflow-datasets lies, and whether it is whole.

Reads names, sizes and one JSON file; imports no TensorFlow, so that a sweep can check
its data in milliseconds before it starts anything.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.errors import DataError

VERSION = "3.0.1"
IMAGE_SIZE = (28, 28)
IMAGES = {"train": 60_000, "test": 10_000}

# A TFRecord frames each record with its length (8 bytes) and two checksums (4 each),
# which dataset_info.json does not count.
TFRECORD_FRAME_BYTES = 16


@dataclass(frozen=True)
class Location:
    """A folder of data sets, and how it came to be looked at.

    Attributes:
        name: the data set.
        root: what `data_dir` is to tensorflow-datasets.
        origin: "--data-dir", "TFDS_DATA_DIR" or "the default".
    """

    name: str
    root: Path
    origin: str

    @property
    def folder(self) -> Path:
        """Where the files of the one version that larqca reads must be."""
        return self.root / self.name / VERSION


def locate(name: str, data_dir: str | None = None) -> Location:
    """The folder to look in: the argument, else TFDS_DATA_DIR, else that of tensorflow-datasets."""
    if data_dir:
        return Location(name, Path(data_dir).expanduser(), "--data-dir")
    if os.environ.get("TFDS_DATA_DIR"):
        return Location(name, Path(os.environ["TFDS_DATA_DIR"]).expanduser(), "TFDS_DATA_DIR")
    return Location(name, Path.home() / "tensorflow_datasets", "the default")


def check_folder(location: Location) -> None:
    """Return if all images are there, as far as names and sizes tell.

    Raises:
        DataError: says what was looked for where, what is wrong, and how to get it.
    """
    try:
        problem = _absence(location)
        if problem:
            raise DataError(f"{_looked_for(location)}: {problem}; {how_to_get(location)}")
        problem = _damage(location)
    except OSError as error:
        raise DataError(f"{_looked_for(location)}: {error}") from error
    if problem:
        raise DataError(
            f"{_looked_for(location)}: {problem}; remove that folder, then {how_to_get(location)}"
        )


def how_to_get(location: Location) -> str:
    """The command that fetches the data set to where it was looked for."""
    return (
        f"get it with `larqca data {location.name} --download --data-dir {location.root}` "
        "(needs a network)"
    )


def _looked_for(location: Location) -> str:
    return (
        f"{location.name} {VERSION} was looked for in {location.folder} (from {location.origin})"
    )


def _absence(location: Location) -> str | None:
    """Why there is no folder of the right version, or None."""
    root, family = location.root, location.root / location.name
    if not root.exists():
        return f"there is no {root}"
    if not root.is_dir():
        return f"{root} is not a directory"
    if location.folder.is_dir():
        return None
    if root.name == location.name and (root / VERSION).is_dir():
        return f"the directory to name is one up, {root.parent}"
    versions = sorted(entry.name for entry in family.iterdir()) if family.is_dir() else []
    if versions:
        return f"{family} holds only {', '.join(versions)}"
    return f"{root} holds no {location.name}"


def _damage(location: Location) -> str | None:
    """Why the folder cannot be read to the end, or None."""
    for needed in ("dataset_info.json", "features.json"):
        if not (location.folder / needed).is_file():
            return f"{needed} is missing"
    try:
        info = json.loads((location.folder / "dataset_info.json").read_text(encoding="utf-8"))
        splits = {split["name"]: split for split in info["splits"]}
        problems = [
            _damaged_split(location, splits[split], info.get("fileFormat", "tfrecord"))
            for split in IMAGES
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "dataset_info.json is not what tensorflow-datasets writes"
    return next(filter(None, problems), None)


def _damaged_split(location: Location, split: dict[str, Any], file_format: str) -> str | None:
    shards = [int(length) for length in split["shardLengths"]]
    expected_images = IMAGES[split["name"]]
    if sum(shards) != expected_images:
        return f"{split['name']} has {sum(shards):,} images instead of {expected_images:,}"
    stem = f"{location.name}-{split['name']}.{file_format}"
    files = [
        location.folder / f"{stem}-{shard:05d}-of-{len(shards):05d}" for shard in range(len(shards))
    ]
    for file in files:
        if not file.is_file():
            return f"{file.name} is missing"
    if file_format != "tfrecord":  # others frame their records otherwise
        return None
    size = sum(file.stat().st_size for file in files)
    expected = int(split["numBytes"]) + TFRECORD_FRAME_BYTES * sum(shards)
    if size != expected:
        return f"{files[0].name} has {size:,} bytes instead of {expected:,}"
    return None
