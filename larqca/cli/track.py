"""``larqca track``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from larqca.cli import debug

if TYPE_CHECKING:
    from larqca.tracking.publish import Tracker

_EPILOG = (
    "Works while the sweep runs; the same command again brings it up to date. Runs that have "
    "not started are left out. Needs an extra: pip install 'larqca[tensorboard]' or "
    "'larqca[mlflow]'."
)


@click.command(epilog=_EPILOG)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(["tensorboard", "mlflow"]),
              help="What to publish the runs to.")
@click.option("--at", metavar="WHERE",
              help="TensorBoard: a folder.  [default: DIR/tensorboard]  MLflow: an address, "
                   "http://HOST:PORT of a server or sqlite:///FILE.  [default: "
                   "$MLFLOW_TRACKING_URI, or else sqlite:///DIR/mlflow.db]")
@debug.option
def track(directory: Path, to: Tracker, at: str | None) -> None:
    """Publish the runs of the sweep in DIR to TensorBoard or MLflow."""
    from larqca.tracking import publish

    done = publish(directory, to, at=at)
    waiting = f", {done.waiting} not started" if done.waiting else ""
    click.echo(f"{done.runs} runs, {done.changed} of them new or changed{waiting}\n"
               f"look at them: {done.hint}")
