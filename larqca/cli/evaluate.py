"""``larqca evaluate``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from larqca.cli import debug
from larqca.errors import ConfigError

if TYPE_CHECKING:
    from larqca.training.result import Progress, ProgressCallback

_TITLES = {"cell_accuracy": "cell accuracy %", "agreement": "agreement %",
           "vote_accuracy": "vote accuracy %", "agree_and_correct": "agree and correct %"}


@click.command()
@click.argument("model", metavar="MODEL_OR_RUN", type=click.Path(path_type=Path))
@click.option("--data", metavar="NAME",
              help="Data set: digits, mnist or fashion_mnist.  [default: the run's own]")
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--images", type=click.IntRange(min=1), metavar="N",
              help="How many test images.  [default: all]")
@click.option("--steps", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
              help="Steps before every image is exchanged, and as many after.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Of the fire masks, the noise and the exchange.")
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N",
              help="Threads to use; they change no figure.  [default: one for each CPU core]")
@click.option("--import-quantizers", is_flag=True,
              help="Allow the model to import quantizers of your own, which runs their code.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Write all metrics and curves there.")
@debug.option
def evaluate(
    model: Path, data: str | None, data_dir: str | None, images: int | None, steps: int,
    seed: int, threads: int | None, import_quantizers: bool, json_file: Path | None,
) -> int:
    """Test a model file, or the model of a run's directory, by the published protocol."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise ConfigError(f"{json_file}: cannot be written: there is no {json_file.parent}")
    if json_file is not None and json_file.is_dir():
        raise ConfigError(f"{json_file}: is a directory; name a file")
    from larqca.backend import use_threads
    from larqca.sweep.run import available_cores

    use_threads(threads or available_cores())
    from larqca.evaluation.protocol import evaluate_file

    with _progress_bar() as progress:
        found = evaluate_file(
            model, data=data or _data_of_run(model), data_dir=data_dir, images=images,
            steps=steps, seed=seed, progress=progress, import_quantizers=import_quantizers,
        )
    click.echo(metrics_table(found["metrics"]))
    if json_file is not None:
        from larqca.sweep.files import write_json

        write_json(json_file, found, durable=False)
    return 0


def metrics_table(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """One line for each reported step, shares in percent."""
    from tabulate import tabulate

    lines = [
        [step, *(f"{100 * metrics[step][name]:.2f}" for name in _TITLES)]
        for step in sorted(metrics, key=int)
    ]
    return tabulate(lines, headers=["step", *_TITLES.values()], tablefmt="simple",
                    disable_numparse=True, stralign="right")


def _data_of_run(directory: Path) -> str | None:
    """The data set that the run in a directory was trained on."""
    from larqca.sweep.files import read_json_mapping

    name = (read_json_mapping(directory / "config.json") or {}).get("data")
    return name if isinstance(name, str) else None


@contextmanager
def _progress_bar() -> Iterator[ProgressCallback]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task: Any = bars.add_task("evaluation", total=None)

        def show(progress: Progress) -> None:
            bars.update(task, completed=progress.done, total=progress.total)

        yield show
