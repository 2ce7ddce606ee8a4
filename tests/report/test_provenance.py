"""The lines below a table that say where it came from."""

from __future__ import annotations

from pathlib import Path

from larqca.report.report import Report

from .helpers import GRID, finish, folder_of, make_store

NO_BASELINE = {name: value for name, value in GRID.items() if name != "baseline"}


def test_says_grid_baseline_and_when(tmp_path: Path) -> None:
    finish(folder_of(tmp_path, make_store(tmp_path), "float", 0))
    table = Report(tmp_path).render("markdown")
    assert "- Grid `small`, baseline `float`, seeds 0, 1, 2" in table
    assert "- Runs from 2026-01-02T00:00:00Z to 2026-01-03T00:00:00Z; table written 20" in table


def test_what_there_is_not_is_said_in_words(tmp_path: Path) -> None:
    make_store(tmp_path, NO_BASELINE)
    table = Report(tmp_path).render("markdown")
    assert "- Grid `small`, no baseline, seeds 0, 1, 2" in table
    assert "- No run has ended; table written 20" in table
    assert "None" not in table
