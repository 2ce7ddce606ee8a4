"""Where a row's weights come from when it does not say so."""

from __future__ import annotations

from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.sweep.grid import load_grid

SIGN = {"update": {"kernel_quantizer": "ste_sign"}}


def starts(*rows: dict[str, Any], baseline: str | None = "float", **settings: Any):
    grid = load_grid({"name": "g", "settings": settings, "baseline": baseline, "seeds": [0, 1],
                      "rows": [{"name": "float"}, *rows]})  # fmt: skip
    hashes = {(run.row, run.seed): run.hash for run in grid.runs}
    for run in grid.runs:  # each seed starts from the same seed's run
        wanted = hashes[run.source_row, run.seed] if run.source_row else None
        assert run.source_run == wanted
    return {run.row: run.source_row for run in grid.runs}


def test_quantized_kernels_start_from_the_float_baseline() -> None:
    rows = [{"name": "sign", **SIGN},
            {"name": "inputs", "perceive": {"input_quantizer": "ste_sign"}}]  # fmt: skip
    assert starts(*rows) == {"float": None, "sign": "float", "inputs": "float"}


def test_what_a_row_says_is_done() -> None:
    rows = [{"name": "scratch", "start_from": "none", **SIGN}, {"name": "sign", **SIGN},
            {"name": "again", "start_from": "sign", "perceive": SIGN["update"]}]  # fmt: skip
    found = starts(*rows)
    assert found == {"float": None, "scratch": None, "sign": "float", "again": "sign"}
    assert starts({"name": "sign", **SIGN}, start_from="none")["sign"] is None


@pytest.mark.parametrize(
    "other",
    [{"preset": "compact"}, {"data": "mnist"}, {"perceive": {"widths": [40]}},
     {"update": {"kernel_quantizer": "ste_sign", "scale": "none"}},
     {"update": {"kernel_quantizer": "ste_heaviside", "kernel_planes": 1}}],
)  # fmt: skip
def test_what_cannot_follow_starts_from_scratch(other: dict[str, Any]) -> None:
    assert starts({"name": "sign", **SIGN, **other})["sign"] is None


def test_without_a_float_baseline_everything_starts_from_scratch() -> None:
    assert starts({"name": "sign", **SIGN}, baseline=None)["sign"] is None
    rows = [{"name": "sign", **SIGN}, {"name": "both", **SIGN, "perceive": SIGN["update"]}]
    assert starts(*rows, baseline="sign") == {"float": None, "sign": None, "both": None}


def test_a_baseline_with_quantized_inputs_starts_rows_of_the_same_inputs_alone() -> None:
    inputs = {"input_quantizer": "ste_sign", "input_planes": 4}
    both = {"kernel_quantizer": "ste_sign", **inputs}
    more = {**both, "input_planes": 5}
    rows = [{"name": "ban", "update": inputs}, {"name": "bwn", **SIGN},
            {"name": "bnn", "update": both}, {"name": "more", "update": more}]
    assert starts(*rows, baseline="ban") == {
        "float": None, "ban": None, "bwn": None, "bnn": "ban", "more": None}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [({"input_planes": 4}, {"input_planes": 14}, "inputs of ste_sign in 4 planes there, and inputs "
      "of ste_sign in 14 planes in"),
     ({}, {"input_quantizer": "ste_tern"}, "inputs of ste_sign there, and inputs of ste_tern in"),
     ({}, {"input_quantizer": "none"}, "inputs of ste_sign there, and float inputs in"),
     ({"scale": "rank_one"}, {"scale": "channel"}, "scaled inputs of ste_sign there, and inputs")],
)  # fmt: skip
def test_inputs_that_are_quantized_otherwise_are_refused_before_anything_runs(
    source: dict[str, Any], target: dict[str, Any], said: str
) -> None:
    both = {"kernel_quantizer": "ste_sign", "kernel_planes": 1,
            "input_quantizer": "ste_sign", "input_planes": 1}
    rows = [{"name": "one", "update": {**both, **source}},
            {"name": "two", "start_from": "one", "update": {**both, **source, **target}}]
    with pytest.raises(ConfigError, match="'two': start_from: row 'one' does not fit: ") as caught:
        starts(*rows)
    assert said in str(caught.value)


def test_a_baseline_that_starts_from_a_row_makes_no_circle() -> None:
    grid = load_grid({"name": "g", "baseline": "float", "rows": [
        {"name": "float", "start_from": "middle"}, {"name": "middle", "start_from": "sign"},
        {"name": "sign", **SIGN}]})  # fmt: skip
    found = {run.row: run.source_row for run in grid.runs}
    assert found == {"float": "middle", "middle": "sign", "sign": None}


def test_crossed_rows_too() -> None:
    grid = load_grid({"name": "g", "baseline": "float", "rows": [{"name": "float"}],
                      "axes": {"update.kernel_quantizer": ["ste_sign", "ste_tern"]}})  # fmt: skip
    assert [run.source_row for run in grid.runs] == [None, "float", "float"]
