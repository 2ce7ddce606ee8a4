"""``larqca sweep status``, ``export`` and ``import``."""

from __future__ import annotations

from pathlib import Path

import click

from larqca.cli import debug


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--all", "every_run", is_flag=True, help="Show finished and waiting runs too.")
@debug.option
def status(directory: Path, every_run: bool) -> int:
    """Say where each run of the sweep in DIR stands, and how long it may take yet."""
    from larqca.sweep.status import describe, read_status

    click.echo(describe(read_status(directory), every_run=every_run))
    return 0


@click.command(name="export")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@debug.option
def export_archive(directory: Path, file: Path) -> int:
    """Write the sweep in DIR as one FILE (.tar.gz), without checkpoints of finished runs."""
    from larqca.sweep.archive import export_sweep

    click.echo(f"{file}: {export_sweep(directory, file):,} files")
    return 0


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@debug.option
def import_archive(file: Path, directory: Path) -> int:
    """Unpack FILE, which 'larqca sweep export' wrote, into the new directory DIR."""
    from larqca.sweep.archive import import_sweep

    click.echo(f"{directory}: {import_sweep(file, directory):,} files")
    return 0


VERBS = {"status": status, "export": export_archive, "import": import_archive}
