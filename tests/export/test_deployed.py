"""What the report says an automaton takes is what its export takes."""

import json

import pytest

from larqca.export.c99.emit import emit_c99
from larqca.export.deployed import code_bytes, deployed_figures
from larqca.export.lower import lower
from larqca.footprint.memory import memory_of
from tests.automata.helpers import tiny_automaton
from tests.export.cases import INPUTS
from tests.export.helpers import whole_pictures
from tests.toolchains import need

IMAGES = whole_pictures(1, 3, 6, 8)


def test_bytes_are_those_of_the_export():
    model = tiny_automaton(**INPUTS["bnn"])
    source = emit_c99(lower(model, IMAGES), max_height=6, max_width=8)
    found = deployed_figures(model, IMAGES)
    assert found["constant_bytes"] == source.constant_bytes
    assert found["working_bytes"] == source.arena_bytes
    json.dumps(found)


def test_code_is_counted_without_constants():
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    narrow, wide = (
        emit_c99(lower(tiny_automaton(**{**INPUTS["bnn"], "perceive": {
            **INPUTS["bnn"]["perceive"], "widths": [width]}}), IMAGES))
        for width in (32, 64))
    codes = [code_bytes(source) for source in (narrow, wide)]
    assert all(500 < code < 8192 for code in codes)
    assert wide.constant_bytes - narrow.constant_bytes > 4 * abs(codes[1] - codes[0])


def test_without_a_compiler_there_is_no_figure(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert deployed_figures(tiny_automaton(**INPUTS["bnn"]), IMAGES)["code_bytes"] is None


def test_what_cannot_be_exported_says_why():
    model = tiny_automaton(perceive={"input_quantizer": "magnitude_aware_sign"})
    found = deployed_figures(model, IMAGES)
    assert list(found) == ["refused"]
    assert "magnitude_aware_sign" in found["refused"]


KERNELS = {"kernel_quantizer": "ste_sign"}
BINARY = {**KERNELS, "input_quantizer": "ste_sign"}


@pytest.mark.parametrize(
    ("preset", "state_bits", "flash", "ram"),
    [("distill", 16, 8, 36), ("distill", 8, 8, 20), ("compact", 8, 4, 12)],
)
def test_a_fully_binary_automaton_fits_a_small_cortex_m4(preset, state_bits, flash, ram):
    """KiB of flash for code and constants, of RAM for 28 x 28 cells."""
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    model = tiny_automaton(preset=preset, perceive=BINARY, update=BINARY, deviation=0.02)
    source = emit_c99(lower(model, whole_pictures(1, 2, 10, 10), state_bits=state_bits))
    code = code_bytes(source)
    assert code is not None
    assert code + source.constant_bytes <= 1024 * flash
    assert source.arena_bytes <= 1024 * ram


@pytest.mark.parametrize("preset", ["distill", "wide", "clothing"])
@pytest.mark.parametrize("network", [KERNELS, BINARY, {**BINARY, "kernel_planes": 5}], ids=str)
def test_one_bit_constants_are_hardly_more_than_in_theory(preset, network):
    model = tiny_automaton(preset=preset, perceive=network, update=network, deviation=0.02)
    source = emit_c99(lower(model, whole_pictures(1, 2, 10, 10)))
    assert source.constant_bytes <= 1.05 * memory_of(model.layout.layers).bytes
