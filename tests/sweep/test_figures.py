from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from larqca.config.canonical import build_run_config
from larqca.errors import ConfigError
from larqca.sweep.figures import figures_of, figures_of_all
from larqca.sweep.grid import load_grid
from larqca.sweep.plan import describe_plan, predicted_memory

FLOAT, ONE_BIT = "70.62 KiB + 30.94 KiB", "2.51 KiB + 990 B"

OWN = """\
print("noise on standard output")

def half(x):
    return x

half.precision = 3

def nameless(x):
    return x
"""


def test_the_published_table_digit_for_digit(project_root: Path) -> None:
    grid = load_grid(project_root / "sweeps" / "clothing_automata.yaml")
    figures = figures_of_all({run.row: run.config for run in grid.runs})
    memory = {row: predicted_memory(each) for row, each in figures.items()}
    one_bit = ["ste_sign, inputs too", "ste_sign", "approx_sign", "ste_heaviside", "swish_sign",
               "magnitude_aware_sign"]
    assert memory["float"] == FLOAT
    assert [memory[row] for row in one_bit] == [ONE_BIT] * 6
    assert {figures[row][network]["parameters"] for row in figures
            for network in ("perceive", "update")} == {18_080, 7_920}
    assert set(memory) - {"float", *one_bit} == {"ste_tern", "dorefa_quantizer"}


def test_the_published_table_as_the_plan_lists_it(project_root: Path) -> None:
    grid = load_grid(project_root / "sweeps" / "clothing_automata.yaml")
    lines = describe_plan(grid, Path("nowhere")).splitlines()
    assert sum(FLOAT in line for line in lines) == 1
    assert sum(ONE_BIT in line for line in lines) == 6
    assert sum("18,080 + 7,920" in line for line in lines) == 9


def test_figures_of_mixed_layers() -> None:
    config = build_run_config({
        "preset": "compact",
        "update": {"kernel_quantizer": ["none", {"name": "dorefa_quantizer", "k_bit": 4}],
                   "scale": "channel"},
    })
    figures = figures_of(config)
    assert figures["perceive"] == {
        "parameters": 9 * 16 * 32 + 32, "kernel_weights": 4608, "kernel_bits": 4608 * 32,
        "total_bits": 32 * 4640, "kernel_quantizer": "none", "input_quantizer": "none",
        "scale": "none",
    }
    assert figures["update"]["kernel_bits"] == 32 * 32 * 32 + 4 * 32 * 15
    assert figures["update"]["total_bits"] == figures["update"]["kernel_bits"] + 32 * 2 * (32 + 15)
    assert figures["update"]["kernel_quantizer"] == "none, dorefa_quantizer(k_bit=4)"
    assert figures["macs"] == {"32x32": 4608 + 1024, "4x32": 480}


def test_a_users_quantizer_is_asked_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_quantizers.py").write_text(OWN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    own = build_run_config({"update": {"kernel_quantizer": "my_quantizers:half"}})
    plain = build_run_config({})
    figures = figures_of_all({"own": own, "plain": plain})
    assert figures["own"]["update"]["kernel_bits"] == 3 * 7920
    assert figures["own"]["update"]["kernel_quantizer"] == "my_quantizers:half"
    assert figures["plain"] == figures_of(plain)
    assert "my_quantizers" not in sys.modules


def test_a_users_quantizer_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_quantizers.py").write_text(OWN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    config = build_run_config({"update": {"kernel_quantizer": "my_quantizers:nameless"}})
    with pytest.raises(ConfigError, match="needs an attribute `precision`"):
        figures_of_all({"own": config})


def test_a_child_that_dies_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    config = build_run_config({"update": {"kernel_quantizer": "my_quantizers:half"}})
    dead = subprocess.CompletedProcess([], 9, stdout="", stderr="first\nlast words\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: dead)
    with pytest.raises(ConfigError, match="do not tell their bits: last words"):
        figures_of_all({"own": config})
