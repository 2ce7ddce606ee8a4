"""The comparison as a DataFrame: plain numbers, one line for each group of runs."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from larqca.errors import ConfigError
from larqca.report.records import COMPARED, NAN, read_records
from larqca.suggest import unknown

Record = dict[str, Any]

# Quantities that runs of one group differ in: mean, and standard deviation in `<name>_sd`.
MEASURED = (
    "loss", *COMPARED, *(f"{name}_difference" for name in COMPARED),
    "best_cell_accuracy", "best_cell_accuracy_step", "best_agreement", "best_agreement_step",
    "deployed_bytes", "code_bytes", "working_bytes",
    "train_seconds", "evaluate_seconds", "wall_seconds",
)
# In the order in which a line names them.
SHOWN_STATES = ("done", "running", "stopped", "waiting", "diverged", "failed", "out of time",
                "out of memory")
GROUPS = ("row", "seed", "data", "kernel_quantizer", "input_quantizer", "none")
_PHASES = {"start": "starting ", "evaluation": "evaluating "}
_OWN = ("seed", "hash", "state", "reason", "progress", "phase", "row")


def build_table(directory: Path | str, *, group_by: str = "row") -> pd.DataFrame:
    """The table of a sweep, finished or still running.

    Args:
        directory: the sweep's.
        group_by: what makes one line: ``row`` (aggregated over seeds), another of
            `GROUPS`, or ``none`` for a line for every run.

    Returns:
        Plain numbers: shares from 0 to 1, bytes, seconds. A measured quantity stands as
        its mean over the line's done runs, with the sample standard deviation in
        ``<name>_sd`` and their number in ``n``; ``seeds`` counts all runs of the line.
        A line without any done run shows what its diverged runs left.

    Raises:
        StoreError: not the directory of a sweep.
        ConfigError: unknown `group_by`.
    """
    if group_by not in GROUPS:
        raise ConfigError(unknown("grouping", group_by, GROUPS))
    return group_records(read_records(directory).records, group_by)


def group_records(records: list[dict[str, Any]], group_by: str) -> pd.DataFrame:
    """As `build_table`, from the flat records of runs."""
    names = list(dict.fromkeys(name for record in records for name in record))
    groups: dict[Any, list[Record]] = {}
    for number, record in enumerate(records):
        groups.setdefault(number if group_by == "none" else record[group_by], []).append(record)
    return pd.DataFrame.from_records(
        [_line(group, names, group_by) for group in groups.values()])


# Plain Python from here: one pandas object for each line of a store of 10,000 runs takes minutes.
def _line(group: list[Record], names: list[str], group_by: str) -> dict[str, Any]:
    done = [record for record in group if record["state"] == "done"]
    line: dict[str, Any] = {"row": _common([record["row"] for record in group])}
    if group_by == "none":
        line |= {"seed": group[0]["seed"], "hash": group[0]["hash"]}
    elif group_by == "seed":
        line["seed"] = group[0]["seed"]
    line |= {"seeds": len(group), "n": len(done)}
    for name in names:
        if name in MEASURED:
            line[name], line[f"{name}_sd"] = _mean_and_deviation(
                [record[name] for record in done or group])
        elif name == "versions":
            line[name] = "; ".join(dict.fromkeys(
                record[name] for record in group if record[name]))
        elif name not in _OWN:
            # Runs of other precisions have other MACs: absent means none of that kind.
            absent = 0 if name.startswith("macs_") else None
            line[name] = _common([record.get(name, absent) for record in group])
    return {**line, "state": state_text(group), **_counts(group)}


def _mean_and_deviation(values: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation of the numbers among them."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return NAN, NAN
    mean = math.fsum(known) / len(known)
    squares = math.fsum((value - mean) ** 2 for value in known)
    return mean, math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else NAN


def _common(values: list[Any]) -> Any:
    """The value that all share; "various" (text) or NaN (numbers) if they do not."""
    known = list(dict.fromkeys(value for value in values if not _is_missing(value)))
    if len(known) == 1:
        return known[0]
    return "various" if any(isinstance(value, str) for value in known) else NAN


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _counts(group: list[Record]) -> dict[str, int]:
    counts = Counter(record["state"] for record in group)
    return {f"runs_{state.replace(' ', '_')}": counts[state] for state in SHOWN_STATES}


def state_text(group: list[Record]) -> str:
    """For example ``done 2/3, running 45 %``; with the first reason of each failure."""
    parts = []
    total = len(group)
    for state in SHOWN_STATES:
        runs = [record for record in group if record["state"] == state]
        if not runs:
            continue
        count = f" {len(runs)}/{total}" if state == "done" or total > 1 else ""
        text = state + count
        if state in ("running", "stopped"):
            share, _ = _mean_and_deviation([run["progress"] for run in runs])
            where = "" if state == "running" else "at "
            phases = {run["phase"] for run in runs}
            phase = _PHASES.get(phases.pop(), "") if len(phases) == 1 else ""
            text += "" if math.isnan(share) else f" {where}{phase}{100 * share:.0f} %"
        elif state not in ("done", "waiting"):
            text += f": {runs[0]['reason']}" if runs[0]["reason"] else ""
        parts.append(text)
    return ", ".join(parts)
