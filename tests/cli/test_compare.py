"""What a CI sees of ``larqca compare``."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import pytest

from larqca.cli import main as command
from larqca.cli.compare import EXIT_REGRESSION, compare
from larqca.report.compare.thresholds import DEFAULTS
from tests.report.helpers import finish, folder_of, make_store


@pytest.fixture
def sweeps(tmp_path: Path) -> tuple[str, str]:
    """One with 87.5 % of cells in one bit, and one with 60 %."""
    for name, share in (("a", 0.875), ("b", 0.6)):
        grid = make_store(tmp_path / name)
        for seed in (0, 1, 2):
            finish(folder_of(tmp_path / name, grid, "float", seed))
            finish(folder_of(tmp_path / name, grid, "one bit", seed),
                   metrics={"200": {"cell_accuracy": share}}, mutation_step=None)
    return str(tmp_path / "a"), str(tmp_path / "b")


def test_exit_codes(sweeps: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    a, b = sweeps
    assert command.run(["compare", a, a]) == 0
    assert "no regression past cell_accuracy 1 point," in capsys.readouterr().out
    assert command.run(["compare", a, b]) == EXIT_REGRESSION == 3
    said = capsys.readouterr()
    assert "REGRESSION: one bit (digits): cells % 87.5 → 60.0" in said.out
    assert said.err == ""
    assert command.run(["compare", b, a]) == 0
    assert command.run(["compare", a, b, "--threshold", "cell_accuracy = 30"]) == 0
    assert command.run(["compare", a, b, "--threshold", "cell_accuracy=off"]) == 0
    assert command.run(["compare", a, b, "--threshold", "cell_accuracy=1%"]) == 3


def test_missing_rows(sweeps: tuple[str, str], tmp_path: Path) -> None:
    make_store(tmp_path / "c", {"name": "c", "rows": [{"name": "other"}]})
    given = ["compare", sweeps[0], str(tmp_path / "c")]
    assert command.run(given) == 3
    assert command.run([*given, "--allow-missing"]) == 0


def test_forms_and_columns(sweeps: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    given = ["compare", *sweeps, "--columns", "cell_accuracy, memory"]
    assert command.run([*given, "--format", "json"]) == 3
    assert json.loads(capsys.readouterr().out)["rows"][1]["cell_accuracy_b"] == 0.6
    assert command.run([*given, "--format", "csv"]) == 3
    assert capsys.readouterr().out.startswith("row,data,n_a,n_b,cell_accuracy_a,")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "memory"], "threshold 'memory': write NAME=AMOUNT"),
        (["--threshold", "memroy=1"], "did you mean 'memory'?"),
        (["--columns", "row"], "unknown column 'row'"),
    ],
)
def test_bad_options_are_one_line(
    sweeps: tuple[str, str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(["compare", *sweeps, *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_the_help_names_every_default() -> None:
    said = click.testing.CliRunner().invoke(compare, ["--help"]).output
    thresholds = " ".join(said.split("Thresholds unless given:")[1].split())
    for name, amount in DEFAULTS.items():
        assert name in thresholds
        assert amount in thresholds
