"""Files appear whole or not at all, and are read without running anything."""

from __future__ import annotations

import errno
import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# What is being written ends in this.
TEMPORARY = ".tmp"


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Where to write a file, or a directory, so that it appears whole or not at all.

    Args:
        path: where it appears at the end: a file is replaced, a directory must be empty.

    Yields:
        A free path beside it. What was written there takes its place, or is removed after an
        error.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):  # Where nothing could be written, nothing is there.
                temporary.unlink()


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write beside the file, then rename over it.

    Args:
        path: where the file appears.
        content: all of it.
        durable: wait until the disk has it, so that a power cut cannot leave an
            empty file behind the new name.
    """
    with written_beside(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())


def remove_temporaries(directory: Path, name: str = "*") -> None:
    """Remove what writers that were killed left of a file.

    Args:
        directory: where the file lies.
        name: of the file, which nobody may write now; "*" for all files.
    """
    for path in directory.glob(f".{name}.*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def is_full(error: BaseException) -> bool:
    """Whether something could not be written because the disk, or a quota, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_text(path: Path, content: str, *, durable: bool = True) -> None:
    """`write_bytes` of UTF-8."""
    write_bytes(path, content.encode(), durable=durable)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """An ``.npz`` file; the same arrays always give the same bytes."""
    write_bytes(path, arrays_as_bytes(arrays))


def arrays_as_bytes(arrays: Mapping[str, Array], *, compressed: bool = False) -> bytes:
    """What `write_arrays` writes."""
    buffer = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(buffer, **arrays)
    return buffer.getvalue()


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, Array]:
    """Arrays of an ``.npz`` file.

    Args:
        path: the file.
        names: of the arrays to read; None: all.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not an ``.npz`` file, is cut short, lacks one, or holds objects.
    """
    try:
        with open(path, "rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise ValueError("not a whole .npz file")
            stream.seek(0)
            file = np.load(stream, allow_pickle=False)
            return {name: file[name] for name in (file.files if names is None else names)}
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"not a whole .npz file ({error})") from error
