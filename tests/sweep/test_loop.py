from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from larqca.errors import DataError, Interrupted
from larqca.sweep import loop
from larqca.sweep import run as sweep_run
from larqca.sweep.executors.interface import LOST, Task
from larqca.sweep.executors.local import LocalExecutor
from larqca.sweep.executors.process import WorkerProcess
from larqca.sweep.files import write_json
from larqca.sweep.status import read_status

from .fake_worker import CRASH, DIVERGE, EXIT_3, FORESEEN, RAISE, SLOW
from .helpers import (
    Diary,
    behaving,
    reasons,
    results,
    run_folder,
    small_grid,
    states,
    sweep,
)

# Runs a sweep of the grid in the first argument in a process that a test can kill.
PARENT = """
import json, sys
from pathlib import Path
from larqca.cli.main import EXIT_INTERRUPTED
from larqca.errors import Interrupted
from tests.sweep.helpers import sweep
try:
    sweep(json.loads(sys.argv[1]), Path(sys.argv[2]))
except Interrupted as error:
    print(error, flush=True)
    sys.exit(EXIT_INTERRUPTED)
"""


def start_parent(grid: object, out: Path, project_root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(grid), str(out)],
        cwd=project_root, stdout=subprocess.PIPE, text=True,
    )


def wait_for(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def checkpoint_of(path: Path) -> int:
    return int(path.read_text()) if path.exists() else 0


def test_a_sweep_does_its_runs_sources_first(tmp_path: Path) -> None:
    grid = small_grid(
        {"name": "late", "start_from": "early", "cell": {"noise": 0.5}},
        {"name": "lone", "cell": {"noise": 0.25}},
        {"name": "early"},
    )
    diary = Diary()
    end = sweep(grid, tmp_path / "out", jobs=1, watcher=diary)
    assert states(end) == {"late": "done", "lone": "done", "early": "done"}
    assert [line for line in diary.lines if line.startswith("start")] == [
        "start early (seed 0)", "start late (seed 0)", "start lone (seed 0)",
    ]
    assert end.failed == []


def test_files_of_a_run(tmp_path: Path) -> None:
    end = sweep(small_grid(), tmp_path / "out", threads=3)
    folder = run_folder(end, "float")
    provenance = json.loads((folder / "provenance.json").read_text())
    assert (provenance["threads"], provenance["seed"], provenance["data"]) == (3, 0, "digits")
    assert set(provenance["versions"]) == {
        "larqca", "python", "larq", "tensorflow", "keras", "numpy"}
    assert provenance["data_sha256"] == "ab" * 32
    assert provenance["starts"][0] <= provenance["finished"]
    assert "with 3 threads" in (folder / "log.txt").read_text()
    assert str(tmp_path) not in "".join(path.read_text() for path in folder.glob("*.json"))


def test_a_second_sweep_does_nothing(tmp_path: Path) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").rglob("*")}
    diary = Diary()
    again = sweep(small_grid(), tmp_path / "out", watcher=diary, worker=("false",))
    assert diary.lines == []
    assert again.outcomes == end.outcomes
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "runs").rglob("*")}


def test_an_edited_grid_keeps_what_it_had(tmp_path: Path) -> None:
    sweep(small_grid({"name": "a"}, {"name": "b", "cell": {"noise": 0.5}}), tmp_path / "out")
    before = results(tmp_path / "out")
    diary = Diary()
    sweep(small_grid({"name": "new", "cell": {"noise": 0.25}}, {"name": "renamed"}),
          tmp_path / "out", watcher=diary)
    assert diary.lines == ["start new (seed 0)", "done new (seed 0)"]
    assert before.items() < results(tmp_path / "out").items()


def test_failures_are_rows_and_the_others_go_on(tmp_path: Path) -> None:
    grid = small_grid(
        {"name": "killed", **behaving(CRASH)},
        {"name": "left", **behaving(EXIT_3)},
        {"name": "raised", **behaving(RAISE)},
        {"name": "told", **behaving(FORESEEN)},
        {"name": "diverged", **behaving(DIVERGE)},
        {"name": "after killed", "start_from": "killed", "cell": {"noise": 0.5}},
        {"name": "after that", "start_from": "after killed", "cell": {"noise": 0.25}},
        {"name": "after diverged", "start_from": "diverged", "cell": {"noise": 0.5}},
        {"name": "fine"},
    )
    end = sweep(grid, tmp_path / "out")
    assert reasons(end) == {
        "killed": "killed by signal 9 (SIGKILL)",
        "left": "exit code 3",
        "raised": "RuntimeError: two lines",
        "told": "the data went away",
        "diverged": "iteration 5: loss is NaN",
        "after killed": "its start 'killed' (seed 0) failed",
        "after that": "its start 'after killed' (seed 0) failed",
        "after diverged": "its start 'diverged' (seed 0) diverged",
        "fine": "",
    }
    assert states(end)["diverged"] == "diverged"
    assert states(end)["fine"] == "done"
    assert len(end.failed) == 7
    assert "RuntimeError" in (run_folder(end, "raised") / "log.txt").read_text()
    assert "Traceback" not in (run_folder(end, "told") / "log.txt").read_text()

    # Started again, what failed continues from its checkpoint; what diverged stays.
    diary = Diary()
    again = sweep(grid, tmp_path / "out", watcher=diary)
    assert states(again) == {**dict.fromkeys(states(end), "done"), "diverged": "diverged",
                             "after diverged": "failed"}
    assert "start diverged (seed 0)" not in diary.lines
    assert "start fine (seed 0)" not in diary.lines
    assert (run_folder(end, "killed") / "log.txt").read_text().splitlines() == [
        "from 0 with 1 threads", "from 3 with 1 threads",
    ]
    assert not (run_folder(end, "killed") / "failure.json").exists()


