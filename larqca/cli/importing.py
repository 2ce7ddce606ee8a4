"""``larqca import``."""

from __future__ import annotations

from pathlib import Path

import click

from larqca.cli import debug


@click.command(name="import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Model file to write, for example model.npz.")
@click.option("--preset", default="distill", show_default=True,
              help="Architecture of the weights.")
@debug.option
def import_model(source: Path, out: Path, preset: str) -> int:
    """Turn published or foreign weights at SOURCE into a model file."""
    from larqca.automata.importing import import_model as convert

    click.echo(convert(source, out, preset))
    return 0
