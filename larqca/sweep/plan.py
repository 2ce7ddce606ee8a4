"""What a sweep would do: the listing of ``larqca sweep --dry-run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from larqca.footprint.memory import readable
from larqca.sweep.axes import value_label
from larqca.sweep.figures import Figures, figures_of_all
from larqca.sweep.grid import Grid, PlannedRun
from larqca.sweep.outcome import RUNS, read_outcome
from larqca.sweep.pending import chosen_runs


def describe_plan(grid: Grid, out: Path, only: Sequence[str] = ()) -> str:
    """Every run with what sets it apart, its parameters and its predicted memory.

    Args:
        grid: a checked grid.
        out: where the sweep would be written; tells what is done already.
        only: the rows that were asked for (see `larqca.sweep.pending`); none: all.

    Raises:
        ConfigError: there is no such row.
    """
    from tabulate import tabulate

    chosen = chosen_runs(grid.runs, only)
    runs = [run for run in grid.runs if run.hash in chosen]
    figures = figures_of_all({run.hash: run.config for run in runs})
    heads = ["row", "seed", "run", "start from", "parameters", "memory", "state",
             "differs from the shared settings in"]
    lines = [_line(run, figures[run.hash], out) for run in runs]
    table = tabulate(lines, headers=heads, tablefmt="simple", disable_numparse=True)
    return f"{table}\n\n{_summary(grid, runs, out)}"


def predicted_memory(figures: Mapping[str, Figures]) -> str:
    """Perceive and update in the published notation: ``2.51 KiB + 990 B``."""
    return " + ".join(readable(figures[name]["total_bits"] / 8) for name in ("perceive", "update"))


def _line(run: PlannedRun, figures: Figures, out: Path) -> list[str]:
    return [
        run.row,
        str(run.seed),
        run.hash,
        run.source_row or (run.source_file.name if run.source_file else ""),
        f"{figures['perceive']['parameters']:,} + {figures['update']['parameters']:,}",
        predicted_memory(figures),
        read_outcome(out / RUNS / run.hash).state,
        ", ".join(f"{path}={value_label(path, value)}" for path, value in run.differences.items()
                  if path != "start_from"),
    ]


def _summary(grid: Grid, runs: Sequence[PlannedRun], out: Path) -> str:
    rows = list(dict.fromkeys(run.row for run in runs))
    iterations = sum(run.config.training.iterations for run in runs)
    return (
        f"{len(runs)} runs: {len(rows)} rows, seeds {', '.join(map(str, grid.seeds))}; "
        f"{iterations:,} iterations in all; baseline: {grid.baseline or 'none'}; "
        f"would be written to {out}"
    )
