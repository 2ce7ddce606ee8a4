"""``larqca report``."""

from __future__ import annotations

from pathlib import Path

import click

from larqca.cli import debug

# Not taken from larqca.report, whose import of pandas would slow --help.
_GROUPS = "row, seed, data, kernel_quantizer, input_quantizer or none"
_EPILOG = (
    "Works while the sweep runs. A measured quantity is the mean over the done runs of a line, "
    "± the sample standard deviation. '--columns help' lists all columns."
)


@click.command(epilog=_EPILOG)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--columns", metavar="A,B,...", help="Columns to show; 'help' lists them.")
@click.option("--sort", metavar="COLUMN[,desc]", help="Order of the lines.  [default: the grid's]")
@click.option("--group-by", default="row", show_default=True, metavar="WHAT",
              help=f"What makes one line: {_GROUPS}.")
@click.option("--format", "form", default="text", show_default=True,
              type=click.Choice(["text", "markdown", "csv", "json"]), help="What to print.")
@click.option("--html", is_flag=True,
              help="Write report.html too: one page, for any browser, with the table, curves, "
                   "pictures of cells, and links to the runs' files.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR2",
              help="Where to write report.md, report.csv, report.json (and report.html).  "
                   "[default: DIR]")
@click.option("--no-files", is_flag=True, help="Print only.")
@debug.option
def report(
    directory: Path, columns: str | None, sort: str | None, group_by: str, form: str,
    html: bool, out: Path | None, no_files: bool,
) -> int:
    """Print the table of the sweep in DIR and write it as Markdown, CSV and JSON."""
    if columns == "help":
        return _list_columns()
    if html and no_files:
        raise click.UsageError("--html writes a file and --no-files forbids it; leave one out")
    from larqca.report.report import Report

    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    made = Report(directory, columns=names, sort=sort, group_by=group_by)
    click.echo(made.render(form), nl=False)
    if not no_files:
        written = made.write(directory if out is None else out, html=html)
        if html:
            # Not to standard output, where the table may be JSON for another program.
            click.echo(f"page: {written[-1]}", err=True)
    return 0


def _list_columns() -> int:
    from larqca.report.columns import COLUMNS

    for column in COLUMNS:
        title = column.title.replace("\n", " ")
        click.echo(f"{column.name:34} {title}" + ("  (default)" if column.default else ""))
    return 0
