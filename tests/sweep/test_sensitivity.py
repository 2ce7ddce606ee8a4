from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from larqca.automata.layout import layout_of
from larqca.cli.main import run as command
from larqca.cli.sensitivity import _check_text
from larqca.config.canonical import build_run_config
from larqca.config.schema import EvaluationConfig
from larqca.errors import ConfigError, StoreError
from larqca.footprint.memory import memory_of
from larqca.report.records import read_records
from larqca.sweep.grid import load_grid
from larqca.sweep.options import SweepOptions
from larqca.sweep.run import do_sweep
from larqca.sweep.sensitivity import (
    BASELINE,
    CHOICES,
    Subject,
    Suggestion,
    Trial,
    read_trials,
    row_name,
    suggest,
)

from .helpers import FAKE_WORKER

SMALL = {
    "name": "small",
    "settings": {
        "data": "digits", "preset": "compact",
        "training": {"iterations": 3, "batch_size": 4, "pool_size": 8, "rollout_steps": 4},
        "evaluation": {"steps": 10, "images": 20},
    },
    "rows": [{"name": "float"},
             {"name": "tern", "start_from": "none", "update": {"kernel_quantizer": "ste_tern"}}],
}  # fmt: skip


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory):
    return do_sweep(load_grid(SMALL), tmp_path_factory.mktemp("subject") / "out",
                    SweepOptions(jobs=2))


@pytest.fixture(scope="module")
def float_run(sweep) -> Path:
    return folder_of(sweep, "float")


def folder_of(sweep, row: str) -> Path:
    return next(sweep.out / "runs" / run.hash for run in sweep.grid.runs if run.row == row)


@pytest.fixture
def counting_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials and suggestions of the command only count (see `fake_worker`)."""
    monkeypatch.setattr("larqca.sweep.run.do_sweep",
                        functools.partial(do_sweep, worker=FAKE_WORKER))


def test_the_grid_quantizes_one_layer_in_each_row(float_run: Path) -> None:
    subject = Subject(float_run)
    grid = load_grid(subject.trials_grid(["1", "4"], 7, 50))
    assert len(grid.runs) == 1 + 3 * 2
    assert {run.config.training.iterations for run in grid.runs} == {7}
    assert {run.config.training.settle_until for run in grid.runs} == {None}
    for run in grid.runs:
        specs = [*run.config.perceive.kernel_quantizer, *run.config.update.kernel_quantizer]
        assert sum(spec is not None for spec in specs) == (run.row != BASELINE)
        assert run.source_file == subject.model


def test_planes_are_a_choice_and_trials_learn_as_such_rows_do(float_run: Path) -> None:
    """A float run's config names the latent weights' rate that rows of planes have; one kernel
    alone learns ten times as fast."""
    subject = Subject(float_run)
    grid = load_grid(subject.trials_grid(["1", "1x4"], 7, 50))
    runs = {run.row: run.config for run in grid.runs}
    planes, alone = (runs[row_name("update/0", choice)] for choice in ("1x4", "1"))
    assert planes.update.kernel_planes == [4, 1]
    assert "4 planes" in row_name("update/0", "1x4")
    assert planes.training.optimizer.latent_factor == 0.3
    assert alone.training.optimizer.latent_factor == 3


def test_the_suggestion_learns_as_its_trials_did(float_run: Path) -> None:
    subject = Subject(float_run)
    choices = {"perceive/0": "1x4", "update/0": "1", "update/1": "8"}
    runs = load_grid(subject.suggestion_grid(Suggestion(choices, 1.0, 0.0), 7)).runs
    suggested = next(run.config for run in runs if run.row != BASELINE)
    assert suggested.training.optimizer.latent_factor == [0.3, 3.0, 0.3]


def test_quantized_inputs_keep_the_scale_that_they_were_trained_with(tmp_path: Path) -> None:
    inputs = {"input_quantizer": "ste_sign", "scale": "rank_one"}
    grid = {**SMALL, "rows": [{"name": "signs", "update": inputs}]}
    end = do_sweep(load_grid(grid), tmp_path / "out", SweepOptions(jobs=1))
    subject = Subject(folder_of(end, "signs"))
    runs = {run.row: run.config for run in load_grid(subject.trials_grid(["1"], 0, 50)).runs}
    assert runs[row_name("update/0", "1")].update.scale == ["rank_one", "rank_one"]


def test_quantizing_next_to_nothing_may_cost_bytes(tmp_path: Path) -> None:
    tiny = {"perceive": {"widths": [1]}, "update": {"widths": [1]}}
    end = do_sweep(load_grid({**SMALL, "rows": [{"name": "tiny", **tiny}]}), tmp_path / "out",
                   SweepOptions(jobs=1))
    subject = Subject(folder_of(end, "tiny"))
    assert subject.smallest(["1"]) <= subject.bytes
    subject.check_budget(["1"], subject.bytes)


def test_a_suggestion_is_told_beside_a_float_automaton_that_diverged() -> None:
    done = record("suggested", 0.5, 0.25, 1.0)
    lost = record(BASELINE, 0.0, 0.0, 1.0, "diverged") | {"reason": ""}
    said = _check_text({BASELINE: lost, "suggested": done}, "suggested")
    assert "50.0 % (float: diverged), after the exchange 25.0 %" in said


def test_trials_are_judged_on_training_images_and_the_suggestion_on_the_test(
    float_run: Path,
) -> None:
    subject = Subject(float_run)
    for run in load_grid(subject.trials_grid(["1"], 7, 50)).runs:
        assert (run.config.evaluation.held_out, run.config.evaluation.images) == (50, None)
    suggestion = Suggestion(dict.fromkeys(subject.layers, "1"), 1.0, 0.0)
    subject.config = subject.config.model_copy(update={"evaluation": EvaluationConfig(
        steps=10, images=20, held_out=40)})  # fmt: skip
    for run in load_grid(subject.suggestion_grid(suggestion, 7)).runs:
        assert (run.config.evaluation.held_out, run.config.evaluation.images) == (0, 20)


def test_a_trial_is_its_run_but_for_the_layer(tmp_path: Path) -> None:
    """Its seed and its scales are the run's; a quantized layer has the scales of quantized ones."""
    grid = {**SMALL, "seeds": [7], "rows": [{"name": "scaled", "update": {"scale": "rank_one"}}]}
    end = do_sweep(load_grid(grid), tmp_path / "out", SweepOptions(jobs=1))
    subject = Subject(folder_of(end, "scaled"))
    runs = {run.row: run.config for run in load_grid(subject.trials_grid(["1"], 0, 50)).runs}
    assert {config.seed for config in runs.values()} == {7}
    assert runs[BASELINE].update.scale == ["rank_one", "rank_one"]
    assert runs[row_name("update/0", "1")].update.scale == ["channel", "rank_one"]


