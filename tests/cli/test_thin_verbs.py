"""Verbs that only pass on: what they are given, and how they show what they get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from larqca import data as data_sets
from larqca.cli import main as command
from larqca.cli.evaluate import metrics_table


def test_data_tells_of_every_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["data", "--data-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for name in data_sets.DATA_SETS:
        assert name in said
    assert command.run(["data", "digits"]) == 0
    assert "1,437" in capsys.readouterr().out


def test_data_downloads_when_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_sets, "prepare", lambda name, folder: f"got {name} in {folder}")
    assert command.run(["data", "mnist", "--download", "--data-dir", "there"]) == 0
    assert command.run(["data", "mnist", "--download"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "got mnist in there", "got mnist in None"]


def test_import_passes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from larqca.automata import importing

    monkeypatch.setattr(importing, "import_model", lambda *given: f"imported {given}")
    assert command.run(["import", "weights.json", "--out", "model.npz", "--preset", "wide"]) == 0
    given = (Path("weights.json"), Path("model.npz"), "wide")
    assert capsys.readouterr().out == f"imported {given}\n"


def test_evaluate_passes_on_and_shows_percents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from larqca import backend
    from larqca.evaluation import protocol

    asked: dict[str, Any] = {}
    shares = {"cell_accuracy": 0.951, "agreement": 0.88, "vote_accuracy": 1.0,
              "agree_and_correct": 0.0}

    def evaluate_file(path: Path, **named: Any) -> dict[str, Any]:
        asked.update(named, path=path)
        return {"metrics": {"200": shares, "20": shares}, "curves": {"step": [20, 200]}}

    monkeypatch.setattr(protocol, "evaluate_file", evaluate_file)
    monkeypatch.setattr(backend, "use_threads", lambda threads: asked.update(threads=threads))
    file = tmp_path / "metrics.json"
    assert command.run(["evaluate", "model.npz", "--data", "digits", "--images", "7", "--steps",
                        "30", "--seed", "5", "--threads", "2", "--json", str(file)]) == 0
    asked.pop("progress")
    assert asked == {"path": Path("model.npz"), "data": "digits", "data_dir": None, "images": 7,
                     "steps": 30, "seed": 5, "threads": 2, "import_quantizers": False}
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "    20              95.10          88.00             100.00                   0.00",
        "   200              95.10          88.00             100.00                   0.00",
    ]
    assert json.loads(file.read_text())["metrics"]["20"]["agreement"] == 0.88

    (tmp_path / "config.json").write_text('{"data": "mnist"}')
    assert command.run(["evaluate", str(tmp_path), "--import-quantizers"]) == 0
    assert (asked["path"], asked["data"]) == (tmp_path, "mnist")
    assert asked["import_quantizers"] is True


def test_metrics_are_sorted_by_step() -> None:
    names = ("cell_accuracy", "agreement", "vote_accuracy", "agree_and_correct")
    shares = dict.fromkeys(names, 0.5)
    lines = metrics_table({"400": shares, "20": shares}).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["20", "400"]


def test_evaluate_refuses_an_unwritable_file_before_it_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none" / "figures.json"
    assert command.run(["evaluate", "model.npz", "--data", "digits", "--json", str(missing)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert command.run(["evaluate", "model.npz", "--data", "digits", "--json", str(tmp_path)]) == 1
    assert "is a directory" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["steps", "images", "seed"])
def test_evaluate_refuses_numbers_that_are_too_large(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from larqca import backend

    # TensorFlow takes a number of threads only before its first operation.
    monkeypatch.setattr(backend, "use_threads", lambda threads: None)
    model = ["evaluate", "model.npz", "--data", "digits"]
    assert command.run([*model, f"--{option}", "9999999999"]) == 1
    assert f"{option}: input should be less than" in capsys.readouterr().err
