from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from larqca.errors import ConfigError, StoreError
from larqca.report.compare import compare
from larqca.report.compare.quantities import QUANTITIES
from larqca.report.report import Report
from larqca.sweep.files import write_json

from .helpers import GRID, finish, folder_of, make_store, use_versions

CELLS, AFTER = 0.875, 0.4375
DEPLOYED = {"constant_bytes": 4000, "working_bytes": 3000, "code_bytes": 1500}


def metrics(**changes: float) -> dict[str, dict[str, float]]:
    before = {"cell_accuracy": CELLS, "agreement": 0.5, "vote_accuracy": 0.75, **changes}
    return {"200": before, "400": {"cell_accuracy": AFTER, "agreement": 0.25}}


def store(out: Path, seeds: tuple[int, ...] = (0, 1, 2), grid: dict[str, Any] = GRID,
          **changes: Any) -> Path:
    """A finished sweep; the changes are to the one-bit row's results."""
    planned = make_store(out, grid)
    for seed in seeds:
        for row in dict.fromkeys(run.row for run in planned.runs):
            own = {"deployed": DEPLOYED, "metrics": metrics(),
                   **(changes if row == "one bit" else {})}
            finish(folder_of(out, planned, row, seed), **own)
    return out


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return store(tmp_path / "a")


def test_a_sweep_is_no_worse_than_itself(a: Path) -> None:
    found = compare(a, a)
    assert found.regressions == []
    assert [pair.row for pair in found.pairs] == ["float", "one bit"]
    assert (found.only_a, found.only_b, found.changed, found.mixed_versions) == ([], [], [], [])
    assert "→" not in found.render("text")


