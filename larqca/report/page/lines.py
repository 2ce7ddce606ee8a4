"""The lines of the table, and the runs that belong to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from larqca.report.columns import BY_NAME, Line
from larqca.report.records import METRICS
from larqca.report.render import one_line

# What a Pareto plot shows, upwards and to the right.
MEASURES = (*METRICS, *(f"{metric}_after" for metric in METRICS))
COSTS = ("memory_bytes", "deployed_bytes", "macs")


def name_of(line: Line, group_by: str) -> str:
    """What a line is called in figures."""
    if group_by == "none":
        return f"{line['row']}, seed {line['seed']}"
    if group_by == "seed":
        return f"seed {line['seed']}"
    return str(line[group_by])


def runs_of_lines(
    lines: Sequence[Line], records: Sequence[Mapping[str, Any]], group_by: str
) -> list[list[int]]:
    """For each line, the places of its runs among the records."""
    key = "hash" if group_by == "none" else group_by
    places: dict[Any, list[int]] = {}
    for place, record in enumerate(records):
        places.setdefault(record[key], []).append(place)
    return [places[line[key]] for line in lines]


def describe_line(number: int, line: Line, group_by: str, baseline: bool) -> dict[str, Any]:
    """A line as plain data: what figures need of it."""
    values = {name: line.get(name) for name in (*MEASURES, *COSTS)}
    return {"number": number, "name": name_of(line, group_by), "baseline": baseline,
            "values": values}


def measure_titles() -> list[tuple[str, str]]:
    """Name and title of each of `MEASURES`."""
    return [(name, one_line(BY_NAME[name].title)) for name in MEASURES]
