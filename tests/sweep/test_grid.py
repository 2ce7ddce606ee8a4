from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.sweep.grid import Grid, load_grid
from tests.sweep.helpers import write_zero_model

HEAD = "name: small\n"


def load(tmp_path: Path, text: str) -> Grid:
    path = tmp_path / "grid.yaml"
    path.write_text(text)
    return load_grid(path)


def error_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(str(tmp_path / "grid.yaml"))


GOOD = """\
name: small
settings:
  preset: compact
  training: {iterations: 10, optimizer: {learning_rate: 2e-3}}
baseline: float
seeds: [3, 4]
rows:
  - name: float
  - name: tern
    start_from: float
    update: {kernel_quantizer: {name: ste_tern, threshold_value: 0.33}}
axes:
  perceive.kernel_quantizer,update.kernel_quantizer: [ste_sign, ste_tern]
  perceive.scale: [none, channel]
axes_settings:
  start_from: tern
include:
  - {name: two bits, update.kernel_quantizer: {name: dorefa_quantizer, k_bit: 2}}
  - {perceive.scale: rank_one}
exclude:
  - {perceive.kernel_quantizer: ste_tern, perceive.scale: none}
"""


def test_rows_then_crossed_then_included_each_for_every_seed(tmp_path: Path) -> None:
    grid = load(tmp_path, GOOD)
    assert (grid.name, grid.baseline, grid.seeds) == ("small", "float", [3, 4])
    assert list(dict.fromkeys(run.row for run in grid.runs)) == [
        "float",
        "tern",
        "kernel_quantizer=ste_sign, scale=none",
        "kernel_quantizer=ste_sign, scale=channel",
        "kernel_quantizer=ste_tern, scale=channel",
        "two bits",
        "scale=rank_one",
    ]
    assert [run.seed for run in grid.runs] == [3, 4] * 7
    assert len({run.hash for run in grid.runs}) == 14


def test_settings_reach_the_runs(tmp_path: Path) -> None:
    runs = {(run.row, run.seed): run for run in load(tmp_path, GOOD).runs}
    for run in runs.values():
        assert run.config.training.iterations == 10
        assert run.config.training.optimizer.learning_rate == 0.002
        assert run.config.perceive.widths == [32]
    crossed = runs["kernel_quantizer=ste_sign, scale=channel", 3].config
    assert crossed.perceive.scale == ["channel"]
    assert crossed.update.scale == ["channel", "channel"]  # what quantized kernels get
    assert [spec and spec["name"] for spec in crossed.update.kernel_quantizer] == ["ste_sign"] * 2
    assert runs["two bits", 3].config.update.kernel_quantizer[0]["k_bit"] == 2  # type: ignore[index]


def test_a_start_is_the_run_of_the_same_seed(tmp_path: Path) -> None:
    runs = {(run.row, run.seed): run for run in load(tmp_path, GOOD).runs}
    for seed in (3, 4):
        tern = runs["tern", seed]
        assert tern.source_run == runs["float", seed].hash
        assert tern.config.start_from.run == tern.source_run  # type: ignore[union-attr]
        assert runs["two bits", seed].source_run == tern.hash


def test_a_change_of_the_ancestor_renames_all_that_start_from_it(tmp_path: Path) -> None:
    before = load(tmp_path, GOOD)
    after = load(tmp_path, GOOD.replace("- name: float", "- {name: float, cell: {noise: 0.5}}"))
    assert all(a.hash != b.hash for a, b in zip(before.runs, after.runs, strict=True))


def test_names_and_order_do_not_enter_the_hash(tmp_path: Path) -> None:
    one = "rows:\n  - {name: a, cell: {noise: 0}}\n  - {name: b, cell: {noise: 1}}\n"
    two = "rows:\n  - {name: c, cell: {noise: 1.0}}\n  - {name: d, cell: {noise: 0.0}}\n"
    first = load(tmp_path, HEAD + one)
    second = load(tmp_path, HEAD + two)
    assert [run.hash for run in first.runs] == [run.hash for run in reversed(second.runs)]


def test_a_model_file_counts_by_its_content(tmp_path: Path) -> None:
    digest = write_zero_model(tmp_path / "model.npz")
    text = HEAD + "rows:\n  - {name: mine, start_from: {file: model.npz}}\n"
    run = load(tmp_path, text).runs[0]
    assert run.source_file == tmp_path / "model.npz"
    assert run.config.start_from.file_sha256 == digest  # type: ignore[union-attr]


