"""Draw what is wrong against bytes for the rows of reports, as one PNG.

    python reports/draw_front.py OUT.png REFERENCE.json REPORT.csv [REPORT.csv ...]

Every row is a point; the line joins the rows that no smaller row outdoes (the Pareto
front), which are numbered and named. The star is what `larqca evaluate --json` says of the
published weights. Needs the extra `figures`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator

METRICS = {
    "cell_accuracy_after": ("wrong cells 200 steps after the exchange, %", "right"),
    "agreement_after": ("digits that do not agree then, %", "agree"),
}
PUBLISHED_KIB = 22_499 * 4 / 1024


def read(sources: list[Path]) -> pd.DataFrame:
    """The evaluated rows of reports, a row of several reports once; `kib` is its size."""
    rows = pd.concat([pd.read_csv(source) for source in sources])
    rows = rows[rows["agreement_after"].notna()].assign(kib=lambda all: all["memory_bytes"] / 1024)
    return rows.drop_duplicates(["memory_bytes", *METRICS])


def front(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows that are better than every smaller one, by size."""
    ordered = rows.sort_values(["memory_bytes", metric], ascending=[True, False])
    best = ordered[metric].cummax().shift(fill_value=float("-inf"))
    return ordered[ordered[metric] > best]


def draw_metric(panel: Axes, rows: pd.DataFrame, metric: str, published: float) -> None:
    """Both axes are logarithmic: halving the errors is as long a way everywhere."""
    title, good = METRICS[metric]
    panel.scatter(rows["kib"], 100 * (1 - rows[metric]), s=14, color="0.6")
    panel.plot(PUBLISHED_KIB, 100 * (1 - published), "*", color="black", markersize=11)
    best = front(rows, metric)
    panel.plot(best["kib"], 100 * (1 - best[metric]), marker="o", markersize=4)
    points = zip(best["kib"], 100 * (1 - best[metric]), best["row"], strict=True)
    names = []
    for number, (x, y, name) in enumerate(points, start=1):
        panel.annotate(str(number), (x, y), xytext=(4, 4), textcoords="offset points")
        names.append(f"{number}: {name}, {x:.1f} KiB, {100 - y:.1f} % {good}")
    names.append(f"star: the published weights, {PUBLISHED_KIB:.1f} KiB, "
                 f"{100 * published:.1f} % {good}")
    panel.text(0.98, 0.98, "\n".join(names), transform=panel.transAxes, ha="right", va="top",
               fontsize=7)
    panel.set(xlabel="theoretical memory, KiB", ylabel=title, xscale="log", yscale="log")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter("")
    panel.grid(alpha=0.3)


def draw(out: Path, reference: Path, sources: list[Path]) -> None:
    """One panel for each metric."""
    rows = read(sources)
    at_the_end = json.loads(reference.read_text())["metrics"]["400"]
    figure, panels = pyplot.subplots(1, len(METRICS), figsize=(13, 5.5), layout="constrained")
    for panel, metric in zip(panels, METRICS, strict=True):
        draw_metric(panel, rows, metric, at_the_end[metric.removesuffix("_after")])
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    draw(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
