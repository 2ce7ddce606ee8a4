from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larqca.errors import StoreError
from larqca.sweep.figures import figures_of_all
from larqca.sweep.grid import Grid, load_grid
from larqca.sweep.store import check_output, open_store, read_index

from .helpers import small_grid, write_zero_model


@pytest.fixture
def grid() -> Grid:
    return load_grid(small_grid(baseline="float"))


def write(out: Path, grid: Grid) -> None:
    figures = figures_of_all({run.hash: run.config for run in grid.runs})
    with open_store(out, grid, figures):
        pass


def test_the_index_lists_the_runs_in_order(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path / "deep" / "out", grid)
    index = read_index(tmp_path / "deep" / "out")
    assert (index["name"], index["baseline"], index["seeds"]) == ("small", "float", [0])
    assert [(run["row"], run["seed"], run["hash"]) for run in index["runs"]] == [
        (run.row, run.seed, run.hash) for run in grid.runs
    ]
    assert index["runs"][1]["start_from"] == "float"
    assert load_grid(tmp_path / "deep" / "out" / "grid.yaml").runs == grid.runs


def test_written_again_it_keeps_its_birthday(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path, grid)
    path = tmp_path / "sweep.json"
    path.write_text(path.read_text().replace(read_index(tmp_path)["created"], "long ago"))
    write(tmp_path, grid)
    assert read_index(tmp_path)["created"] == "long ago"


def test_a_start_file_moves_into_the_store(tmp_path: Path) -> None:
    digest = write_zero_model(tmp_path / "model.npz")
    (tmp_path / "grid.yaml").write_text(
        "name: small\nrows:\n  - {name: a, start_from: {file: model.npz}}\n")
    grid = load_grid(tmp_path / "grid.yaml")
    write(tmp_path / "out", grid)
    (kept,) = (tmp_path / "out" / "models").iterdir()
    assert kept.read_bytes() == (tmp_path / "model.npz").read_bytes()
    assert kept.stem == digest == grid.runs[0].config.start_from.file_sha256  # type: ignore[union-attr]
    assert str(tmp_path) not in (tmp_path / "out" / "sweep.json").read_text()


def test_output_that_is_a_file(tmp_path: Path, grid: Grid) -> None:
    (tmp_path / "out").write_text("precious")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(StoreError, match="is a file"):
            write(out, grid)
    assert (tmp_path / "out").read_text() == "precious"


def test_output_that_holds_something_else(tmp_path: Path, grid: Grid) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match=r"holds something else \(such as 'thesis.txt'\)"):
        write(tmp_path, grid)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_output_with_a_foreign_index(tmp_path: Path, grid: Grid) -> None:
    (tmp_path / "sweep.json").write_text('{"angle": 45}')
    with pytest.raises(StoreError, match=r"its sweep\.json is not one of larqca's"):
        write(tmp_path, grid)
    (tmp_path / "sweep.json").write_text("half a fi")
    with pytest.raises(StoreError, match="holds something else"):
        write(tmp_path, grid)


def test_output_of_another_sweep(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path, grid)
    other = load_grid({**small_grid(), "name": "other"})
    with pytest.raises(StoreError, match="holds the sweep 'small', not 'other'"):
        write(tmp_path, other)
    assert read_index(tmp_path)["name"] == "small"


def test_output_of_a_newer_version(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path, grid)
    index = json.loads((tmp_path / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps({**index, "version": 2, "larqca": "9.0"}))
    for use in (lambda: write(tmp_path, grid), lambda: read_index(tmp_path)):
        with pytest.raises(StoreError, match=r"was written by larqca 9\.0 in version 2"):
            use()


def test_output_that_cannot_be_written(grid: Grid) -> None:
    with pytest.raises(StoreError, match=r"/proc/larqca: cannot be (made|written)"):
        write(Path("/proc/larqca"), grid)


def test_output_that_is_locked(tmp_path: Path, grid: Grid) -> None:
    figures = figures_of_all({run.hash: run.config for run in grid.runs})
    with (
        open_store(tmp_path, grid, figures),
        pytest.raises(StoreError, match="another sweep is at work in it"),
    ):
        write(tmp_path, grid)
    write(tmp_path, grid)  # the lock goes with its holder


def test_a_damaged_index_is_written_anew(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path, grid)
    whole = json.loads((tmp_path / "sweep.json").read_text())
    for damage in ("", '{"format": "larq', "[]"):
        (tmp_path / "sweep.json").write_text(damage)
        with pytest.raises(StoreError, match="was cut short or edited by hand"):
            read_index(tmp_path)
        write(tmp_path, grid)
        assert read_index(tmp_path)["runs"] == whole["runs"]


def test_an_index_without_its_fields_is_not_read(tmp_path: Path, grid: Grid) -> None:
    write(tmp_path, grid)
    index = json.loads((tmp_path / "sweep.json").read_text())
    damages: list[dict[str, Any]] = [{"runs": 3}, {"runs": [{}]}, {"name": None}]
    for broken in damages:
        (tmp_path / "sweep.json").write_text(json.dumps({**index, **broken}))
        with pytest.raises(StoreError, match="was edited by hand"):
            read_index(tmp_path)


def test_what_a_sweep_killed_at_once_leaves_is_no_obstacle(tmp_path: Path, grid: Grid) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".sweep.json.123.tmp").touch()
    check_output(tmp_path, grid.name)


def test_a_directory_that_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such directory"):
        read_index(tmp_path / "missing")
    with pytest.raises(StoreError, match=r"it has no sweep\.json"):
        read_index(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file, not the directory of a sweep"):
        read_index(tmp_path / "file")
