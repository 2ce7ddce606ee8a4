"""Versions behind results: which were used, and which results differ in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Versions = dict[str, list[str]]


def versions_of(provenances: Iterable[Mapping[str, Any]]) -> Versions:
    """All versions of each package that runs were made with, in the order met."""
    found: Versions = {}
    for provenance in provenances:
        versions = provenance.get("versions")
        for name, version in versions.items() if isinstance(versions, Mapping) else ():
            if str(version) not in found.setdefault(str(name), []):
                found[str(name)].append(str(version))
    return found


def differing(versions: Iterable[Versions]) -> list[str]:
    """The packages of which not all of these have one and the same version."""
    together: Versions = {}
    for one in versions:
        for name, found in one.items():
            together.setdefault(name, []).extend(found)
    return [name for name, found in together.items() if len(set(found)) > 1]


def versions_label(versions: Versions, names: Sequence[str]) -> str:
    """For example ``larq 0.13.0, numpy 1.26.4/2.0.0``, of these packages alone."""
    return ", ".join(f"{name} {'/'.join(versions[name])}" for name in names if name in versions)


def mark_versions(records: Iterable[dict[str, Any]], provenances: Sequence[Mapping[str, Any]]
                  ) -> None:
    """Give every record the versions in which it may differ from the others.

    Args:
        records: of runs; each gets ``versions``, empty where all runs agree.
        provenances: of the same runs, empty for one that has not started.
    """
    each = [versions_of([provenance]) for provenance in provenances]
    names = differing(each)
    for record, own in zip(records, each, strict=True):
        record["versions"] = versions_label(own, names)
