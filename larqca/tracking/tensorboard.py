"""Event files for TensorBoard: scalars of each run, and the HParams tab over all."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from larqca.files import write_bytes
from larqca.sweep.outcome import OVER_LIMIT
from larqca.tracking.publish import TrackingError
from larqca.tracking.runs import TrackedRun, TrackedSweep

# TensorBoard wants the word tfevents in it. One file for each run, so that it can grow.
EVENTS = "events.out.tfevents.larqca"
# Hyperparameters that are shown even if all runs agree in them.
_ALWAYS = ("row", "seed", "data", "perceive.kernel_quantizer", "update.kernel_quantizer")
_METRICS = ("final/cell_accuracy", "final/agreement", "final/cell_accuracy_after",
            "final/agreement_after", "final/log10_loss", "cost/memory_bytes",
            "cost/deployed_bytes", "cost/working_bytes", "cost/macs")
_STATUS = {"done": api_pb2.STATUS_SUCCESS, "diverged": api_pb2.STATUS_FAILURE,
           **dict.fromkeys(("failed", *OVER_LIMIT), api_pb2.STATUS_FAILURE)}
_VERSION = "brain.Event:2"


def default_place(directory: Path) -> str:
    """The folder ``tensorboard`` in the sweep's directory."""
    return str(directory / "tensorboard")


def hint(place: str) -> str:
    """TensorBoard's own command."""
    return f"tensorboard --logdir {shlex.quote(place)}"


def publish_runs(sweep: TrackedSweep, place: str) -> int:
    """Write or extend an event file for each run, and the experiment's.

    Raises:
        TrackingError: the folder cannot be written.
    """
    root = Path(place)
    try:
        _extend(root, _experiment(sweep))
        return sum(_publish(root, run) for run in sweep.runs)
    except OSError as error:
        raise TrackingError(f"{place}: cannot be written: {error.strerror}") from error


def folder_name(run: TrackedRun) -> str:
    """What TensorBoard calls the run: its row, seed and hash."""
    row = re.sub(r"[^\w.+-]+", "_", run.row).strip("_.")[:60]
    return f"{row}-seed{run.seed}-{run.hash}"


def _publish(root: Path, run: TrackedRun) -> bool:
    folder = root / folder_name(run)
    for old in root.glob(f"*-{run.hash}"):
        # The row was renamed.
        if old != folder:
            shutil.rmtree(old)
    return _extend(folder, _run_events(run))


def _extend(folder: Path, content: bytes) -> bool:
    """Bring the folder's event file to this content; returns whether it was another.

    A running TensorBoard follows a file that grows, and not one that is replaced. So what
    only continues is appended; a reader takes a record that is not whole yet for the end.
    """
    path = folder / EVENTS
    before = path.read_bytes() if path.exists() else b""
    if before == content:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    if before and content.startswith(before):
        with open(path, "ab") as stream:
            stream.write(content[len(before):])
    else:
        write_bytes(path, content, durable=False)
    return True


def _run_events(run: TrackedRun) -> bytes:
    """The same points always give the same bytes, and more points more bytes behind them."""
    start = plugin_data_pb2.SessionStartInfo(group_name=run.hash, start_time_secs=run.started)
    for name, value in _hparams(run).items():
        _set(start.hparams[name], value)
    ended = run.finished or run.started
    events = [_hparams_event(metadata.SESSION_START_INFO_TAG, run.started,
                             session_start_info=start)]
    events += [
        Event(wall_time=run.started if point.name == "train/loss" else ended, step=point.step,
              summary=Summary(value=[Summary.Value(tag=point.name, simple_value=point.value)]))
        for point in run.points
    ]
    if run.state in _STATUS:
        end = plugin_data_pb2.SessionEndInfo(status=_STATUS[run.state], end_time_secs=ended)
        events.append(_hparams_event(metadata.SESSION_END_INFO_TAG, ended, session_end_info=end))
    return _records([Event(wall_time=run.started, file_version=_VERSION), *events])


def _experiment(sweep: TrackedSweep) -> bytes:
    """The event that says which hyperparameters and metrics the HParams tab shows."""
    each = [_hparams(run) for run in sweep.runs]
    names = dict.fromkeys(name for own in each for name in own)
    columns = {name: dict.fromkeys(own[name] for own in each if name in own) for name in names}
    experiment = api_pb2.Experiment(
        description=f"larqca sweep {sweep.name}", time_created_secs=sweep.created,
        hparam_infos=[_info(name, list(values)) for name, values in columns.items()
                      if name in _ALWAYS or len(values) > 1],
        metric_infos=[api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=tag)
                      for tag in _METRICS],
    )
    return _records([Event(wall_time=sweep.created, file_version=_VERSION),
                     _hparams_event(metadata.EXPERIMENT_TAG, sweep.created,
                                    experiment=experiment)])


def _hparams(run: TrackedRun) -> dict[str, Any]:
    return {"row": run.row, **run.params}


def _info(name: str, values: list[Any]) -> api_pb2.HParamInfo:
    kinds = {_kind(value) for value in values}
    info = api_pb2.HParamInfo(
        name=name, type=kinds.pop() if len(kinds) == 1 else api_pb2.DATA_TYPE_STRING)
    for value in values:
        _set(info.domain_discrete.values.add(),
             str(value) if info.type == api_pb2.DATA_TYPE_STRING else value)
    return info


def _kind(value: Any) -> int:
    if isinstance(value, bool):
        return int(api_pb2.DATA_TYPE_BOOL)
    number = isinstance(value, (int, float))
    return int(api_pb2.DATA_TYPE_FLOAT64 if number else api_pb2.DATA_TYPE_STRING)


def _set(target: Any, value: Any) -> None:
    """Put a value into a protobuf that holds any kind."""
    field = {api_pb2.DATA_TYPE_BOOL: "bool_value", api_pb2.DATA_TYPE_FLOAT64: "number_value",
             api_pb2.DATA_TYPE_STRING: "string_value"}[_kind(value)]
    setattr(target, field, value)


def _hparams_event(tag: str, time: float, **content: Any) -> Event:
    data = plugin_data_pb2.HParamsPluginData(version=metadata.PLUGIN_DATA_VERSION, **content)
    about = metadata.create_summary_metadata(data)
    # Which writes maps in any order.
    about.plugin_data.content = data.SerializeToString(deterministic=True)
    value = Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)
    return Event(wall_time=time, summary=Summary(value=[value]))


def _records(events: Iterable[Event]) -> bytes:
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
    return buffer.getvalue()