def record(row: str, accuracy: float, after: float, size: float, state: str = "done"):
    return {"row": row, "cell_accuracy": accuracy, "cell_accuracy_after": after,
            "memory_bytes": size, "state": state}  # fmt: skip


def test_losses_and_savings_are_read_against_the_float_automaton(float_run: Path) -> None:
    subject = Subject(float_run)
    records = [
        record(BASELINE, 0.9, 0.8, subject.bytes),
        record(row_name("update/0", "1"), 0.7, 0.75, subject.bytes - 1000),
        record(row_name("update/1", "1"), float("nan"), 0.0, 5.0, "diverged"),
        record(row_name("perceive/0", "1"), 0.0, 0.0, 5.0, "running"),
    ]
    first, second = read_trials(subject, ["1"], records)
    assert (first.layer, first.saved_bytes) == ("update/0", 1000)
    assert (first.lost, first.lost_after) == pytest.approx((0.2, 0.05))
    assert first.cost == pytest.approx(0.2)
    assert second.cost == pytest.approx(0.9)
    assert second.lost_after == pytest.approx(0.8)
    with pytest.raises(StoreError, match="no result"):
        read_trials(subject, ["1"], records[1:])
    with pytest.raises(StoreError, match="itself diverged"):
        read_trials(subject, ["1"], [record(BASELINE, 0.0, 0.0, 5.0, "diverged")])


def test_a_trial_costs_what_it_loses_most() -> None:
    assert Trial("update/0", "1", 5, 0.1, 0.3).cost == 0.3
    assert Trial("update/0", "1", 5, 0.3, 0.1).cost == 0.3
    assert Trial("update/0", "1", 5, 0.3, float("nan")).cost == 0.3  # nothing was exchanged


def test_the_suggestion_is_the_best_that_fits(float_run: Path) -> None:
    subject = Subject(float_run)
    trials = [
        Trial("perceive/0", "1", 15_000, 0.30, 0.30), Trial("perceive/0", "2", 14_000, 0.02, 0.01),
        Trial("update/0", "1", 3_000, 0.01, -0.5), Trial("update/0", "2", 2_000, -0.1, 0.0),
    ]  # fmt: skip
    found = suggest(subject, trials, subject.bytes - 16_500)
    assert found.choices == {"perceive/0": "2", "update/0": "1", "update/1": None}
    assert found.bytes == subject.bytes - 17_000
    assert found.expected_loss == pytest.approx(0.03)
    # What costs nothing is taken even where the budget does not ask for it.
    generous = suggest(subject, trials, subject.bytes)
    assert generous.choices == {"perceive/0": None, "update/0": "2", "update/1": None}
    # A size that is the budget fits, and gains of one layer do not make up for losses of another.
    exact = suggest(subject, trials, subject.bytes - 17_000)
    assert exact.bytes == subject.bytes - 17_000
    assert suggest(subject, trials, subject.bytes - 16_000).expected_loss == pytest.approx(0.02)
    smallest = subject.bytes - 18_000
    message = rf"no combination .* into 0.01 KiB; the smallest takes {smallest / 1024:.2f}"
    with pytest.raises(ConfigError, match=message):
        suggest(subject, trials, 10.0)


