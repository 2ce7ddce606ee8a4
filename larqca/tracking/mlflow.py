"""MLflow: an experiment for each sweep, a run for each run.

A run is found again by its hash. What it has already is not logged a second time.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Read when MLflow is imported. Usage is nobody's business; a server that went away is
# noticed in seconds, not in minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from larqca.sweep.outcome import OVER_LIMIT
from larqca.tracking.address import SQLITE, check_address, sqlite_file
from larqca.tracking.publish import TrackingError
from larqca.tracking.runs import TrackedRun, TrackedSweep

HASH, DIGEST, START = "larqca.run", "larqca.content", "larqca.start"
_STATUS = {"done": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "stopped": "KILLED",
           "running": "RUNNING", **dict.fromkeys(OVER_LIMIT, "FAILED")}
# MLflow takes so many numbers, parameters and tags in one request.
_METRICS, _PARAMS = 1000, 100
_LONGEST_TAG, _LONGEST_PARAM = 5000, 6000


def default_place(directory: Path) -> str:
    """``MLFLOW_TRACKING_URI``, or else a database in the sweep's directory."""
    given = os.environ.get("MLFLOW_TRACKING_URI")
    return given or f"{SQLITE}{directory.absolute() / 'mlflow.db'}"


def hint(place: str) -> str:
    """The address itself, or MLflow's own command on it."""
    if not place.startswith(SQLITE):
        return place
    return f"mlflow ui --backend-store-uri {shlex.quote(place)} (of the package mlflow)"


def publish_runs(sweep: TrackedSweep, place: str) -> int:
    """Log every run to its counterpart, made if need be.

    Raises:
        TrackingError: the address is none, does not answer or refuses.
    """
    check_address(place)
    # Tables that are made in a new database are no news.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        client = MlflowClient(tracking_uri=place, registry_uri=place)
        experiment = _experiment(client, sweep.name, place)
        known = _known_runs(client, experiment)
        return sum(_publish(client, experiment, run, known.get(run.hash)) for run in sweep.runs)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        first = " ".join(str(error).split())[:300]
        raise TrackingError(f"{place}: MLflow could not log to it: {first}") from error


def _experiment(client: MlflowClient, name: str, place: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    file = sqlite_file(place)
    # Otherwise a local database's artefacts go to wherever the command runs.
    where = (file.parent / "mlartifacts" / name).as_uri() if file is not None else None
    return str(client.create_experiment(name, artifact_location=where))


def _known_runs(client: MlflowClient, experiment: str) -> dict[str, Run]:
    found: dict[str, Run] = {}
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        found |= {run.data.tags[HASH]: run for run in page if HASH in run.data.tags}
        token = page.token
        if not token:
            return found


def _publish(client: MlflowClient, experiment: str, run: TrackedRun, known: Run | None) -> bool:
    digest = _digest(run)
    if known is not None and known.data.tags.get(DIGEST) == digest:
        return False
    start = f"{run.started:.0f}"
    if known is not None and known.data.tags.get(START) != start:
        # The same configuration, trained anew: its curves would run into the old ones.
        client.delete_run(known.info.run_id)
        known = None
    if known is None:
        known = client.create_run(experiment, start_time=_milliseconds(run.started),
                                  run_name=_run_name(run), tags={HASH: run.hash, START: start})
    _log(client, run, known)
    # Last, so that a publication that was cut short is done again.
    client.set_tag(known.info.run_id, DIGEST, digest)
    return True


def _log(client: MlflowClient, run: TrackedRun, known: Run) -> None:
    name = known.info.run_id
    params = [Param(key, str(value)[:_LONGEST_PARAM]) for key, value in run.params.items()
              if key not in known.data.params]
    for part in _parts(params, _PARAMS):
        client.log_batch(name, params=part)
    for part in _parts(_new_metrics(client, run, known), _METRICS):
        client.log_batch(name, metrics=part)
    client.log_batch(name, tags=[RunTag(key, value[:_LONGEST_TAG])
                                 for key, value in run.tags.items()])
    for path in run.artifacts:
        client.log_artifact(name, str(path))
    status = _STATUS.get(run.state, "SCHEDULED")
    if run.finished is not None:
        client.set_terminated(name, status, _milliseconds(run.finished))
    client.update_run(name, status=status, name=_run_name(run))


def _new_metrics(client: MlflowClient, run: TrackedRun, known: Run) -> list[Metric]:
    there = {(name, point.step) for name in known.data.metrics
             for point in client.get_metric_history(known.info.run_id, name)}
    at = _milliseconds(run.finished or run.started)
    return [Metric(point.name, point.value, at, point.step) for point in run.points
            if (point.name, point.step) not in there]


def _digest(run: TrackedRun) -> str:
    content = (run.row, run.state, run.started, run.points, sorted(run.tags.items()), run.finished)
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _run_name(run: TrackedRun) -> str:
    return f"{run.row}, seed {run.seed}"


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start:start + size] for start in range(0, len(items), size)]


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
