"""``larqca sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from larqca.cli import debug
from larqca.cli.sweep_verbs import VERBS

if TYPE_CHECKING:
    from larqca.sweep.grid import Grid
    from larqca.sweep.options import SweepOptions
    from larqca.sweep.pending import Retry

_RETRY: dict[bool | None, Retry] = {None: "failed", True: "all", False: "none"}

_EPILOG = (
    "FILE is a grid in YAML: shared settings, named rows, axes to cross, seeds and the baseline. "
    "Its form is described in larqca.sweep.grid (python -m pydoc larqca.sweep.grid). "
    "Run again, a sweep does what is missing: finished runs are kept, others continue from "
    "their checkpoint, failed ones are tried again. "
    "Further verbs: larqca sweep status DIR, larqca sweep export DIR FILE, "
    "larqca sweep import FILE DIR."
)


class _WithVerbs(click.Command):
    """A command whose first argument may be a verb of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The verb's context, or that of the command itself."""
        if args and args[0] in VERBS:
            return VERBS[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=_WithVerbs, epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path),
              help="Directory of the sweep.  [default: results/NAME of the grid]")
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N",
              help="Runs side by side.  [default: measured where the sweep is long, "
              "otherwise one for each CPU core; a scheduler's own choice]")
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N",
              help="Threads of each run.  [default: the cpus that the grid states; or as --jobs, "
              "otherwise 1]")
@click.option("--executor", default="local", show_default=True, metavar="NAME",
              help="Where runs run: local (this machine), ray or slurm.")
@click.option("--address", help="Of the Ray cluster.  [default: that of ray start, or one of its "
              "own on this machine]")
@click.option("--only", multiple=True, metavar="ROW",
              help="Only rows of this name, or pattern (*), and what they start from; may be "
              "given again.")
@click.option("--retry-failed/--keep-failed", default=None,
              help="Try all runs that ended without a result again, also those that ran out of "
              "time or memory; or none.  [default: those that failed, or may take more now]")
@click.option("--max-failures", type=click.IntRange(min=1), metavar="N",
              help="Start no run any more after so many have failed.")
@click.option("--fail-fast", is_flag=True,
              help="After the first failure stop the other runs too, with checkpoints.")
@click.option("--dry-run", is_flag=True,
              help="List the runs, their parameters and predicted memory; write nothing.")
@click.option("--quiet", is_flag=True, help="Show no progress, only the table.")
@debug.option
def sweep(
    file: Path, out: Path | None, only: tuple[str, ...], retry_failed: bool | None,
    dry_run: bool, quiet: bool, **options: Any,
) -> int:
    """Train every run of the grid FILE that is not done yet, and print the table."""
    from larqca.sweep.grid import load_grid
    from larqca.sweep.options import SweepOptions
    from larqca.sweep.run import default_out, do_sweep
    from larqca.sweep.watch import choose_watcher

    grid = load_grid(file)
    directory = default_out(grid) if out is None else out
    chosen = SweepOptions(only=only, retry=_RETRY[retry_failed], **options)
    if dry_run:
        return _list_runs(grid, directory, chosen)
    end = do_sweep(grid, directory, chosen, watcher=choose_watcher(quiet))
    _print_report(directory)
    if end.failed:
        click.echo(f"error: {_failed_line(end.failed, end.left if end.gave_up else 0)}", err=True)
        return 1
    return 0


def _list_runs(grid: Grid, directory: Path, options: SweepOptions) -> int:
    from larqca.sweep.plan import describe_plan
    from larqca.sweep.store import check_output

    options.check_values()
    check_output(directory, grid.name)
    click.echo(describe_plan(grid, directory, options.only))
    return 0


def _print_report(directory: Path) -> None:
    from larqca.report.report import Report
    from larqca.sweep.outcome import RUNS

    report = Report(directory)
    click.echo(report.render(), nl=False)
    files = report.write(directory)
    names = ", ".join(path.name for path in files)
    click.echo(f"\ntable: {names} in {directory}; runs, logs and models: {directory / RUNS}")


def _failed_line(titles: list[str], left: int) -> str:
    shown = ", ".join(titles[:5]) + (f" and {len(titles) - 5} more" if len(titles) > 5 else "")
    others = f"{left} others were not done; " if left else ""
    return (f"{len(titles)} run{'s' if len(titles) > 1 else ''} failed: {shown}; {others}"
            "the table says why, and the same command tries again")
