"""What the report says an automaton takes is what its export takes."""

import json

from larqca.export.c99 import emit_c99
from larqca.export.deployed import code_bytes, deployed_figures
from larqca.export.lower import lower
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
