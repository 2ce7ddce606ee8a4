"""The whole benchmark in one run: measures, then writes the tables.

    python benchmarks/run.py [--data-dir DIR] [--out FOLDER] [--only SECTION ...]

Every measurement is a process of its own, one after another, so that nothing competes
and each starts fresh. Sections: training, limit, quantized, evaluation, growth, sweep;
machine and boards, which have a report of their own.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers import HERE, python_of
from tabulate import tabulate

from larqca import load_data, run_sweep
from larqca.errors import DataError
from larqca.export.boards import BOARDS
from larqca.files import write_text
from larqca.sweep.provenance import processor

Row = dict[str, Any]
LIVE_ROWS = {"engine": "live"}
SCALED = {"scale": "rank_one", "bias": True}


class Bench:
    """Runs measuring scripts and keeps their figures.

    Args:
        images: the npz file that all scripts read.
        threads: for every measurement.
    """

    def __init__(self, images: Path, threads: int) -> None:
        self.images = images
        self.threads = threads

    def measure(self, script: str, python: str = sys.executable, **options: Any) -> Row:
        """Run one script in a fresh process and return what it printed."""
        overrides = json.dumps(options.pop("overrides", {}))
        command = [python, str(HERE / f"{script}.py"), "--images", str(self.images),
                   "--threads", str(self.threads), "--overrides", overrides]  # fmt: skip
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            raise SystemExit(f"{script} failed: {' '.join(command)}")
        row: Row = json.loads(done.stdout.strip().splitlines()[-1])
        shown = {k: v for k, v in row.items() if k in ("seconds", "images_per_second")}
        print(f"  {script} {options} {overrides}: {shown}", file=sys.stderr, flush=True)
        return row

    def exported(self, what: str) -> list[Row]:
        """A table of `exported.py`; empty where tools are missing, which it says itself."""
        command = [sys.executable, str(HERE / "exported.py"), "--images", str(self.images),
                   "--what", what]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            return []
        rows: list[Row] = json.loads(done.stdout.strip().splitlines()[-1])
        return rows


def training(bench: Bench) -> list[Row]:
    """One training iteration, ours and the peers'."""
    rows = []
    for batch in (16, 64):
        contenders = [
            ("larqca, live cells", "ours", sys.executable, {"engine": "live"}),
            ("larqca, dense", "ours", sys.executable, {"engine": "dense"}),
            ("TensorFlow, as the notebook", "peer_tensorflow", sys.executable, {}),
            ("PyTorch, channels-last", "peer_torch", python_of("torch"), {}),
            ("PyTorch, contiguous", "peer_torch", python_of("torch"), {"channels_last": False}),
            ("CAX on JAX", "peer_cax", python_of("cax"), {}),
        ]
        measured = [
            (name, bench.measure(script, python, batch=batch, overrides=overrides))
            for name, script, python, overrides in contenders
        ]
        fastest_peer = max(row["images_per_second"] for _, row in measured[2:])
        for name, row in measured:
            speed = row["images_per_second"]
            rows.append({"batch": batch, "implementation": name, "images/s": speed,
                         "ms/iteration": 1e3 * row["seconds"],
                         "over fastest peer": speed / fastest_peer})  # fmt: skip
    return rows


def limit(bench: Bench) -> list[Row]:
    """Achieved arithmetic against the matrix products alone."""
    rows = []
    for batch in (16, 64):
        ours = bench.measure("ours", batch=batch, overrides=LIVE_ROWS)
        products = bench.measure("ours", batch=batch, what="matmul")
        rows.append({"batch": batch, "achieved GFLOP/s": ours["gigaflops"],
                     "attainable GFLOP/s": products["gigaflops"],
                     "share %": 100 * ours["gigaflops"] / products["gigaflops"]})  # fmt: skip
    return rows


