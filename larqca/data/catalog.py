"""The data sets by name, and what can be done with each."""

from __future__ import annotations

from larqca.data.dataset import Dataset
from larqca.data.digits import describe_digits, load_digits
from larqca.data.tfds_folder import Location, check_folder, locate
from larqca.errors import DataError
from larqca.suggest import unknown

EMBEDDED = "digits"
DATA_SETS = (EMBEDDED, "mnist", "fashion_mnist")


def load(name: str, data_dir: str | None = None) -> Dataset:
    """The data set with all its images.

    Args:
        name: one of `DATA_SETS`.
        data_dir: folder of tensorflow-datasets; default: the environment's
            TFDS_DATA_DIR, else ~/tensorflow_datasets. `digits` needs none.

    Raises:
        DataError: unknown name; not there, damaged or unreadable.
    """
    location = _location(name, data_dir)
    if location is None:
        return load_digits()
    from larqca.data.tfds_images import load_images

    return load_images(location)


def check_available(name: str, data_dir: str | None = None) -> None:
    """Return if `load` would find the data; looks at names and sizes only.

    Raises:
        DataError: unknown name; what was looked for where, and how to get it.
    """
    location = _location(name, data_dir)
    if location is not None:
        check_folder(location)


def describe(name: str, data_dir: str | None = None, *, digest: bool = False) -> str:
    """A few lines for people: where the data is, how many images, of what size.

    Args:
        name: one of `DATA_SETS`.
        data_dir: as for `load`.
        digest: also read all of it and add the digest that results carry.

    Raises:
        DataError: as for `check_available`; with `digest` as for `load`.
    """
    location = _location(name, data_dir)
    if location is None:
        text = describe_digits()
    else:
        from larqca.data.tfds_images import describe_images

        text = describe_images(location)
    return f"{text}\n  sha256 {load(name, data_dir).sha256()}" if digest else text


def prepare(name: str, data_dir: str | None = None) -> str:
    """Download what is not there yet (shows progress) and describe it.

    Raises:
        DataError: unknown name; cannot be downloaded or written.
    """
    location = _location(name, data_dir)
    if location is not None:
        from larqca.data.tfds_images import prepare_images

        prepare_images(location)
    return describe(name, data_dir)


def _location(name: str, data_dir: str | None) -> Location | None:
    """Where to look for the data set; None when it needs no files."""
    if name not in DATA_SETS:
        raise DataError(unknown("data set", name, DATA_SETS))
    return None if name == EMBEDDED else locate(name, data_dir)
