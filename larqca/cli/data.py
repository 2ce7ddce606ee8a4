"""``larqca data``."""

from __future__ import annotations

import click

from larqca.cli import debug


@click.command()
@click.argument("name", required=False)
@click.option("--data-dir", metavar="DIR",
              help="Where tensorflow-datasets keeps its data.  [default: $TFDS_DATA_DIR]")
@click.option("--download", is_flag=True, help="Fetch and prepare the data set if it is missing.")
@debug.option
def data(name: str | None, data_dir: str | None, download: bool) -> int:
    """Tell which data sets there are, or what is known of the one called NAME."""
    from larqca import data as data_sets
    from larqca.errors import DataError

    if name is not None:
        what = data_sets.prepare if download else data_sets.describe
        click.echo(what(name, data_dir))
        return 0
    if download:
        raise click.UsageError("--download needs the NAME of a data set")
    for each in data_sets.DATA_SETS:
        try:
            text = data_sets.describe(each, data_dir)
        except DataError as error:
            text = f"{each}: {error}"
        click.echo(text)
    return 0
