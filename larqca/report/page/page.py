"""The page: the table as HTML, everything else as data that the page's own script draws.

Curves are drawn by the script, not here, because people choose what is drawn and at which
width. It is plain JavaScript of some hundred lines, so that nothing has to be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from larqca.report.colours import COLOURS
from larqca.report.columns import choose_columns
from larqca.report.page.lines import describe_line, measure_titles, runs_of_lines
from larqca.report.page.runs import Panel, describe_run
from larqca.report.page.table import html_table
from larqca.report.provenance import provenance_lines
from larqca.report.render import lines_of
from larqca.sweep.files import finite

if TYPE_CHECKING:
    from larqca.report.report import Report

# A page stays one that a browser opens at once: about 20 KB a run, 1 KB a line.
MOST_LINES, MOST_RUNS = 2000, 100
_SCRIPTS = ("page.js", "table.js", "chart.js", "curves.js", "pareto.js", "cells.js", "runs.js",
            "start.js")


def page_of(report: Report, folder: Path) -> str:
    """The page of a report.

    Args:
        report: what was read from the sweep's directory.
        folder: where the page will lie; its links to the runs' files are relative to it.
    """
    records, group_by = report.sweep.records, report.group_by
    whole = lines_of(report.table)
    lines = whole[:MOST_LINES]
    groups = runs_of_lines(lines, records, group_by)
    row = report.provenance["baseline"] if group_by in ("row", "none") else None
    baseline = [row is not None and line["row"] == row for line in lines]
    shown = [(line, run) for line, runs in enumerate(groups) for run in runs][:MOST_RUNS]
    panels = [_panel(report, folder, *each) for each in shown]
    targets: dict[int, str] = {}
    for panel in panels:
        targets.setdefault(panel["line"], panel["id"])
    data = {
        "colours": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in COLOURS.tolist()],
        "measures": measure_titles(),
        "lines": [describe_line(number, line, group_by, base) for number, (line, base)
                  in enumerate(zip(lines, baseline, strict=True), start=1)],
        "runs": panels,
    }
    table = html_table(
        choose_columns(report.columns, whole), lines, baseline=baseline,
        targets=[targets.get(number) for number in range(1, len(lines) + 1)], sort=report.sort,
    )
    return _fill(report, data, table, _limits(len(whole), len(records)))


def _panel(report: Report, folder: Path, line: int, run: int) -> Panel:
    """What the page says of a run, by its place among the records."""
    entry, record = report.sweep.index["runs"][run], report.sweep.records[run]
    panel = describe_run(report.directory, folder, entry, record)
    return {"id": f"run-{record['hash']}", "line": line + 1, **panel}


def _limits(lines: int, runs: int) -> str:
    """What was left out, as a sentence; empty if nothing was."""
    parts = []
    if lines > MOST_LINES:
        parts.append(f"The table shows the first {MOST_LINES:,} of {lines:,} lines; report.csv "
                     "has all.")
    if runs > MOST_RUNS:
        parts.append(f"Curves and pictures are those of the first {MOST_RUNS:,} of {runs:,} runs; "
                     "--sort brings others to the front.")
    return " ".join(parts)


def _fill(report: Report, data: dict[str, Any], table: str, limits: str) -> str:
    style = _asset("page.css")
    # One scope for all: nothing of the page's becomes global.
    script = "(() => {\n" + "\n".join(_asset(name) for name in _SCRIPTS) + "})();\n"
    notes = "".join(f"<li>{_quoted_as_code(escape(line))}</li>"
                    for line in provenance_lines(report.provenance))
    page = Template(_asset("page.html")).substitute(
        title=escape(str(report.provenance["grid"])),
        policy=escape(_policy(style, script)),
        summary=escape(_summary(report)),
        limits=escape(limits),
        table=table, notes=notes, style=style, script=script, data=as_script_data(data),
    )
    # What JSON can hold and UTF-8 cannot (half a surrogate pair) becomes a question mark.
    return page.encode("utf-8", "replace").decode("utf-8")


def as_script_data(value: Any) -> str:
    """JSON that may stand in a ``<script type="application/json">``, whatever it holds.

    A browser looks for ``</script`` and ``<!--`` there and for nothing else.
    """
    text = json.dumps(finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(style: str, script: str) -> str:
    """A content security policy: this style, this script, images from within the page."""
    return (f"default-src 'none'; img-src data:; style-src {_source(style)}; "
            f"script-src {_source(script)}; base-uri 'none'; form-action 'none'")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _quoted_as_code(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text)


def _summary(report: Report) -> str:
    """How many runs there are in which state."""
    counts: dict[str, int] = {}
    for record in report.sweep.records:
        counts[record["state"]] = counts.get(record["state"], 0) + 1
    states = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    return f"{len(report.sweep.records):,} runs: {states}"
