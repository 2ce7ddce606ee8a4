"""The table as text, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
from tabulate import tabulate

from larqca.report.columns import Column, Line, choose_columns, find_column
from larqca.sweep.files import finite

Format = Literal["text", "markdown", "csv", "json"]
FORMATS: tuple[Format, ...] = ("text", "markdown", "csv", "json")
_WIDEST = {"row": 24, "kernel_quantizer": 30, "input_quantizer": 18, "versions": 24, "state": 20}


def sort_table(table: pd.DataFrame, sort: str | None) -> pd.DataFrame:
    """The table in the order of a column: ``name`` or ``name,desc``; None: the grid's.

    Lines without a value come last.

    Raises:
        ConfigError: no such column, or a direction that is not asc or desc.
    """
    if sort is None:
        return table
    name, _, direction = (part.strip() for part in sort.partition(","))
    if direction not in ("", "asc", "desc"):
        from larqca.errors import ConfigError
        from larqca.suggest import unknown

        raise ConfigError(unknown("direction", direction, ("asc", "desc")))
    if name not in table.columns:
        source = find_column(name).sources[0]
        if source not in table.columns:
            return table
        name = source
    return table.sort_values(name, ascending=direction != "desc", kind="stable", na_position="last")


def lines_of(table: pd.DataFrame) -> list[Line]:
    """One mapping for each line of the table."""
    return [{str(key): value for key, value in line.items()}
            for line in table.to_dict(orient="records")]


def as_text(table: pd.DataFrame, names: Sequence[str] | None = None) -> str:
    """For a terminal."""
    lines = lines_of(table)
    columns = choose_columns(names, lines)
    return tabulate(
        _cells(columns, lines), headers=[column.title for column in columns], tablefmt="simple",
        disable_numparse=True, colalign=_alignment(columns),
        maxcolwidths=[_WIDEST.get(column.name) for column in columns],
    )


def as_markdown(table: pd.DataFrame, names: Sequence[str] | None = None) -> str:
    """A GitHub table."""
    lines = lines_of(table)
    columns = choose_columns(names, lines)
    cells = [[cell.replace("|", "\\|") for cell in row] for row in _cells(columns, lines)]
    return tabulate(
        cells, headers=[one_line(column.title) for column in columns], tablefmt="pipe",
        disable_numparse=True, colalign=_alignment(columns),
    )


def as_csv(table: pd.DataFrame, names: Sequence[str] | None = None) -> str:
    """Plain numbers; all columns, or those behind the chosen ones."""
    return str(_plain(table, names).to_csv(index=False, lineterminator="\n"))


def as_json(
    table: pd.DataFrame, provenance: Mapping[str, Any], names: Sequence[str] | None = None
) -> str:
    """Plain numbers with the table's provenance; what is missing is null."""
    plain = _plain(table, names)
    content = {"format": "larqca-report", "version": 1, **provenance,
               "columns": [str(name) for name in plain.columns],
               "rows": [finite(line) for line in lines_of(plain)]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(table: pd.DataFrame, names: Sequence[str] | None) -> pd.DataFrame:
    if names is None:
        return table
    wanted: dict[str, None] = {}
    for name in names:
        wanted |= dict.fromkeys(find_column(name).sources)
        if name in ("macs", "larq_macs"):
            wanted |= dict.fromkeys(c for c in table.columns if c.startswith(f"{name}_"))
    return table[[name for name in wanted if name in table.columns]]


def _cells(columns: Sequence[Column], lines: Sequence[Line]) -> list[list[str]]:
    return [[column.write(line) for column in columns] for line in lines]


def _alignment(columns: Sequence[Column]) -> list[str]:
    words = ("row", "hash", "data", "start_from", "scale", "state", "memory", "macs", "larq_macs",
             "versions")
    return ["left" if column.name in words or column.name.endswith("_quantizer") else "right"
            for column in columns]


def one_line(title: str) -> str:
    """A column's title without its line breaks."""
    return title.replace("-\n", "").replace("\n", " ")
