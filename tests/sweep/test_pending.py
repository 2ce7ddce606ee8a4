"""Which runs are done: rows by name, failures, runs that a grid dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from larqca.errors import ConfigError

from .fake_worker import EXIT_3, SLOW
from .helpers import Diary, behaving, results, run_folder, small_grid, states, sweep

FAILING = small_grid({"name": "bad", **behaving(EXIT_3)}, {"name": "good"})


def test_failed_runs_are_tried_again_or_kept(tmp_path: Path) -> None:
    sweep(FAILING, tmp_path / "out")
    kept = Diary()
    end = sweep(FAILING, tmp_path / "out", retry="none", watcher=kept)
    assert (states(end), kept.lines) == ({"bad": "failed", "good": "done"}, [])
    assert end.failed == ["bad (seed 0)"]
    assert states(sweep(FAILING, tmp_path / "out", retry="all")) == {"bad": "done", "good": "done"}


def test_only_some_rows_and_what_they_start_from(tmp_path: Path) -> None:
    grid = small_grid({"name": "float"}, {"name": "tern [2]", "start_from": "float",
                                         "cell": {"noise": 0.5}},
                      {"name": "tern 3", "start_from": "tern [2]", "cell": {"noise": 0.25}},
                      {"name": "other", "cell": {"noise": 0.125}})
    diary = Diary()
    end = sweep(grid, tmp_path / "out", only=["tern [2]"], watcher=diary)
    assert states(end) == {"float": "done", "tern [2]": "done", "tern 3": "waiting",
                           "other": "waiting"}
    assert end.failed == []
    sweep(grid, tmp_path / "out", only=["t*", "oth?r"], watcher=diary)
    assert len([line for line in diary.lines if line.startswith("start")]) == 4
    with pytest.raises(ConfigError, match=r"--only: unknown row 'floaty' .did you mean 'float'"):
        sweep(grid, tmp_path / "out", only=["floaty"])


def test_after_so_many_failures_nothing_is_started(tmp_path: Path) -> None:
    grid = small_grid(*({"name": f"bad {i}", "cell": {"noise": 0.1 + i / 10}, **behaving(EXIT_3)}
                        for i in range(4)), {"name": "good"})
    end = sweep(grid, tmp_path / "out", jobs=1, max_failures=2)
    assert states(end) == {"bad 0": "failed", "bad 1": "failed", "bad 2": "waiting",
                           "bad 3": "waiting", "good": "waiting"}
    assert end.gave_up
    assert not sweep(grid, tmp_path / "out").gave_up


def test_the_first_failure_stops_the_others_with_checkpoints(tmp_path: Path) -> None:
    grid = small_grid({"name": "slow", "training": {
        "iterations": 10**5, "optimizer": {"learning_rate": SLOW}}},
        {"name": "first"}, {"name": "second", "start_from": "first", "cell": {"noise": 0.5}},
        {"name": "bad", "start_from": "second", **behaving(EXIT_3)},
        {"name": "next", "start_from": "bad", "cell": {"noise": 0.25}})
    end = sweep(grid, tmp_path / "out", fail_fast=True)
    assert states(end) == {"slow": "stopped", "first": "done", "second": "done", "bad": "failed",
                           "next": "waiting"}
    assert end.gave_up
    assert (run_folder(end, "slow") / "checkpoint.npz").exists()


def test_dropped_runs_are_named_and_left_alone(tmp_path: Path) -> None:
    class Notes(Diary):
        def note(self, line: str) -> None:
            self.lines.append(line)

    def dropped(*rows: str) -> list[str]:
        notes = Notes()
        noise = {"a": 0.5, "b": 0.25, "c": 0.125}
        sweep(small_grid(*({"name": row, "cell": {"noise": noise[row]}} for row in rows)),
              tmp_path / "out", watcher=notes)
        return [line for line in notes.lines if line.startswith("no longer")]

    assert dropped("a", "b") == []
    (line,) = dropped("c")
    assert line.endswith("left alone in " + str(tmp_path / "out" / "runs") + ": a (seed 0), "
                         "b (seed 0)")
    before = results(tmp_path / "out")
    (line,) = dropped("b", "c")  # b is back
    assert line.endswith(": a (seed 0)")
    assert results(tmp_path / "out") == before
    assert len(before) == 3