def test_a_worker_that_says_nothing_failed(tmp_path: Path) -> None:
    end = sweep(small_grid({"name": "a"}), tmp_path / "out", worker=("true",))
    assert reasons(end) == {"a": "exit code 0 without a result"}


@pytest.mark.parametrize("damage", ["cut", "edit", "empty"])
def test_a_damaged_result_is_redone_and_the_others_kept(tmp_path: Path, damage: str) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    before = results(tmp_path / "out")
    path = run_folder(end, "tern") / "result.json"
    text = path.read_text()
    path.write_text({"cut": text[:40], "edit": text.replace('"loss": 10', '"loss": 1'),
                     "empty": ""}[damage])
    assert path.read_text() != text
    diary = Diary()
    sweep(small_grid(), tmp_path / "out", watcher=diary)
    assert diary.lines == ["start tern (seed 0)", "done tern (seed 0)"]
    assert results(tmp_path / "out") == before


def test_a_damaged_result_does_not_outlive_its_redoing(tmp_path: Path) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    (run_folder(end, "tern") / "result.json").write_text("{")
    again = sweep(small_grid(), tmp_path / "out", worker=("true",))
    assert reasons(again)["tern"] == "exit code 0 without a result"


def test_a_lost_model_is_made_again_only_if_someone_starts_from_it(tmp_path: Path) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    model = run_folder(end, "float") / "model.npz"
    model.write_bytes(b"something else")
    diary = Diary()
    sweep(small_grid(), tmp_path / "out", watcher=diary)
    assert diary.lines == []
    (run_folder(end, "tern") / "result.json").unlink()
    sweep(small_grid(), tmp_path / "out", watcher=diary)
    assert diary.lines == ["start float (seed 0)", "done float (seed 0)",
                           "start tern (seed 0)", "done tern (seed 0)"]
    assert model.read_text() == "model of seed 0"


def test_a_configuration_edited_by_hand_is_put_right(tmp_path: Path) -> None:
    end = sweep(small_grid(), tmp_path / "out")
    folder = run_folder(end, "float")
    whole = (folder / "config.json").read_text()
    (folder / "config.json").write_text("{")
    (folder / "result.json").unlink()
    assert states(sweep(small_grid(), tmp_path / "out"))["float"] == "done"
    assert (folder / "config.json").read_text() == whole


def test_a_resumed_run_keeps_its_threads(tmp_path: Path) -> None:
    grid = small_grid({"name": "a", **behaving(EXIT_3)}, {"name": "b", **behaving(CRASH)})
    end = sweep(grid, tmp_path / "out", threads=1)
    (run_folder(end, "b") / "checkpoint.npz").unlink()  # begins anew, with what is asked now
    sweep(grid, tmp_path / "out", threads=2)
    assert (run_folder(end, "a") / "log.txt").read_text().splitlines() == [
        "from 0 with 1 threads", "from 3 with 1 threads"]
    assert (run_folder(end, "b") / "log.txt").read_text().splitlines() == [
        "from 0 with 1 threads", "from 0 with 2 threads"]


def test_missing_data_stops_the_sweep_before_it_writes(tmp_path: Path) -> None:
    grid = small_grid({"name": "a", "data": "mnist"})
    with pytest.raises(DataError, match="mnist"):
        sweep(grid, tmp_path / "out", data_dir=str(tmp_path / "empty"))
    assert list(tmp_path.iterdir()) == []


def slow_grid() -> dict[str, object]:
    grid = small_grid({"name": "a", "cell": {"noise": 0.5}}, {"name": "b"},
                      {"name": "after b", "start_from": "b", "cell": {"noise": 0.25}})
    grid["settings"] = {"training": {"iterations": 25, "optimizer": {"learning_rate": SLOW}}}
    return grid


