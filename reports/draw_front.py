"""Draw accuracy against bytes for the rows of reports, as one PNG.

    python reports/draw_front.py OUT.png REPORT.csv [REPORT.csv ...]

Every row is a point; the line joins the rows that no smaller row outdoes (the Pareto
front) in agreement after every image was exchanged. Needs the extra `figures`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import pandas as pd
from matplotlib import pyplot

METRICS = {
    "cell_accuracy_after": "right cells after the exchange, %",
    "agreement_after": "digits that agree after the exchange, %",
}


def front(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows that are better than every smaller one, by size."""
    ordered = rows.sort_values(["memory_bytes", metric], ascending=[True, False])
    best = ordered[metric].cummax().shift(fill_value=float("-inf"))
    return ordered[ordered[metric] > best]


def draw(out: Path, sources: list[Path]) -> None:
    """One panel for each metric."""
    rows = pd.concat([pd.read_csv(source) for source in sources])
    rows = rows[rows["agreement_after"].notna()]
    figure, panels = pyplot.subplots(1, len(METRICS), figsize=(12, 5), layout="constrained")
    for panel, (metric, title) in zip(panels, METRICS.items(), strict=True):
        size = rows["memory_bytes"] / 1024
        panel.scatter(size, 100 * rows[metric], s=14)
        line = front(rows, metric)
        panel.plot(line["memory_bytes"] / 1024, 100 * line[metric], alpha=0.5)
        for x, y, name in zip(size, 100 * rows[metric], rows["row"], strict=True):
            panel.annotate(name, (x, y), fontsize=6, xytext=(3, 3), textcoords="offset points")
        panel.set(xlabel="theoretical memory, KiB", ylabel=title, xscale="log")
        panel.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    draw(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
