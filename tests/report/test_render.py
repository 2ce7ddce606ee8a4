from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from larqca.errors import ConfigError, StoreError
from larqca.report.columns import COLUMNS
from larqca.report.report import Report

from .helpers import finish, folder_of, make_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    grid = make_store(out)
    for seed in (0, 1):
        finish(folder_of(out, grid, "float", seed))
        metrics = {"200": {"cell_accuracy": 0.5 + 0.1 * seed, "agreement": 0.5,
                           "vote_accuracy": 0.75, "agree_and_correct": 0.25},
                   "400": {"cell_accuracy": 0.4}}
        finish(folder_of(out, grid, "one bit", seed), metrics=metrics, loss=1000.0)
    return out


def cells(report: Report) -> dict[str, dict[str, str]]:
    """Markdown cells by row and head."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in report.render("markdown").splitlines() if line.startswith("|")]
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}


def test_the_published_notation(store: Path) -> None:
    shown = cells(Report(store, columns=["row", "memory", "parameters", "bits_per_weight", "macs"]))
    assert shown["float"]["memory"] == "70.62 KiB + 30.94 KiB"
    assert shown["one bit"]["memory"] == "2.51 KiB + 990 B"
    assert shown["one bit"]["parameters"] == "18,080 + 7,920"
    assert (shown["float"]["bits"], shown["one bit"]["bits"]) == ("32", "1")
    assert "25,920 (1x32)" in shown["one bit"].values()


def test_means_with_deviations_and_differences(store: Path) -> None:
    names = ["row", "cell_accuracy", "log10_loss", "log10_loss_difference", "compression", "n",
             "time", "state"]
    shown = cells(Report(store, columns=names))
    assert shown["one bit"]["cell accuracy %"] == "55.0 ± 7.1"
    assert shown["one bit"]["log10 loss"] == "3.00 ± 0.00"
    assert shown["one bit"]["+/-"] == "+1.00"
    assert shown["one bit"]["x"] == "29.2x"
    assert shown["one bit"]["n"] == "2"
    assert shown["one bit"]["time"] == "1 min 30 s"
    assert shown["one bit"]["state"] == "done 2/3, waiting 1/3"


def test_default_columns_leave_out_what_nobody_uses(store: Path) -> None:
    head = cells(Report(store))["float"]
    assert "kernel quantizer" in head
    assert "input quantizer" not in head
    assert "seed" not in head
    assert "seed" in cells(Report(store, group_by="none"))["float"]


def test_every_column_can_be_chosen_alone(store: Path) -> None:
    for column in COLUMNS:
        for form in ("text", "markdown", "csv", "json"):
            assert Report(store, columns=[column.name]).render(form)


def test_every_column_is_sorted_by(store: Path) -> None:
    for column in COLUMNS:
        for group_by in ("row", "none"):
            Report(store, sort=column.name, group_by=group_by)


def test_sorting(store: Path) -> None:
    def order(sort: str) -> list[str]:
        return list(Report(store, sort=sort).table["row"])

    assert order("memory") == ["one bit", "float"]
    assert order("memory,desc") == ["float", "one bit"]
    assert order("cell_accuracy , asc") == ["one bit", "float"]
    assert order("perceive_bytes") == ["one bit", "float"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"columns": ["row", "memry"]}, r"unknown column 'memry' \(did you mean 'memory'\?\)"),
        ({"sort": "los"}, r"unknown column 'los' \(did you mean 'loss'\?\)"),
        ({"sort": "loss,down"}, "unknown direction 'down'.*allowed: asc, desc"),
        ({"group_by": "rows"}, r"unknown grouping 'rows' \(did you mean 'row'\?\)"),
    ],
)
def test_unknown_names(store: Path, choice: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Report(store, **choice).render()  # type: ignore[arg-type]


def test_csv_holds_plain_numbers(store: Path) -> None:
    table = pd.read_csv(io.StringIO(Report(store).render("csv"))).set_index("row")
    assert table.loc["one bit", "cell_accuracy"] == pytest.approx(0.55)
    assert table.loc["one bit", "memory_bytes"] == 3560
    assert table.loc["one bit", "n"] == 2
    chosen = pd.read_csv(io.StringIO(Report(store, columns=["row", "macs"]).render("csv")))
    assert list(chosen.columns) == ["row", "macs", "macs_32x32", "macs_1x32"]


def test_json_holds_plain_numbers_and_where_they_came_from(store: Path) -> None:
    content = json.loads(Report(store).render("json"))
    assert (content["grid"], content["baseline"], content["seeds"]) == ("small", "float", [0, 1, 2])
    assert content["versions"] == {
        "larqca": ["0.1.0"], "larq": ["0.14.0"], "tensorflow": ["2.21.0"]}
    assert content["data_sha256"] == ["cd" * 32]
    assert content["first_start"] == "2026-01-02T00:00:00Z"
    assert content["last_finish"] == "2026-01-03T00:00:00Z"
    line = content["rows"][1]
    assert (line["row"], line["perceive_bytes"], line["seeds"]) == ("one bit", 2570, 3)
    assert set(line) == set(content["columns"])


def test_a_report_of_a_sweep_that_has_not_started(tmp_path: Path) -> None:
    make_store(tmp_path)
    report = Report(tmp_path)
    assert json.loads(report.render("json"))["rows"][0]["loss"] is None
    assert "no run has started" in report.render("markdown")
    assert "waiting 3/3" in report.render("text")


def test_files(store: Path, tmp_path: Path) -> None:
    written = Report(store).write(tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["report.md", "report.csv", "report.json"]
    page = written[0].read_text()
    assert page.startswith("# small\n")
    assert "larqca 0.1.0, larq 0.14.0" in page
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="the report cannot be written"):
        Report(store).write(tmp_path / "file")


def test_a_bar_in_a_name_does_not_break_markdown(tmp_path: Path) -> None:
    make_store(tmp_path, {"name": "x", "rows": [{"name": "a|b"}]})
    assert "a\\|b" in Report(tmp_path).render("markdown")
