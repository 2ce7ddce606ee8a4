"""Draw what is wrong against bytes for the rows of reports, as one PNG.

    python reports/draw_front.py OUT.png [--published REFERENCE.json] REPORT.csv [REPORT.csv ...]

Every row is a point; the line joins the rows that no smaller row outdoes (the Pareto
front), which are numbered and named below. The star is what `larqca evaluate --json` says of
the published weights. Needs the extra `figures`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator

METRICS = {
    "cell_accuracy_after": ("wrong cells 200 steps after the exchange, %", "right"),
    "agreement_after": ("pictures whose cells do not agree then, %", "agree"),
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


def draw_metric(panel: Axes, rows: pd.DataFrame, metric: str, published: float | None) -> None:
    """Both axes are logarithmic: halving the errors is as long a way everywhere."""
    title, good = METRICS[metric]
    panel.scatter(rows["kib"], 100 * (1 - rows[metric]), s=14, color="0.6")
    best = front(rows, metric)
    panel.plot(best["kib"], 100 * (1 - best[metric]), marker="o", markersize=4)
    points = zip(best["kib"], 100 * (1 - best[metric]), best["row"], strict=True)
    names = []
    for number, (x, y, name) in enumerate(points, start=1):
        panel.annotate(str(number), (x, y), xytext=(4, 4), textcoords="offset points")
        names.append(f"{number}: {name}, {x:.1f} KiB, {100 - y:.1f} % {good}")
    if published is not None:
        panel.plot(PUBLISHED_KIB, 100 * (1 - published), "*", color="black", markersize=11)
        names.append(f"star: the published weights, {PUBLISHED_KIB:.1f} KiB, "
                     f"{100 * published:.1f} % {good}")
    panel.text(0.0, -0.13, "\n".join(names), transform=panel.transAxes, va="top", fontsize=7)
    panel.set(xlabel="theoretical memory, KiB", ylabel=title, xscale="log", yscale="log")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter("")
    panel.grid(alpha=0.3)


def draw(out: Path, published: Path | None, sources: list[Path]) -> None:
    """One panel for each metric."""
    rows = read(sources)
    at_the_end = json.loads(published.read_text())["metrics"]["400"] if published else {}
    figure, panels = pyplot.subplots(1, len(METRICS), figsize=(13, 7.5), layout="constrained")
    for panel, metric in zip(panels, METRICS, strict=True):
        draw_metric(panel, rows, metric, at_the_end.get(metric.removesuffix("_after")))
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw what is wrong against bytes.")
    parser.add_argument("out", type=Path, metavar="OUT.png")
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT.csv")
    parser.add_argument("--published", type=Path, metavar="REFERENCE.json")
    given = parser.parse_args()
    draw(given.out, given.published, given.reports)
