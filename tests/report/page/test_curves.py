from __future__ import annotations

from pathlib import Path

import pytest

from larqca.report.page.curves import MOST_POINTS, read_loss, thin_curves


def history(tmp_path: Path, text: str) -> Path:
    (tmp_path / "history.csv").write_text(text)
    return tmp_path / "history.csv"


def test_points_are_means_of_stretches(tmp_path: Path) -> None:
    lines = "".join(f"{n},{10.0 if n <= 500 else 1.0}\n" for n in range(1, 1001))
    curve = read_loss(history(tmp_path, "iteration,loss\n" + lines))
    assert len(curve["iteration"]) == len(curve["log10_loss"]) == MOST_POINTS
    assert curve["iteration"][:2] == [3.0, 8.0]
    assert curve["log10_loss"][0] == 1.0
    assert curve["log10_loss"][-1] == 0.0
    assert read_loss(history(tmp_path, "iteration,loss\n1,10.0\n")) == {
        "iteration": [1.0], "log10_loss": [1.0]}
    assert read_loss(history(tmp_path, "iteration,loss\n"))["iteration"] == []


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
    with pytest.raises(ValueError, match=message):
        read_loss(history(tmp_path, text))


def test_a_curve_keeps_its_ends() -> None:
    steps = [float(step) for step in range(1, 1001)]
    thin = thin_curves({"curves": {"step": steps, "agreement": [0.12345] * 999 + [None],
                                   "shorter": [1.0]}})
    assert len(thin["step"]) == MOST_POINTS
    assert (thin["step"][0], thin["step"][-1]) == (1.0, 1000.0)
    assert (thin["agreement"][0], thin["agreement"][-1]) == (0.1235, None)
    assert set(thin) == {"step", "agreement"}


@pytest.mark.parametrize("curves", [None, [], {}, {"step": []}, {"step": [None]},
                                    {"step": "12"}, {"step": [10**400]}, {"agreement": [1.0]}])
def test_a_result_without_curves_is_refused(curves: object) -> None:
    with pytest.raises(ValueError, match="no curves"):
        thin_curves({"curves": curves})
