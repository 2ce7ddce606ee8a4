"""A real local database, and MLflow's own server on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from larqca.cli import main as command
from larqca.tracking import publish
from tests.report.helpers import make_store

from .helpers import ITERATIONS, SMALL, finish_run, half_done, start_run, train_anew

for _package in ("mlflow", "sqlalchemy", "alembic"):
    pytest.importorskip(_package, reason=f"needs {_package}: pip install 'larqca[mlflow]'")


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for package in ("flask", "flask_cors", "werkzeug"):
        pytest.importorskip(package, reason=f"MLflow's server needs {package}")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tracking.mlflow_server", str(tmp_path_factory.mktemp("s"))],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Made once: making its tables takes longer than all that is tested in it."""
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'runs.db'}"


def runs_of(address: str, experiment: str = "small") -> dict[str, Any]:
    """What MLflow's own client finds, by the run's name."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=address, registry_uri=address)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    runs = client.search_runs([found.experiment_id])
    assert len({run.info.run_name for run in runs}) == len(runs)
    return {run.info.run_name: run for run in runs}


def history(address: str, run: Any, name: str) -> list[tuple[int, float]]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=address, registry_uri=address)
    return [(metric.step, metric.value)
            for metric in client.get_metric_history(run.info.run_id, name)]


def named(name: str) -> dict[str, Any]:
    """A grid of its own experiment."""
    return {**SMALL, "name": name}


def finished_store(out: Path, name: str) -> None:
    grid = make_store(out, named(name))
    finish_run(out, grid, "float")
    finish_run(out, grid, "one bit", state="diverged", metrics={}, curves={},
               reason="diverged at iteration 7: loss is NaN")


def check_finished(address: str, name: str) -> None:
    found = runs_of(address, name)
    assert {key: run.info.status for key, run in found.items()} == {
        "float, seed 0": "FINISHED", "one bit, seed 0": "FAILED"}
    run = found["float, seed 0"]
    assert run.data.params["training.iterations"] == str(ITERATIONS)
    assert run.data.metrics["final/cell_accuracy"] == 0.875
    assert run.data.metrics["cost/memory_bytes"] > 0
    assert run.data.tags["version.larq"] == "0.14.0"
    assert found["one bit, seed 0"].data.tags["reason"] == "iteration 7: loss is NaN"
    assert len(history(address, run, "train/loss")) == 333
    assert history(address, run, "steps/agreement")[0] == (10, 0.2)
    assert run.info.end_time > run.info.start_time


def test_a_local_database(
    tmp_path: Path, database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    finished_store(tmp_path, "local")
    assert command.run(["track", str(tmp_path), "--to", "mlflow", "--at", database]) == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[0] == "2 runs, 2 of them new or changed"
    assert said.err == ""
    check_finished(database, "local")
    folder = Path(database.removeprefix("sqlite:///")).parent / "mlartifacts" / "local"
    assert sorted(path.name for path in folder.glob("*/artifacts/*")) == sorted(
        2 * ["config.json", "model.npz", "provenance.json", "result.json"])
    assert publish(tmp_path, "mlflow", at=database).changed == 0


def test_a_server(tmp_path: Path, server: str) -> None:
    finished_store(tmp_path, "remote")
    done = publish(tmp_path, "mlflow", at=server)
    assert (done.runs, done.changed, done.hint) == (2, 2, server)
    check_finished(server, "remote")
    assert publish(tmp_path, "mlflow", at=server).changed == 0

    from mlflow.tracking import MlflowClient

    run = runs_of(server, "remote")["float, seed 0"]
    kept = MlflowClient(tracking_uri=server, registry_uri=server).download_artifacts(
        run.info.run_id, "model.npz", str(tmp_path))
    assert Path(kept).read_bytes() == b"a model"


def test_a_run_that_gets_on_is_continued(tmp_path: Path, database: str) -> None:
    grid = make_store(tmp_path, named("grows"))
    start_run(tmp_path, grid, "float", 100)
    done = publish(tmp_path, "mlflow", at=database)
    assert (done.runs, done.changed, done.waiting) == (1, 1, 1)
    (run,) = runs_of(database, "grows").values()
    assert run.info.status == "KILLED"
    assert len(history(database, run, "train/loss")) == 33

    finish_run(tmp_path, grid, "float")
    assert publish(tmp_path, "mlflow", at=database).changed == 1
    (after,) = runs_of(database, "grows").values()
    assert (after.info.run_id, after.info.status) == (run.info.run_id, "FINISHED")
    steps = [step for step, _ in history(database, after, "train/loss")]
    assert len(steps) == len(set(steps)) == 333


def test_a_run_trained_anew_replaces_the_old_one(tmp_path: Path, database: str) -> None:
    grid = make_store(tmp_path, named("anew"))
    folder = finish_run(tmp_path, grid, "float")
    publish(tmp_path, "mlflow", at=database)
    (old,) = runs_of(database, "anew").values()
    train_anew(folder)
    assert publish(tmp_path, "mlflow", at=database).changed == 1
    (new,) = runs_of(database, "anew").values()
    assert new.info.run_id != old.info.run_id
    assert len(history(database, new, "train/loss")) == 333


def test_where_runs_go_by_default(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from larqca.tracking import mlflow

    assert mlflow.default_place(tmp_path) == f"sqlite:///{tmp_path / 'mlflow.db'}"
    half_done(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    assert publish(tmp_path, "mlflow").place == database
    assert set(runs_of(database)) == {"float, seed 0"}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:9", "cannot be reached; is the server running?"),
        ("http://no-such-host.invalid:5000", "cannot be reached"),
        ("http://[", "cannot be reached"),
        ("here", "is not an address"),
        ("odd://here", "MLflow could not log to it"),
        ("sqlite:////no/such/folder/runs.db", "there is no directory /no/such/folder"),
        ("sqlite:///{folder}", "is not a file that can be written"),
        ("sqlite:///{folder}/grid.yaml", "is not an SQLite database"),
    ],
)
def test_bad_addresses_are_one_line_at_once(
    address: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half_done(tmp_path)
    held = sorted(tmp_path.rglob("*"))
    began = time.monotonic()
    given = address.replace("{folder}", str(tmp_path))
    assert command.run(["track", str(tmp_path), "--to", "mlflow", "--at", given]) == 1
    # Retries take minutes; a limit in seconds would test the machine.
    assert time.monotonic() - began < 60
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert sorted(tmp_path.rglob("*")) == held


def test_a_server_that_never_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    from larqca.tracking import address

    monkeypatch.setattr(address, "SECONDS_TO_ANSWER", 0.1)
    half_done(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert command.run(["track", str(tmp_path), "--to", "mlflow", "--at", place]) == 1
    assert f"error: {place}: no answer; is the server running?" in capsys.readouterr().err


def test_a_server_that_is_not_mlflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import http.server
    import threading

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404, "nothing here")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    half_done(tmp_path)
    with http.server.HTTPServer(("127.0.0.1", 0), Refuses) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{other.server_port}"
        assert command.run(["track", str(tmp_path), "--to", "mlflow", "--at", place]) == 1
        other.shutdown()
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{place}: MLflow could not log to it: " in line
