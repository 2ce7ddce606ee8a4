"""Where the numbers of a table came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from larqca.report.records import SweepRecords
from larqca.report.versions import differing, versions_label, versions_of
from larqca.sweep.files import now


def table_provenance(sweep: SweepRecords) -> dict[str, Any]:
    """Grid, data, seeds, versions, machines and dates behind a table.

    Where runs differ in something, all values are listed.
    """
    index, runs = sweep.index, sweep.provenances
    starts = [date for run in runs for date in run.get("starts") or []]
    ends = [run["finished"] for run in runs if run.get("finished")]
    return {
        "grid": index["name"],
        "baseline": index.get("baseline"),
        "seeds": index.get("seeds"),
        "data": _distinct(entry["data"] for entry in index["runs"]),
        "data_sha256": _distinct(run.get("data_sha256") for run in runs),
        "versions": versions_of(runs),
        "platform": _distinct(run.get("platform") for run in runs),
        "processor": _distinct(run.get("processor") for run in runs),
        "threads": _distinct(run.get("threads") for run in runs),
        "first_start": min(starts, default=None),
        "last_finish": max(ends, default=None),
        "written": now(),
    }


def provenance_lines(provenance: Mapping[str, Any]) -> list[str]:
    """The same as sentences."""
    versions = provenance["versions"]
    return [
        f"Grid `{provenance['grid']}`, {_baseline_named(provenance['baseline'])}, "
        f"seeds {_listed(provenance['seeds'])}, data {_listed(provenance['data'])}"
        + (f" (SHA-256 {_listed(d[:16] for d in provenance['data_sha256'])})"
           if provenance["data_sha256"] else ""),
        f"Versions: {versions_label(versions, list(versions)) or 'no run has started'}",
        *mixed_lines(provenance),
        f"Machine: {_listed(provenance['processor'])}; {_listed(provenance['platform'])}; "
        f"threads a run: {_listed(provenance['threads'])}",
        f"{_span(provenance)}; table written {provenance['written']}",
        "Mean ± sample standard deviation over n runs; +/- is the difference from the baseline, "
        "seed by seed; memory counts weights at their bits and all else at 32.",
    ]


def _baseline_named(baseline: str | None) -> str:
    return "no baseline" if baseline is None else f"baseline `{baseline}`"


def _span(provenance: Mapping[str, Any]) -> str:
    if provenance["last_finish"] is None:
        return "No run has ended"
    return f"Runs from {provenance['first_start']} to {provenance['last_finish']}"


def mixed_lines(provenance: Mapping[str, Any]) -> list[str]:
    """A warning if the runs of the table were made with different versions; else nothing."""
    versions = provenance["versions"]
    mixed = versions_label(versions, differing([versions]))
    return [f"Not all runs were made with the same versions: {mixed}; "
            "the column 'versions' says which"] if mixed else []


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value for value in values if value not in (None, "")))


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values or []) or "unknown"
