"""The directory of an export: it appears whole, and replaces nothing but an export."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from larqca.errors import ExportError
from larqca.export.manifest import FORMAT, MANIFEST, file_hashes, sealed
from larqca.files import written_beside
from larqca.sweep.files import finite, read_json_mapping


def check_out(out: Path) -> None:
    """An export may be written there.

    Raises:
        ExportError: it is something else, or cannot be written.
    """
    place = Path(os.path.realpath(out))
    parent = place.parent
    if not parent.is_dir():
        raise ExportError(f"{out}: cannot be written: there is no directory {parent}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ExportError(f"{out}: cannot be written: {parent} is not writable")
    if os.path.lexists(out) and not out.is_dir():
        raise ExportError(f"{out}: is a file, not a directory; choose another --out")
    if out.is_dir() and any(out.iterdir()):
        before = read_json_mapping(out / MANIFEST) or {}
        if before.get("format") != FORMAT:
            raise ExportError(f"{out}: holds something else than an export; choose another --out")
        listed = before.get("files")
        known = {MANIFEST, *(listed if isinstance(listed, dict) else ())}
        others = {path.name for path in out.iterdir()} - known
        if others:
            raise ExportError(f"{out}: holds files that its export did not write and a new one "
                              f"would delete, as {min(others)}; move them, or choose another --out")
    if place == Path.cwd() or place in Path.cwd().parents:
        raise ExportError(f"{out}: is the directory that you are in, which cannot be replaced as a "
                          "whole; name one inside it")


def write_directory(out: Path, files: Mapping[str, bytes], content: Mapping[str, Any]) -> None:
    """Write the files and a manifest of this content beside the directory, then rename it
    there.

    Raises:
        ExportError: it cannot be written; an earlier export is still there.
    """
    check_out(out)  # Again: much may have happened since an export began.
    shown, out = out, Path(os.path.realpath(out))
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    whole = json.dumps(sealed(finite({**content, "files": file_hashes(files)})), indent=1,
                       sort_keys=True)
    try:
        with written_beside(out) as temporary:
            temporary.mkdir()
            for name, text in files.items():
                (temporary / name).write_bytes(text)
            (temporary / MANIFEST).write_text(whole + "\n")
            if out.exists():
                os.rename(out, old)
    except BaseException as error:
        if old.exists() and not out.exists():
            os.rename(old, out)
        if isinstance(error, OSError):
            raise ExportError(f"{shown}: cannot be written: {error.strerror}") from error
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
