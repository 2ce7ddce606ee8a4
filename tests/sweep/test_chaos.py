"""Everything at once: whatever happens to a sweep, its table ends the same.

The runs are those of the worker that only counts, so that hundreds of kills take a minute;
what a kill does to real training is in `test_kill_and_resume.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from larqca.report.report import Report
from tests.toolchains import faketime

from .fake_worker import SLOW
from .helpers import results, small_grid, states, sweep
from .test_loop import PARENT

COLUMNS = ["row", "seeds", "n", "parameters", "memory", "loss", "cell_accuracy", "agreement",
           "cell_accuracy_after", "state"]
# Restarts at most; a sweep left alone takes some ten seconds.
MOST_ROUNDS = 60


def chaos_grid() -> dict[str, Any]:
    """Twenty runs: chains of starts beside lone ones, two seeds."""
    rows: list[dict[str, Any]] = [{"name": "float"}]
    for number in range(1, 10):
        start = {} if number % 3 == 0 else {"start_from": rows[-1]["name"]}
        rows.append({"name": f"row {number}", "cell": {"noise": number / 16}, **start})
    grid = small_grid(*rows, seeds=[0, 1], baseline="float")
    grid["settings"] = {"training": {"iterations": 8, "optimizer": {"learning_rate": SLOW}}}
    return grid


def table(out: Path) -> str:
    return Report(out, columns=COLUMNS).render("csv")


def left_behind(out: Path) -> list[str]:
    return [str(path) for path in out.rglob("*") if ".tmp" in path.name or path.name == "failed"]


def workers_of(out: Path) -> list[int]:
    """Processes whose command line names the directory, but not our own."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(out) in path.read_text() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
    return found


def start(out: Path, project_root: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(chaos_grid()), str(out)], cwd=project_root,
        env={**os.environ, **environment}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def jumped_clock(by: str) -> dict[str, str]:
    """The environment of a process, and its children, that take it to be another time."""
    return {"LD_PRELOAD": faketime(), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    sweep(chaos_grid(), out, jobs=4)
    assert len(results(out)) == 20
    return out


def assert_ends_as(out: Path, undisturbed: Path, project_root: Path) -> None:
    """Started a last time and left alone, it ends with the same table, and nothing else."""
    last = start(out, project_root)
    assert last.wait(timeout=120) == 0
    assert results(out) == results(undisturbed)
    assert table(out) == table(undisturbed)
    assert left_behind(out) == []
    assert workers_of(out) == []
    names = {path.relative_to(undisturbed) for path in undisturbed.rglob("*")}
    assert {path.relative_to(out) for path in out.rglob("*")} == names


def test_kills_truncations_and_jumps_of_the_clock(
    undisturbed: Path, tmp_path: Path, project_root: Path
) -> None:
    out, chance = tmp_path / "out", random.Random(1)
    disturbances = 0
    for _ in range(MOST_ROUNDS):
        parent = start(out, project_root, **jumped_clock(chance.choice(["+0", "-400d", "+400d"])))
        until = time.monotonic() + chance.uniform(0.5, 4.0)
        while time.monotonic() < until and parent.poll() is None:
            time.sleep(chance.uniform(0.05, 0.5))
            workers = [pid for pid in workers_of(out) if pid != parent.pid]
            if workers and chance.random() < 0.5:
                kill(chance.choice(workers), chance.choice([signal.SIGKILL, signal.SIGTERM]))
                disturbances += 1
        if parent.poll() is None:
            disturbances += 1
            kill(parent.pid, chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            if chance.random() < 0.3:  # the workers too, in the same moment
                for pid in workers_of(out):
                    kill(pid, signal.SIGKILL)
        parent.wait(timeout=60)
        found = sorted(out.glob("runs/*/*.json"))
        if found and chance.random() < 0.5:
            victim = chance.choice(found)
            victim.write_bytes(victim.read_bytes()[: chance.randrange(20)])
            disturbances += 1
        if parent.returncode == 0 and len(results(out)) == 20:
            break
    assert disturbances >= 10
    assert_ends_as(out, undisturbed, project_root)


def test_two_sweeps_on_one_directory(
    undisturbed: Path, tmp_path: Path, project_root: Path
) -> None:
    out = tmp_path / "out"
    rivals = [start(out, project_root) for _ in range(3)]
    codes = sorted(rival.wait(timeout=120) for rival in rivals)
    assert codes == [0, 1, 1]
    assert_ends_as(out, undisturbed, project_root)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_waited_for(
    undisturbed: Path, small_disk: Path, project_root: Path
) -> None:
    out = small_disk / "out"
    parent = start(out, project_root)
    while len(results(out)) < 3:
        time.sleep(0.05)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as stream:
        while True:
            stream.write(bytes(256))
    time.sleep(4.0)
    assert parent.poll() is None
    done = len(results(out))
    assert done < 20
    ballast.unlink()
    assert parent.wait(timeout=120) == 0
    assert_ends_as(out, undisturbed, project_root)
    assert states(sweep(chaos_grid(), out)) == dict.fromkeys(
        [row["name"] for row in chaos_grid()["rows"]], "done")


