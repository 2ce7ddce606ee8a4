"""What a run's directory says about the run; it can be read at any moment.

``result.json`` carries a digest of its own content, so that a file cut short or edited
by hand is noticed; ``failure.json`` says why a run failed; ``progress.json`` where it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from larqca import __version__
from larqca.errors import StoreError
from larqca.sweep.files import content_sha256, file_sha256, now, read_json_mapping, write_json

State = Literal["waiting", "running", "stopped", "done", "diverged", "failed", "out of time",
                "out of memory"]
OVER_LIMIT = ("out of time", "out of memory")

# In a sweep's directory, one directory for each run, named by its hash; in that
RUNS = "runs"
RESULT, FAILURE, PROGRESS = "result.json", "failure.json", "progress.json"
CONFIG, PROVENANCE, LOG, MODEL = "config.json", "provenance.json", "log.txt", "model.npz"
HISTORY, CELLS = "history.csv", "cells.npz"
CHECKPOINT, LOCK = "checkpoint.npz", ".lock"

LONGEST_REASON = 300
RESULT_FORMAT: Mapping[str, Any] = {"format": "larqca-result", "version": 1}
BAD_RESULT = "result.json was cut short or edited by hand; run the sweep again to redo it"


@dataclass(frozen=True)
class Outcome:
    """Where a run stands.

    Attributes:
        state: finished are done and diverged; stopped runs have a checkpoint's worth of
            progress and no process; runs out of time or memory took all that they might.
        reason: why it diverged or failed.
        result: what `RunResult.as_json` gave, if finished.
        progress: share of its current phase from 0 to 1, if started and not finished.
        phase: training or evaluation, if started and not finished.
        provenance: versions, platform, dates, if started.
        allowed: the minutes or GiB that a run over its limit had.
    """

    state: State
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    progress: float | None = None
    phase: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    allowed: float | None = None

    @property
    def finished(self) -> bool:
        """Whether it need never be run again."""
        return self.state in ("done", "diverged")

    @property
    def failed(self) -> bool:
        """Whether it ended without a result, for whatever reason."""
        return self.state == "failed" or self.state in OVER_LIMIT


def read_outcome(directory: Path) -> Outcome:
    """The outcome so far of the run in a directory (which need not exist yet)."""
    provenance = read_json_mapping(directory / PROVENANCE) or {}
    if os.path.lexists(directory / RESULT):
        # A result is the last thing that a run writes; what is beside it is older.
        result = read_result(directory)
        if result is None:
            return Outcome("failed", BAD_RESULT, provenance=provenance)
        reason = str(result.get("reason", "")).removeprefix("diverged at ")
        return Outcome(result["state"], reason, result, provenance=provenance)
    progress = read_json_mapping(directory / PROGRESS)
    share = _share(progress) if progress else None
    phase = str(progress.get("phase", "")) if progress else ""
    if is_running(directory):
        return Outcome("running", "", {}, share, phase, provenance)
    failure = read_json_mapping(directory / FAILURE)
    if failure is not None:
        reason = " ".join(str(failure.get("reason", "no reason given")).split())
        return Outcome(_failure_state(failure), reason, {}, share, phase, provenance,
                       _number(failure.get("allowed")))
    if share is None:
        return Outcome("waiting", provenance=provenance)
    return Outcome("stopped", "", {}, share, phase, provenance)


def read_result(directory: Path) -> dict[str, Any] | None:
    """The result in ``result.json``; None unless it is whole and of this very run.

    Raises:
        StoreError: a newer larqca wrote it.
    """
    stored = read_json_mapping(directory / RESULT)
    if stored is not None:
        _check_version(directory / RESULT, stored)
    if stored is None or stored.get("sha256") != content_sha256(stored):
        return None
    known = all(stored.get(key) == value for key, value in RESULT_FORMAT.items())
    result = stored.get("result")
    if not known or stored.get("run") != directory.name or not isinstance(result, dict):
        return None
    return result if result.get("state") in ("done", "diverged") else None


def read_progress(directory: Path) -> dict[str, Any] | None:
    """Where a run is in its phase, with all that `ProgressFile` writes; None if it is not told."""
    progress = read_json_mapping(directory / PROGRESS) or {}
    counts = all(_number(progress.get(key)) is not None for key in ("done", "total"))
    rates = all(key in progress and (progress[key] is None or _number(progress[key]) is not None)
                for key in ("loss", "rate"))
    return progress if counts and rates and isinstance(progress.get("phase"), str) else None


def model_is_whole(directory: Path) -> bool:
    """Whether ``model.npz`` is the one that the result was taken from."""
    stored = read_json_mapping(directory / RESULT) or {}
    digest = file_sha256(directory / MODEL)
    return digest is not None and stored.get("model_sha256") == digest


def sealed_result(directory: Path, result: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``result.json`` for a result whose model lies in the directory."""
    content: dict[str, Any] = {
        **RESULT_FORMAT,
        "run": directory.name,
        "model_sha256": file_sha256(directory / MODEL),
        "result": dict(result),
    }
    return {**content, "sha256": content_sha256(content)}


def is_running(directory: Path) -> bool:
    """Whether a process holds the run's lock now."""
    try:
        handle = os.open(directory / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.close(handle)
    return False


def note_failure(
    directory: Path, reason: str, *, state: State = "failed", allowed: float | None = None
) -> None:
    """Write why a run ended without a result.

    Args:
        directory: the run's.
        reason: of any length; one line of it is kept.
        state: "failed", "out of time" or "out of memory".
        allowed: the limit that it met, in minutes or GiB.
    """
    line = " ".join(reason.split())
    short = line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "..."
    write_json(directory / FAILURE,
               {"state": state, "reason": short, "allowed": allowed, "at": now()})


def _check_version(path: Path, stored: Mapping[str, Any]) -> None:
    version = stored.get("version")
    known = RESULT_FORMAT["version"]
    if stored.get("format") == RESULT_FORMAT["format"] and type(version) is int and version > known:
        raise StoreError(f"{path}: is a result of version {version}, of a newer larqca; this one "
                         f"({__version__}) reads up to version {known}")


def _failure_state(failure: Mapping[str, Any]) -> State:
    state = failure.get("state")
    return state if state in OVER_LIMIT else "failed"


def _number(value: Any) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _share(progress: Mapping[str, Any]) -> float | None:
    done, total = _number(progress.get("done")), _number(progress.get("total"))
    if done is None or total is None or total <= 0:
        return 0.0
    return min(1.0, max(0.0, done / total))
