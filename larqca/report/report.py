"""A sweep's report: the table in every form, its files, and its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larqca.errors import ConfigError, StoreError
from larqca.files import write_bytes
from larqca.report.provenance import mixed_lines, provenance_lines, table_provenance
from larqca.report.records import read_records
from larqca.report.render import (
    FORMATS,
    as_csv,
    as_json,
    as_markdown,
    as_text,
    sort_table,
)
from larqca.report.table import GROUPS, group_records
from larqca.suggest import unknown


class Report:
    """The table of a sweep's directory at this moment.

    Args:
        directory: the sweep's, finished or running.
        columns: names from `larqca.report.columns`; None for the default ones.
        sort: a column's name, or ``name,desc``; None for the grid's order.
        group_by: see `larqca.report.table.build_table`.

    Raises:
        StoreError: not the directory of a sweep.
        ConfigError: an unknown column or grouping.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        columns: Sequence[str] | None = None,
        sort: str | None = None,
        group_by: str = "row",
    ) -> None:
        if group_by not in GROUPS:
            raise ConfigError(unknown("grouping", group_by, GROUPS))
        self.directory = Path(directory)
        self.columns, self.sort, self.group_by = columns, sort, group_by
        self.sweep = read_records(directory)
        self.table = sort_table(group_records(self.sweep.records, group_by), sort)
        self.provenance = table_provenance(self.sweep)

    def render(self, form: str = "text") -> str:
        """The table as ``text``, ``markdown``, ``csv`` or ``json``."""
        if form not in FORMATS:
            raise ConfigError(unknown("format", form, FORMATS))
        if form == "text":
            return "\n".join([as_text(self.table, self.columns), *mixed_lines(self.provenance), ""])
        if form == "markdown":
            return self._page()
        if form == "csv":
            return as_csv(self.table, self.columns)
        return as_json(self.table, self.provenance, self.columns)

    def write(self, folder: Path, *, html: bool = False) -> list[Path]:
        """Write report.md, report.csv and report.json; returns their paths.

        Args:
            folder: where they go; made if need be.
            html: write report.html too, a page with curves and pictures (see
                `larqca.report.page`).

        Raises:
            StoreError: the folder cannot be written.
        """
        content = {"report.md": self.render("markdown"), "report.csv": self.render("csv"),
                   "report.json": self.render("json")}
        if html:
            from larqca.report.page.page import page_of

            content["report.html"] = page_of(self, folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in content.items():
                write_bytes(folder / name, text.encode(), durable=False)
        except OSError as error:
            raise StoreError(
                f"{folder}: the report cannot be written: {error.strerror}; "
                "choose another --out, or --no-files"
            ) from error
        return [folder / name for name in content]

    def _page(self) -> str:
        notes = "\n".join(f"- {line}" for line in provenance_lines(self.provenance))
        table = as_markdown(self.table, self.columns)
        return f"# {self.provenance['grid']}\n\n{table}\n\n{notes}\n"
