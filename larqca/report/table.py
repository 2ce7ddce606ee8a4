"""The comparison as a DataFrame: plain numbers, one line for each group of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from larqca.errors import ConfigError
from larqca.report.records import COMPARED, read_records
from larqca.suggest import unknown

# Quantities that runs of one group differ in: mean, and standard deviation in `<name>_sd`.
MEASURED = (
    "loss", *COMPARED, *(f"{name}_difference" for name in COMPARED),
    "best_cell_accuracy", "best_cell_accuracy_step", "best_agreement", "best_agreement_step",
    "deployed_bytes", "code_bytes", "working_bytes",
    "train_seconds", "evaluate_seconds", "wall_seconds",
)
GROUPS = ("row", "seed", "data", "kernel_quantizer", "input_quantizer", "none")
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
    frame = pd.DataFrame.from_records(records)
    # Runs of other precisions have other MAC columns: absent means none of that kind.
    macs = [name for name in frame.columns if name.startswith("macs_")]
    frame[macs] = frame[macs].fillna(0)
    if group_by == "none":
        groups = [frame.iloc[[index]] for index in range(len(frame))]
    else:
        groups = [group for _, group in frame.groupby(group_by, sort=False)]
    return pd.DataFrame.from_records([_line(group, group_by) for group in groups])


def _line(group: pd.DataFrame, group_by: str) -> dict[str, Any]:
    done = group[group["state"] == "done"]
    counted = done if len(done) else group
    line: dict[str, Any] = {"row": _common(group["row"])}
    if group_by == "none":
        line |= {"seed": int(group["seed"].iloc[0]), "hash": group["hash"].iloc[0]}
    elif group_by == "seed":
        line["seed"] = int(group["seed"].iloc[0])
    line |= {"seeds": len(group), "n": len(done)}
    for name in group.columns:
        if name in MEASURED:
            line[name] = float(counted[name].mean())
            line[f"{name}_sd"] = float(counted[name].std())
        elif name == "versions":
            line[name] = "; ".join(text for text in group[name].unique() if text)
        elif name not in _OWN:
            line[name] = _common(group[name])
    return {**line, "state": state_text(group), **_counts(group)}


def _common(values: pd.Series[Any]) -> Any:
    """The value that all share; "various" (text) or NaN (numbers) if they do not."""
    known = values.dropna().unique()
    if len(known) == 1:
        return known[0].item() if hasattr(known[0], "item") else known[0]
    return float("nan") if pd.api.types.is_numeric_dtype(values) else "various"


def _counts(group: pd.DataFrame) -> dict[str, int]:
    states = ("done", "running", "stopped", "waiting", "diverged", "failed")
    return {f"runs_{state}": int((group["state"] == state).sum()) for state in states}


def state_text(group: pd.DataFrame) -> str:
    """For example ``done 2/3, running 45 %``; with the first reason of each failure."""
    parts = []
    total = len(group)
    for state in ("done", "running", "stopped", "waiting", "diverged", "failed"):
        runs = group[group["state"] == state]
        if not len(runs):
            continue
        count = f" {len(runs)}/{total}" if state == "done" or total > 1 else ""
        text = state + count
        if state in ("running", "stopped"):
            shares = runs["progress"].dropna()
            where = "" if state == "running" else "at "
            phase = "evaluating " if (runs["phase"] == "evaluation").all() else ""
            text += f" {where}{phase}{100 * shares.mean():.0f} %" if len(shares) else ""
        elif state in ("diverged", "failed"):
            reason = str(runs["reason"].iloc[0])
            text += f": {reason}" if reason else ""
        parts.append(text)
    return ", ".join(parts)
