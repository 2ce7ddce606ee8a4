"""How everything here is timed: medians of several repeats, in one process. NumPy only.

Every measuring script takes the same arguments and prints one JSON line, so that peers
can be measured in environments of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

REPEATS = 7
SECONDS_A_REPEAT = 0.7


def median_seconds(function: Callable[[], Any], repeats: int = REPEATS) -> dict[str, float]:
    """Seconds of one call: the median over repeats, and the fastest and slowest.

    The first two calls, which may compile, are not counted; each repeat makes as many
    calls as fill about 0.7 seconds.
    """
    function()
    started = time.perf_counter()
    function()
    calls = max(1, int(SECONDS_A_REPEAT / (time.perf_counter() - started)))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(calls):
            function()
        times.append((time.perf_counter() - started) / calls)
    return {
        "seconds": statistics.median(times),
        "fastest": min(times),
        "slowest": max(times),
        "calls": float(calls * repeats),
    }


def peak_memory_mib() -> float:
    """The most memory that this process has held so far."""
    # Not ru_maxrss, which starts at what the parent process held.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def arguments() -> argparse.Namespace:
    """The arguments that `run.py` gives to every measuring script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True, help="npz with images and labels")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--what", default="training")
    parser.add_argument("--overrides", default="{}", help="settings of the run, as JSON")
    return parser.parse_args()


def load_batches(path: str, batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Four batches of different images, so that shapes that follow from them vary."""
    with np.load(path) as file:
        images, labels = file["images"], file["labels"]
    order = np.random.default_rng(0).permutation(len(images))
    order = np.resize(order, 4 * batch)
    return [(images[part], labels[part]) for part in np.split(order, 4)]


def report(**figures: Any) -> None:
    """Print the one JSON line."""
    print(json.dumps(figures), flush=True)
