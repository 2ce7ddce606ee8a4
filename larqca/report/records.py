"""One flat record for each run of a sweep, from the store's JSON alone.

Works while the sweep runs: every file is whole whenever it is read, and one that is not
there yet only means that the run has not come so far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.report.versions import mark_versions
from larqca.sweep.outcome import RUNS, Outcome, read_outcome
from larqca.sweep.store import read_index

METRICS = ("cell_accuracy", "agreement", "vote_accuracy", "agree_and_correct")
NAN = math.nan

# Quantities that are compared with the baseline's run of the same seed.
COMPARED = ("log10_loss", *METRICS, *(f"{metric}_after" for metric in METRICS))


@dataclass(frozen=True)
class SweepRecords:
    """A sweep as the report sees it.

    Attributes:
        index: the content of ``sweep.json``.
        records: one flat mapping for each run, in the grid's order.
        provenances: ``provenance.json`` of every run that has started.
        outcomes: what each record was made from, in the same order.
    """

    index: Mapping[str, Any]
    records: list[dict[str, Any]]
    provenances: list[Mapping[str, Any]]
    outcomes: list[Outcome]


def read_records(directory: Path | str) -> SweepRecords:
    """Read a sweep's directory.

    Raises:
        StoreError: it is not the directory of a sweep.
    """
    root = Path(directory)
    index = read_index(root)
    outcomes = [read_outcome(root / RUNS / entry["hash"]) for entry in index["runs"]]
    records = [_record(entry, outcome)
               for entry, outcome in zip(index["runs"], outcomes, strict=True)]
    _compare(records, index.get("baseline"))
    mark_versions(records, [outcome.provenance for outcome in outcomes])
    provenances = [outcome.provenance for outcome in outcomes if outcome.provenance]
    return SweepRecords(index, records, provenances, outcomes)


def _record(entry: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    return {
        "row": entry["row"],
        "seed": entry["seed"],
        "hash": entry["hash"],
        "data": entry["data"],
        "start_from": _start_label(entry.get("start_from")),
        **_costs(entry["figures"]),
        **_larq(outcome.result.get("larq")),
        **_deployed(outcome.result.get("deployed")),
        **_scores(outcome.result),
        "state": outcome.state,
        "reason": outcome.reason,
        "progress": outcome.progress if outcome.progress is not None else NAN,
        "phase": outcome.phase,
    }


def _start_label(start: Any) -> str:
    if isinstance(start, Mapping):
        return f"file {str(start.get('file_sha256', ''))[:8]}"
    return start or ""


def _costs(figures: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for network in ("perceive", "update"):
        own = figures[network]
        record |= {
            f"{network}_kernel_quantizer": own["kernel_quantizer"],
            f"{network}_input_quantizer": own["input_quantizer"],
            f"{network}_scale": own["scale"],
            f"{network}_parameters": own["parameters"],
            f"{network}_bits_per_weight": own["kernel_bits"] / own["kernel_weights"],
            f"{network}_bytes": own["total_bits"] / 8,
        }
    for what in ("kernel", "input"):
        both = [record[f"{network}_{what}_quantizer"] for network in ("perceive", "update")]
        record[f"{what}_quantizer"] = both[0] if both[0] == both[1] else " / ".join(both)
    record["memory_bytes"] = record["perceive_bytes"] + record["update_bytes"]
    record["compression"] = NAN
    macs = {f"macs_{precision}": count for precision, count in figures["macs"].items()}
    return {**record, "macs": sum(macs.values()), **macs}


def _larq(larq: Any) -> dict[str, Any]:
    figures = larq if isinstance(larq, Mapping) else {}
    macs = figures.get("macs")
    by_precision = macs if isinstance(macs, Mapping) else {}
    return {
        "larq_model_bytes": _number(figures.get("model_bytes")),
        "larq_compression_ratio": _number(figures.get("compression_ratio")),
        "larq_macs": float(sum(by_precision.values())) if by_precision else NAN,
        **{f"larq_macs_{precision}": count for precision, count in by_precision.items()},
    }


def _deployed(deployed: Any) -> dict[str, float]:
    figures = deployed if isinstance(deployed, Mapping) else {}
    return {
        "deployed_bytes": _number(figures.get("constant_bytes")),
        "code_bytes": _number(figures.get("code_bytes")),
        "working_bytes": _number(figures.get("working_bytes")),
    }


def _scores(result: Mapping[str, Any]) -> dict[str, Any]:
    loss = _number(result.get("loss"))
    metrics = result.get("metrics") or {}
    steps = sorted(metrics, key=int)
    before = str(result.get("mutation_step") or (steps[-1] if steps else ""))
    after = steps[-1] if result.get("mutation_step") and steps else ""
    record: dict[str, Any] = {
        "loss": loss,
        "log10_loss": math.log10(loss) if loss > 0 else NAN,
        "step": float(before) if before else NAN,
        "step_after": float(after) if after else NAN,
    }
    for metric in METRICS:
        record[metric] = _number(metrics.get(before, {}).get(metric))
        record[f"{metric}_after"] = _number(metrics.get(after, {}).get(metric))
    train, evaluate = (_number(result.get(f"{phase}_seconds")) for phase in ("train", "evaluate"))
    return {
        **record, **_best(result.get("curves") or {}, result.get("mutation_step")),
        "train_seconds": train, "evaluate_seconds": evaluate, "wall_seconds": train + evaluate,
        "iterations": _number(result.get("iterations")),
    }


def _best(curves: Mapping[str, list[float]], mutation_step: int | None) -> dict[str, float]:
    """The steps of highest cell accuracy and agreement before the mutation."""
    record = {}
    for metric in ("cell_accuracy", "agreement"):
        points = [
            (value, -step)
            for step, value in zip(curves.get("step", []), curves.get(metric, []), strict=False)
            if value is not None and (mutation_step is None or step <= mutation_step)
        ]
        best, step = max(points, default=(NAN, NAN))
        record[f"best_{metric}"] = best
        record[f"best_{metric}_step"] = -step
    return record


def _compare(records: list[dict[str, Any]], baseline: str | None) -> None:
    """Add what needs the baseline: compression, and differences seed by seed."""
    of_seed = {record["seed"]: record for record in records if record["row"] == baseline}
    for record in records:
        base = of_seed.get(record["seed"])
        for name in COMPARED:
            comparable = base is not None and base["state"] == "done"
            record[f"{name}_difference"] = record[name] - base[name] if comparable else NAN  # type: ignore[index]
        if base is not None:
            record["compression"] = base["memory_bytes"] / record["memory_bytes"]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return NAN
    return float(value)
