from __future__ import annotations

import io
import math
import sys
from typing import Any

import pytest

from larqca.sweep.executors.process import exit_reason
from larqca.sweep.forecast import Forecast, work_of
from larqca.sweep.grid import load_grid
from larqca.sweep.outcome import Outcome
from larqca.sweep.sparkline import sparkline
from larqca.sweep.terminal import TerminalWatcher
from larqca.sweep.watch import PlainWatcher, Watcher, choose_watcher
from larqca.sweep.wording import duration, outcome_line, progress_line

from .helpers import small_grid

RUNS = load_grid(small_grid()).runs
TRAINING = {"phase": "training", "done": 25, "total": 100, "loss": 1.25, "rate": 5.0}
DONE = Outcome("done", "", {"loss": 12.0, "mutation_step": 200, "metrics": {
    "200": {"cell_accuracy": 0.875}, "400": {"cell_accuracy": 0.5}}})


def tell_a_story(watcher: Watcher) -> None:
    watcher.note("2 runs [side by side]")
    with watcher:
        watcher.begin([(RUNS[0], Outcome("waiting")), (RUNS[1], Outcome("waiting")),
                       (RUNS[1], Outcome("diverged"))])
        watcher.started(RUNS[0])
        watcher.update([(RUNS[0], None)], None)
        watcher.update([(RUNS[0], TRAINING)], 90.0)
        watcher.update([(RUNS[0], {**TRAINING, "phase": "evaluation"})], 90.0)
        watcher.finished(RUNS[0], DONE)
        watcher.finished(RUNS[1], Outcome("failed", "its [start] failed"))
        watcher.stopping()


def test_plain_lines() -> None:
    stream, moments = io.StringIO(), iter([0.0, 14.0, 15.5, 15.5, 20.0])
    tell_a_story(PlainWatcher(stream, clock=lambda: next(moments)))
    assert stream.getvalue().splitlines() == [
        "2 runs [side by side]",
        "1 of 3 runs were finished before",
        "float (seed 0): starts",
        "float (seed 0): training 25 %, loss 1.25, 5.0 iterations/s, 15 s left",
        "[1/3] about 1 min 30 s left",
        "[2/3] float (seed 0): done, loss 12, cell accuracy 87.5 %",
        "[3/3] tern (seed 0): failed: its [start] failed",
        "stopping: runs write their checkpoints (once more to stop at once)",
    ]


def test_bars_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell_a_story(TerminalWatcher())
    said = capsys.readouterr()
    assert "[2/3] float (seed 0): done, loss 12, cell accuracy 87.5 %" in said.err
    assert "its [start] failed" in said.err
    assert "2 runs [side by side]" in said.err
    assert said.out == ""


def test_the_best_so_far_and_curves(capsys: pytest.CaptureFixture[str]) -> None:
    watcher = TerminalWatcher()
    watcher.begin([(RUNS[0], DONE), (RUNS[1], Outcome("waiting"))])
    watcher.started(RUNS[1])
    for loss in (8.0, 8.0, 4.0, 2.0):
        watcher.update([(RUNS[1], {**TRAINING, "loss": loss})], 90.0)
    tasks = {task.description: task.fields for task in watcher._bars.tasks}
    assert tasks["all runs"]["note"] == (
        "1 of 2 runs, 1 at work, best 87.5 % (float (seed 0)), about 1 min 30 s left")
    assert tasks["tern (seed 0)"]["curve"].rstrip() == "█▅▁"


@pytest.mark.parametrize(("values", "width", "text"), [
    ([], 8, ""), ([0.0, -1.0, math.inf, math.nan], 8, ""), ([3.0], 8, "▁"),
    ([1.0, 10.0, 100.0], 8, "▁▅█"), ([1.0, 1.0, 100.0, 100.0], 2, "▁█"),
    ([2.0, 2.0], 8, "▁▁"),
])
def test_curves_in_a_line(values: list[float], width: int, text: str) -> None:
    assert sparkline(values, width) == text


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    tell_a_story(choose_watcher(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_the_choice_of_a_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, kind in ((True, TerminalWatcher), (False, PlainWatcher)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal)
        assert type(choose_watcher(quiet=False)) is kind


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"),
     (7890, "2 h 11 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome("diverged", "iteration 3: loss is NaN"), "diverged: iteration 3: loss is NaN"),
        (Outcome("stopped"), "stopped"),
        (Outcome("done", "", {"loss": None}), "done"),
        (Outcome("done", "", {"metrics": {"20": {"cell_accuracy": 0.5}}}),
         "done, cell accuracy 50.0 %"),
    ],
)
def test_how_a_run_ended(outcome: Outcome, text: str) -> None:
    assert outcome_line(outcome) == text


def test_progress_without_numbers() -> None:
    empty: dict[str, Any] = {"phase": "training", "done": 0, "total": 0, "loss": None, "rate": 0.0}
    assert progress_line(empty) == "training 0 %"


def test_time_left_counts_multiply_accumulates() -> None:
    """5 iterations of 16 pictures and 20 steps each; the second run needs as many MACs; one has
    done 3 at 0.5 a second. A step of evaluation costs a third."""
    forecast = Forecast()
    waiting = {run.hash: (run, None) for run in RUNS}
    assert forecast.seconds_left(waiting, 0) is None
    progress = {"phase": "training", "done": 3, "total": 5, "loss": 1.0, "rate": 0.5}
    unfinished = {RUNS[0].hash: (RUNS[0], progress), RUNS[1].hash: (RUNS[1], None)}
    assert forecast.seconds_left(unfinished, 1) == pytest.approx((2 + 5) / 0.5)
    training = RUNS[0].config.training
    steps = training.batch_size * training.rollout_steps
    evaluation = {"phase": "evaluation", "done": 3 * steps, "total": 9 * steps, "loss": None,
                  "rate": 1.5 * steps}
    assert forecast.seconds_left({RUNS[0].hash: (RUNS[0], evaluation)}, 1) == pytest.approx(4.0)
    evaluating = {RUNS[0].hash: (RUNS[0], evaluation), RUNS[1].hash: (RUNS[1], None)}
    assert forecast.seconds_left(evaluating, 1) == pytest.approx(4.0 + 10.0 + 6.0)
    start = {**evaluation, "phase": "start", "done": 0, "total": 3 * steps}
    starting = {RUNS[0].hash: (RUNS[0], evaluation), RUNS[1].hash: (RUNS[1], start)}
    assert forecast.seconds_left(starting, 1) == pytest.approx(4.0 + 2.0 + 10.0 + 6.0)


def test_planes_take_no_longer_to_train() -> None:
    """They are added up to one kernel, as thresholds are to one input."""
    quantizer = {"kernel_quantizer": "ste_sign", "input_quantizer": "ste_sign"}
    planes = {**quantizer, "kernel_planes": 4, "input_planes": 8}
    quantizer |= {"kernel_planes": 1, "input_planes": 1}
    one, several = load_grid(small_grid(
        {"name": "one", "start_from": None, "perceive": quantizer, "update": quantizer},
        {"name": "several", "start_from": None, "perceive": planes, "update": planes})).runs
    assert work_of(one.config) == work_of(several.config)


@pytest.mark.parametrize(
    ("code", "text"),
    [(-9, "killed by signal 9 (SIGKILL)"), (-11, "killed by signal 11 (SIGSEGV)"),
     (-99, "killed by signal 99"), (3, "exit code 3"), (0, "exit code 0 without a result")],
)
def test_exit_codes_in_words(code: int, text: str) -> None:
    assert exit_reason(code) == text
