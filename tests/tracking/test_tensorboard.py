"""What TensorBoard itself reads of what was written."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from larqca.tracking import publish
from larqca.tracking.publish import TrackingError
from tests.report.helpers import make_store

from .helpers import ITERATIONS, SMALL, finish_run, half_done, start_run, train_anew

pytest.importorskip("tensorboard", reason="needs tensorboard: pip install 'larqca[tensorboard]'")

SUCCESS, FAILURE, RUNNING = 1, 2, 3


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by tag, as TensorBoard's own reader gives them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: [(event.step, event.value) for event in reader.Scalars(tag)]
            for tag in reader.Tags()["scalars"]}


def hparams_tab(root: Path) -> tuple[Any, list[Any]]:
    """The experiment and the session groups that TensorBoard's HParams tab would show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard import context
        from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
        from tensorboard.plugins import base_plugin
        from tensorboard.plugins.hparams import (
            api_pb2,
            backend_context,
            get_experiment,
            list_session_groups,
        )
    events = plugin_event_multiplexer.EventMultiplexer()
    events.AddRunsFromDirectory(str(root))
    events.Reload()
    provider = data_provider.MultiplexerDataProvider(events, str(root))
    backend = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = context.RequestContext()
    experiment = get_experiment.Handler(
        request, backend, "", api_pb2.GetExperimentRequest()).run()
    wanted = api_pb2.ListSessionGroupsRequest(slice_size=100, allowed_statuses=[0, 1, 2, 3])
    for info in experiment.metric_infos:
        wanted.col_params.add(metric=info.name)
    groups = list_session_groups.Handler(request, backend, "", wanted).run()
    return experiment, list(groups.session_groups)


def test_scalars_of_a_run(tmp_path: Path) -> None:
    grid = half_done(tmp_path)
    done = publish(tmp_path, "tensorboard")
    assert (done.runs, done.changed, done.waiting) == (1, 1, 1)
    assert done.hint == f"tensorboard --logdir {tmp_path / 'tensorboard'}"
    found = scalars(tmp_path / "tensorboard" / f"float-seed0-{grid.runs[0].hash}")
    assert found["train/loss"][:2] == [(3, 999.0), (6, 996.0)]
    assert found["steps/agreement"][0] == (10, pytest.approx(0.2))
    assert found["final/cell_accuracy"] == [(ITERATIONS, 0.875)]


def test_the_hparams_tab(tmp_path: Path) -> None:
    grid = half_done(tmp_path)
    finish_run(tmp_path, grid, "one bit", state="diverged", metrics={}, curves={})
    publish(tmp_path, "tensorboard", at=str(tmp_path / "logs"))
    experiment, groups = hparams_tab(tmp_path / "logs")
    infos = {info.name: info for info in experiment.hparam_infos}
    # What all runs share is left out.
    assert {"row", "seed", "update.kernel_quantizer"} <= set(infos)
    assert "cell.fire_rate" not in infos
    choices = infos["update.kernel_quantizer"].domain_discrete.values
    assert [value.string_value for value in choices] == ["none", "4 x ste_sign"]
    names = [info.name.tag for info in experiment.metric_infos]
    by_row = {group.hparams["row"].string_value: group for group in groups}
    done, diverged = by_row["float"], by_row["one bit"]
    assert done.sessions[0].status == SUCCESS
    assert diverged.sessions[0].status == FAILURE
    assert done.hparams["training.iterations"].number_value == ITERATIONS
    values = {value.name.tag: value.value for value in done.metric_values}
    assert values["final/cell_accuracy"] == 0.875
    assert set(values) <= set(names)


def test_publishing_again_continues_the_same_file(tmp_path: Path) -> None:
    grid = make_store(tmp_path, SMALL)
    start_run(tmp_path, grid, "float", 100)
    assert publish(tmp_path, "tensorboard").changed == 1
    (file,) = (tmp_path / "tensorboard").glob("float*/*")
    early, number = file.read_bytes(), file.stat().st_ino
    assert publish(tmp_path, "tensorboard").changed == 0
    assert len(scalars(file.parent)["train/loss"]) == 33
    assert hparams_tab(tmp_path / "tensorboard")[1][0].sessions[0].status != SUCCESS

    finish_run(tmp_path, grid, "float")
    assert publish(tmp_path, "tensorboard").changed == 1
    # Appended to, so that a running TensorBoard sees it.
    assert file.stat().st_ino == number
    assert file.read_bytes().startswith(early)
    assert len(scalars(file.parent)["train/loss"]) == 333
    assert hparams_tab(tmp_path / "tensorboard")[1][0].sessions[0].status == SUCCESS

    file.write_bytes(file.read_bytes()[:-7])
    assert publish(tmp_path, "tensorboard").changed == 1
    assert "cost/macs" in scalars(file.parent)


def test_a_run_trained_anew_replaces_the_old_one(tmp_path: Path) -> None:
    grid = half_done(tmp_path)
    publish(tmp_path, "tensorboard")
    train_anew(tmp_path / "runs" / grid.runs[0].hash)
    assert publish(tmp_path, "tensorboard").changed == 1
    (folder,) = (tmp_path / "tensorboard").glob("float*")
    assert len(scalars(folder)["train/loss"]) == 333


def test_a_renamed_row_is_not_doubled(tmp_path: Path) -> None:
    half_done(tmp_path)
    publish(tmp_path, "tensorboard")
    rows = [{"name": "weird / ../name"}, SMALL["rows"][1]]
    make_store(tmp_path, {**SMALL, "rows": rows, "baseline": "weird / ../name"})
    publish(tmp_path, "tensorboard")
    (folder,) = (path for path in (tmp_path / "tensorboard").iterdir() if path.is_dir())
    assert folder.name.startswith("weird_.._name-seed0-")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    half_done(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match="file: cannot be written: "):
        publish(tmp_path, "tensorboard", at=str(tmp_path / "file"))