def quantized(bench: Bench) -> list[Row]:
    """What a quantizer costs in a training iteration, against float."""
    kinds: dict[str, dict[str, Any]] = {
        "float": {},
        "ste_sign kernels, scaled": {"kernel_quantizer": "ste_sign", **SCALED},
        "ste_tern kernels, scaled": {"kernel_quantizer": "ste_tern", **SCALED},
        "dorefa kernels, scaled": {"kernel_quantizer": "dorefa_quantizer", **SCALED},
        "magnitude_aware_sign kernels": {"kernel_quantizer": "magnitude_aware_sign"},
        "ste_sign kernels and inputs": {"kernel_quantizer": "ste_sign", "scale": "channel",
                                        "input_quantizer": "ste_sign"},
    }  # fmt: skip
    rows = []
    for name, network in kinds.items():
        network = {"kernel_planes": 1, "input_planes": 1, **network}
        overrides = {"perceive": network, "update": network}
        row = bench.measure("ours", batch=16, overrides=overrides)
        first = rows[0]["ms/iteration"] if rows else 1e3 * row["seconds"]
        rows.append({"row": name, "ms/iteration": 1e3 * row["seconds"],
                     "over float": 1e3 * row["seconds"] / first})  # fmt: skip
    return rows


def evaluation(bench: Bench) -> list[Row]:
    """The test protocol on 500 images, 20 steps before and after the mutation."""
    rows = []
    for engine in ("live", "dense"):
        row = bench.measure("ours", batch=500, what="evaluation", overrides={"engine": engine})
        speed = row["image_steps_per_second"]
        rows.append({"engine": engine, "images x steps/s": speed})
    for row in rows:
        row["over dense"] = row["images x steps/s"] / rows[1]["images x steps/s"]
    return rows


def growth(bench: Bench) -> list[Row]:
    """What grids, rollouts and batches cost."""
    rows: list[Row] = []

    def add(what: str, value: int, row: Row) -> None:
        same = [r for r in rows if r["what"] == what]
        first = same[0]["ms/iteration"] if same else 1e3 * row["seconds"]
        rows.append({"what": what, "value": value, "ms/iteration": 1e3 * row["seconds"],
                     "over the first": 1e3 * row["seconds"] / first,
                     "peak MiB": row["peak_mib"]})  # fmt: skip

    for size in (28, 56, 112, 224):
        add("grid, pixels", size, bench.measure("ours", what=f"grid:{size}", overrides=LIVE_ROWS))
    for steps in (20, 40, 80, 160):
        add("rollout, steps", steps, bench.measure("ours", steps=steps, overrides=LIVE_ROWS))
    for batch in (1, 4, 16, 64, 256):
        add("batch, images", batch, bench.measure("ours", batch=batch, overrides=LIVE_ROWS))
    return rows


def sweep(bench: Bench) -> list[Row]:
    """Eight runs on the digits: side by side, one after another, and one run alone."""
    def grid(runs: int) -> dict[str, Any]:
        settings = {"data": "digits", "training": {"iterations": 600, "rollout_steps": 12},
                    "evaluation": {"steps": 20}}  # fmt: skip
        return {"name": "bench", "settings": settings, "rows": [{"name": "float"}],
                "seeds": list(range(runs))}  # fmt: skip

    cores = bench.threads
    cases = [("one run alone", 1, 1, 1), (f"8 runs, {cores} side by side", 8, cores, 1),
             (f"8 runs, one by one on {cores} threads", 8, 1, cores)]  # fmt: skip
    rows = []
    for name, runs, jobs, threads in cases:
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            run_sweep(grid(runs), Path(folder) / "out", jobs=jobs, threads=threads, quiet=True)
            rows.append({"case": name, "seconds": time.monotonic() - started})
    for row in rows:
        row["over one run"] = row["seconds"] / rows[0]["seconds"]
    return rows


def machine(bench: Bench) -> list[Row]:
    """A step of exported automata on one thread, and of their peers."""
    return bench.exported("machine")


