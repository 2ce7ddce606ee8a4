from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from larqca.sweep.files import content_sha256, finite, write_json
from larqca.sweep.outcome import (
    BAD_RESULT,
    model_is_whole,
    read_outcome,
    read_result,
    sealed_result,
)

RESULT = {"state": "done", "reason": "", "loss": 2.5, "metrics": {"200": {"agreement": 0.5}}}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "0123456789abcdef"
    folder.mkdir()
    (folder / "model.npz").write_bytes(b"model")
    return folder


def seal(directory: Path, result: dict[str, Any]) -> None:
    write_json(directory / "result.json", sealed_result(directory, result))


def test_a_whole_result(directory: Path) -> None:
    seal(directory, RESULT)
    outcome = read_outcome(directory)
    assert (outcome.state, outcome.finished, dict(outcome.result)) == ("done", True, RESULT)
    assert model_is_whole(directory)


def test_a_diverged_result_is_finished(directory: Path) -> None:
    seal(directory, {"state": "diverged", "reason": "diverged at iteration 3: loss is NaN"})
    outcome = read_outcome(directory)
    assert (outcome.state, outcome.finished) == ("diverged", True)
    assert outcome.reason == "iteration 3: loss is NaN"


def test_a_result_cut_anywhere_is_noticed(directory: Path) -> None:
    seal(directory, RESULT)
    whole = (directory / "result.json").read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        (directory / "result.json").write_bytes(whole[:length])
        outcome = read_outcome(directory)
        assert (outcome.state, outcome.reason, outcome.finished) == ("failed", BAD_RESULT, False)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["result"].update(loss=1.0),
        lambda content: content["result"]["metrics"]["200"].update(agreement=0.99),
        lambda content: content.update(model_sha256=None),
        lambda content: content.update(sha256="0" * 64),
        lambda content: content.update(more=1),
        lambda content: content.pop("sha256"),
    ],
)
def test_a_result_edited_by_hand_is_noticed(directory: Path, edit: Any) -> None:
    seal(directory, RESULT)
    content = json.loads((directory / "result.json").read_text())
    edit(content)
    (directory / "result.json").write_text(json.dumps(content))
    assert read_result(directory) is None


def test_a_result_of_another_run_is_not_taken(directory: Path) -> None:
    seal(directory, RESULT)
    other = directory.with_name("fedcba9876543210")
    directory.rename(other)
    assert read_outcome(other).state == "failed"


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"sha256": 3}', "\xff"])
def test_other_json_is_no_result(directory: Path, text: str) -> None:
    (directory / "result.json").write_bytes(text.encode("latin-1"))
    assert read_outcome(directory).state == "failed"


def test_an_unknown_state_is_no_result(directory: Path) -> None:
    seal(directory, {**RESULT, "state": "fine"})
    assert read_result(directory) is None


def test_a_changed_model_is_noticed(directory: Path) -> None:
    seal(directory, RESULT)
    (directory / "model.npz").write_bytes(b"other")
    assert not model_is_whole(directory)
    (directory / "model.npz").unlink()
    assert not model_is_whole(directory)


def test_before_it_starts_it_waits(tmp_path: Path) -> None:
    assert read_outcome(tmp_path / "nothing").state == "waiting"


def test_progress_tells_running_from_stopped(directory: Path) -> None:
    write_json(directory / "progress.json", {"phase": "training", "done": 45, "total": 100,
                                             "loss": 1.0, "rate": 2.0})
    outcome = read_outcome(directory)
    assert (outcome.state, outcome.progress, outcome.phase) == ("stopped", 0.45, "training")
    with open(directory / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read_outcome(directory).state == "running"
    assert read_outcome(directory).state == "stopped"


@pytest.mark.parametrize("text", ["", "{", '{"done": "x", "total": 0}', "[1]"])
def test_odd_progress_is_no_reason_to_fall(directory: Path, text: str) -> None:
    (directory / "progress.json").write_text(text)
    assert read_outcome(directory).state in ("waiting", "stopped")


def test_a_failure_has_its_reason_on_one_line(directory: Path) -> None:
    write_json(directory / "failure.json", {"reason": "two\nlines"})
    outcome = read_outcome(directory)
    assert (outcome.state, outcome.reason) == ("failed", "two lines")


def test_digest_ignores_order_and_layout() -> None:
    digest = content_sha256({"a": 1, "b": [1.5]})
    assert digest == content_sha256({"b": [1.5], "a": 1, "sha256": "x"})
    assert digest != content_sha256({"a": 1, "b": [1.25]})


def test_json_has_no_nan() -> None:
    value = {"a": [float("nan"), 1.0, float("-inf")], "b": (True, None)}
    assert finite(value) == {"a": [None, 1.0, None], "b": [True, None]}
