"""``larqca --version``."""

from __future__ import annotations

import click


def print_versions(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Print one line for each package that decides results, and exit."""
    if not value or context.resilient_parsing:
        return
    from larqca.sweep.provenance import versions

    for name, version in versions().items():
        click.echo(f"{name} {version}")
    context.exit()
