from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from larqca.sweep.grid import load_grid
from larqca.sweep.parallel import (
    PARALLEL,
    Parallelism,
    candidates,
    choose_parallelism,
    measure_here,
)
from larqca.sweep.watch import Watcher

from .helpers import small_grid, sweep


def long_grid(runs: int = 8):
    settings = {"training": {"iterations": 1_000_000}}
    return load_grid(small_grid({"name": "float"}, settings=settings, seeds=list(range(runs)))).runs


def choose(directory, runs, measure=None, **settings):
    settings = {"cores": 4, "jobs": None, "threads": None, **settings}
    return choose_parallelism(directory, runs, measure=measure or never, **settings)


def never(*_):
    raise AssertionError("nothing should have been measured")


def rates(table):
    return lambda _, jobs, threads: table.get((jobs, threads))


@pytest.mark.parametrize(
    ("asked", "jobs", "threads"),
    [({"jobs": 3}, 3, 1), ({"threads": 2}, 2, 2), ({"jobs": 5, "threads": 7}, 5, 7),
     ({"threads": 9}, 1, 9)],
)  # fmt: skip
def test_what_was_asked_for_is_done(tmp_path: Path, asked, jobs, threads) -> None:
    assert choose(tmp_path, long_grid(), **asked) == Parallelism(jobs, threads, "as asked for")
    assert not (tmp_path / PARALLEL).exists()


def test_nothing_is_measured_where_there_is_no_choice_or_little_to_do(tmp_path: Path) -> None:
    assert choose(tmp_path, long_grid(), cores=1).jobs == 1
    assert choose(tmp_path, [], cores=4).jobs == 4
    short = choose(tmp_path, load_grid(small_grid()).runs)
    assert (short.jobs, short.threads) == (4, 1)
    assert "too little to do" in str(short)


@pytest.mark.parametrize(
    ("table", "best"),
    [({(4, 1): 10.0, (2, 2): 9.0, (1, 4): 5.0}, (4, 1)),
     ({(4, 1): 10.0, (2, 2): 19.0, (1, 4): 5.0}, (2, 2)),
     ({(1, 4): 5.0}, (1, 4))],
)  # fmt: skip
def test_the_fastest_is_taken_and_remembered(tmp_path: Path, table, best) -> None:
    lines: list[str] = []
    chosen = choose(tmp_path, long_grid(), rates(table), tell=lines.append)
    assert (chosen.jobs, chosen.threads) == best
    assert lines
    again = choose(tmp_path, long_grid())
    assert (again.jobs, again.threads, again.reason) == (*best, "measured before")
    record = json.loads((tmp_path / PARALLEL).read_text())
    assert len(record["measured"]) == len(table)


def test_rounds_count(tmp_path: Path) -> None:
    # Six runs four at a time take two rounds, in which two places stay empty.
    table = {(4, 1): 11.0, (2, 2): 10.0, (1, 4): 1.0}
    chosen = choose(tmp_path, long_grid(6), rates(table))
    assert (chosen.jobs, chosen.threads) == (2, 2)


@pytest.mark.parametrize(
    "damage", [{"cores": 8}, {"processor": "another"}, {"jobs": 0}, {"threads": "two"}]
)
def test_another_machine_or_a_damaged_record_is_measured_again(tmp_path: Path, damage) -> None:
    choose(tmp_path, long_grid(), rates({(4, 1): 10.0}))
    record = json.loads((tmp_path / PARALLEL).read_text())
    (tmp_path / PARALLEL).write_text(json.dumps({**record, **damage}))
    assert choose(tmp_path, long_grid(), rates({(2, 2): 1.0})).threads == 2


def test_where_no_measurement_succeeds_every_core_gets_a_run(tmp_path: Path) -> None:
    chosen = choose(tmp_path, long_grid(), rates({}))
    assert (chosen.jobs, chosen.threads) == (4, 1)
    assert not (tmp_path / PARALLEL).exists()


def test_candidates() -> None:
    assert candidates(2, 9) == [(2, 1), (1, 2)]
    assert candidates(6, 9) == [(6, 1), (3, 2), (1, 4), (1, 6)]
    assert candidates(8, 3) == [(3, 1), (3, 2), (2, 4), (1, 8)]


FAKE_PROBE = """
import sys
threads = sys.argv[sys.argv.index("--threads") + 1]
sys.stdin.readline()
print("ready", flush=True)
for line in sys.stdin:
    print(float(line) * float(threads), flush=True)
"""


def test_rates_of_all_processes_are_added() -> None:
    measure = measure_here("somewhere", (sys.executable, "-c", FAKE_PROBE))
    assert measure(long_grid()[0], 3, 2) == pytest.approx(3 * 2 * 2.0)


@pytest.mark.parametrize("script", ["", "raise SystemExit(1)", "print('ready')"])
def test_a_probe_that_dies_gives_no_rate(script: str) -> None:
    assert measure_here(None, (sys.executable, "-c", script))(long_grid()[0], 2, 1) is None


def test_a_real_probe_trains() -> None:
    settings = {"preset": "compact", "training": {"batch_size": 2, "pool_size": 8}}
    run = load_grid(small_grid({"name": "float"}, settings=settings)).runs[0]
    rate = measure_here(None)(run, 1, 1)
    assert rate is not None
    assert rate > 0


class Notes(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


def test_a_sweep_says_how_it_shares_the_machine(tmp_path: Path) -> None:
    first, again = Notes(), Notes()
    sweep(small_grid(), tmp_path / "out", jobs=2, watcher=first)
    assert first.lines == ["2 runs side by side, one thread each (as asked for)"]
    sweep(small_grid(), tmp_path / "out", jobs=2, watcher=again)
    assert again.lines == []
