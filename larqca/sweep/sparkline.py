"""A curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Iterable

_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Iterable[float], width: int) -> str:
    """The course of positive numbers, on a logarithmic scale, the latest at the right.

    Args:
        values: what is not positive and finite is left out.
        width: characters at most; each stands for the mean of as many values as it takes.
    """
    logs = [math.log(value) for value in values if 0.0 < value < math.inf]
    size = max(1, math.ceil(len(logs) / width))
    means = [sum(logs[i : i + size]) / len(logs[i : i + size]) for i in range(0, len(logs), size)]
    if not means:
        return ""
    low, high = min(means), max(means)
    scale = (len(_LEVELS) - 1) / (high - low) if high > low else 0.0
    return "".join(_LEVELS[round((mean - low) * scale)] for mean in means)
