"""The promise, with real training: killed and started again, a sweep ends the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .helpers import results

# The first run must still be training when word of its twentieth iteration has arrived, which
# takes up to three quarters of a second; a fast machine has 400 iterations behind it by then.
GRID: dict[str, Any] = {
    "name": "resumed",
    "baseline": "float",
    "settings": {
        "preset": "compact",
        "perceive": {"widths": [8]},
        "update": {"widths": [8]},
        "training": {"iterations": 2_500, "batch_size": 4, "pool_size": 8, "rollout_steps": 4},
        "evaluation": {"steps": 5, "images": 20},
    },
    "rows": [
        {"name": "float"},
        {"name": "one bit", "start_from": "float", "training": {"iterations": 5},
         "update": {"kernel_quantizer": "ste_sign", "scale": "rank_one"}},
    ],
}


def start(grid_file: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "larqca", "sweep", str(grid_file), "--out", str(out), "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def iterations_done(out: Path) -> int:
    """Of the run that trains now or trained last."""
    files = list(out.glob("runs/*/progress.json"))
    return max((json.loads(path.read_text())["done"] for path in files), default=0)


def wait_until_past(iteration: int, out: Path, sweep: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while iterations_done(out) <= iteration and sweep.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_numbers_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    grid_file = tmp_path / "grid.yaml"
    grid_file.write_text(json.dumps(GRID))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(grid_file, whole).wait() == 0

    asked = start(grid_file, killed)  # writes a checkpoint inside the first run
    wait_until_past(20, killed, asked)
    asked.send_signal(signal.SIGTERM)
    assert asked.wait() == 130
    assert results(killed) == {}
    assert len(list(killed.glob("runs/*/checkpoint.npz"))) == 1
    shot = start(grid_file, killed)  # continues from it, and is not asked
    wait_until_past(iterations_done(killed), killed, shot)
    shot.kill()
    shot.wait()
    assert results(killed) == {}
    assert start(grid_file, killed).wait() == 0

    assert len(results(whole)) == 2
    assert results(killed) == results(whole)
    for path in whole.glob("runs/*/*"):
        if path.name in ("model.npz", "history.csv", "config.json", "cells.npz"):
            assert (killed / path.relative_to(whole)).read_bytes() == path.read_bytes(), path
    starts = [len(json.loads(path.read_text())["starts"])
              for path in killed.glob("runs/*/provenance.json")]
    assert sorted(starts) == [1, 3]