def boards(bench: Bench) -> list[Row]:
    """Instructions of a step of exported automata."""
    return bench.exported("boards")


SECTIONS: dict[str, tuple[str, Callable[[Bench], list[Row]]]] = {
    "training": ("A training iteration (20-step rollout with its gradient)", training),
    "limit": ("Arithmetic against the machine's matrix products of the same shapes", limit),
    "quantized": ("Quantized rows against the float one (batch 16)", quantized),
    "evaluation": ("Evaluation (500 images, 2 x 20 steps)", evaluation),
    "growth": ("Growth (batch 16 and 20 steps where not said otherwise)", growth),
    "sweep": ("A sweep of 8 runs on the digits", sweep),
    "machine": ("One step of a 28x28 picture on this machine, one thread", machine),
    "boards": ("Instructions of one step of a 28x28 picture (QEMU counts instructions, not "
               "cycles; gcc -O2); of another build, with -Os: bytes on a Cortex-M4", boards),
}
DEVICES = ("machine", "boards")
# Each report holds these sections, and is written when all of them were measured.
REPORTS = {
    "benchmark": tuple(name for name in SECTIONS if name not in DEVICES),
    "benchmark_export": DEVICES,
}


def write_images(folder: Path, data_dir: str | None) -> tuple[Path, str]:
    """The images that everything is measured on: MNIST, or the digits where it is not."""
    try:
        data = load_data("mnist", data_dir)
    except DataError as error:
        print(f"{error}\nmeasuring on the embedded digits instead", file=sys.stderr)
        data = load_data("digits")
    path = folder / "images.npz"
    np.savez(path, images=data.test_images[:2000], labels=data.test_labels[:2000])
    return path, data.name


def tool_versions() -> str:
    """The first line of what compilers and emulator say of themselves."""
    tools = ("gcc", "clang", BOARDS["cortex-m4"].compiler, "qemu-system-arm")
    found = [subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
             for tool in tools if shutil.which(tool)]
    return "; ".join(text.splitlines()[0] for text in found)


def page(data: str, threads: int, tables: dict[str, list[Row]]) -> str:
    """The report as Markdown."""
    import importlib.metadata as metadata

    packages = ["larqca", "tensorflow", "larq", "numpy"]
    peers = [(HERE / f"requirements-{p}.txt").read_text().split()[0] for p in ("torch", "cax")]
    if set(tables) <= set(DEVICES):
        packages.append("larq-compute-engine")
        peers = [tool_versions()]
    versions = {name: metadata.version(name) for name in packages}
    lines = [
        "# Benchmark",
        "",
        f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, "
        f"{processor()}, {threads} threads, {platform.system()}, data {data}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items())
        + "; " + ", ".join(peers),
        "- medians of 7 repeats (evaluation and CAX: 3), one process after another: "
        "`make bench`",
    ]  # fmt: skip
    for name, rows in tables.items():
        table = tabulate(rows, headers="keys", tablefmt="pipe", floatfmt=".4g", intfmt=",")
        lines += ["", f"## {SECTIONS[name][0]}", "", table]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the sections that were asked for and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default=None)
    parser.add_argument("--out", type=Path,
                        help="default: reports/; only whole reports are written")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images, data = write_images(Path(folder), given.data_dir)
        bench = Bench(images, given.threads)
        tables = {}
        for name in given.only or SECTIONS:
            print(SECTIONS[name][0], file=sys.stderr, flush=True)
            tables[name] = SECTIONS[name][1](bench)
    for report, sections in REPORTS.items():
        measured = {name: tables[name] for name in sections if tables.get(name)}
        text = page(data, given.threads, measured)
        if measured:
            print(text)
        if len(measured) == len(sections):
            out = given.out or HERE.parent / "reports"
            write_text(out / f"{report}.md", text)
            write_text(out / f"{report}.json", json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
