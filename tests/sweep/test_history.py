from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from larqca.files import write_arrays
from larqca.sweep.history import read_history


def test_the_file_of_the_whole_run_comes_first(tmp_path: Path) -> None:
    write_arrays(tmp_path / "checkpoint.npz", {"history": np.array([3.0]), "pool": np.zeros(9)})
    assert read_history(tmp_path) == [3.0]
    (tmp_path / "history.csv").write_text("iteration,loss\n1,3.0\n2,1.5\n")
    assert read_history(tmp_path) == [3.0, 1.5]


def test_a_run_that_has_written_neither(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_history(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with 'iteration,loss'"),
        ("step,loss\n1,2\n", "does not begin with 'iteration,loss'"),
        ("iteration,loss\n1,2\n2\n", "could not convert string to float"),
        ("iteration,loss\n1,<b>\n", "could not convert string to float"),
        ("iteration,loss\n1,2\n3,4\n", "line 3 is not iteration 2 and its loss"),
        ("iteration,loss\n1,nan\n", "line 2 is not iteration 1 and its loss"),
    ],
)
def test_a_damaged_history_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_history(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"7"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"is not there, and checkpoint\.npz cannot be read"):
        read_history(tmp_path)


def test_losses_are_finite(tmp_path: Path) -> None:
    write_arrays(tmp_path / "checkpoint.npz", {"history": np.array([1.0, np.inf])})
    with pytest.raises(ValueError, match=r"checkpoint\.npz holds losses that are not finite"):
        read_history(tmp_path)
