"""The table as HTML, which stands and can be read without any script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from larqca.report.columns import BY_NAME, Column, Line, is_known
from larqca.report.render import one_line


def html_table(
    columns: Sequence[Column],
    lines: Sequence[Line],
    *,
    baseline: Sequence[bool],
    targets: Sequence[str | None],
    sort: str | None,
) -> str:
    """A table whose heads are buttons; the page's script sorts it by ``data-value``.

    Args:
        columns: what is shown.
        lines: the table's.
        baseline: for each line, whether it is the baseline's.
        targets: for each line, the id of the panel that its first cell leads to, or None.
        sort: the column that the lines are sorted by, as ``--sort`` takes it.
    """
    heads = "".join(_head(column, lines, sort) for column in columns)
    body = "\n".join(
        _row(number, columns, *each)
        for number, each in enumerate(zip(lines, baseline, targets, strict=True), start=1)
    )
    number = _head_cell("#", "number", "ascending" if sort is None else "none")
    return (f'<table id="table"><thead><tr>{number}{heads}</tr></thead>\n'
            f"<tbody>\n{body}\n</tbody></table>")


def _head(column: Column, lines: Sequence[Line], sort: str | None) -> str:
    name, _, direction = (part.strip() for part in (sort or "").partition(","))
    order = "none"
    if name and name in (column.name, column.sources[0]):
        order = "descending" if direction == "desc" else "ascending"
    kind = "number" if _is_number(column, lines) else "text"
    return _head_cell(_title(column), kind, order)


def _head_cell(title: str, kind: str, order: str) -> str:
    return (f'<th scope="col" class="{kind}" aria-sort="{order}">'
            f'<button type="button">{title}</button></th>')


def _title(column: Column) -> str:
    """A difference's head says what it is a difference of."""
    title = one_line(column.title)
    compared = BY_NAME.get(column.name.removesuffix("_difference"))
    if compared is None or compared is column:
        return escape(title)
    return f"{escape(one_line(compared.title))}<br>{escape(title)} baseline"


def _row(
    number: int, columns: Sequence[Column], line: Line, baseline: bool, target: str | None
) -> str:
    cells = [f'<td class="number" data-value="{number}">{number}</td>']
    for place, column in enumerate(columns):
        text = escape(column.write(line))
        if place == 0:
            link = f'<a href="#{escape(target)}">{text}</a>' if target else text
            mark = ' <span class="tag">baseline</span>' if baseline else ""
            cells.append(f'<th scope="row"{_sort_value(column, line)}>{link}{mark}</th>')
        else:
            cells.append(f"<td{_class(column, line)}{_sort_value(column, line)}>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _class(column: Column, line: Line) -> str:
    value: Any = line.get(column.sources[0])
    if not is_known(value):
        # The words of a reason need room, other text stays on its line.
        return ' class="words"' if column.name == "state" else ""
    if column.name.endswith("_difference") and abs(value) > 1e-9:
        better = (value < 0) == ("loss" in column.name)
        return f' class="number {"better" if better else "worse"}"'
    return ' class="number"'


def _sort_value(column: Column, line: Line) -> str:
    """What the line is sorted by in this column; nothing where it has no value."""
    value: Any = line.get(column.sources[0])
    if is_known(value):
        return f' data-value="{float(value)!r}"'
    if isinstance(value, str) and (text := column.write(line)):
        return f' data-value="{escape(text)}"'
    return ""


def _is_number(column: Column, lines: Sequence[Mapping[str, Any]]) -> bool:
    return any(is_known(line.get(column.sources[0])) for line in lines)
