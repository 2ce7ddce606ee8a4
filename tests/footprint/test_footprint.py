"""Memory and MACs against the published table and against Larq's own summary."""

import pytest

from larqca.automata.layout import layout_of
from larqca.automata.neural_ca import NeuralCA
from larqca.config.canonical import build_run_config
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of, readable, readable_pair
from larqca.footprint.summary import larq_figures
from larqca.quantizers.registry import QUANTIZERS


def quantized(quantizer, **network):
    both = {"kernel_quantizer": quantizer, "kernel_planes": 1, **network}
    return {"perceive": both, "update": both}


@pytest.mark.parametrize(
    ("preset", "perceive", "update"),
    [("distill", 14_480, 8_019), ("clothing", 18_080, 7_920), ("compact", 4_640, 1_551),
     ("wide", 46_336, 70_675)],
)
def test_presets_have_their_published_parameter_counts(preset, perceive, update):
    layout = layout_of(build_run_config({"preset": preset}))
    assert memory_of(layout.perceive).parameters == perceive
    assert memory_of(layout.update).parameters == update
    model = NeuralCA(layout)
    assert model.perceive.count_params() == perceive
    assert model.update.count_params() == update


@pytest.mark.parametrize(
    ("quantizer", "memory"),
    [("none", "70.62 KiB + 30.94 KiB"), ("ste_sign", "2.51 KiB + 990 B")],
)
def test_memory_is_the_published_tables_digit_for_digit(quantizer, memory):
    layout = layout_of(build_run_config({"preset": "clothing", **quantized(quantizer)}))
    assert readable_pair(layout) == memory


@pytest.mark.parametrize("quantizer", ["none", *QUANTIZERS])
@pytest.mark.parametrize("scale", ["none", "channel", "center", "rank_one"])
@pytest.mark.parametrize("preset", ["clothing", "compact"])
def test_memory_and_macs_are_larqs(quantizer, scale, preset):
    layout = layout_of(build_run_config({"preset": preset, **quantized(quantizer, scale=scale)}))
    figures = larq_figures(NeuralCA(layout))
    assert figures["model_bytes"] == memory_of(layout.layers).bytes
    assert sum(figures["macs"].values()) == sum(macs_of(layout.layers).values())


def test_larq_counts_places_without_weights_too():
    def layout(neighbourhood):
        return layout_of(build_run_config({
            "preset": "compact", "perceive": {"neighbourhood": neighbourhood}}))

    four, eight = layout("von_neumann"), layout("moore")
    assert larq_figures(NeuralCA(four)) == larq_figures(NeuralCA(eight))
    fewer = sum(4 * layer.inputs * layer.outputs for layer in eight.perceive)
    assert memory_of(eight.layers).parameters - memory_of(four.layers).parameters == fewer


def test_macs_are_named_by_weight_and_input_bits():
    settings = {
        "preset": "distill",
        "perceive": {"kernel_quantizer": "ste_tern", "kernel_planes": 1},
        "update": {"kernel_quantizer": ["ste_sign", "none"], "input_quantizer": "ste_sign",
                   "kernel_planes": 1, "input_planes": 1},
    }
    layout = layout_of(build_run_config(settings))
    assert macs_of(layout.layers) == {"1x1": 6_400, "2x32": 14_400, "32x1": 1_520}


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (990, "990 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (72_320, "70.62 KiB"),
     (3 * 1024**2, "3.00 MiB")],
)
def test_readable_sizes(size, text):
    assert readable(size) == text


@pytest.mark.parametrize("scale", ["none", "channel", "center", "rank_one"])
def test_each_plane_is_counted_as_a_kernel(scale):
    network = {"kernel_quantizer": "ste_sign", "input_quantizer": "ste_sign", "scale": scale,
               "kernel_planes": 1, "input_planes": 1}
    one = layout_of(build_run_config({"preset": "compact", "perceive": network}))
    more = {**network, "kernel_planes": 3, "input_planes": 4}
    layout = layout_of(build_run_config({"preset": "compact", "perceive": more}))
    plain = memory_of(one.perceive)
    assert memory_of(layout.perceive).kernel_bits == 3 * plain.kernel_bits
    assert memory_of(layout.perceive).total_bits == plain.total_bits + 2 * plain.kernel_bits
    assert memory_of(layout.perceive).bits_per_weight == 1
    assert macs_of(layout.perceive) == {"1x1": 12 * macs_of(one.perceive)["1x1"]}
    assert larq_figures(NeuralCA(layout))["model_bytes"] == memory_of(layout.layers).bytes
