"""One door to every tracker."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from larqca.errors import ConfigError, LarqcaError
from larqca.suggest import unknown
from larqca.tracking.runs import TrackedSweep, read_sweep

Tracker = Literal["tensorboard", "mlflow"]
# Each is an extra of larqca's and a module beside this one; what the extra brings.
TRACKERS: dict[Tracker, tuple[str, ...]] = {
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "sqlalchemy", "alembic"),
}


class TrackingError(LarqcaError):
    """A tracker that is not installed, cannot be reached or refuses."""


@dataclass(frozen=True)
class Published:
    """What `publish` did.

    Attributes:
        place: folder or address where the runs are.
        runs: how many are there now.
        changed: how many of them had something new.
        waiting: how many have not started, and are not there.
        hint: how to look at them.
    """

    place: str
    runs: int
    changed: int
    waiting: int
    hint: str


class Module(Protocol):
    """What each tracker's module offers."""

    def default_place(self, directory: Path) -> str:
        """Where runs go unless told."""

    def publish_runs(self, sweep: TrackedSweep, place: str) -> int:
        """Bring the place up to date; returns how many runs had something new."""

    def hint(self, place: str) -> str:
        """A command that shows them."""


def publish(directory: Path | str, to: Tracker, *, at: str | None = None) -> Published:
    """Publish what a sweep's directory holds now; again, to bring it up to date.

    Can be called at any moment and as often as one likes: a run that is there already is
    continued, not doubled.

    Args:
        directory: of the sweep, finished or running.
        to: one of `TRACKERS`.
        at: TensorBoard: a folder (default ``tensorboard`` in the sweep's directory).
            MLflow: the address of a server or of a database (default the environment
            variable ``MLFLOW_TRACKING_URI``, or else ``mlflow.db`` in that directory).

    Raises:
        ConfigError: no such tracker.
        StoreError: not the directory of a sweep.
        TrackingError: the extra is not installed; the place cannot be reached or written.
    """
    if to not in TRACKERS:
        raise ConfigError(unknown("tracker", to, TRACKERS))
    sweep = read_sweep(directory)
    tracker = _module(to)
    place = at or tracker.default_place(Path(directory))
    changed = tracker.publish_runs(sweep, place)
    return Published(place, len(sweep.runs), changed, sweep.waiting, tracker.hint(place))


def _module(name: Tracker) -> Module:
    for package in TRACKERS[name]:
        if importlib.util.find_spec(package) is None:
            raise TrackingError(f"{package} is not installed: pip install 'larqca[{name}]'")
    return importlib.import_module(f"larqca.tracking.{name}")
