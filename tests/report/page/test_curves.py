from __future__ import annotations

import pytest

from larqca.report.page.curves import MOST_POINTS, loss_curve, thin_curves


def test_points_are_means_of_stretches() -> None:
    curve = loss_curve([10.0 if n <= 500 else 1.0 for n in range(1, 1001)])
    assert len(curve["iteration"]) == len(curve["log10_loss"]) == MOST_POINTS
    assert curve["iteration"][:2] == [3.0, 8.0]
    assert curve["log10_loss"][0] == 1.0
    assert curve["log10_loss"][-1] == 0.0
    assert loss_curve([10.0]) == {"iteration": [1.0], "log10_loss": [1.0]}
    assert loss_curve([])["iteration"] == []


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
