"""What the report says an automaton takes is what its export takes."""

import json

import pytest

from larqca.export.c99.emit import emit_c99
from larqca.export.deployed import deployed_figures, object_bytes
from larqca.export.lower import lower
from larqca.footprint.memory import memory_of
from tests.automata.helpers import tiny_automaton
from tests.export.cases import EVERY, INPUTS
from tests.export.helpers import TINY, tiny_program, whole_pictures, with_quantizers
from tests.toolchains import need

IMAGES = whole_pictures(1, 3, 6, 8)
KERNELS = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}
BINARY = {**KERNELS, "input_quantizer": "ste_sign", "input_planes": 1}


def test_bytes_are_those_of_the_compiled_object():
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    model = tiny_automaton(**INPUTS["bnn"])
    source = emit_c99(lower(model, IMAGES), max_height=6, max_width=8)
    found = deployed_figures(model, IMAGES)
    held = object_bytes(source)
    assert (found["code_bytes"], found["constant_bytes"]) == (held.code, held.constants)
    assert found["working_bytes"] == source.arena_bytes
    json.dumps(found)


def test_code_is_counted_without_constants():
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    narrow, wide = (
        emit_c99(lower(tiny_automaton(**{**INPUTS["bnn"], "perceive": {
            **INPUTS["bnn"]["perceive"], "widths": [width]}}), IMAGES))
        for width in (32, 64))
    codes = [object_bytes(source).code for source in (narrow, wide)]
    assert all(500 < code < 8192 for code in codes)
    assert wide.constant_bytes - narrow.constant_bytes > 4 * abs(codes[1] - codes[0])


def test_without_a_compiler_constants_are_summed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    model = tiny_automaton(**INPUTS["bnn"])
    found = deployed_figures(model, IMAGES)
    assert found["code_bytes"] is None
    source = emit_c99(lower(model, IMAGES), max_height=6, max_width=8)
    assert found["constant_bytes"] == source.constant_bytes


def test_what_does_not_compile_is_not_taken_for_refused(tmp_path, monkeypatch):
    for tool, status in (("gcc", 1), ("size", 0)):
        (tmp_path / f"arm-none-eabi-{tool}").write_text(
            f"#!/bin/sh\necho 'automaton.c:1: error: no' >&2\nexit {status}\n")
        (tmp_path / f"arm-none-eabi-{tool}").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = deployed_figures(tiny_automaton(**INPUTS["bnn"]), IMAGES)
    assert found["not_compiled"] == "arm-none-eabi-gcc: automaton.c:1: error: no"
    assert found["code_bytes"] is None
    assert found["constant_bytes"] > 0


@pytest.mark.parametrize("state_bits", [8, 16])
@pytest.mark.parametrize("name", ["compact bnn", "4 bits", "one bit, deep, rank one", "bnn"])
def test_constants_in_the_object_are_those_that_are_listed(name, state_bits):
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    source = emit_c99(tiny_program(EVERY[name], state_bits=state_bits)[1])
    more = object_bytes(source).constants - source.constant_bytes
    # Arrays are aligned to words; one of a single byte becomes a part of the code.
    assert -1 <= more <= 3 * len(source.constants)


def test_levels_of_the_picture_are_listed_too():
    settings = with_quantizers(TINY, **{**BINARY, "input_planes": 9})
    source = emit_c99(tiny_program(settings, state_bits=8)[1])
    steps = next(each for each in source.constants if each.name == "grey_steps")
    assert f"grey_steps[{steps.bytes}] = " in source.source
    assert source.source.count("static const") == len(source.constants)


def test_what_cannot_be_exported_says_why():
    model = tiny_automaton(perceive={"input_quantizer": "magnitude_aware_sign"})
    found = deployed_figures(model, IMAGES)
    assert list(found) == ["refused"]
    assert "magnitude_aware_sign" in found["refused"]



@pytest.mark.parametrize(
    ("preset", "state_bits", "flash", "ram"),
    [("distill", 16, 8, 36), ("distill", 8, 8, 20), ("compact", 8, 4, 12)],
)
def test_a_fully_binary_automaton_fits_a_small_cortex_m4(preset, state_bits, flash, ram):
    """KiB of flash for code and constants, of RAM for 28 x 28 cells."""
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    model = tiny_automaton(preset=preset, perceive=BINARY, update=BINARY, deviation=0.02)
    source = emit_c99(lower(model, whole_pictures(1, 2, 10, 10), state_bits=state_bits))
    held = object_bytes(source)
    assert held.code + held.constants <= 1024 * flash
    assert source.arena_bytes <= 1024 * ram


PLANES = {"kernel_planes": 5}
OTHER_SIGNS = [
    {"kernel_quantizer": "approx_sign", "input_quantizer": "approx_sign"},
    {"kernel_quantizer": "swish_sign"}, {"kernel_quantizer": "magnitude_aware_sign"},
]


@pytest.mark.parametrize(("preset", "network"), [
    *((preset, network) for preset in ("distill", "wide", "clothing")
      for network in (KERNELS, BINARY, {**BINARY, **PLANES})),
    ("distill", {**KERNELS, **PLANES}), *(("clothing", network) for network in OTHER_SIGNS),
], ids=str)
def test_one_bit_constants_are_hardly_more_than_in_theory(preset, network):
    need("arm-none-eabi-gcc", "arm-none-eabi-size")
    model = tiny_automaton(preset=preset, perceive=network, update=network, deviation=0.02)
    held = object_bytes(emit_c99(lower(model, whole_pictures(1, 2, 10, 10))))
    theory = memory_of(model.layout.layers).bytes
    if network["kernel_quantizer"] == "magnitude_aware_sign":
        # Its magnitudes, which follow from latent weights, are not counted in theory.
        theory += 4 * sum(layer.outputs for layer in model.layout.layers)
    assert held.constants <= 1.05 * theory
