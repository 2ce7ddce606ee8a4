"""Where a result came from: versions, machine, seed, data, dates."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

from larqca import __version__
from larqca.config.schema import RunConfig
from larqca.sweep.files import now, read_json_mapping, write_json
from larqca.sweep.outcome import PROVENANCE

PACKAGES = {"larq": "larq", "tensorflow": "tensorflow", "keras": "tf_keras", "numpy": "numpy"}
# The widest first, by Linux's name of the flag. Clouds give processors of several generations one
# name, and products of half the width take twice the time.
_VECTORS = (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("avx", "AVX"), ("asimd", "NEON"))


def versions() -> dict[str, str]:
    """Versions of larqca, Python and the packages that decide a run's numbers."""
    found = {"larqca": __version__, "python": platform.python_version()}
    for name, package in PACKAGES.items():
        # tensorflow-cpu is the same code under another name.
        choices = (package, f"{package}-cpu") if name == "tensorflow" else (package,)
        found[name] = next((v for v in map(_version, choices) if v), "not installed")
    return found


def note_start(directory: Path, config: RunConfig, threads: int) -> dict[str, Any]:
    """Write the provenance of a run that starts, or starts again."""
    before = read_json_mapping(directory / PROVENANCE) or {}
    starts = before.get("starts") if isinstance(before.get("starts"), list) else []
    provenance = {
        "versions": versions(),
        "platform": platform.platform(),
        "processor": processor(),
        "threads": threads,
        "seed": config.seed,
        "data": config.data,
        "starts": [*(starts or []), now()],
        "finished": None,
    }
    write_json(directory / PROVENANCE, provenance)
    return provenance


def note_finish(directory: Path, provenance: dict[str, Any], data_sha256: str) -> None:
    """Add what is known at the end."""
    finished = {**provenance, "data_sha256": data_sha256, "finished": now()}
    write_json(directory / PROVENANCE, finished)


def recorded_threads(directory: Path) -> int | None:
    """Threads with which a run was first started, None if it never was."""
    threads = (read_json_mapping(directory / PROVENANCE) or {}).get("threads")
    return threads if isinstance(threads, int) and threads > 0 else None


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model name and its widest vectors, as far as the system tells them."""
    try:
        text = cpuinfo.read_text(errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    name = found.get("model name") or platform.processor() or platform.machine()
    flags = (found.get("flags") or found.get("Features") or "").split()
    vectors = next((vectors for flag, vectors in _VECTORS if flag in flags), None)
    return f"{name} ({vectors})" if vectors else name


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
