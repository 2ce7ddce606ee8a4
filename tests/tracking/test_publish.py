"""The door and the verb, whichever packages are installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from larqca.cli import main as command
from larqca.errors import ConfigError
from larqca.tracking import publish
from larqca.tracking.publish import TRACKERS

from .helpers import half_done


@pytest.mark.parametrize(("tracker", "package"), [
    (tracker, package) for tracker, packages in TRACKERS.items() for package in packages])
def test_a_missing_package_is_named_with_its_extra(
    tracker: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    half_done(tmp_path)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *rest: None if name == package else object()
                        if name in TRACKERS[tracker] else real(name, *rest))  # type: ignore[index]
    assert command.run(["track", str(tmp_path), "--to", tracker]) == 1
    assert capsys.readouterr().err == (
        f"error: {package} is not installed: pip install 'larqca[{tracker}]'\n")


def test_a_directory_that_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tracker in TRACKERS:
        assert command.run(["track", str(tmp_path), "--to", tracker]) == 1
        assert "is not the directory of a sweep" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_unknown_trackers(tmp_path: Path) -> None:
    unknown: Any = "mlfow"
    with pytest.raises(ConfigError, match=r"unknown tracker 'mlfow' \(did you mean 'mlflow'\?\)"):
        publish(tmp_path, unknown)
    assert command.run(["track", str(tmp_path)]) == 2
