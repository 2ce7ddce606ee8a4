"""What a sweep would do: the listing of ``larqca sweep --dry-run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from larqca.footprint.memory import readable
from larqca.quantizers.registry import NONE
from larqca.sweep.axes import value_label
from larqca.sweep.figures import Figures, figures_of_all
from larqca.sweep.grid import Grid, PlannedRun
from larqca.sweep.outcome import RUNS, read_outcome
from larqca.sweep.pending import chosen_runs

# Columns that tell what both networks quantize; they stand where some run does.
ROLES = {"kernel": "kernels", "input": "inputs"}


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
    lines = [_line(run, figures[run.hash], out) for run in runs]
    heads = [head for head in lines[0] if any(line[head] for line in lines)
             or head not in ROLES.values()] if lines else []
    table = tabulate([[line[head] for head in heads] for line in lines], headers=heads,
                     tablefmt="simple", disable_numparse=True)
    return f"{table}\n\n{_summary(grid, runs, out)}"


def predicted_memory(figures: Mapping[str, Figures]) -> str:
    """Perceive and update in the published notation: ``2.51 KiB + 990 B``."""
    return " + ".join(readable(figures[name]["total_bits"] / 8) for name in ("perceive", "update"))


def _line(run: PlannedRun, figures: Figures, out: Path) -> dict[str, str]:
    return {
        "row": run.row,
        "seed": str(run.seed),
        "run": run.hash,
        "start from": run.source_row or (run.source_file.name if run.source_file else ""),
        **{head: _quantizers(figures, role) for role, head in ROLES.items()},
        "parameters": f"{figures['perceive']['parameters']:,} + "
                      f"{figures['update']['parameters']:,}",
        "memory": predicted_memory(figures),
        "state": read_outcome(out / RUNS / run.hash).state,
        "differs from the shared settings in": ", ".join(
            f"{path}={value_label(path, value)}" for path, value in run.differences.items()
            if path != "start_from"),
    }


def _quantizers(figures: Figures, role: str) -> str:
    """Of both networks, planes told; empty for float."""
    names = [figures[network][f"{role}_quantizer"] for network in ("perceive", "update")]
    both = dict.fromkeys(names)
    return "" if list(both) == [NONE] else " / ".join(both)


def _summary(grid: Grid, runs: Sequence[PlannedRun], out: Path) -> str:
    rows = list(dict.fromkeys(run.row for run in runs))
    iterations = sum(run.config.training.iterations for run in runs)
    return (
        f"{len(runs)} runs: {len(rows)} rows, seeds {', '.join(map(str, grid.seeds))}; "
        f"{iterations:,} iterations in all; baseline: {grid.baseline or 'none'}; "
        f"would be written to {out}"
    )