def test_differences_are_b_minus_a_of_means_over_seeds(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b", metrics=metrics(cell_accuracy=CELLS + 0.05), loss=1000.0)
    found = compare(a, b)
    table = pd.read_csv(io.StringIO(found.render("csv"))).set_index("row")
    assert table.loc["one bit", "cell_accuracy_a"] == CELLS
    assert table.loc["one bit", "cell_accuracy_difference"] == pytest.approx(0.05)
    assert table.loc["one bit", "log10_loss_difference"] == pytest.approx(1.0)
    assert table.loc["float", "cell_accuracy_difference"] == 0
    assert "87.5 → 92.5 (+5.0)" in found.render("text")
    assert "| 87.5 → 92.5 (+5.0) |" in found.render("markdown")


@pytest.mark.parametrize(
    ("loss_in_points", "thresholds", "regresses"),
    [
        (0.9, {}, False), (1.1, {}, True), (-20.0, {}, False),
        (1.1, {"cell_accuracy": "1.2"}, False), (0.6, {"cell_accuracy": 0.5}, True),
        (0.5, {"cell_accuracy": 0.5}, False), (8.0, {"cell_accuracy": "10%"}, False),
        (9.0, {"cell_accuracy": "10%"}, True), (50.0, {"cell_accuracy": "off"}, False),
    ],
)
def test_thresholds_of_accuracy(
    a: Path, tmp_path: Path, loss_in_points: float, thresholds: dict[str, str], regresses: bool
) -> None:
    b = store(tmp_path / "b", metrics=metrics(cell_accuracy=CELLS - loss_in_points / 100))
    found = compare(a, b, thresholds=thresholds)
    assert bool(found.regressions) == regresses
    assert (" !" in found.render("text")) == regresses
    if regresses:
        (sentence,) = found.regressions
        assert sentence.startswith("one bit (digits): cells % 87.5 → ")


def test_thresholds_of_bytes_go_the_other_way(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b", deployed={**DEPLOYED, "constant_bytes": 4100, "working_bytes": 10})
    (sentence,) = compare(a, b).regressions
    assert "deployed constants 3.91 KiB → 4.00 KiB (may be 1 % worse)" in sentence
    assert compare(a, b, thresholds={"deployed_bytes": "5%"}).regressions == []
    assert compare(a, b, thresholds={"deployed": 100}).regressions == []
    assert len(compare(b, a).regressions) == 1  # the working memory


def test_what_vanished_is_worse_unless_a_machine_may_lack_it(a: Path, tmp_path: Path) -> None:
    without_code = store(tmp_path / "b", deployed={**DEPLOYED, "code_bytes": None})
    assert compare(a, without_code).regressions == []
    refused = store(tmp_path / "c", deployed={"refused": "too large"})
    found = compare(a, refused).regressions
    assert [sentence.split(": ")[1] for sentence in found] == [
        "deployed constants 3.91 KiB, and none in B", "working memory 2.93 KiB, and none in B"]
    assert compare(refused, a).regressions == []


def test_missing_rows_and_runs(a: Path, tmp_path: Path) -> None:
    alone = {**GRID, "rows": [{"name": "float"}, {"name": "new", "training": {"iterations": 7}}]}
    b = store(tmp_path / "b", grid=alone)
    found = compare(a, b)
    assert (found.only_a, found.only_b) == ([("one bit", "digits")], [("new", "digits")])
    assert found.regressions == ["one bit (digits): only in A"]
    assert compare(a, b, allow_missing=True).regressions == []
    for form in ("text", "markdown", "json"):
        said = found.render(form)
        assert "one bit (digits)" in said
        assert "new (digits)" in said

    c = store(tmp_path / "c", seeds=(0, 1))
    grid = make_store(c)
    finish(folder_of(c, grid, "float", 2), state="diverged", reason="diverged at iteration 7: NaN",
           metrics={})
    found = compare(a, c)
    assert found.regressions == [
        "float (digits): 2 of 3 runs done in B, 3 of 3 in A (done 2/3, diverged 1/3: "
        "iteration 7: NaN)",
        "one bit (digits): 2 of 3 runs done in B, 3 of 3 in A (done 2/3, waiting 1/3)"]
    assert "not done in B: one bit (seed 2): waiting" in found.render("text")
    assert compare(a, c, allow_missing=True).regressions == []
    assert compare(c, a).regressions == []


def test_fewer_seeds_that_are_all_done_are_enough(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b", seeds=(0,), grid={**GRID, "seeds": [0]})
    found = compare(a, b)
    assert found.regressions == []
    assert "3 → 1" in found.render("text")


def test_one_name_on_two_data_sets_is_two_rows(a: Path, tmp_path: Path) -> None:
    grid = {**GRID, "settings": {"preset": "clothing", "data": "mnist"}}
    found = compare(a, store(tmp_path / "b", grid=grid))
    assert found.pairs == []
    assert ("float", "mnist") in found.only_b


def test_other_settings_under_one_name_are_said(a: Path, tmp_path: Path) -> None:
    rows = [GRID["rows"][0], {**GRID["rows"][1], "training": {"iterations": 7}}]
    found = compare(a, store(tmp_path / "b", grid={**GRID, "rows": rows}))
    assert found.changed == [("one bit", "digits")]
    assert "other settings in B: one bit (digits)" in found.render("text")


def test_versions_are_marked_by_row(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b")
    use_versions(folder_of(b, make_store(b), "one bit", 1), larq="0.13.0")
    use_versions(folder_of(b, make_store(b), "one bit", 0), larq="0.12.0")
    found = compare(a, b)
    assert found.mixed_versions == ["larq"]
    by_row = {pair.row: (pair.versions_a, pair.versions_b) for pair in found.pairs}
    assert by_row == {"float": ("larq 0.14.0", "larq 0.14.0"),
                      "one bit": ("larq 0.14.0", "larq 0.12.0/0.13.0/0.14.0")}
    said = found.render("text")
    assert "larq 0.14.0 → larq 0.12.0/0.13.0/0.14.0" in said
    assert "not all runs were made with the same versions of larq" in said
    assert json.loads(found.render("json"))["versions_differ"] == ["larq"]


def test_a_report_is_as_good_as_the_store(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b", metrics=metrics(cell_accuracy=0.5))
    file = tmp_path / "kept.json"
    file.write_text(Report(a).render("json"))
    from_store, from_file = compare(a, b), compare(file, b)
    assert from_file.regressions == from_store.regressions != []
    assert from_file.render("csv") == from_store.render("csv")
    assert compare(a, file).regressions == []


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json"])
def test_every_quantity_in_every_form(a: Path, form: str) -> None:
    names = [quantity.name for quantity in QUANTITIES]
    assert compare(a, a, columns=names).render(form)
    assert compare(a, a, columns=names[:1], thresholds={}).render(form)


def test_json_says_what_was_judged(a: Path, tmp_path: Path) -> None:
    b = store(tmp_path / "b", metrics=metrics(agreement=0.1))
    content = json.loads(compare(a, b, columns=["loss"]).render("json"))
    assert content["thresholds"]["agreement"] == "2 points"
    assert content["rows"][1]["agreement_difference"] == pytest.approx(-0.4)
    assert content["rows"][1]["regressed"] == "agreement"
    assert len(content["regressions"]) == 1


def test_before_anything_has_started(a: Path, tmp_path: Path) -> None:
    make_store(tmp_path / "b")
    found = compare(a, tmp_path / "b")
    assert len(found.regressions) == 2  # a row of no run is missing, and not worse besides
    assert found.render("text").count("not done in B") == 6
    assert compare(tmp_path / "b", a).regressions == []


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"columns": ["memroy"]}, r"unknown column 'memroy' \(did you mean 'memory'\?\)"),
        ({"thresholds": {"agrement": 1}}, r"did you mean 'agreement'\?"),
        ({"thresholds": {"memory": "-1"}}, "threshold of memory: got '-1'; allowed"),
        ({"thresholds": {"memory": "nan"}}, "got 'nan'"),
        ({"thresholds": {"memory": "five"}}, "got 'five'"),
        ({"thresholds": {"memory": "%"}}, "got '%'"),
    ],
)
def test_bad_choices(a: Path, choice: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare(a, a, **choice)
    with pytest.raises(ConfigError, match="unknown format 'pdf'"):
        compare(a, a).render("pdf")


def test_what_is_neither_store_nor_report(a: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    by_run = json.loads(Report(a, group_by="none").render("json"))
    chosen = json.loads(Report(a, columns=["row", "memory"]).render("json"))
    for content, message in (
        ([1], "neither the directory of a sweep nor a report.json"),
        ({"format": "other"}, "neither the directory"),
        ({"format": "larqca-report", "version": 2}, "report of version 2"),
        ({"format": "larqca-report", "version": 1, "rows": [3]}, "no line for each row"),
        (chosen, "without --columns"),
        (by_run, "several lines for one row"),
    ):
        write_json(file, content)
        with pytest.raises(StoreError, match=message):
            compare(a, file)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="is not the directory of a sweep"):
        compare(a, tmp_path / "empty")
    with pytest.raises(StoreError, match="no such directory"):
        compare(tmp_path / "none", a)
    shutil.copytree(a, tmp_path / "newer")
    index = json.loads((a / "sweep.json").read_text())
    write_json(tmp_path / "newer" / "sweep.json", {**index, "version": 99})
    with pytest.raises(StoreError, match="reads up to version"):
        compare(a, tmp_path / "newer")
