"""A comparison as text, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd
from tabulate import tabulate

from larqca.errors import ConfigError
from larqca.report.columns import Line, is_known
from larqca.report.compare.comparison import Comparison, RowPair
from larqca.report.compare.quantities import Quantity
from larqca.report.compare.side import Key
from larqca.report.render import FORMATS
from larqca.suggest import unknown
from larqca.sweep.files import finite


def render(comparison: Comparison, form: str) -> str:
    """See `Comparison.render`."""
    if form not in FORMATS:
        raise ConfigError(unknown("format", form, FORMATS))
    if form == "csv":
        frame = pd.DataFrame.from_records(plain_lines(comparison))
        return str(frame.to_csv(index=False, lineterminator="\n"))
    if form == "json":
        return _as_json(comparison)
    if form == "markdown":
        notes = "\n".join(f"- {note}" for note in _notes(comparison))
        head = f"# {comparison.a.grid} and {comparison.b.grid}"
        return f"{head}\n\n{_table(comparison, 'pipe')}\n\n{notes}\n"
    return "\n".join([_table(comparison, "simple"), "", *_notes(comparison), ""])


def plain_lines(comparison: Comparison) -> list[dict[str, Any]]:
    """One mapping of plain numbers for each row of both: A, B and B - A."""
    # What was judged can be seen, whatever was chosen to be shown.
    quantities = list(dict.fromkeys([*comparison.quantities, *comparison.thresholds]))
    return [_plain_line(pair, quantities) for pair in comparison.pairs]


def _plain_line(pair: RowPair, quantities: Iterable[Quantity]) -> dict[str, Any]:
    line: dict[str, Any] = {"row": pair.row, "data": pair.data,
                            "n_a": pair.a["n"], "n_b": pair.b["n"]}
    for quantity in quantities:
        a, b = pair.a.get(quantity.source), pair.b.get(quantity.source)
        difference = b - a if is_known(a) and is_known(b) else None
        line |= {f"{quantity.source}_a": a, f"{quantity.source}_b": b,
                 f"{quantity.source}_difference": difference}
    return {**line, "versions_a": pair.versions_a, "versions_b": pair.versions_b,
            "regressed": " ".join(quantity.name for quantity in pair.regressed)}


def _as_json(comparison: Comparison) -> str:
    sides = {name: {"place": side.place, "grid": side.grid, "not_done": side.not_done}
             for name, side in (("a", comparison.a), ("b", comparison.b))}
    content = {
        "format": "larqca-comparison", "version": 1, **sides,
        "thresholds": {quantity.name: limit.text(quantity)
                       for quantity, limit in comparison.thresholds.items()},
        "regressions": comparison.regressions,
        "only_in_a": _named(comparison.only_a), "only_in_b": _named(comparison.only_b),
        "settings_differ": _named(comparison.changed),
        "versions_differ": comparison.mixed_versions,
        "rows": plain_lines(comparison),
    }
    return json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _table(comparison: Comparison, style: str) -> str:
    quantities = [quantity for quantity in comparison.quantities
                  if any(_cell(pair, quantity) for pair in comparison.pairs)]
    several = len({pair.data for pair in comparison.pairs}) > 1
    titles = [each.title if style == "simple" else each.sentence_title for each in quantities]
    heads = ["row", *(["data"] if several else []), *titles, "n",
             *(["versions"] if comparison.mixed_versions else [])]
    rows = []
    for pair in comparison.pairs:
        cells = [pair.row, *([pair.data] if several else [])]
        cells += [_cell(pair, quantity) for quantity in quantities]
        cells.append(_arrow(str(pair.a["n"]), str(pair.b["n"])))
        if comparison.mixed_versions:
            cells.append(_arrow(pair.versions_a, pair.versions_b))
        rows.append([cell.replace("|", "\\|") if style == "pipe" else cell for cell in cells])
    widths = [24, *[None] * (len(heads) - 1)] if style == "simple" else None
    return tabulate(rows, headers=heads, tablefmt=style, disable_numparse=True,
                    maxcolwidths=widths)


def _cell(pair: RowPair, quantity: Quantity) -> str:
    """For example ``98.5 → 96.9 (-1.6) !``; the mark means a regression."""
    a, b = _written(pair.a, quantity), _written(pair.b, quantity)
    text = _arrow(a, b)
    if a and b:
        by = quantity.write_difference(pair.b[quantity.source] - pair.a[quantity.source])
        text += f" ({by})" if by else ""
    return f"{text} !" if quantity in pair.regressed else text


def _written(line: Line, quantity: Quantity) -> str:
    value = line.get(quantity.source)
    return quantity.write(value) if is_known(value) else ""


def _arrow(a: str, b: str) -> str:
    return a if a == b else f"{a or 'none'} → {b or 'none'}"


def _notes(comparison: Comparison) -> list[str]:
    notes = []
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        notes.append(f"{name}: {side.place} (grid {side.grid})")
        notes += [f"not done in {name}: {run}" for run in side.not_done]
    notes += [f"only in A: {name}" for name in _named(comparison.only_a)]
    notes += [f"only in B: {name}" for name in _named(comparison.only_b)]
    if comparison.changed:
        notes.append(f"other settings in B: {', '.join(_named(comparison.changed))}")
    if comparison.mixed_versions:
        notes.append("not all runs were made with the same versions of "
                     f"{', '.join(comparison.mixed_versions)}; the last column says which")
    notes += [f"REGRESSION: {sentence}" for sentence in comparison.regressions]
    if not comparison.regressions:
        held = ", ".join(f"{quantity.name} {limit.text(quantity)}"
                         for quantity, limit in comparison.thresholds.items())
        notes.append(f"no regression past {held}" if held else "no threshold was set")
    return notes


def _named(keys: Iterable[Key]) -> list[str]:
    return [f"{row} ({data})" for row, data in keys]
