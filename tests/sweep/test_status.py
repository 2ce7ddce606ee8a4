"""`larqca sweep status`, and stores of thousands of runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from larqca.cli import main as command
from larqca.errors import StoreError
from larqca.sweep.files import content_sha256, write_json
from larqca.sweep.outcome import Outcome, read_outcome, read_progress
from larqca.sweep.status import RunStatus, describe, read_status, seconds_left

from .fake_worker import DIVERGE, EXIT_3
from .helpers import Diary, behaving, run_folder, small_grid, sweep

MIXED = small_grid({"name": "good"}, {"name": "bad", **behaving(EXIT_3)},
                   {"name": "wild", **behaving(DIVERGE)}, {"name": "late", "cell": {"noise": 0.5}})


def test_every_state_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    end = sweep(MIXED, tmp_path / "out", only=["good", "bad", "wild"])
    assert command.run(["sweep", "status", str(tmp_path / "out")]) == 0
    bad, wild = run_folder(end, "bad").name, run_folder(end, "wild").name
    assert capsys.readouterr().out.splitlines() == [
        f"{bad}  bad (seed 0): failed: exit code 3",
        f"{wild}  wild (seed 0): diverged",
        "4 runs: 1 done, 1 failed, 1 diverged, 1 waiting",
    ]
    assert command.run(["sweep", "status", "--all", str(tmp_path / "out")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.parametrize("damage", [0.0, 0.1, 0.5, 0.99])
def test_a_result_cut_short_counts_as_failed(tmp_path: Path, damage: float) -> None:
    end = sweep(small_grid({"name": "good"}), tmp_path / "out")
    path = run_folder(end, "good") / "result.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(damage * len(whole))])
    (status,) = read_status(tmp_path / "out")
    assert status.outcome.state == read_outcome(path.parent).state == "failed"


def test_time_left_goes_by_those_at_work() -> None:
    progress = {"phase": "training", "done": 50, "total": 100, "loss": 1.0, "rate": 10.0}
    running = RunStatus("a", "0", Outcome("running"), progress)
    waiting = RunStatus("b", "1", Outcome("waiting"), None)
    assert seconds_left([running]) == 5.0
    assert seconds_left([running, waiting]) == 15.0
    assert seconds_left([running, running, waiting]) == 10.0
    assert seconds_left([waiting]) is None
    assert "training 50 %, loss 1, 10.0 iterations/s" in describe([running])
    assert describe([running, waiting]).endswith("; about 15 s left")


@pytest.mark.parametrize("verb", ["status", "export"])
def test_something_else_is_one_line(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    further = [str(tmp_path / "file.tar.gz")] if verb == "export" else []
    for path in (tmp_path, tmp_path / "missing"):
        assert command.run(["sweep", verb, str(path), *further]) == 1
        said = capsys.readouterr()
        assert (said.out, len(said.err.splitlines())) == ("", 1)


def copies(root: Path, count: int) -> None:
    """A store of so many finished runs, all alike but for their names."""
    end = sweep(small_grid({"name": "good"}), root)
    original = run_folder(end, "good")
    index = json.loads((root / "sweep.json").read_text())
    (entry,) = index["runs"]
    index["runs"] = []
    for number in range(count):
        name = f"{number:016x}"
        index["runs"].append({**entry, "row": f"row {number}", "hash": name})
        copy_run(original, root / "runs" / name)
    write_json(root / "sweep.json", index)


def copy_run(original: Path, target: Path) -> None:
    from larqca.sweep.files import content_sha256

    target.mkdir()
    content: dict[str, Any] = json.loads((original / "result.json").read_text())
    content["run"] = target.name
    content["sha256"] = content_sha256(content)
    write_json(target / "result.json", content, durable=False)
    (target / "provenance.json").write_bytes((original / "provenance.json").read_bytes())


def test_a_large_store(tmp_path: Path) -> None:
    from larqca.report.report import Report

    copies(tmp_path / "out", 300)
    assert describe(read_status(tmp_path / "out")) == "300 runs: 300 done"
    assert len(Report(tmp_path / "out").table) == 300


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        index = json.loads((root / "sweep.json").read_text())
        change(index)
        write_json(root / "sweep.json", index)

    return edit


@pytest.mark.parametrize(("change", "field"), [
    (lambda index: index["runs"][0].update(hash=5), "runs.0.hash"),
    (lambda index: index["runs"][0].update(hash="../../.."), "runs.0.hash"),
    (lambda index: index["runs"][0].update(row=["a"]), "runs.0.row"),
    (lambda index: index["runs"][0].update(seed=True), "runs.0.seed"),
    (lambda index: index["runs"][0].update(figures={}), "runs.0.figures.perceive"),
    (lambda index: index["runs"][0]["figures"]["update"].update(kernel_weights=0),
     "runs.0.figures.update.kernel_weights"),
    (lambda index: index.update(runs=[]), "runs"),
    (lambda index: index.update(dropped=[1]), "dropped"),
    (lambda index: index.update(version=True), "not one of larqca's"),
])
def test_an_index_that_was_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, field: str
) -> None:
    out = tmp_path / "out"
    sweep(small_grid(), out)
    edited(change)(out)
    for verb in (["sweep", "status"], ["report"]):
        assert command.run([*verb, str(out)]) == 1
        said = capsys.readouterr()
        assert (said.out, len(said.err.splitlines())) == ("", 1)
        assert field in said.err
    if field == "not one of larqca's":
        return
    diary = Diary()
    sweep(small_grid(), out, watcher=diary)
    assert diary.lines == []
    assert command.run(["sweep", "status", str(out)]) == 0


@pytest.mark.parametrize("change", [{"done": "x"}, {"done": 10**400}, {"total": None},
                                    {"rate": "fast"}, {"phase": 3}, {"loss": []}])
def test_a_progress_that_was_edited_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    progress = {"phase": "training", "done": 1, "total": 5, "loss": 1.0, "rate": 2.0}
    write_json(tmp_path / "progress.json", progress)
    assert read_progress(tmp_path) == progress
    write_json(tmp_path / "progress.json", {**progress, **change})
    assert read_progress(tmp_path) is None


def test_a_result_of_a_newer_larqca_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    path = run_folder(end, "float") / "result.json"
    stored = {**json.loads(path.read_text()), "version": 2}
    write_json(path, {**stored, "sha256": content_sha256(stored)})
    before = path.read_bytes()
    for verb in (["sweep", "status"], ["report"]):
        assert command.run([*verb, str(tmp_path / "out")]) == 1
        assert "is a result of version 2, of a newer larqca" in capsys.readouterr().err
    with pytest.raises(StoreError, match="reads up to version 1"):
        sweep(small_grid(), tmp_path / "out")
    assert path.read_bytes() == before
