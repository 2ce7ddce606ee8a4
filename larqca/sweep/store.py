"""A sweep's directory: what it must look like, who may write to it, its index.

::

    OUT/sweep.json    the index: grid name, baseline, every run with its row and figures
    OUT/grid.yaml     the grid it came from
    OUT/models/       model files that rows start from, by SHA-256
    OUT/runs/<hash>/  one directory for each run

Nothing in it depends on where it lies, so that it can be moved and copied.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from larqca import __version__
from larqca.errors import StoreError
from larqca.files import TEMPORARY, remove_temporaries, write_bytes
from larqca.sweep.figures import Figures
from larqca.sweep.files import now, read_json_mapping, write_json
from larqca.sweep.grid import Grid, PlannedRun
from larqca.sweep.index import index_problem
from larqca.sweep.outcome import LOCK, RUNS

INDEX, GRID, MODELS = "sweep.json", "grid.yaml", "models"
# How many runs go side by side here (`larqca.sweep.parallel`).
PARALLEL = "parallel.json"
# Key of the index: runs of earlier grids that have a directory, by hash, with their titles.
DROPPED = "dropped"
FORMAT, VERSION = "larqca-sweep", 1


class Store:
    """The directory of a sweep, opened for writing (see `open_store`)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run_directory(self, run: PlannedRun) -> Path:
        """Where a run lives."""
        return self.root / RUNS / run.hash


def read_index(root: Path) -> dict[str, Any]:
    """The index of a sweep directory.

    Raises:
        StoreError: not a directory, not a sweep's, of a newer version, or damaged.
    """
    if not root.exists():
        raise StoreError(f"{root}: no such directory; a sweep writes results/<name of its grid>")
    if not root.is_dir():
        raise StoreError(f"{root}: is a file, not the directory of a sweep")
    if not (root / INDEX).exists():
        raise StoreError(f"{root}: is not the directory of a sweep: it has no {INDEX}")
    index = read_json_mapping(root / INDEX)
    if index is None:
        raise StoreError(f"{root / INDEX}: was cut short or edited by hand; "
                         "run the sweep again and it is written anew")
    _check_format(root, index)
    problem = index_problem(index)
    if problem is not None:
        raise StoreError(f"{root / INDEX}: was edited by hand ({problem}); "
                         "run the sweep again and it is written anew")
    return index


def check_output(out: Path, grid_name: str) -> None:
    """Raises StoreError unless a sweep of this grid may be written to `out`."""
    if not out.exists() and not out.is_symlink():
        _check_can_be_made(out)
        return
    if not out.is_dir():
        raise StoreError(f"{out}: is a file, not a directory; choose another --out")
    try:
        held = sorted(entry for entry in os.listdir(out) if not _is_ours_early(entry))
    except OSError as error:
        raise StoreError(f"{out}: cannot be read: {error.strerror}") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise StoreError(f"{out}: is not writable")
    if not held:
        return
    index = read_json_mapping(out / INDEX)
    if index is None:
        # A damaged index is written anew from the grid; its runs are all there.
        if INDEX in held and RUNS in held:
            return
        raise StoreError(f"{out}: holds something else (such as {held[0]!r}), not a sweep; "
                         "choose another --out")
    _check_format(out, index)
    if index.get("name") != grid_name:
        raise StoreError(f"{out}: holds the sweep {index.get('name')!r}, not {grid_name!r}; "
                         "choose another --out")


@contextlib.contextmanager
def open_store(out: Path, grid: Grid, figures: Mapping[str, Figures]) -> Iterator[Store]:
    """Lock the directory, write what belongs to the sweep as a whole, and hand it out.

    The system releases the lock when the process ends, however it ends.

    Raises:
        StoreError: the directory is not fit or another sweep is at work in it.
    """
    check_output(out, grid.name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = open(out / LOCK, "a+")  # noqa: SIM115
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{out}: another sweep is at work in it") from error
        try:
            for name in (INDEX, GRID, PARALLEL):
                remove_temporaries(out, name)
            remove_temporaries(out / MODELS)
            _write_sweep(out, grid, figures)
        except OSError as error:
            raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
        yield Store(out)


def left_alone(out: Path) -> list[str]:
    """A line about the runs of earlier grids that are in the directory and not in the grid's."""
    names = sorted(read_index(out)[DROPPED].values())
    if not names:
        return []
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return [f"no longer in the grid, and left alone in {out / RUNS}: {shown}"]


def _write_sweep(out: Path, grid: Grid, figures: Mapping[str, Figures]) -> None:
    before = read_json_mapping(out / INDEX) or {}
    index = {
        "format": FORMAT,
        "version": VERSION,
        "larqca": __version__,
        "name": grid.name,
        "created": _date(before.get("created")) or now(),
        "baseline": grid.baseline,
        "seeds": grid.seeds,
        "runs": [_entry(run, figures[run.hash]) for run in grid.runs],
        DROPPED: _dropped(out, before, grid),
    }
    write_json(out / INDEX, index)
    write_bytes(out / GRID, grid.text.encode())
    (out / RUNS).mkdir(exist_ok=True)
    for run in grid.runs:
        if run.source_file is not None:
            _keep_model(out, run)


def _date(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dropped(out: Path, before: Mapping[str, Any], grid: Grid) -> dict[str, str]:
    """Titles of the runs that the index knew and the grid does not, if they ever started."""
    dropped = before.get(DROPPED)
    known = {name: title for name, title in dropped.items() if isinstance(title, str)
             } if isinstance(dropped, dict) else {}
    if index_problem(before) is None:
        known |= {run["hash"]: f"{run['row']} (seed {run['seed']})" for run in before["runs"]}
    wanted = {run.hash for run in grid.runs}
    return {name: title for name, title in known.items()
            if name not in wanted and (out / RUNS / name).is_dir()}


def _entry(run: PlannedRun, figures: Figures) -> dict[str, Any]:
    source = run.config.start_from
    return {
        "row": run.row,
        "seed": run.seed,
        "hash": run.hash,
        "start_from": run.source_row or (source.model_dump() if source else None),
        "differences": dict(run.differences),
        "task": run.config.task,
        "data": run.config.data,
        "iterations": run.config.training.iterations,
        "figures": figures,
    }


def _keep_model(out: Path, run: PlannedRun) -> None:
    target = model_file(out, run.config.start_from.file_sha256)  # type: ignore[union-attr]
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        write_bytes(target, run.source_file.read_bytes())  # type: ignore[union-attr]


def model_file(root: Path, sha256: str) -> Path:
    """Where the store keeps a model file that a row starts from."""
    return root / MODELS / f"{sha256}.npz"


def _check_format(root: Path, index: Mapping[str, Any]) -> None:
    if index.get("format") != FORMAT or type(index.get("version")) is not int:
        raise StoreError(f"{root}: holds something else: its {INDEX} is not one of larqca's")
    if index["version"] > VERSION:
        raise StoreError(
            f"{root}: was written by larqca {index.get('larqca')} in version {index['version']} "
            f"of the store; this larqca ({__version__}) reads up to version {VERSION}"
        )


def _is_ours_early(entry: str) -> bool:
    """What a sweep that was killed at once may leave before its index is there."""
    return entry == LOCK or (entry.startswith(".") and entry.endswith(TEMPORARY))


def _check_can_be_made(out: Path) -> None:
    parent = out.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise StoreError(f"{out}: cannot be made: {parent} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StoreError(f"{out}: cannot be made: {parent} is not writable")
