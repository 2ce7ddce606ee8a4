"""Runs that take more time or memory than they may."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.report.table import build_table
from larqca.sweep import limits
from larqca.sweep.grid import load_grid
from larqca.sweep.limits import Excess, Watchdog, resident_bytes
from larqca.sweep.resources import Resources

from .fake_worker import HOG, SLOW
from .helpers import Diary, reasons, results, run_folder, small_grid, states, sweep


def endless(learning_rate: float, **resources: float) -> dict[str, Any]:
    return {"training": {"iterations": 10**5, "optimizer": {"learning_rate": learning_rate}},
            "resources": resources}


def test_each_limit_has_an_outcome_and_stops_nobody_else(tmp_path: Path) -> None:
    grid = small_grid(
        {"name": "long", **endless(SLOW, minutes=0.02)},
        {"name": "large", **endless(HOG, memory_gib=0.25)},
        {"name": "after long", "start_from": "long", "training": {"iterations": 5},
         "cell": {"noise": 0.5}},
        {"name": "fine", "resources": {"minutes": 5, "memory_gib": 8}},
    )
    end = sweep(grid, tmp_path / "out")
    assert states(end) == {"long": "out of time", "large": "out of memory", "fine": "done",
                           "after long": "failed"}
    assert reasons(end) == {"long": "took more than 0.02 min", "large": "holds more than 0.25 GiB",
                            "after long": "its start 'long' (seed 0) ran out of time", "fine": ""}
    assert len(end.failed) == 3
    table = build_table(tmp_path / "out").set_index("row")
    assert table.loc["long", "state"] == "out of time: took more than 0.02 min"
    assert table.loc["large", "runs_out_of_memory"] == 1


def test_out_of_time_goes_on_from_its_checkpoint_once_it_is_allowed_more(tmp_path: Path) -> None:
    def grid(minutes: float) -> dict[str, Any]:
        row = {"name": "long", **endless(SLOW, minutes=minutes)}
        row["training"]["iterations"] = 60  # three seconds
        return small_grid(row)

    end = sweep(grid(0.01), tmp_path / "out")
    assert states(end) == {"long": "out of time"}
    diary = Diary()
    sweep(grid(0.01), tmp_path / "out", watcher=diary)
    sweep(grid(0.005), tmp_path / "out", watcher=diary)
    assert diary.lines == []
    assert states(sweep(grid(0.01), tmp_path / "out", retry="all")) == {"long": "out of time"}
    again = sweep(grid(5.0), tmp_path / "out")
    assert states(again) == {"long": "done"}
    froms = [int(line.split()[1]) for line in
             (run_folder(again, "long") / "log.txt").read_text().splitlines()
             if line.startswith("from ")]
    assert froms[0] == 0
    assert 0 < froms[1] < froms[2]
    assert not (run_folder(again, "long") / "failure.json").exists()


def test_resources_are_no_part_of_a_run(tmp_path: Path) -> None:
    plain = load_grid(small_grid())
    stated = load_grid({**small_grid(), "settings": {
        "training": {"iterations": 5}, "resources": {"cpus": 2, "minutes": 3.0}}})
    assert [run.hash for run in plain.runs] == [run.hash for run in stated.runs]
    assert [run.differences for run in plain.runs] == [run.differences for run in stated.runs]
    assert stated.runs[0].resources == Resources(cpus=2, minutes=3.0)
    end = sweep({**small_grid(), "settings": {"training": {"iterations": 5},
                                              "resources": {"cpus": 2}}}, tmp_path / "out")
    assert "with 2 threads" in (run_folder(end, "float") / "log.txt").read_text()
    assert len(results(tmp_path / "out")) == 2


def test_a_row_may_say_more_than_the_settings() -> None:
    grid = small_grid({"name": "a"}, {"name": "b", "cell": {"noise": 0.5},
                                      "resources": {"gpus": 0.5}})
    grid["settings"]["resources"] = {"cpus": 4, "gpus": 1}
    assert [(run.resources.cpus, run.resources.gpus) for run in load_grid(grid).runs] == [
        (4, 1.0), (4, 0.5)]


@pytest.mark.parametrize(("given", "said"), [
    ({"cpu": 2}, r"resources.cpu: unknown key 'cpu'.*cpus"),
    ({"cpus": 0}, "resources.cpus: input should be greater than or equal to 1, got 0"),
    ({"cpus": "two"}, "resources.cpus: .*valid integer, got 'two'"),
    ({"minutes": -1}, "resources.minutes: .*greater than 0, got -1"),
    (3, "resources: must be a mapping of cpus, gpus, memory_gib, minutes, got 3"),
])
def test_wrong_resources_are_told_by_line(tmp_path: Path, given: Any, said: str) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("name: small\nrows:\n  - name: a\n    resources: " + json.dumps(given) + "\n")
    with pytest.raises(ConfigError, match=rf"grid.yaml:4: row 'a': {said}"):
        load_grid(path)


def test_a_process_that_does_not_heed_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(limits, "WATCH_SECONDS", 0.01)
    asked, ended = [], []

    def end(excess: Excess) -> None:
        ended.append(excess)
        threading.Event().wait()  # the process would be gone

    watchdog = Watchdog(0.0, None, ask_to_stop=lambda: asked.append(True), end=end)
    while not ended:
        pass
    assert asked == [True]
    assert ended[0].state == "out of time"
    assert watchdog.excess == ended[0]


def test_memory_is_what_this_process_holds() -> None:
    before = resident_bytes()
    held = b"x" * 2**26
    assert 2**26 - 2**22 < resident_bytes() - before < 2**27
    del held
