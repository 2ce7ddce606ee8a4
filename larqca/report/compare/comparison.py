"""Rows of two sweeps matched, their numbers subtracted, what got worse named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from larqca.report.columns import Line, is_known
from larqca.report.compare.quantities import Quantity, choose_quantities
from larqca.report.compare.side import Key, Side, read_side
from larqca.report.compare.thresholds import Threshold, read_thresholds
from larqca.report.versions import differing, versions_label


@dataclass(frozen=True)
class RowPair:
    """A row of both sweeps.

    Attributes:
        row: its name.
        data: its data set.
        a: its line in A's table.
        b: its line in B's.
        versions_a: the versions behind A's runs in which the two sweeps differ; empty if none.
        versions_b: the same of B.
        regressed: quantities that are worse than their thresholds allow.
    """

    row: str
    data: str
    a: Line
    b: Line
    versions_a: str
    versions_b: str
    regressed: tuple[Quantity, ...]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        a: the sweep that is the measure.
        b: the sweep that is judged.
        quantities: what to show.
        thresholds: what B is held to.
        pairs: rows of both, in A's order.
        only_a: rows that B lacks.
        only_b: rows that A lacks.
        changed: rows whose runs of the same seed have another configuration.
        mixed_versions: packages of which not all runs had the same version.
        regressions: a sentence for each; empty if B may pass.
    """

    a: Side
    b: Side
    quantities: list[Quantity]
    thresholds: Mapping[Quantity, Threshold]
    pairs: list[RowPair]
    only_a: list[Key]
    only_b: list[Key]
    changed: list[Key]
    mixed_versions: list[str]
    regressions: list[str]

    def render(self, form: str = "text") -> str:
        """The comparison as ``text``, ``markdown``, ``csv`` or ``json``.

        Raises:
            ConfigError: another form.
        """
        from larqca.report.compare.render import render

        return render(self, form)


def compare(
    a: Path | str,
    b: Path | str,
    *,
    columns: Sequence[str] | None = None,
    thresholds: Mapping[str, str | float] | None = None,
    allow_missing: bool = False,
) -> Comparison:
    """Compare two sweeps row by row, means over the done runs of each row.

    Args:
        a: directory of the sweep that is the measure, or its report.json.
        b: the same of the sweep that is judged.
        columns: names of quantities to show; None for the default ones.
        thresholds: how much worse B may be, by quantity: units (percentage points, bytes),
            a text like ``5%``, or ``off``; see `larqca.report.compare.thresholds.DEFAULTS`.
        allow_missing: rows and runs that B lacks are no regression.

    Raises:
        StoreError: one of them is neither a sweep's directory nor a report.json.
        ConfigError: an unknown quantity or a threshold that is none.
    """
    shown, limits = choose_quantities(columns), read_thresholds(thresholds)
    side_a, side_b = read_side(a), read_side(b)
    both = [key for key in side_a.lines if key in side_b.lines]
    mixed = differing([side.versions[key] for side in (side_a, side_b) for key in both])
    pairs = [_pair(key, side_a, side_b, limits, mixed) for key in both]
    only_a = [key for key in side_a.lines if key not in side_b.lines]
    missing = [] if allow_missing else [f"{_name(key)}: only in A" for key in only_a]
    for pair in pairs:
        missing += [] if allow_missing else _missing_runs(pair)
    return Comparison(
        a=side_a, b=side_b, quantities=shown, thresholds=limits, pairs=pairs, only_a=only_a,
        only_b=[key for key in side_b.lines if key not in side_a.lines],
        changed=[key for key in both if _settings_differ(key, side_a, side_b)],
        mixed_versions=mixed,
        regressions=[*(_sentence(pair, quantity, limits[quantity])
                       for pair in pairs for quantity in pair.regressed), *missing],
    )


def _pair(key: Key, a: Side, b: Side, limits: Mapping[Quantity, Threshold], mixed: list[str]
          ) -> RowPair:
    line_a, line_b = a.lines[key], b.lines[key]
    regressed = tuple(quantity for quantity, limit in limits.items()
                      if _is_worse(quantity, limit, line_a, line_b))
    return RowPair(*key, line_a, line_b, versions_label(a.versions[key], mixed),
                   versions_label(b.versions[key], mixed), regressed)


def _is_worse(quantity: Quantity, limit: Threshold, a: Line, b: Line) -> bool:
    before, now = a.get(quantity.source), b.get(quantity.source)
    # What A never had cannot get worse; a row of B without any done run is a missing one.
    if not a["n"] or not b["n"] or not is_known(before):
        return False
    if not is_known(now):
        return not quantity.may_vanish
    return not limit.allows(quantity, before, now)


def _missing_runs(pair: RowPair) -> list[str]:
    """A row counts as whole if all of its runs are done, or as many as A had."""
    done, wanted = pair.b["n"], min(pair.b["seeds"], pair.a["n"])
    if done >= wanted:
        return []
    return [f"{_name((pair.row, pair.data))}: {done} of {pair.b['seeds']} runs done in B, "
            f"{pair.a['n']} of {pair.a['seeds']} in A ({pair.b['state']})"]


def _settings_differ(key: Key, a: Side, b: Side) -> bool:
    hashes_a, hashes_b = a.hashes.get(key, {}), b.hashes.get(key, {})
    return any(hashes_a[seed] != hashes_b[seed] for seed in hashes_a if seed in hashes_b)


def _sentence(pair: RowPair, quantity: Quantity, limit: Threshold) -> str:
    before, now = pair.a[quantity.source], pair.b.get(quantity.source)
    name = f"{_name((pair.row, pair.data))}: {quantity.sentence_title}"
    if not is_known(now):
        return f"{name} {quantity.write(before)}, and none in B"
    return (f"{name} {quantity.write(before)} → {quantity.write(now)} "
            f"(may be {limit.text(quantity)} worse)")


def _name(key: Key) -> str:
    return f"{key[0]} ({key[1]})"