def test_many_layers_and_choices_take_no_time(float_run: Path) -> None:
    class Deep:
        layers, bytes = [f"update/{number}" for number in range(30)], 30_000.0

    trials = [Trial(layer, str(choice), 100.0 * choice, 0.01 * choice**2, 0.0)
              for layer in Deep.layers for choice in range(1, 10)]  # fmt: skip
    found = suggest(Deep(), trials, 15_000)  # type: ignore[arg-type]
    assert found.bytes == 15_000
    assert found.expected_loss == pytest.approx(0.01 * 30 * 25)  # evenly, as losses are convex


def test_the_smallest_size_is_known_before_anything_is_trained(float_run: Path) -> None:
    subject = Subject(float_run)
    one = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}
    config = build_run_config({"preset": "compact", "perceive": one, "update": one})
    assert subject.smallest(["8", "1"]) == memory_of(layout_of(config).layers).bytes
    subject.check_budget(["1"], subject.smallest(["1"]))
    with pytest.raises(ConfigError, match="no combination"):
        subject.check_budget(["1"], subject.smallest(["1"]) - 1)


def test_a_run_is_found_from_within(float_run: Path, monkeypatch) -> None:
    monkeypatch.chdir(float_run)
    assert Subject(Path(".")).model == float_run / "model.npz"


def test_only_finished_float_runs_are_taken(sweep, float_run: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", float_run.parent):
        with pytest.raises(StoreError, match="not the directory of a run"):
            Subject(path)
    with pytest.raises(ConfigError, match="update/0 has a quantized kernel already"):
        Subject(folder_of(sweep, "tern"))
    edited = tmp_path / float_run.name
    shutil.copytree(float_run, edited)
    (edited / "model.npz").write_bytes(b"something else")
    with pytest.raises(StoreError, match="is not finished"):
        Subject(edited)
    (edited / "result.json").unlink()
    with pytest.raises(StoreError, match="is not finished"):
        Subject(edited)


def test_the_command_tries_suggests_and_checks(
    float_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sensitivity", str(float_run), "--choices", "1,8", "--iterations", "1",
                 "--images", "30", "--budget", "12", "--check-iterations", "2",
                 "--out", str(tmp_path / "out"), "--jobs", "2", "--quiet"]  # fmt: skip
    assert command(arguments) == 0
    said = capsys.readouterr().out
    assert said.count("dorefa_quantizer(k_bit=8)") >= 3
    assert "suggested: perceive/0" in said
    assert "trained: cell accuracy" in said
    assert command(arguments) == 0  # again: nothing is left to do
    assert capsys.readouterr().out == said


def test_a_suggestion_is_trained_even_if_the_run_was_not(
    float_run: Path, counting_worker: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = SMALL | {"rows": [{"name": "taken", "training": {"iterations": 0},
                              "start_from": {"file": str(float_run / "model.npz")}}]}  # fmt: skip
    taken = do_sweep(load_grid(grid), tmp_path / "taken", SweepOptions(jobs=1))
    arguments = ["sensitivity", str(folder_of(taken, "taken")), "--choices", "8", "--iterations",
                 "2", "--images", "30", "--budget", "12", "--out", str(tmp_path / "out"),
                 "--jobs", "1", "--quiet"]  # fmt: skip
    assert command(arguments) == 0
    assert "trained: cell accuracy" in capsys.readouterr().out
    trained = read_records(tmp_path / "out" / "suggestion").records
    assert {record["iterations"] for record in trained} == {2}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [(["--choices", "3,17"], "unknown choice '17'"), (["--budget", "0"], "'--budget'"),
     (["--budget", "nan"], "nan is not a size"), (["--budget", "0.1"], "no combination"),
     (["--images", "1437"], "--images 1,437: digits has only 1,437 training images")],
)
def test_mistakes_are_one_line(float_run: Path, capsys, tmp_path, arguments, line) -> None:
    out = tmp_path / "out"
    assert command(["sensitivity", str(float_run), "--out", str(out), *arguments]) != 0
    error = capsys.readouterr().err
    assert line in error
    assert "Traceback" not in error
    assert not out.exists()


def test_a_budget_that_asks_for_nothing_trains_nothing(
    float_run: Path, counting_worker: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        "larqca.sweep.sensitivity.read_trials",
        lambda subject, choices, records: [Trial(layer, "8", 1000.0, 0.1, 0.1)
                                           for layer in subject.layers])  # fmt: skip
    arguments = ["sensitivity", str(float_run), "--choices", "8", "--iterations", "0",
                 "--images", "30", "--budget", "1000", "--out", str(tmp_path / "out"),
                 "--jobs", "2", "--quiet"]  # fmt: skip
    assert command(arguments) == 0
    said = capsys.readouterr().out
    assert "perceive/0 float, update/0 float, update/1 float" in said
    assert "nothing has to be quantized" in said
    assert not (tmp_path / "out" / "suggestion").exists()


def test_every_choice_has_the_bits_of_its_name() -> None:
    from larqca.quantizers.registry import bits, normalize

    for name, choice in CHOICES.items():
        wanted = {"ternary": "2"}.get(name, name)
        planes = int(wanted[2:]) if wanted.startswith("1x") else 1
        assert choice.planes == planes
        assert bits(normalize(choice.quantizer, role="kernel")) == int(wanted.split("x")[0])
