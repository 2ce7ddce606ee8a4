from __future__ import annotations

import fcntl
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from larqca.errors import ConfigError, StoreError
from larqca.report.table import GROUPS, build_table
from larqca.sweep.files import write_json

from .helpers import GRID, finish, folder_of, make_store


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Losses 10, 100, 1000 of float, ten times that of one bit; accuracies by seed."""
    grid = make_store(tmp_path)
    for seed in (0, 1, 2):
        metrics = {"200": {"cell_accuracy": 0.8 + 0.05 * seed, "agreement": 0.5},
                   "400": {"cell_accuracy": 0.7, "agreement": 0.25}}
        finish(folder_of(tmp_path, grid, "float", seed), loss=10.0 ** (seed + 1), metrics=metrics)
        one_bit = {"200": {"cell_accuracy": 0.6 + 0.1 * seed, "agreement": 0.5},
                   "400": {"cell_accuracy": 0.7, "agreement": 0.5}}
        finish(folder_of(tmp_path, grid, "one bit", seed), loss=10.0 ** (seed + 2),
               metrics=one_bit, train_seconds=100.0 * seed)
    return tmp_path


def lines(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {line["row"]: line for _, line in table.iterrows()}


def test_costs_of_the_published_table(full: Path) -> None:
    table = lines(build_table(full))
    line = table["one bit"]
    assert (line["perceive_parameters"], line["update_parameters"]) == (18_080, 7_920)
    assert (line["perceive_bits_per_weight"], line["update_bits_per_weight"]) == (1, 1)
    assert (line["perceive_bytes"], line["update_bytes"], line["memory_bytes"]) == (2570, 990, 3560)
    assert line["compression"] == pytest.approx((72_320 + 31_680) / 3_560)
    assert (line["macs"], line["macs_1x32"], line["macs_32x32"]) == (25_920, 25_920, 0)
    assert (line["kernel_quantizer"], line["input_quantizer"]) == ("ste_sign", "none")
    assert table["float"]["compression"] == 1.0
    assert (line["larq_model_bytes"], line["larq_compression_ratio"]) == (3560, 0.034)
    assert (line["larq_macs"], line["larq_macs_1"]) == (26_000, 18_000)


def test_what_a_row_takes_on_a_device(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    for seed, code in enumerate((2000, 2200, None)):
        finish(folder_of(tmp_path, grid, "one bit", seed), deployed={
            "constant_bytes": 3600, "working_bytes": 30_000 + seed, "code_bytes": code})
    finish(folder_of(tmp_path, grid, "float", 0), deployed={"refused": "too large"})
    table = lines(build_table(tmp_path))
    line = table["one bit"]
    assert (line["deployed_bytes"], line["code_bytes"], line["working_bytes"]) == (
        3600, 2100, 30_001)
    assert math.isnan(table["float"]["deployed_bytes"])


def test_means_and_sample_deviations_over_seeds(full: Path) -> None:
    table = lines(build_table(full))
    base, line = table["float"], table["one bit"]
    assert (line["seeds"], line["n"], line["runs_done"]) == (3, 3, 3)
    assert base["log10_loss"] == pytest.approx(2.0)
    assert line["log10_loss"] == pytest.approx(3.0)
    assert line["log10_loss_sd"] == pytest.approx(1.0)
    assert line["cell_accuracy"] == pytest.approx(0.7)
    assert line["cell_accuracy_sd"] == pytest.approx(0.1)
    assert line["wall_seconds"] == pytest.approx(130.0)
    assert line["wall_seconds_sd"] == pytest.approx(100.0)
    assert line["agreement_sd"] == pytest.approx(0.0)
    assert (line["step"], line["step_after"]) == (200, 400)


def test_differences_are_taken_seed_by_seed(full: Path) -> None:
    line = lines(build_table(full))["one bit"]
    assert line["log10_loss_difference"] == pytest.approx(1.0)
    assert line["log10_loss_difference_sd"] == pytest.approx(0.0)
    # -0.2, -0.15, -0.1
    assert line["cell_accuracy_difference"] == pytest.approx(-0.15)
    assert line["cell_accuracy_difference_sd"] == pytest.approx(0.05)
    assert line["agreement_after_difference"] == pytest.approx(0.25)


def test_a_missing_baseline_run_leaves_its_seed_out(full: Path) -> None:
    grid = make_store(full)
    (folder_of(full, grid, "float", 2) / "result.json").unlink()
    line = lines(build_table(full))["one bit"]
    assert line["cell_accuracy"] == pytest.approx(0.7)
    assert line["cell_accuracy_difference"] == pytest.approx(-0.175)


def test_best_steps_are_those_before_the_mutation(full: Path) -> None:
    line = lines(build_table(full))["float"]
    assert (line["best_cell_accuracy"], line["best_cell_accuracy_step"]) == (0.9, 20)
    assert (line["best_agreement"], line["best_agreement_step"]) == (0.6, 20)  # the earlier of two


def test_without_a_mutation_the_last_step_counts(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    metrics = {"20": {"cell_accuracy": 0.5}, "100": {"cell_accuracy": 0.75}}
    finish(folder_of(tmp_path, grid, "float", 0), mutation_step=None, metrics=metrics)
    line = lines(build_table(tmp_path))["float"]
    assert (line["step"], line["cell_accuracy"]) == (100, 0.75)
    assert math.isnan(line["cell_accuracy_after"])
    assert line["best_cell_accuracy"] == 0.99
    assert math.isnan(line["cell_accuracy_sd"])  # of one run there is none


def test_a_line_for_every_run(full: Path) -> None:
    table = build_table(full, group_by="none")
    assert list(zip(table["row"], table["seed"], strict=True)) == [
        (row, seed) for row in ("float", "one bit") for seed in (0, 1, 2)]
    assert list(table["log10_loss_difference"]) == pytest.approx([0, 0, 0, 1, 1, 1])


def test_other_groupings(full: Path) -> None:
    by_seed = build_table(full, group_by="seed")
    assert list(by_seed["seed"]) == [0, 1, 2]
    assert list(by_seed["row"]) == ["various"] * 3
    assert by_seed["perceive_bytes"].isna().all()
    assert list(by_seed["perceive_parameters"]) == [18_080] * 3
    assert list(by_seed["log10_loss"]) == pytest.approx([1.5, 2.5, 3.5])
    assert list(build_table(full, group_by="kernel_quantizer")["kernel_quantizer"]) == [
        "none", "ste_sign"]
    for group_by in GROUPS:
        assert len(build_table(full, group_by=group_by)) >= 1
    with pytest.raises(ConfigError, match=r"unknown grouping 'sed' \(did you mean 'seed'\?\)"):
        build_table(full, group_by="sed")


def test_before_anything_has_started(tmp_path: Path) -> None:
    make_store(tmp_path)
    table = build_table(tmp_path)
    assert list(table["state"]) == ["waiting 3/3"] * 2
    assert list(table["perceive_bytes"]) == [72_320, 2570]
    assert table["log10_loss"].isna().all()
    assert list(table["n"]) == [0, 0]


def test_states_while_it_runs(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    progress = {"phase": "training", "done": 45, "total": 100, "loss": 1.0, "rate": 1.0}
    finish(folder_of(tmp_path, grid, "float", 0))
    write_json(folder_of(tmp_path, grid, "float", 1) / "progress.json", progress)
    write_json(folder_of(tmp_path, grid, "one bit", 0) / "failure.json", {"reason": "exit code 3"})
    finish(folder_of(tmp_path, grid, "one bit", 1), state="diverged", metrics={}, curves={},
           reason="diverged at iteration 7: loss is NaN", loss=None)
    (folder_of(tmp_path, grid, "one bit", 2) / "result.json").write_text('{"half')
    with open(folder_of(tmp_path, grid, "float", 1) / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        table = lines(build_table(tmp_path))
    assert table["float"]["state"] == "done 1/3, running 1/3 45 %, waiting 1/3"
    assert table["float"]["n"] == 1
    assert table["one bit"]["state"] == (
        "diverged 1/3: iteration 7: loss is NaN, failed 2/3: exit code 3")
    assert lines(build_table(tmp_path))["float"]["state"] == (
        "done 1/3, stopped 1/3 at 45 %, waiting 1/3")
    for phase, word in (("start", "starting"), ("evaluation", "evaluating")):
        write_json(folder_of(tmp_path, grid, "float", 1) / "progress.json",
                   {**progress, "phase": phase})
        assert f"stopped 1/3 at {word} 45 %" in lines(build_table(tmp_path))["float"]["state"]
    reasons = build_table(tmp_path, group_by="none")["state"]
    assert reasons.iloc[5].startswith("failed: result.json was cut short or edited by hand")


def test_diverged_runs_do_not_enter_the_mean_of_done_ones(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    gone: dict[str, Any] = {
        "state": "diverged", "reason": "diverged at iteration 7: loss 1e+09", "metrics": {},
        "curves": {}, "mutation_step": None, "loss": 1e9,
    }
    finish(folder_of(tmp_path, grid, "float", 0))
    finish(folder_of(tmp_path, grid, "float", 1), **gone)
    finish(folder_of(tmp_path, grid, "one bit", 0), **gone)
    table = lines(build_table(tmp_path))
    assert (table["float"]["log10_loss"], table["float"]["n"]) == (2.0, 1)
    assert (table["one bit"]["log10_loss"], table["one bit"]["n"]) == (9.0, 0)
    assert table["one bit"]["log10_loss_difference"] == 7.0


def test_without_a_baseline_there_are_no_differences(tmp_path: Path) -> None:
    grid = make_store(tmp_path, {key: value for key, value in GRID.items() if key != "baseline"})
    finish(folder_of(tmp_path, grid, "float", 0))
    table = build_table(tmp_path)
    assert table["compression"].isna().all()
    assert table["log10_loss_difference"].isna().all()


def test_what_is_no_store_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not the directory of a sweep"):
        build_table(tmp_path)


def test_a_store_can_be_moved(full: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = build_table(full)
    moved = tmp_path_factory.mktemp("elsewhere") / "store"
    full.rename(moved)
    pd.testing.assert_frame_equal(build_table(moved), before)


def test_a_report_imports_no_tensorflow(full: Path) -> None:
    code = ("import sys; from larqca.report.report import Report; "
            "Report(sys.argv[1]).render(); print('tensorflow' in sys.modules)")
    said = subprocess.run([sys.executable, "-c", code, str(full)], capture_output=True, text=True,
                          check=True)
    assert said.stdout.strip() == "False"
