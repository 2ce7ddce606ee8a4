"""``larqca sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from larqca.cli import debug

if TYPE_CHECKING:
    from larqca.sweep.grid import Grid

_EPILOG = (
    "FILE is a grid in YAML: shared settings, named rows, axes to cross, seeds and the baseline. "
    "Its form is described in larqca.sweep.grid (python -m pydoc larqca.sweep.grid). "
    "Run again, a sweep does what is missing: finished runs are kept, others continue from "
    "their checkpoint."
)


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path),
              help="Directory of the sweep.  [default: results/NAME of the grid]")
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N",
              help="Runs side by side.  [default: measured where the sweep is long, "
              "otherwise one for each CPU core]")
@click.option("--threads", type=click.IntRange(min=1), metavar="N",
              help="Threads of each run.  [default: as --jobs, otherwise 1]")
@click.option("--dry-run", is_flag=True,
              help="List the runs, their parameters and predicted memory; write nothing.")
@click.option("--quiet", is_flag=True, help="Show no progress, only the table.")
@debug.option
def sweep(
    file: Path, out: Path | None, data_dir: str | None, jobs: int | None, threads: int | None,
    dry_run: bool, quiet: bool,
) -> int:
    """Train every run of the grid FILE that is not done yet, and print the table."""
    from larqca.sweep.grid import load_grid
    from larqca.sweep.run import default_out, do_sweep
    from larqca.sweep.watch import choose_watcher

    grid = load_grid(file)
    directory = default_out(grid) if out is None else out
    if dry_run:
        return _list_runs(grid, directory)
    end = do_sweep(grid, directory, jobs=jobs, threads=threads, data_dir=data_dir,
                   watcher=choose_watcher(quiet))
    _print_report(directory)
    if end.failed:
        click.echo(f"error: {_failed_line(end.failed)}", err=True)
        return 1
    return 0


def _list_runs(grid: Grid, directory: Path) -> int:
    from larqca.sweep.plan import describe_plan
    from larqca.sweep.store import check_output

    check_output(directory, grid.name)
    click.echo(describe_plan(grid, directory))
    return 0


def _print_report(directory: Path) -> None:
    from larqca.report.report import Report

    report = Report(directory)
    click.echo(report.render(), nl=False)
    files = report.write(directory)
    names = ", ".join(path.name for path in files)
    click.echo(f"\ntable: {names} in {directory}; runs, logs and models: {directory / 'runs'}")


def _failed_line(titles: list[str]) -> str:
    shown = ", ".join(titles[:5]) + (f" and {len(titles) - 5} more" if len(titles) > 5 else "")
    return (f"{len(titles)} run{'s' if len(titles) > 1 else ''} failed: {shown}; "
            "the table says why, and the same command tries again")
