from __future__ import annotations

from pathlib import Path

import pytest

from larqca.errors import StoreError
from larqca.files import write_text
from larqca.tracking.runs import LOSS_POINTS, read_sweep

from .helpers import ITERATIONS, SMALL, finish_run, half_done, make_store, start_run


def test_only_runs_that_have_started(tmp_path: Path) -> None:
    grid = half_done(tmp_path)
    sweep = read_sweep(tmp_path)
    assert (sweep.name, [run.row for run in sweep.runs], sweep.waiting) == ("small", ["float"], 1)
    (run,) = sweep.runs
    assert run.hash == grid.runs[0].hash
    assert run.started < run.finished  # type: ignore[operator]
    assert {path.name for path in run.artifacts} == {
        "config.json", "provenance.json", "result.json", "model.npz"}


def test_the_whole_configuration_is_flat(tmp_path: Path) -> None:
    half_done(tmp_path)
    params = read_sweep(tmp_path).runs[0].params
    assert params["training.iterations"] == ITERATIONS
    assert params["perceive.kernel_quantizer"] == "none"
    assert params["start_from"] == "none"
    assert params["seed"] == 0
    assert all(isinstance(value, (str, int, float)) for value in params.values())


def test_losses_are_means_over_equal_stretches(tmp_path: Path) -> None:
    half_done(tmp_path)
    found = [point for point in read_sweep(tmp_path).runs[0].points if point.name == "train/loss"]
    assert LOSS_POINTS / 2 < len(found) <= LOSS_POINTS
    assert [(point.step, point.value) for point in found[:2]] == [(3, 999.0), (6, 996.0)]


def test_what_a_run_gave(tmp_path: Path) -> None:
    half_done(tmp_path)
    (run,) = read_sweep(tmp_path).runs
    points = {(point.name, point.step): point.value for point in run.points}
    assert points["steps/cell_accuracy", 20] == 0.9
    assert points["final/cell_accuracy", ITERATIONS] == 0.875
    assert points["final/agreement_after", ITERATIONS] == 0.25
    assert points["final/log10_loss", ITERATIONS] == 2.0
    assert points["cost/memory_bytes", ITERATIONS] > 0
    assert ("cost/deployed_bytes", ITERATIONS) not in points  # nothing was measured


def test_a_run_that_gets_on_keeps_its_points(tmp_path: Path) -> None:
    grid = make_store(tmp_path, SMALL)
    before: list[object] = []
    for iterations in (1, 100, 500):
        start_run(tmp_path, grid, "float", iterations)
        (run,) = read_sweep(tmp_path).runs
        assert run.state == "stopped"
        assert run.finished is None
        assert len(run.points) == iterations // 3
        assert run.points[:len(before)] == before
        before = list(run.points)
    finish_run(tmp_path, grid, "float")
    assert read_sweep(tmp_path).runs[0].points[:len(before)] == before


def test_how_a_run_ended(tmp_path: Path) -> None:
    grid = make_store(tmp_path, SMALL)
    finish_run(tmp_path, grid, "one bit", state="diverged", loss=None, metrics={}, curves={},
               reason="diverged at iteration 7: loss is NaN")
    (run,) = read_sweep(tmp_path).runs
    assert run.tags["reason"] == "iteration 7: loss is NaN"
    assert run.tags["state"] == "diverged"
    assert run.tags["version.larq"] == "0.14.0"
    assert not any(point.name == "final/loss" for point in run.points)


@pytest.mark.parametrize("history", ["", "iteration,loss\n1,x\n", "a,b\n1,2\n", "\0"])
def test_a_damaged_history_is_no_history(tmp_path: Path, history: str) -> None:
    grid = half_done(tmp_path)
    write_text(tmp_path / "runs" / grid.runs[0].hash / "history.csv", history)
    (run,) = read_sweep(tmp_path).runs
    assert not any(point.name == "train/loss" for point in run.points)


def test_damaged_files_of_a_started_run(tmp_path: Path) -> None:
    grid = make_store(tmp_path, SMALL)
    folder = start_run(tmp_path, grid, "float", 10)
    for name in ("config.json", "checkpoint.npz", "progress.json"):
        (folder / name).write_bytes(b"\x00half")
    (run,) = read_sweep(tmp_path).runs
    assert run.points == []
    (folder / "provenance.json").write_text('{"starts": 5}')
    assert read_sweep(tmp_path).runs[0].started == 0.0


def test_what_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not the directory of a sweep"):
        read_sweep(tmp_path)
