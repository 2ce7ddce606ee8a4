from __future__ import annotations

from pathlib import Path

from larqca.report.report import Report
from larqca.report.table import build_table

from .helpers import finish, folder_of, make_store, use_versions


def test_one_version_needs_no_mark(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    finish(folder_of(tmp_path, grid, "float", 0))
    assert list(build_table(tmp_path)["versions"]) == ["", ""]
    for form in ("text", "markdown"):
        said = Report(tmp_path).render(form)
        assert "same versions" not in said
        assert "versions  " not in said


def test_rows_of_other_versions_are_marked(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    for row in ("float", "one bit"):
        for seed in (0, 1):
            finish(folder_of(tmp_path, grid, row, seed))
    use_versions(folder_of(tmp_path, grid, "one bit", 1), larq="0.13.0", tensorflow="2.20.0")
    table = build_table(tmp_path).set_index("row")
    usual, other = "larq 0.14.0, tensorflow 2.21.0", "larq 0.13.0, tensorflow 2.20.0"
    assert table.loc["float", "versions"] == usual
    assert table.loc["one bit", "versions"] == f"{usual}; {other}"
    by_run = build_table(tmp_path, group_by="none")
    assert list(by_run["versions"]) == [usual, usual, "", usual, other, ""]
    warning = ("Not all runs were made with the same versions: larq 0.14.0/0.13.0, "
               "tensorflow 2.21.0/2.20.0")
    for form in ("text", "markdown"):
        assert warning in Report(tmp_path).render(form)
    assert f"{usual}; {other}" in Report(tmp_path).render("markdown")


def test_provenance_that_says_nothing_is_no_version(tmp_path: Path) -> None:
    grid = make_store(tmp_path)
    for seed, content in enumerate(("{}", '{"versions": 3}', "not JSON")):
        folder = folder_of(tmp_path, grid, "float", seed)
        finish(folder)
        (folder / "provenance.json").write_text(content)
    assert list(build_table(tmp_path)["versions"]) == ["", ""]
