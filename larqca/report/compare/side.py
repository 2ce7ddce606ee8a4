"""One of two sweeps: a store, or the ``report.json`` of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from larqca.errors import StoreError
from larqca.report.columns import Line
from larqca.report.compare.quantities import QUANTITIES
from larqca.report.records import SweepRecords, read_records
from larqca.report.table import group_records
from larqca.report.versions import Versions, versions_of
from larqca.sweep.files import read_json_mapping

# Rows of two sweeps belong together if they have one name and one data set.
Key = tuple[str, str]
_NUMBERS = [quantity.source for quantity in QUANTITIES]
REPORT_FORMAT, REPORT_VERSION = "larqca-report", 1


@dataclass(frozen=True)
class Side:
    """What is compared.

    Attributes:
        place: where it was read.
        grid: its sweep's name.
        lines: the table's line of each row, means over its done runs.
        not_done: runs that are not done, as sentences (of a file: rows).
        versions: behind each row.
        hashes: of each row's runs, by seed; empty if read from a file.
    """

    place: str
    grid: str
    lines: Mapping[Key, Line]
    not_done: list[str]
    versions: Mapping[Key, Versions]
    hashes: Mapping[Key, Mapping[int, str]] = field(default_factory=dict)


def read_side(path: Path | str) -> Side:
    """Read a sweep's directory or a report.json.

    Raises:
        StoreError: it is neither.
    """
    place = Path(path)
    if place.is_file():
        return _from_file(place)
    return _from_store(place, read_records(place))


def _from_store(place: Path, sweep: SweepRecords) -> Side:
    lines = _by_key(group_records(sweep.records, "row").to_dict("records"))
    provenances: dict[Key, list[Mapping[str, Any]]] = {}
    hashes: dict[Key, dict[int, str]] = {}
    for record, outcome in zip(sweep.records, sweep.outcomes, strict=True):
        provenances.setdefault(_key(record), []).append(outcome.provenance)
        hashes.setdefault(_key(record), {})[record["seed"]] = record["hash"]
    not_done = [_title(record) for record in sweep.records if record["state"] != "done"]
    versions = {key: versions_of(found) for key, found in provenances.items()}
    return Side(str(place), sweep.index["name"], lines, not_done, versions, hashes)


def _from_file(place: Path) -> Side:
    content = read_json_mapping(place)
    if content is None or content.get("format") != REPORT_FORMAT:
        raise StoreError(f"{place}: is neither the directory of a sweep nor a report.json")
    if content.get("version") != REPORT_VERSION:
        raise StoreError(f"{place}: is a report of version {content.get('version')!r}; "
                         f"this larqca reads version {REPORT_VERSION}")
    rows = content.get("rows")
    if not isinstance(rows, list) or not rows or not all(_is_line(row) for row in rows):
        raise StoreError(f"{place}: has no line for each row; write it with larqca report "
                         "--group-by row and without --columns")
    lines = _by_key(rows)
    if len(lines) != len(rows):
        raise StoreError(f"{place}: has several lines for one row; write it with larqca report "
                         "--group-by row")
    not_done = [f"{line['row']}: {line['state']}" for line in rows if line["n"] < line["seeds"]]
    # The file says which versions there were, and of which rows only if they differed.
    given = content.get("versions")
    versions = given if isinstance(given, Mapping) else {}
    each = {str(name): [str(one) for one in found] for name, found in versions.items()
            if isinstance(found, list)}
    return Side(str(place), str(content.get("grid")), lines, not_done, dict.fromkeys(lines, each))


def _is_line(row: Any) -> bool:
    return (isinstance(row, dict) and isinstance(row.get("row"), str)
            and isinstance(row.get("data"), str) and isinstance(row.get("state"), str)
            and all(type(row.get(name)) is int for name in ("n", "seeds"))
            and 0 <= row["n"] <= row["seeds"]
            and all(row.get(name) is None or type(row[name]) in (int, float) for name in _NUMBERS))


def _by_key(lines: list[Any]) -> dict[Key, Line]:
    return {_key(line): line for line in lines}


def _key(line: Line) -> Key:
    return line["row"], line["data"]


def _title(record: Line) -> str:
    reason = f": {record['reason']}" if record["reason"] else ""
    return f"{record['row']} (seed {record['seed']}): {record['state']}{reason}"
