"""A sweep's directory as one file, to be moved to another machine.

Nothing in the directory depends on where it lies: `cp -r` does as well.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from larqca.errors import StoreError
from larqca.files import TEMPORARY, written_beside
from larqca.sweep.executors.slurm import FOLDER as SLURM
from larqca.sweep.outcome import CHECKPOINT, LOCK, RESULT
from larqca.sweep.store import read_index

_CHUNK = 1 << 20


def export_sweep(root: Path, file: Path) -> int:
    """Write a sweep's directory as a gzipped tar file.

    Checkpoints of finished runs, which nobody needs any more, and what a scheduler keeps of its
    jobs are left out. It may be done while the sweep runs: every file is whole at any moment.

    Args:
        root: the sweep's directory.
        file: appears when it is whole; it must not exist.

    Returns:
        How many files it holds.

    Raises:
        StoreError: it is not the directory of a sweep, or the file cannot be written.
    """
    read_index(root)
    if os.path.lexists(file):
        raise StoreError(f"{file}: exists; choose another name, or remove it")
    count = 0
    try:
        with written_beside(file) as temporary, tarfile.open(temporary, "x:gz") as archive:
            for path in _files(root):
                archive.add(path, arcname=str(path.relative_to(root)), recursive=False)
                count += 1
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from error
    return count


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        passing = path.name == LOCK or path.name.endswith(TEMPORARY)
        handed_in = path.relative_to(root).parts[0] == SLURM
        spent = path.name == CHECKPOINT and (path.parent / RESULT).exists()
        if path.is_file() and not path.is_symlink() and not (passing or handed_in or spent):
            yield path


def import_sweep(file: Path, out: Path) -> int:
    """Unpack what `export_sweep` wrote.

    Args:
        file: the archive; nothing in it can write outside of `out`.
        out: appears when it is whole; it must not exist, or be empty.

    Returns:
        How many files it held.

    Raises:
        StoreError: the file is no such archive, or `out` cannot be written.
    """
    if out.is_symlink() and not out.exists():
        raise StoreError(f"{out}: leads nowhere; choose another directory")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out}: exists and is not empty; choose another directory")
    if out.is_dir() and out.samefile(Path.cwd()):
        raise StoreError(f"{out}: is the directory that you are in; name one inside it")
    try:
        with written_beside(Path(os.path.realpath(out))) as temporary:
            temporary.mkdir(parents=True)
            count = _unpack(file, temporary)
            _check(temporary, file)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise StoreError(f"{file}: is not a whole archive of a sweep ({error})") from error
    except OSError as error:
        where = error.filename or file
        raise StoreError(f"{where}: {error.strerror or error}") from error
    return count


def _check(unpacked: Path, file: Path) -> None:
    """It is a sweep; what is wrong with it is said of the archive."""
    try:
        read_index(unpacked)
    except StoreError as error:
        raise StoreError(str(error).replace(str(unpacked), str(file))) from error


def _unpack(file: Path, folder: Path) -> int:
    count = 0
    with gzip.open(file) as stream:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                content = archive.extractfile(member) if member.isfile() else None
                if content is None or path.is_absolute() or ".." in path.parts:
                    raise StoreError(f"{file}: holds {member.name!r}, which no sweep does")
                _write(content, folder / path, file)
                count += 1
        # The checksum stands behind what tarfile reads.
        while stream.read(_CHUNK):
            pass
    return count


def _write(content: IO[bytes], path: Path, file: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = open(path, "xb")  # noqa: SIM115
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{file}: holds {path.name!r} twice, which no sweep does") from error
    with stream:
        shutil.copyfileobj(content, stream)