def test_a_model_file_that_cannot_start_the_row_is_found_before_anything_runs(
    tmp_path: Path,
) -> None:
    text = HEAD + "rows:\n  - {name: mine, start_from: {file: model.npz}}\n"
    write_zero_model(tmp_path / "model.npz", preset="compact")
    with pytest.raises(ConfigError, match=r":3: row 'mine': start_from: .* does not fit"):
        load(tmp_path, text)
    (tmp_path / "model.npz").write_bytes(b"weights")
    with pytest.raises(ConfigError, match=r"model.npz: cannot be read as a model file"):
        load(tmp_path, text)


def test_start_from_none_overrides_a_shared_start(tmp_path: Path) -> None:
    text = HEAD + ("settings: {start_from: float}\nrows:\n  - {name: float, start_from: none}\n"
                   "  - {name: more, cell: {noise: 0.1}}\n")
    runs = load(tmp_path, text).runs
    assert runs[0].source_run is None
    assert runs[1].source_run == runs[0].hash


def test_a_dict_is_a_grid_too() -> None:
    grid = load_grid({"name": "x", "rows": [{"name": "float"}], "seeds": (0, 1)})
    assert [run.seed for run in grid.runs] == [0, 1]
    with pytest.raises(ConfigError) as caught:
        load_grid({"name": "x", "rows": [{"name": "float", "cell": {"fire_rat": 1}}]})
    assert str(caught.value).startswith(
        "grid: row 'float': cell.fire_rat: unknown key 'fire_rat' (did you mean 'fire_rate'?)"
    )


def test_an_axis_may_vary_a_parameter_of_a_quantizer(tmp_path: Path) -> None:
    text = HEAD + ("settings: {update: {kernel_quantizer: {name: ste_tern}}}\n"
                   "axes: {update.kernel_quantizer.threshold_value: [0.1, 0.3]}\n")
    runs = load(tmp_path, text).runs
    assert [run.row for run in runs] == ["threshold_value=0.1", "threshold_value=0.3"]
    assert [run.config.update.kernel_quantizer[0]["threshold_value"] for run in runs] == [0.1, 0.3]  # type: ignore[index]


def test_axes_of_equal_last_words_are_named_in_full(tmp_path: Path) -> None:
    text = HEAD + "axes: {perceive.scale: [none], update.scale: [none, channel]}\n"
    assert [run.row for run in load(tmp_path, text).runs] == [
        "perceive.scale=none, update.scale=none", "perceive.scale=none, update.scale=channel",
    ]


