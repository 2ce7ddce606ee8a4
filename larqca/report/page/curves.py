"""Curves of a run, thinned out to what a screen shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

MOST_POINTS = 200
_LARGEST = 1e15


def loss_curve(history: Sequence[float]) -> dict[str, list[float]]:
    """Losses as ``iteration`` and ``log10_loss``, of equal length; each point is the mean of a
    stretch of iterations."""
    losses = np.array(history)
    edges = np.linspace(0, len(losses), min(len(losses), MOST_POINTS) + 1).astype(int)
    points = []
    for start, end in pairwise(edges.tolist()):
        mean = float(losses[start:end].mean())
        if mean > 0:
            points.append(((start + 1 + end) / 2, round(math.log10(mean), 4)))
    return {"iteration": [x for x, _ in points], "log10_loss": [y for _, y in points]}


def thin_curves(result: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """The curves of a result: step, and each metric that is there, rounded.

    Raises:
        ValueError: the result has none that can be drawn.
    """
    curves = result.get("curves")
    steps = _numbers(curves.get("step")) if isinstance(curves, Mapping) else []
    if not steps or None in steps:
        raise ValueError("the result has no curves")
    kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST_POINTS)).astype(int))
    thin = {"step": [steps[index] for index in kept]}
    for name, values in curves.items():  # type: ignore[union-attr]
        shares = _numbers(values)
        if name != "step" and len(shares) == len(steps):
            thin[str(name)] = [_rounded(shares[index]) for index in kept]
    return thin


def _numbers(values: Any) -> list[float | None]:
    """The numbers of a list, None for what is anything else; nothing of no list."""
    return [_number(value) for value in values] if isinstance(values, list) else []


def _number(value: Any) -> float | None:
    is_one = isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST
    return float(value) if is_one else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
