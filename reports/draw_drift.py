"""Draw how long automata keep what they agreed on, as one PNG.

    larqca evaluate RUN --steps 5000 --images 500 --json NAME.json
    python reports/draw_drift.py OUT.png NAME.json [NAME.json ...]

Every file holds the curves of one automaton, under its own name: steps, an exchange of
every image half-way, and as many steps again. Needs the extra `figures`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

METRICS = {"cell_accuracy": "right cells, %", "agreement": "digits that agree, %"}


def draw(out: Path, sources: list[Path]) -> None:
    """One panel for each metric, one line for each file."""
    figure, panels = pyplot.subplots(1, len(METRICS), figsize=(11, 4), layout="constrained")
    for source in sources:
        curves = json.loads(source.read_text())["curves"]
        for panel, name in zip(panels, METRICS, strict=True):
            shares = [100 * share for share in curves[name]]
            panel.plot(curves["step"], shares, label=source.stem.replace("_", " "), linewidth=1)
    for panel, title in zip(panels, METRICS.values(), strict=True):
        panel.set(xlabel="step", ylabel=title, xscale="log", ylim=(0, 100))
        panel.grid(alpha=0.3)
    panels[0].legend(loc="lower left", fontsize="small")
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    draw(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
