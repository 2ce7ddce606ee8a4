"""Where the numbers of a table came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from larqca.report.records import SweepRecords
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
        "versions": _versions(runs),
        "platform": _distinct(run.get("platform") for run in runs),
        "processor": _distinct(run.get("processor") for run in runs),
        "threads": _distinct(run.get("threads") for run in runs),
        "first_start": min(starts, default=None),
        "last_finish": max(ends, default=None),
        "written": now(),
    }


def provenance_lines(provenance: Mapping[str, Any]) -> list[str]:
    """The same as sentences."""
    versions = ", ".join(f"{name} {'/'.join(found)}"
                         for name, found in provenance["versions"].items())
    return [
        f"Grid `{provenance['grid']}`, baseline `{provenance['baseline']}`, "
        f"seeds {_listed(provenance['seeds'])}, data {_listed(provenance['data'])}"
        + (f" (SHA-256 {_listed(d[:16] for d in provenance['data_sha256'])})"
           if provenance["data_sha256"] else ""),
        f"Versions: {versions or 'no run has started'}",
        f"Machine: {_listed(provenance['processor'])}; {_listed(provenance['platform'])}; "
        f"threads a run: {_listed(provenance['threads'])}",
        f"Runs from {provenance['first_start']} to {provenance['last_finish']}; "
        f"table written {provenance['written']}",
        "Mean ± sample standard deviation over n runs; +/- is the difference from the baseline, "
        "seed by seed; memory counts weights at their bits and all else at 32.",
    ]


def _versions(runs: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in runs:
        versions = run.get("versions")
        for name, version in versions.items() if isinstance(versions, Mapping) else ():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return found


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value for value in values if value not in (None, "")))


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values or []) or "unknown"