def test_a_killed_parent_leaves_no_orphan_and_loses_nothing(
    tmp_path: Path, project_root: Path
) -> None:
    end = sweep(slow_grid(), tmp_path / "whole")
    out = tmp_path / "killed"
    parent = start_parent(slow_grid(), out, project_root)
    checkpoints = [out / "runs" / run_folder(end, row).name / "checkpoint.npz" for row in "ab"]
    wait_for(lambda: all(checkpoint_of(path) >= 3 for path in checkpoints))
    workers = [int(pid) for pid in
               Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
    assert len(workers) == 2
    parent.kill()
    parent.communicate()
    wait_for(lambda: not any(is_alive(pid) for pid in workers), 10.0)
    assert results(out) == {}

    again = sweep(slow_grid(), out)
    assert states(again) == {"a": "done", "b": "done", "after b": "done"}
    assert results(out) == results(tmp_path / "whole")
    resumed = (run_folder(again, "a") / "log.txt").read_text().splitlines()
    assert resumed[0] == "from 0 with 1 threads"
    assert int(resumed[1].split()[1]) >= 3


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_restart_at_once_waits_for_the_last_moments_of_the_old_workers(
    tmp_path: Path, project_root: Path
) -> None:
    out = tmp_path / "out"
    parent = start_parent(slow_grid(), out, project_root)
    wait_for(lambda: len(list(out.glob("runs/*/checkpoint.npz"))) == 2)
    parent.kill()
    parent.communicate()
    again = sweep(slow_grid(), out)
    assert set(states(again).values()) == {"done"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sweep_in_order(
    tmp_path: Path, project_root: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    before = signal.signal(number, signal.default_int_handler if number == signal.SIGINT
                           else signal.SIG_DFL)
    try:
        parent = start_parent(slow_grid(), out, project_root)
    finally:
        signal.signal(number, before)
    wait_for(lambda: any(checkpoint_of(path) >= 3 for path in out.glob("runs/*/checkpoint.npz")))
    parent.send_signal(number)
    said, _ = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert said.splitlines() == [
        "interrupted: 0 of 3 runs finished; run the same command again to continue"]
    assert list(out.glob("runs/*/failure.json")) == []
    assert set(states(sweep(slow_grid(), out)).values()) == {"done"}
    starts = [line for log in out.glob("runs/*/log.txt") for line in log.read_text().splitlines()]
    assert any(line.startswith("from ") and not line.startswith("from 0 ") for line in starts)


def test_handlers_of_signals_are_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    sweep(small_grid({"name": "a"}), tmp_path / "out")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_from_outside_to_a_worker_is_a_failure_with_a_checkpoint(
    tmp_path: Path, project_root: Path
) -> None:
    out = tmp_path / "out"
    parent = start_parent(slow_grid(), out, project_root)
    wait_for(lambda: all(checkpoint_of(p) >= 2 for p in out.glob("runs/*/checkpoint.npz"))
             and len(list(out.glob("runs/*/checkpoint.npz"))) == 2)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    parent.communicate(timeout=60)
    (failure,) = [json.loads(path.read_text())["reason"] for path in out.glob("runs/*/failure.json")
                  if "its start" not in path.read_text()]
    assert failure.startswith("stopped by a SIGTERM from outside")


def test_a_sweep_in_a_thread_leaves_signals_alone(tmp_path: Path) -> None:
    import threading

    ends: list[object] = []
    thread = threading.Thread(
        target=lambda: ends.append(sweep(small_grid({"name": "a"}), tmp_path / "out")))
    thread.start()
    thread.join()
    assert len(ends) == 1


def test_interrupted_counts_what_was_done_before(tmp_path: Path) -> None:
    class Impatient(Diary):
        def finished(self, run: object, outcome: object) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="interrupted: 1 of 2 runs finished"):
        sweep(small_grid(), tmp_path / "out", jobs=1, watcher=Impatient())


def test_a_result_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    """As of a job that an earlier sweep handed to a scheduler."""
    grid = small_grid({"name": "a"}, {"name": "b", "cell": {"noise": 0.5}},
                      {"name": "late", "start_from": "b", "cell": {"noise": 0.25}})
    whole = sweep(grid, tmp_path / "whole")

    class Elsewhere(Diary):
        def started(self, run: object) -> None:
            super().started(run)
            if self.lines == ["start b (seed 0)"]:
                for row in ("a", "late"):
                    shutil.copytree(run_folder(whole, row), tmp_path / "out" / "runs" /
                                    run_folder(whole, row).name)

    diary = Elsewhere()
    end = sweep(grid, tmp_path / "out", jobs=1, watcher=diary)
    assert states(end) == {"a": "done", "b": "done", "late": "done"}
    assert [line for line in diary.lines if line.startswith("start")] == ["start b (seed 0)"]
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    for row in ("a", "late"):
        assert (run_folder(end, row) / "result.json").read_bytes() == (
            run_folder(whole, row) / "result.json").read_bytes()


class Preempting(LocalExecutor):
    """Loses its run whenever that has come ten iterations further."""

    def start(self, task: Task) -> WorkerProcess:
        checkpoint = task.directory / "checkpoint.npz"
        begun = checkpoint_of(checkpoint)

        class Lost(WorkerProcess):
            def poll(self) -> int | None:
                if checkpoint_of(checkpoint) >= begun + 10 and super().poll() is None:
                    self.kill()
                    return LOST
                return super().poll()

        return Lost(task)


def test_a_run_that_gets_on_may_be_lost_any_number_of_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LOSS_SECONDS", 0.01)
    monkeypatch.setattr(sweep_run, "make_executor", lambda name, **_: Preempting(1))
    grid = small_grid({"name": "a", "training": {
        "iterations": 75, "optimizer": {"learning_rate": SLOW}}})
    end = sweep(grid, tmp_path / "out")
    assert states(end) == {"a": "done"}
    assert len((run_folder(end, "a") / "log.txt").read_text().splitlines()) > 5


class Losing(LocalExecutor):
    """Loses every run at once."""

    def start(self, task: Task) -> WorkerProcess:
        class Lost(WorkerProcess):
            def poll(self) -> int | None:
                self.kill()
                return LOST

        return Lost(task)


def test_a_run_that_never_gets_on_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LOSS_SECONDS", 0.01)
    monkeypatch.setattr(sweep_run, "make_executor", lambda name, **_: Losing(1))
    end = sweep(small_grid({"name": "a", **behaving(SLOW)}), tmp_path / "out")
    assert reasons(end) == {"a": "lost with its machine 5 times, and no further each time"}


class LosingLater(LocalExecutor):
    """Loses a run at once, each time a little later in it."""

    seen = 0

    def start(self, task: Task) -> WorkerProcess:
        phase, done = ("start", 1000) if not self.seen else ("training", min(self.seen, 6))
        self.seen += 1

        class Lost(WorkerProcess):
            def poll(self) -> int | None:
                self.kill()
                progress = {"phase": phase, "done": done, "total": 2000, "loss": None, "rate": 1.0}
                write_json(task.directory / "progress.json", progress)
                return LOST

        return Lost(task)


def test_training_is_further_than_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOSS_SECONDS", 0.01)
    executor = LosingLater(1)
    monkeypatch.setattr(sweep_run, "make_executor", lambda name, **_: executor)
    sweep(small_grid({"name": "a", **behaving(SLOW)}), tmp_path / "out")
    assert executor.seen == 1 + 6 + 4  # one start, six that got on, four that did not


def test_reasons_of_earlier_failures_stay_until_runs_start_again(tmp_path: Path) -> None:
    grid = small_grid(*({"name": name, "cell": {"noise": noise}, **behaving(EXIT_3)}
                        for name, noise in (("a", 0.1), ("b", 0.2), ("c", 0.3))))
    sweep(grid, tmp_path / "out", jobs=1)
    for path in (*(tmp_path / "out").glob("runs/*/once"),
                 *(tmp_path / "out").glob("runs/*/checkpoint.npz")):
        path.unlink()
    diary = Diary()
    end = sweep(grid, tmp_path / "out", jobs=1, max_failures=1, watcher=diary)
    assert diary.lines == ["start a (seed 0)", "failed a (seed 0)"]
    assert reasons(end) == dict.fromkeys("abc", "exit code 3")
    assert [each.outcome.reason for each in read_status(tmp_path / "out")] == 3 * ["exit code 3"]


def test_a_result_that_appears_while_its_lock_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = small_grid({"name": "a"})
    whole = run_folder(sweep(grid, tmp_path / "whole"), "a")

    def finishing(directory: Path) -> bool:
        shutil.copytree(whole, directory, dirs_exist_ok=True)
        return False

    monkeypatch.setattr(loop, "is_running", finishing)
    diary = Diary()
    assert states(sweep(grid, tmp_path / "out", watcher=diary)) == {"a": "done"}
    assert diary.lines == ["done a (seed 0)"]


def test_dropped_runs_are_named_though_the_index_was_edited(tmp_path: Path) -> None:
    sweep(small_grid({"name": "a"}, {"name": "b", "cell": {"noise": 0.5}}), tmp_path / "out")
    sweep(small_grid({"name": "a"}), tmp_path / "out")
    path = tmp_path / "out" / "sweep.json"
    index = json.loads(path.read_text())
    index["runs"][0]["figures"] = {}
    path.write_text(json.dumps(index))
    sweep(small_grid({"name": "a"}), tmp_path / "out")
    assert list(json.loads(path.read_text())["dropped"].values()) == ["b (seed 0)"]
