"""What stands in the page, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from larqca.report.page import page as module
from larqca.report.page.page import as_script_data, page_of
from larqca.report.report import Report
from tests.report.helpers import make_store

from .helpers import HOSTILE, make_full_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_full_store(tmp_path_factory.mktemp("page") / "store")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def runs_of(store: Path) -> dict[str, dict[str, Any]]:
    return {run["row"]: run for run in data_of(page_of(Report(store), store))["runs"]}


def test_every_state_is_a_panel_that_says_what_is_missing(store: Path) -> None:
    runs = runs_of(store)
    assert runs["float"]["standing"] == "done, cells 87.5 %, agreement 50.0 %"
    assert runs["float"]["missing"] == {}
    assert runs[HOSTILE]["standing"] == f"diverged: iteration 3: {HOSTILE}"
    assert runs[HOSTILE]["missing"]["cells"] == "The run diverged before it came to this."
    assert runs["wide"]["standing"] == f"failed: {HOSTILE}"
    assert runs["wide"]["missing"]["loss"] == "The run failed before it came to this."
    assert runs["slow"]["standing"] == "stopped at 20 %"
    assert runs["late"]["standing"] == "waiting"
    assert runs["slow"]["loss"]["log10_loss"] == [1.0, 0.0]
    assert runs["late"]["missing"] == {
        "loss": "There once the run has a checkpoint.",
        **dict.fromkeys(("curves", "cells"), "There once the run is done.")}
    assert runs["late"]["files"] == []


@pytest.mark.parametrize(
    ("file", "content", "panel", "said"),
    [
        ("cells.npz", None, "cells", "cells.npz is not in the run's directory; runs of earlier"),
        ("cells.npz", b"PK", "cells", "cells.npz: cannot be read"),
        ("history.csv", None, "loss", "history.csv is not in the run's directory."),
        ("history.csv", b"iteration,loss\n1,\xff", "loss", "history.csv: "),
    ],
)
def test_a_damaged_file_costs_one_panel(
    tmp_path: Path, file: str, content: bytes | None, panel: str, said: str
) -> None:
    store = make_full_store(tmp_path)
    path = store / "runs" / runs_of(store)["float"]["hash"] / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    run = runs_of(store)["float"]
    assert run["missing"][panel].startswith(said)
    assert set(run["missing"]) == {panel}


def test_damaged_configs_and_provenances_are_left_out(tmp_path: Path) -> None:
    store = make_full_store(tmp_path)
    directory = store / "runs" / runs_of(store)["float"]["hash"]
    (directory / "config.json").write_text("[]")
    (directory / "provenance.json").write_text("{")
    run = runs_of(store)["float"]
    assert (run["config"], run["provenance"]) == (None, [])


def test_links_are_relative_to_where_the_page_lies(store: Path, tmp_path: Path) -> None:
    (elsewhere := tmp_path / "a b").mkdir()
    for folder in (store, elsewhere):
        runs = data_of(page_of(Report(store), folder))["runs"]
        files = {file["name"]: file["href"] for file in runs[0]["files"]}
        assert set(files) >= {"model.npz", "history.csv", "cells.npz", "config.json"}
        for name, href in files.items():
            assert (folder / href).resolve() == (store / "runs" / runs[0]["hash"] / name).resolve()


def test_a_page_of_many_runs_says_what_it_leaves_out(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert '<p class="limits"></p>' in page_of(Report(store), store)
    monkeypatch.setattr(module, "MOST_LINES", 3)
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    page = page_of(Report(store, sort="memory,desc"), store)
    assert "The table shows the first 3 of 6 lines" in page
    assert "those of the first 2 of 6 runs" in page
    assert [run["row"] for run in data_of(page)["runs"]] == ["late", "slow"]
    assert page.count("<tr>") == 1 + 3


@pytest.mark.parametrize("group_by", ["row", "seed", "data", "kernel_quantizer", "none"])
def test_every_grouping(store: Path, group_by: str) -> None:
    data = data_of(page_of(Report(store, group_by=group_by), store))
    assert len(data["runs"]) == 6
    assert {run["line"] for run in data["runs"]} == {line["number"] for line in data["lines"]}


def test_a_sweep_that_has_not_started(tmp_path: Path) -> None:
    make_store(tmp_path)
    assert len(data_of(page_of(Report(tmp_path), tmp_path))["runs"]) == 6


@pytest.mark.parametrize("text", [HOSTILE, "<!--", "</SCRIPT ", "\ud800", "\u2028", "a&b", '"'])
def test_data_never_ends_its_script(text: str) -> None:
    written = as_script_data({text: text})
    assert not re.search("[<>&]", written)
    assert json.loads(written) == {text: text}


def test_a_page_names_no_address_and_runs_nothing_of_the_sweeps(store: Path) -> None:
    page = page_of(Report(store), store)
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page
    assert page.count("<script") == 2
    assert "<img" not in page


def test_the_report_writes_it_beside_the_tables(store: Path, tmp_path: Path) -> None:
    written = Report(store, columns=["row", "memory"]).write(tmp_path / "new", html=True)
    assert written[-1] == tmp_path / "new" / "report.html"
    assert len(list((tmp_path / "new").iterdir())) == 4
    assert "theoretical memory" in written[-1].read_text()
