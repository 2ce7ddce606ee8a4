from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from larqca.cli import main as command
from larqca.errors import DataError
from larqca.sweep import run as sweep_run
from tests.report.helpers import finish, folder_of, make_store
from tests.sweep.fake_worker import EXIT_3
from tests.sweep.helpers import FAKE_WORKER, behaving, small_grid

VERBS = ("sweep", "report", "compare", "track", "import", "evaluate", "data")


@pytest.fixture
def grid_file(tmp_path: Path) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(json.dumps(small_grid(baseline="float")))
    return path


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps train with the worker that only counts."""
    real = sweep_run.do_sweep
    monkeypatch.setattr(sweep_run, "do_sweep",
                        lambda *given, **named: real(*given, worker=FAKE_WORKER, **named))


def shell(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "larqca", *arguments], capture_output=True,
                          text=True, check=False, **settings)


def one_error_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert "Traceback" not in said.err
    return line


@pytest.mark.parametrize("verb", [(), *((verb,) for verb in VERBS)], ids=["", *VERBS])
def test_help_is_light(verb: tuple[str, ...]) -> None:
    """No package that takes long to import; a limit in seconds would test the machine."""
    heavy = ("tensorflow", "numpy", "pandas", "pydantic", "rich", "yaml", "larq", "sklearn")
    code = ("import sys; from larqca.cli.main import run; code = run(sys.argv[1:]); "
            f"print([name for name in {heavy} if name in sys.modules], code)")
    said = subprocess.run([sys.executable, "-c", code, *verb, "--help"], capture_output=True,
                          text=True, check=True)
    assert said.stdout.startswith("Usage: larqca")
    assert said.stdout.splitlines()[-1] == "[] 0"


def test_every_verb_is_listed_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:")[1]
    for verb in VERBS:
        assert re.search(rf"^  {verb} +[A-Z]\w+", listed, re.MULTILINE), verb


def test_versions() -> None:
    said = shell("--version")
    assert said.returncode == 0
    versions = dict(line.split() for line in said.stdout.splitlines())
    assert set(versions) >= {"larqca", "larq", "tensorflow", "keras"}
    assert versions["keras"].startswith("2.")


def test_a_sweep_prints_its_table_and_says_where_the_files_are(
    grid_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_worker: None
) -> None:
    out = tmp_path / "out"
    assert command.run(["sweep", str(grid_file), "--out", str(out), "--jobs", "2"]) == 0
    said = capsys.readouterr()
    assert "float (seed 0): starts" in said.err
    assert "56.56 KiB + 31.32 KiB" in said.out
    assert f"report.md, report.csv, report.json in {out}" in said.out
    assert (out / "report.json").exists()

    assert command.run(["sweep", str(grid_file), "--out", str(out), "--quiet"]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (said.out, "")


def test_failed_runs_are_one_line_and_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_worker: None
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(json.dumps(small_grid({"name": "bad", **behaving(EXIT_3)}, {"name": "good"})))
    assert command.run(["sweep", str(path), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    assert one_error_line(capsys).startswith("error: 1 run failed: bad (seed 0); ")


def test_choices_of_a_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_worker: None
) -> None:
    path, out = tmp_path / "grid.yaml", str(tmp_path / "out")
    rows = [{"name": f"bad {i}", "cell": {"noise": i / 8}, **behaving(EXIT_3)} for i in range(3)]
    path.write_text(json.dumps(small_grid(*rows, {"name": "good"})))
    base = ["sweep", str(path), "--out", out, "--quiet", "--jobs", "1"]
    assert command.run([*base, "--max-failures", "2"]) == 1
    assert one_error_line(capsys).startswith(
        "error: 2 runs failed: bad 0 (seed 0), bad 1 (seed 0); 2 others were not done; ")
    assert command.run([*base, "--only", "good", "--keep-failed"]) == 1  # of earlier failures
    assert "2 runs failed" in one_error_line(capsys)
    assert command.run([*base, "--only", "bad 0", "--only", "bad 1", "--retry-failed"]) == 0
    assert command.run([*base, "--only", "worse"]) == 1
    assert one_error_line(capsys).startswith("error: --only: unknown row 'worse'")
    assert command.run([*base, "--executor", "rya"]) == 1
    assert one_error_line(capsys) == (
        "error: executor: unknown value 'rya' (did you mean 'ray'?); allowed: local, ray, slurm")
    assert command.run([*base, "--address", "here:1"]) == 1
    assert one_error_line(capsys).startswith("error: address: the executor 'local' has none")


def test_a_sweep_is_moved_as_one_file(
    grid_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_worker: None
) -> None:
    out, file = str(tmp_path / "out"), str(tmp_path / "sweep.tar.gz")
    assert command.run(["sweep", str(grid_file), "--out", out, "--quiet"]) == 0
    assert command.run(["sweep", "export", out, file]) == 0
    assert command.run(["sweep", "import", file, str(tmp_path / "in")]) == 0
    capsys.readouterr()
    assert command.run(["sweep", "status", str(tmp_path / "in")]) == 0
    assert capsys.readouterr().out == "2 runs: 2 done\n"
    assert command.run(["sweep", "status"]) == 2
    assert one_error_line(capsys) == (
        "error: Missing argument 'DIR'. (see larqca sweep status --help)")


def test_default_output_is_named_by_the_grid(
    grid_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_worker: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", ":".join(path or os.getcwd() for path in sys.path))
    assert command.run(["sweep", str(grid_file), "--quiet"]) == 0
    assert (tmp_path / "here" / "results" / "small" / "sweep.json").exists()


def test_dry_run_lists_and_writes_nothing(grid_file: Path, tmp_path: Path) -> None:
    code = ("import sys; from larqca.cli.main import run; code = run(sys.argv[1:]); "
            "print('tensorflow' in sys.modules, code)")
    said = subprocess.run(
        [sys.executable, "-c", code, "sweep", str(grid_file), "--dry-run"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ":".join(path or os.getcwd() for path in sys.path)},
    ).stdout
    assert "14,480 + 8,019" in said
    assert "56.56 KiB + 4.64 KiB" in said
    assert "none / 2 x ste_tern" in said
    assert "update.kernel_quantizer=ste_tern" in said
    assert "2 runs: 2 rows, seeds 0; 10 iterations in all; baseline: float" in said
    assert said.splitlines()[-1] == "False 0"
    assert [path.name for path in tmp_path.iterdir()] == ["grid.yaml"]


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\nrows:\n  - {name: a, dta: digits}\n")
    good = tmp_path / "good.yaml"
    good.write_text("name: x\nrows:\n  - {name: a, data: mnist}\n")
    digits = tmp_path / "digits.yaml"
    digits.write_text("name: x\nrows:\n  - {name: a}\n")
    cases = [
        (["sweep", str(tmp_path / "none.yaml")], "no such grid file"),
        (["sweep", str(bad)], "bad.yaml:3: row 'a': dta: unknown key 'dta' (did you mean 'data'?)"),
        (["sweep", str(good), "--data-dir", str(tmp_path / "no")], "mnist"),
        (["sweep", str(digits), "--out", str(bad)], "is a file, not a directory"),
        (["sweep", str(digits), "--out", str(tmp_path)], "holds something else"),
        (["report", str(tmp_path)], "is not the directory of a sweep"),
        (["report", str(tmp_path / "none")], "no such directory"),
        (["data", "mnits"], "unknown data set 'mnits' (did you mean 'mnist'?)"),
    ]
    for arguments, message in cases:
        assert command.run(arguments) == 1, arguments
        line = one_error_line(capsys)
        assert line.startswith("error: ")
        assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "digits.yaml",
                                                               "good.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep"], "error: Missing argument 'FILE'. (see larqca sweep --help)"),
        (["swep"], "error: No such command 'swep'."),
        (["sweep", "x", "--jobs", "0"], "error: Invalid value for '--jobs'"),
        (["sweep", "x", "--jbos", "2"], "error: No such option"),
        (["report", "x", "--format", "pdf"], "error: Invalid value for '--format'"),
        (["data", "--download"], "error: --download needs the NAME"),
    ],
)
def test_a_mistake_in_the_call_is_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(arguments) == 2
    assert one_error_line(capsys).startswith(message)


@pytest.mark.parametrize("arguments", [["--debug", "report", "X"], ["report", "X", "--debug"],
                                       ["report", "--debug", "X"]])
def test_debug_shows_the_traceback(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(tmp_path / "none") if each == "X" else each for each in arguments]
    assert command.run(given) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("error: ")
    assert command.run([each for each in given if each != "--debug"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def raising(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RuntimeError("two\nlines"), 70,
         "error: unexpected RuntimeError: two lines (run with --debug for the traceback)"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (DataError("two\nlines"), 1, "error: two lines"),
        (OSError(28, "No space left on device", "x.json"), 1,
         "error: No space left on device: x.json"),
        (MemoryError(), 70, "error: unexpected MemoryError: (run with --debug for the traceback)"),
    ],
)
def test_what_goes_wrong_inside(
    error: BaseException, code: int, line: str, grid_file: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sweep_run, "do_sweep", raising(error))
    assert command.run(["sweep", str(grid_file)]) == code
    assert " ".join(one_error_line(capsys).split()) == line


def test_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = make_store(tmp_path)
    finish(folder_of(tmp_path, grid, "one bit", 0))
    store = str(tmp_path)
    assert command.run(["report", store, "--no-files", "--columns", "row, memory"]) == 0
    assert "2.51 KiB + 990 B" in capsys.readouterr().out
    assert not (tmp_path / "report.md").exists()
    assert command.run(["report", store, "--format", "json", "--group-by", "none",
                        "--out", str(tmp_path / "tables")]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 6
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        "report.md", "report.csv", "report.json"}
    assert command.run(["report", store, "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("row,seeds,n,")
    assert (tmp_path / "report.csv").exists()
    assert command.run(["report", store, "--columns", "help"]) == 0
    assert "agree_and_correct_after_difference" in capsys.readouterr().out
    assert command.run(["report", store, "--columns", "rwo"]) == 1
    assert "did you mean 'row'?" in one_error_line(capsys)


def test_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_store(tmp_path)
    out = tmp_path / "page"
    assert command.run(["report", str(tmp_path), "--html", "--out", str(out), "--columns", "row,n",
                        "--format", "json"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["rows"]) == 2
    assert said.err == f"page: {out / 'report.html'}\n"
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    assert command.run(["report", str(tmp_path), "--html", "--no-files"]) == 2
    assert "leave one out" in one_error_line(capsys)


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    make_store(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "larqca", "report", str(tmp_path), "--format", "json", "--no-files"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == command.EXIT_BROKEN_PIPE


def test_ctrl_c_during_a_sweep_is_one_line_and_130(grid_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from larqca.sweep import run; from tests.sweep.helpers import FAKE_WORKER; "
        "real = run.do_sweep; "
        "run.do_sweep = lambda *g, **n: real(*g, worker=FAKE_WORKER, **n); "
        "from larqca.cli.main import main; main()"
    )
    grid = json.loads(grid_file.read_text())
    grid["settings"]["training"] = {"iterations": 10**6, "optimizer": {"learning_rate": 0.015625}}
    grid_file.write_text(json.dumps(grid))
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sweep", str(grid_file), "--out", str(out), "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        deadline = time.monotonic() + 240
        while not list(out.glob("runs/*/checkpoint.npz")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == ""
    assert complained.splitlines() == [
        "interrupted: 0 of 2 runs finished; run the same command again to continue"]
