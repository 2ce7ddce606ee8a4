"""``larqca compare``."""

from __future__ import annotations

from pathlib import Path

import click

from larqca.cli import debug

EXIT_REGRESSION = 3
_EPILOG = (
    "Exits with 3 if something in B is worse than its threshold allows, or a row or a run of A "
    "is missing in B. Thresholds unless given: cell_accuracy and cell_accuracy_after 1 point, "
    "agreement and agreement_after 2 points, memory 0 bytes, deployed and working 1%, code 5%. "
    "A and B may also be a report.json, such as one kept beside the code."
)


@click.command(epilog=_EPILOG)
@click.argument("a", metavar="A", type=click.Path(path_type=Path))
@click.argument("b", metavar="B", type=click.Path(path_type=Path))
@click.option("--columns", metavar="A,B,...",
              help="Quantities to show, by their names in 'larqca report'.")
@click.option("--threshold", "thresholds", multiple=True, metavar="NAME=AMOUNT",
              help="How much worse B may be: percentage points or bytes (cell_accuracy=0.5), a "
                   "share of A's value (memory=5%), or off. May be given several times.")
@click.option("--allow-missing", is_flag=True,
              help="Rows and runs that B lacks are no regression.")
@click.option("--format", "form", default="text", show_default=True,
              type=click.Choice(["text", "markdown", "csv", "json"]), help="What to print.")
@debug.option
def compare(
    a: Path, b: Path, columns: str | None, thresholds: tuple[str, ...], allow_missing: bool,
    form: str,
) -> int:
    """Show sweep B beside sweep A, and exit with 3 if it is worse."""
    from larqca.report.compare import compare as compare_sweeps
    from larqca.report.compare.thresholds import parse_options

    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    found = compare_sweeps(a, b, columns=names, thresholds=parse_options(thresholds),
                           allow_missing=allow_missing)
    click.echo(found.render(form), nl=False)
    return EXIT_REGRESSION if found.regressions else 0
