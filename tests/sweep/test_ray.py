"""Runs on a real Ray: several nodes of it on this machine, some of which go away."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.sweep.executors import ray as executor

from .fake_worker import EXIT_3, SLOW
from .helpers import Diary, behaving, reasons, results, small_grid, states, sweep
from .test_kill_and_resume import GRID

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'larqca[ray]'")

# Runs a sweep on the cluster of the second argument, in a process that a test can kill.
DRIVER = """
import json, sys
from pathlib import Path
from tests.sweep.helpers import sweep
sweep(json.loads(sys.argv[1]), Path(sys.argv[3]), executor="ray", address=sys.argv[2], jobs=None)
"""


@pytest.fixture(scope="module")
def cluster(project_root: Path) -> Iterator[Any]:
    """A head without cores, so that all runs are on nodes which tests may remove."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        # Nodes import the worker of these tests; nobody is told of this cluster.
        patch.setenv("PYTHONPATH", str(project_root))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_worker_niceness", "0")  # 15 by default: for ever, on a busy machine
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        found.add_node(num_cpus=2)
        yield found
        found.shutdown()


def slow_grid(*rows: dict[str, Any]) -> dict[str, Any]:
    grid = small_grid(*rows)
    grid["settings"] = {"training": {"iterations": 60, "optimizer": {"learning_rate": SLOW}}}
    return grid


def wait_for_checkpoints(out: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while sum(int(path.read_text()) >= 3 for path in out.glob("runs/*/checkpoint.npz")) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_numbers_are_those_of_the_local_executor(cluster: Any, tmp_path: Path) -> None:
    from larqca.sweep.grid import load_grid
    from larqca.sweep.options import SweepOptions
    from larqca.sweep.run import do_sweep

    short = json.loads(json.dumps(GRID))
    short["settings"]["training"]["iterations"] = 10
    for name, options in {"local": SweepOptions(jobs=2),
                          "ray": SweepOptions(executor="ray", address=cluster.address)}.items():
        do_sweep(load_grid(short), tmp_path / name, options)
    assert len(results(tmp_path / "ray")) == 2
    assert results(tmp_path / "ray") == results(tmp_path / "local")
    for path in (tmp_path / "local").glob("runs/*/model.npz"):
        other = tmp_path / "ray" / path.relative_to(tmp_path / "local")
        assert other.read_bytes() == path.read_bytes()


def test_failures_are_rows_and_limits_hold(cluster: Any, tmp_path: Path) -> None:
    grid = small_grid(
        {"name": "fine"}, {"name": "left", **behaving(EXIT_3)},
        {"name": "slow", "training": {"iterations": 10**6, "optimizer": {"learning_rate": SLOW}},
         "resources": {"minutes": 0.02}},
    )
    end = sweep(grid, tmp_path / "out", executor="ray", address=cluster.address, jobs=None)
    assert states(end) == {"fine": "done", "left": "failed", "slow": "out of time"}
    assert reasons(end)["left"] == "exit code 3"


def test_a_lost_node_gives_its_runs_back(cluster: Any, tmp_path: Path) -> None:
    class Saboteur(Diary):
        """Removes the node on which runs are, once both have come some way; another comes
        when both are known to be lost."""

        node: Any = None

        def update(self, active: Any, seconds_left: Any) -> None:
            done = [progress["done"] for _, progress in active if progress]
            if self.node is not None and len(done) == 2 and min(done) >= 3:
                cluster.remove_node(self.node, allow_graceful=False)
                self.node = None
            if sum("lost" in line for line in self.lines) >= 2 and not cluster.worker_nodes:
                cluster.add_node(num_cpus=2)

        def note(self, line: str) -> None:
            self.lines.append(line)

    rows = ({"name": "a"}, {"name": "b", "cell": {"noise": 0.5}})
    whole = sweep(slow_grid(*rows), tmp_path / "whole")
    saboteur = Saboteur()
    saboteur.node = next(iter(cluster.worker_nodes))
    end = sweep(slow_grid(*rows), tmp_path / "out", executor="ray", address=cluster.address,
                jobs=None, watcher=saboteur)
    assert states(end) == states(whole)
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert sum("lost with its machine; starts again" in line for line in saboteur.lines) >= 2
    for log in tmp_path.glob("out/runs/*/log.txt"):
        starts = [int(line.split()[1]) for line in log.read_text().splitlines()]
        assert len(starts) >= 2
        assert starts[-1] >= 3


def test_a_killed_driver_can_be_started_again(
    cluster: Any, tmp_path: Path, project_root: Path
) -> None:
    grid = slow_grid({"name": "a"}, {"name": "b", "cell": {"noise": 0.5}})
    out = tmp_path / "out"
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, json.dumps(grid), cluster.address, str(out)],
        cwd=project_root, stderr=subprocess.DEVNULL)
    wait_for_checkpoints(out, 2)
    driver.kill()
    driver.wait()
    assert results(out) == {}
    end = sweep(grid, out, executor="ray", address=cluster.address, jobs=None)
    assert states(end) == {"a": "done", "b": "done"}
    whole = sweep(grid, tmp_path / "whole")
    assert results(out) == results(whole.out)


def test_what_no_node_has_is_refused(cluster: Any, tmp_path: Path) -> None:
    grid = small_grid({"name": "a", "resources": {"cpus": 3, "gpus": 1}})
    with pytest.raises(ConfigError, match=r"takes 3 CPU, 1 GPU, and no node .* 2 CPU, 0 GPU"):
        sweep(grid, tmp_path / "out", executor="ray", address=cluster.address, jobs=None)


@pytest.mark.parametrize(("address", "said"), [
    ("127.0.0.1:9", r"no Ray cluster answers at 127.0.0.1:9 \(.*refused"),
    ("..:1", r"no Ray cluster answers at \.\.:1 \("),
    ("nowhere", "address: must be HOST:PORT, ray://HOST:PORT or auto, got 'nowhere'"),
    ("http://x:80", "address: must be HOST:PORT, ray://HOST:PORT or auto, got 'http://x:80'"),
])
def test_an_address_without_a_cluster(tmp_path: Path, address: str, said: str) -> None:
    ray.shutdown()
    with pytest.raises(ConfigError, match=said):
        sweep(small_grid(), tmp_path / "out", executor="ray", address=address, jobs=None)
    assert list(tmp_path.iterdir()) == []


def test_the_address_in_the_environment_counts_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"no Ray cluster answers at 127.0.0.1:9 \(.*refused"):
        sweep(small_grid(), tmp_path / "out", executor="ray", jobs=None)
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    with pytest.raises(ConfigError, match="RAY_ADDRESS: must be HOST:PORT"):
        sweep(small_grid(), tmp_path / "out", executor="ray", jobs=None)
    assert list(tmp_path.iterdir()) == []


def test_something_else_that_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(executor, "ANSWER_SECONDS", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"answers at {address} \(nothing in 2 s\)"):
            sweep(small_grid(), tmp_path / "out", executor="ray", address=address, jobs=None)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'larqca\[ray\]'"):
        sweep(small_grid(), tmp_path / "out", executor="ray", jobs=None)
    assert list(tmp_path.iterdir()) == []
