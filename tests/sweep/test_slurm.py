"""Runs through submitit, whose local executor stands for a Slurm cluster."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.sweep import options
from larqca.sweep import run as sweep_run
from larqca.sweep.executors import check_usable
from larqca.sweep.outcome import is_running

from .fake_worker import CRASH, EXIT_3, SLOW
from .helpers import behaving, reasons, results, small_grid, states, sweep

pytest.importorskip("submitit", reason="submitit is not installed: pip install 'larqca[slurm]'")


@pytest.fixture(autouse=True)
def local_cluster(monkeypatch: pytest.MonkeyPatch, project_root: Path) -> None:
    """Jobs are processes of this machine."""
    from larqca.sweep.executors.slurm import SlurmExecutor

    monkeypatch.setattr(
        sweep_run, "make_executor",
        lambda name, *, jobs, address, directory: SlurmExecutor(jobs, directory, "local"))
    monkeypatch.setattr(options, "check_usable", lambda name, address: None)
    monkeypatch.setenv("PYTHONPATH", str(project_root))


def on_slurm(grid: dict[str, Any], out: Path, **options: Any) -> Any:
    return sweep(grid, out, executor="slurm", **options)


def test_numbers_are_those_of_the_local_executor(tmp_path: Path) -> None:
    grid = small_grid({"name": "a"}, {"name": "left", **behaving(EXIT_3)},
                      {"name": "after", "start_from": "a", "cell": {"noise": 0.5}},
                      {"name": "killed", **behaving(CRASH)})
    end = on_slurm(grid, tmp_path / "slurm")
    assert reasons(end) == {"a": "", "left": "exit code 3", "after": "",
                            "killed": "killed by signal 9 (SIGKILL)"}
    on_slurm(grid, tmp_path / "slurm")
    whole = sweep(grid, tmp_path / "whole", executor="local")
    sweep(grid, tmp_path / "whole")
    assert results(tmp_path / "slurm") == results(whole.out)
    assert not (tmp_path / "slurm" / "slurm").exists()


def slow_grid() -> dict[str, Any]:
    grid = small_grid({"name": "a"})
    grid["settings"] = {"training": {"iterations": 60, "optimizer": {"learning_rate": SLOW}}}
    return grid


def test_a_job_that_is_asked_to_stop_leaves_a_checkpoint(tmp_path: Path) -> None:
    grid = small_grid({"name": "b", "training": {
        "iterations": 2000, "optimizer": {"learning_rate": SLOW}}}, {"name": "first"},
        {"name": "a", "start_from": "first", **behaving(EXIT_3)})
    end = on_slurm(grid, tmp_path / "out", fail_fast=True)
    assert states(end) == {"b": "stopped", "first": "done", "a": "failed"}
    assert end.gave_up
    assert not list((tmp_path / "out").rglob(".stop"))


def test_the_job_of_an_earlier_sweep_is_waited_for(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = threading.Thread(target=lambda: sweep(slow_grid(), tmp_path / "first"))
    first.start()
    while not any(is_running(path) for path in (tmp_path / "first").glob("runs/*")):
        time.sleep(0.02)
    # The same store, as a sweep on another machine sees it whose predecessor is gone.
    shutil.copytree(tmp_path / "first", out, ignore=shutil.ignore_patterns(".lock"))
    (run,) = out.glob("runs/*")
    shutil.rmtree(run)
    run.symlink_to(tmp_path / "first" / "runs" / run.name)
    left = out / "slurm" / run.name
    left.mkdir(parents=True, exist_ok=True)
    (left / "1_submitted.pkl").touch()
    end = on_slurm(slow_grid(), out)
    first.join()
    assert not (out / "slurm").exists()
    assert states(end) == {"a": "done"}
    assert (run / "log.txt").read_text().splitlines() == ["from 0 with 1 threads"]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(ConfigError, match="needs Slurm's sbatch, which is not on"):
        check_usable("slurm", None)
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match=r"pip install 'larqca\[slurm\]'"):
        check_usable("slurm", None)
