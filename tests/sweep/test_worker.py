from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from larqca.config.canonical import build_run_config, run_hash
from larqca.config.schema import FileSource, RunSource
from larqca.errors import StoreError
from larqca.sweep import worker
from larqca.sweep.files import write_json
from larqca.training.result import Progress

from .fake_worker import SLOW


def run_folder(tmp_path: Path, **settings: object) -> Path:
    config = build_run_config(settings)
    folder = tmp_path / run_hash(config)
    folder.mkdir()
    write_json(folder / "config.json", config.model_dump(mode="json"))
    return folder


def test_a_configuration_comes_back_from_its_file(tmp_path: Path) -> None:
    settings = {"preset": "clothing", "training": {"optimizer": {"learning_rate": 1}},
                "update": {"kernel_quantizer": {"name": "ste_tern", "threshold_value": 1}}}
    folder = run_folder(tmp_path, **settings)
    assert worker.read_config(folder) == build_run_config(settings)


def test_a_configuration_of_another_run_is_refused(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    content = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", {**content, "seed": 1})
    with pytest.raises(StoreError, match=r"config\.json was edited by hand"):
        worker.read_config(folder)
    write_json(folder / "config.json", {**content, "sed": 1})
    with pytest.raises(StoreError, match="sed: unknown key 'sed'"):
        worker.read_config(folder)
    (folder / "config.json").unlink()
    with pytest.raises(StoreError, match=r"config\.json cannot be read"):
        worker.read_config(folder)


def test_where_a_start_lies(tmp_path: Path) -> None:
    config = build_run_config({})
    run, file = "0" * 16, "a" * 64
    assert worker.source_of(config, tmp_path) is None
    from_run = config.model_copy(update={"start_from": RunSource(run=run)})
    assert worker.source_of(from_run, tmp_path) == tmp_path / "runs" / run / "model.npz"
    from_file = config.model_copy(update={"start_from": FileSource(file_sha256=file)})
    assert worker.source_of(from_file, tmp_path) == tmp_path / "models" / f"{file}.npz"


def test_progress_is_written_twice_a_second_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    path = tmp_path / "progress.json"
    tell = worker.ProgressFile(path)
    seen = []
    for at, done in ((0.0, 1), (0.4, 2), (0.6, 3), (0.7, 10)):
        moment[0] = at
        tell(Progress("training", done, 10, float("nan"), 4.0))
        seen.append(json.loads(path.read_text())["done"])
    assert seen == [1, 1, 3, 10]
    assert json.loads(path.read_text())["loss"] is None


def test_the_end_of_its_parent_ends_a_worker_at_once(tmp_path: Path, project_root: Path) -> None:
    """Without a checkpoint or a word: there is nobody to tell."""
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    slow = {"training": {"iterations": 10**6, "optimizer": {"learning_rate": SLOW}}}
    folder = run_folder(out / "runs", **slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sweep.fake_worker", str(out), folder.name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=project_root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"from 0 with 1 threads\n"
    assert process.poll() is None
    process.stdin.close()
    try:
        process.wait(timeout=60)
    finally:
        process.kill()
        process.stdout.close()
    assert process.returncode == worker.EXIT_INTERRUPTED
    assert not (folder / "failure.json").exists()