ROWS = "rows:\n  - name: float\n"
ERRORS: list[tuple[str, str]] = [
    # the whole
    ("", ":1: a grid must be a mapping with name, settings"),
    ("- a\n", ":1: a grid must be a mapping"),
    ("just text\n", ":1: a grid must be a mapping"),
    (HEAD, ":1: the grid is empty: it needs 'rows' or 'axes'"),
    (HEAD + "rows: []\n", ":1: the grid is empty"),
    (HEAD + ROWS + "axis: 3\n", ":4: axis: unknown key 'axis' (did you mean 'axes'?); allowed: "),
    (ROWS, ":1: name: is missing"),
    ("name: a/b\n" + ROWS, ":1: name: must be letters, digits"),
    ("name: 3\n" + ROWS, ":1: name: must be letters, digits"),
    (HEAD + "settings: 3\n" + ROWS, ":2: settings: must be a mapping, got 3"),
    (HEAD + "rows: {a: 1}\n", ":2: rows: must be a list"),
    # baseline and seeds
    (HEAD + "baseline: flaot\n" + ROWS,
     ":2: baseline: unknown row 'flaot' (did you mean 'float'?)"),
    (HEAD + "baseline: [float]\n" + ROWS, ":2: baseline: must be a row's name"),
    (HEAD + "seeds: 3\n" + ROWS, ":2: seeds: must be a list of whole numbers, got 3"),
    (HEAD + "seeds: []\n" + ROWS, ":2: seeds: must be a list"),
    (HEAD + "seeds: [0,\n 1.5]\n" + ROWS, ":3: seeds[1]: must be a whole number from 0"),
    (HEAD + "seeds: [true]\n" + ROWS, ":2: seeds[0]: must be a whole number"),
    (HEAD + "seeds: [-1]\n" + ROWS, ":2: seeds[0]: must be a whole number"),
    (HEAD + "seeds:\n- 1\n- 2\n- 1\n" + ROWS, ":5: seeds[2]: 1 is listed twice"),
    (HEAD + "settings:\n  seed: 3\n" + ROWS, ":3: settings.seed: is not set here; list the seeds"),
    # rows
    (HEAD + "rows:\n  - float\n", ":3: rows[0]: must be a mapping with 'name'"),
    (HEAD + "rows:\n  - {data: digits}\n", ":3: rows[0]: needs 'name'"),
    (HEAD + "rows:\n  - name: 3\n", ":3: rows[0].name: must be text, got 3"),
    (HEAD + "rows:\n  - name: ''\n", ":3: rows[0].name: must be 1 to 80 printable"),
    (HEAD + "rows:\n  - name: none\n", ":3: rows[0].name: 'none' means no row"),
    (HEAD + ROWS + "  - name: float\n    cell: {noise: 0.1}\n",
     ":4: rows[1]: two rows are named 'float', the first on line 3"),
    (HEAD + ROWS + "  - name: again\n    cell: {noise: 0.02}\n",
     ":4: rows 'float' and 'again' have the same configuration"),
    # fields of runs
    (HEAD + "settings:\n  training:\n    iterations: many\n" + ROWS,
     ":4: settings.training.iterations: input should be a valid integer, got 'many'"),
    (HEAD + "settings:\n  training:\n    iteration: 3\n" + ROWS,
     ":4: settings.training.iteration: unknown key 'iteration' (did you mean 'iterations'?)"),
    (HEAD + "settings:\n  training: {iterations: 4e3}\n" + ROWS,
     ":3: settings.training.iterations: input should be a valid integer"),
    (HEAD + "settings:\n  data: mnits\n" + ROWS,
     ":3: settings.data: unknown value 'mnits' (did you mean 'mnist'?)"),
    (HEAD + "settings:\n  preset: distil\n" + ROWS,
     ":3: settings.preset: unknown preset 'distil' (did you mean 'distill'?)"),
    (HEAD + "rows:\n  - name: a\n    update:\n      kernel_quantizer: ste_sing\n",
     ":5: row 'a': update.kernel_quantizer: unknown quantizer 'ste_sing' "
     "(did you mean 'ste_sign'?)"),
    (HEAD + "rows:\n  - name: a\n    perceive:\n      scale: [none, none]\n",
     ":5: row 'a': perceive.scale: scale has 2 entries for 1 layers"),
    (HEAD + "rows:\n  - name: a\n    cell: {noise: .nan}\n",
     ":4: row 'a': cell.noise: input should be a finite number"),
    (HEAD + "rows:\n  - name: a\n    training:\n      schedule:\n        - {after: 2, factor: 1}\n",
     ":6: row 'a': training.schedule.0.after: input should be less than 1"),
    (HEAD + "rows:\n  - name: a\n    training:\n      pool_size: 3\n",
     ":4: row 'a': training: pool_size (3) must be at least batch_size (16)"),
    (HEAD + "settings:\n  data: digits\nrows:\n  - name: a\n    data: mnits\n",
     ":6: row 'a': data: unknown value 'mnits'"),
    (HEAD + "settings:\n  data: mnits\nrows:\n  - name: a\n    cell: {noise: 1}\n",
     ":3: settings.data: unknown value 'mnits'"),
    # starts
    (HEAD + ROWS + "  - name: b\n    start_from: flot\n",
     ":5: row 'b': start_from: unknown row 'flot' (did you mean 'float'?)"),
    (HEAD + ROWS + "  - name: b\n    start_from: b\n", ":5: row 'b': start_from: row 'b' cannot"),
    (HEAD + "rows:\n  - name: a\n    start_from: b\n  - name: b\n    start_from: a\n",
     "start_from: goes in a circle: "),
    (HEAD + ROWS + "  - name: b\n    start_from: {run: abc}\n",
     ":5: row 'b': start_from: must be a row's name, {file: model.npz} or none"),
    (HEAD + ROWS + "  - name: b\n    start_from: {file: no.npz}\n",
     ":5: row 'b': start_from: there is no model file"),
    (HEAD + ROWS + "  - name: b\n    start_from: {file: .}\n", ":5: row 'b': start_from: "),
    (HEAD + ROWS + "  - name: b\n    start_from: float\n    preset: compact\n",
     ":5: row 'b': start_from: row 'float' does not fit: its layers (kernel, inputs-outputs) are "
     "3x3 20-80, 1x1 80-80, 1x1 80-19, those of the automaton to start are 3x3 16-32"),
    # axes
    (HEAD + "axes: {}\n", ":2: axes: must name at least one axis"),
    (HEAD + "axes: [1]\n", ":2: axes: must be a mapping"),
    (HEAD + "axes:\n  perceive.scale: []\n", ":3: axes.perceive.scale: must be a list of values"),
    (HEAD + "axes:\n  perceive.scale: none\n", ":3: axes.perceive.scale: must be a list"),
    (HEAD + "axes:\n  perceive.scal: [none]\n",
     ":3: axes: perceive.scal: unknown key 'scal' (did you mean 'scale'?)"),
    (HEAD + "axes:\n  data.x: [1]\n", ":3: axes: data.x: 'data' has no keys below it"),
    (HEAD + "axes:\n  seed: [1]\n", ":3: axes: seed: the seeds are listed under 'seeds'"),
    (HEAD + "axes:\n  perceive.scale: [none]\n  perceive.scale,update.scale: [none]\n",
     ":4: axes: 'perceive.scale' is varied twice"),
    (HEAD + "axes:\n  perceive.scale:\n    - none\n    - channel\n    - none\n",
     ":6: axes.perceive.scale: 'none' is listed twice"),
    (HEAD + "axes:\n  perceive.scale:\n    - none\n    - chanel\n",
     ":5: axes: perceive.scale.0: unknown value 'chanel' (did you mean 'channel'?)"),
    (HEAD + "axes:\n  perceive.kernel_quantizer:\n"
     "  - ste_sign\n  - {name: ste_tern, treshold: 1}\n",
     ":5: axes: perceive.kernel_quantizer: unknown parameter of ste_tern 'treshold'"),
    (HEAD + "axes: {perceive.scale: [none]}\naxes_settings:\n  data: x\n",
     ":4: axes_settings.data: unknown value 'x'"),
    (HEAD + ROWS + "axes_settings: {data: mnist}\n", ":4: axes_settings: is for crossed rows"),
    (HEAD + ROWS + "exclude: [{a: 1}]\n", ":4: exclude: is for crossed rows"),
    (HEAD + "axes: {perceive.scale: [none, channel]}\nexclude:\n  - {perceive.scale: chanel}\n",
     ":4: exclude[0].perceive.scale: matches nothing: the axis has no value 'chanel' "
     "(did you mean 'channel'?)"),
    (HEAD + "axes: {perceive.scale: [none, channel]}\nexclude:\n  - {update.scale: none}\n",
     ":4: exclude[0].update.scale: unknown axis 'update.scale'"),
    (HEAD + "axes: {perceive.scale: [none]}\nexclude:\n  - {perceive.scale: none}\n",
     ":3: exclude: leaves no run at all"),
    (HEAD + "axes: {perceive.scale: [none]}\ninclude:\n  - {name: x}\n",
     ":4: include[0]: must be a mapping of paths to values"),
    (HEAD + "axes: {perceive.scale: [none]}\ninclude:\n  - perceive.scal: channel\n",
     ":4: include[0]: perceive.scal: unknown key 'scal'"),
    (HEAD + "axes: {perceive.scale: [none]}\ninclude:\n  - perceive.scale: 3\n",
     ":4: include[0]: perceive.scale.0: unknown value 3"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[error for _, error in ERRORS])
def test_an_error_names_line_and_field(tmp_path: Path, text: str, message: str) -> None:
    found = error_of(tmp_path, text)
    assert message in found
    if message.startswith(":"):
        assert found.startswith(message)


def test_the_first_problem_is_told_and_the_others_counted(tmp_path: Path) -> None:
    text = HEAD + "settings:\n  data: x\nseeds: [a]\nrows:\n  - name: a\n    cell: {noize: 1}\n"
    found = error_of(tmp_path, text)
    assert found.startswith(":3: settings.data: unknown value 'x'")
    assert found.endswith("(and 2 more)")


def test_a_problem_of_shared_settings_is_told_once(tmp_path: Path) -> None:
    text = HEAD + "settings:\n  data: x\nrows:\n  - name: a\n  - {name: b, cell: {noise: 1}}\n"
    assert "more)" not in error_of(tmp_path, text)


def test_wrong_types_everywhere_are_one_line(tmp_path: Path) -> None:
    sections: list[Any] = ["settings", "baseline", "seeds", "rows", "axes", "axes_settings",
                           "include", "exclude", "name"]
    for section in sections:
        for value in ("3", "text", "[1, [2]]", "{a: {b: 1}}", "[[]]", "[{}]", "[null]", "true"):
            lines = {"name": "name: x", "rows": "rows: [{name: float}]",
                     section: f"{section}: {value}"}
            if (section, value) in [("baseline", "text"), ("name", "text")]:
                continue
            assert error_of(tmp_path, "\n".join(lines.values())).startswith(":"), (section, value)
