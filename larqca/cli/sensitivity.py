"""``larqca sensitivity``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from larqca.cli import debug

if TYPE_CHECKING:
    from larqca.sweep.sensitivity import Subject, Suggestion, Trial

_EPILOG = (
    "RUN is the directory of a finished run with float kernels (results/NAME/runs/HASH). A choice "
    "is 1 (ste_sign), 1x2 to 1x8 (so many planes of it), ternary (ste_tern) or 2 to 8 (bits of "
    "dorefa_quantizer). Run again, the command does what is missing. All trials are in a sweep "
    "below DIR that 'larqca report' reads."
)


def finite(
    _context: click.Context, _parameter: click.Parameter, value: float | None
) -> float | None:
    """Numbers as click reads them include NaN, which it finds in every range, and infinity."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a size")
    return value


@click.command(epilog=_EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--choices", default="1,ternary,2,1x4,4,8", show_default=True, metavar="A,B,...",
              help="Ways to quantize a layer.")
@click.option("--iterations", type=click.IntRange(0, 10**9), default=300, show_default=True,
              metavar="N", help="Training of each trial from the run's weights.")
@click.option("--images", type=click.IntRange(min=1), default=500, show_default=True, metavar="N",
              help="Judge trials on so many training images, which they are not trained on (RUN "
                   "was, unless it held them out too). The suggestion is judged by the test.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="KIB",
              callback=finite, help="Suggest what fits into so many KiB, and train it.")
@click.option("--check-iterations", type=click.IntRange(0, 10**9), metavar="N",
              help="Training of the suggestion.  [default: as long as the run, and no less "
                   "than the trials]")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the sweeps go.  [default: results/sensitivity-HASH]")
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="As in 'larqca sweep'.")
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="As in 'larqca sweep'.")
@click.option("--quiet", is_flag=True, help="Show no progress, only tables.")
@debug.option
def sensitivity(
    run: Path, choices: str, iterations: int, images: int, budget: float | None,
    check_iterations: int | None, out: Path | None, data_dir: str | None, jobs: int | None,
    threads: int | None, quiet: bool,
) -> int:
    """Quantize one layer at a time: what does each cost, what does it save?"""
    from larqca.errors import StoreError
    from larqca.report.records import read_records
    from larqca.sweep.grid import load_grid
    from larqca.sweep.options import SweepOptions
    from larqca.sweep.run import do_sweep
    from larqca.sweep.sensitivity import SUGGESTED, Subject, read_trials, suggest
    from larqca.sweep.watch import choose_watcher

    wanted = _read_choices(choices)
    subject = Subject(run)
    subject.check_images(images)
    if budget is not None:
        subject.check_budget(wanted, 1024 * budget)
    folder = Path("results") / f"sensitivity-{run.resolve().name}" if out is None else out

    def sweep(grid: dict[str, Any], name: str) -> list[dict[str, Any]]:
        options = SweepOptions(jobs=jobs, threads=threads, data_dir=data_dir)
        end = do_sweep(load_grid(grid), folder / name, options, watcher=choose_watcher(quiet))
        if end.failed:
            raise StoreError(f"{end.failed[0]} failed; see 'larqca report {folder / name}'")
        return read_records(folder / name).records

    trials = read_trials(
        subject, wanted, sweep(subject.trials_grid(wanted, iterations, images), "trials")
    )
    click.echo(_trials_table(trials))
    if budget is None:
        return 0
    suggestion = suggest(subject, trials, 1024 * budget)
    click.echo(_suggestion_text(subject, suggestion))
    if not any(suggestion.choices.values()):
        click.echo("nothing has to be quantized for that")
        return 0
    check = check_iterations
    if check is None:  # a run that only took its weights from a file has no iterations of its own
        check = max(subject.config.training.iterations, iterations)
    records = sweep(subject.suggestion_grid(suggestion, check), "suggestion")
    click.echo(_check_text({record["row"]: record for record in records}, SUGGESTED))
    return 0


def _read_choices(text: str) -> list[str]:
    from larqca.suggest import unknown
    from larqca.sweep.sensitivity import CHOICES

    wanted = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for choice in wanted:
        if choice not in CHOICES:
            raise click.BadParameter(unknown("choice", choice, CHOICES), param_hint="'--choices'")
    return wanted


def _trials_table(trials: list[Trial]) -> str:
    from tabulate import tabulate

    from larqca.sweep.sensitivity import CHOICES

    rows = [
        [trial.layer, CHOICES[trial.choice].text, f"{trial.saved_bytes / 1024:.2f}",
         f"{100 * trial.lost:+.1f}",
         "" if math.isnan(trial.lost_after) else f"{100 * trial.lost_after:+.1f}"]
        for trial in trials
    ]  # fmt: skip
    headers = ["layer", "kernel quantizer", "saves KiB", "loses points of\ncell accuracy",
               "after the\nexchange"]  # fmt: skip
    return tabulate(rows, headers=headers, disable_numparse=True,
                    colalign=("left", "left", "right", "right", "right"))


def _suggestion_text(subject: Subject, suggestion: Suggestion) -> str:
    from larqca.footprint.memory import readable
    from larqca.sweep.sensitivity import CHOICES

    parts = [f"{layer} {CHOICES[choice].text if choice else 'float'}"
             for layer, choice in suggestion.choices.items()]
    return (f"\nsuggested: {', '.join(parts)}\n{readable(suggestion.bytes)} instead of "
            f"{readable(subject.bytes)}; expected loss of cell accuracy, if losses add up: "
            f"{100 * suggestion.expected_loss:.1f} points")


def _check_text(records: dict[str, Any], row: str) -> str:
    from larqca.sweep.sensitivity import BASELINE

    if records[row]["state"] != "done":
        return f"trained: {records[row]['state']} {records[row]['reason']}".rstrip()
    base = records[BASELINE]
    shown = [
        f"{100 * records[row][metric]:.1f} % (float: "
        + (f"{100 * base[metric]:.1f} %)" if base["state"] == "done" else f"{base['state']})")
        for metric in ("cell_accuracy", "cell_accuracy_after")
        if not math.isnan(records[row][metric])
    ]
    return f"trained: cell accuracy {', after the exchange '.join(shown)}"
