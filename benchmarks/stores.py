"""How long do status and table of a large sweep take?

    python benchmarks/stores.py [RUNS ...]

Stores of copies of one finished run with the curves of the published protocol, made in a
temporary directory; seconds of the whole command, the second time (files are in the system's
cache then, as they are after a sweep).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from larqca.sweep import run_sweep
from larqca.sweep.files import content_sha256, write_json

GRID: dict[str, Any] = {
    "name": "large",
    "settings": {"data": "digits", "preset": "compact", "evaluation": {"images": 20},
                 "training": {"iterations": 5, "batch_size": 4, "rollout_steps": 4}},
    "rows": [{"name": "float"}],
}


def main(counts: list[int]) -> None:
    """Print a table in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        run_sweep(GRID, root, quiet=True)
        print("| finished runs | status, s | report, s | report as JSON, s |\n"
              "| --- | --- | --- | --- |")
        for count in counts:
            grow(root, count)
            times = [seconds(*verb, str(root)) for verb in (
                ("sweep", "status"), ("report", "--no-files"),
                ("report", "--no-files", "--format", "json"))]
            print(f"| {count:,} | " + " | ".join(f"{each:.2f}" for each in times) + " |",
                  flush=True)


def grow(root: Path, count: int) -> None:
    """Make it a store of so many runs."""
    index = json.loads((root / "sweep.json").read_text())
    entry = index["runs"][0]
    original = root / "runs" / entry["hash"]
    result = json.loads((original / "result.json").read_text())
    entries = []
    for number in range(count):
        name = f"{number:016x}"
        entries.append({**entry, "row": f"row {number}", "hash": name})
        target = root / "runs" / name
        if not target.exists():
            target.mkdir()
            result["run"] = name
            write_json(target / "result.json", {**result, "sha256": content_sha256(result)},
                       durable=False)
            for other in ("provenance.json", "config.json"):
                (target / other).write_bytes((original / other).read_bytes())
    write_json(root / "sweep.json", {**index, "runs": [entry, *entries]})


def seconds(*arguments: str) -> float:
    """Of a command, the second time."""
    for _ in range(2):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "larqca", *arguments], check=True,
                       stdout=subprocess.DEVNULL)
        taken = time.perf_counter() - started
    return taken


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [10, 100, 1000, 10_000])
