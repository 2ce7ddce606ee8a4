"""A narrower automaton starts from the channels of a wider one that count most."""

import numpy as np
import pytest

from larqca.automata.layout import layout_of
from larqca.automata.narrowing import narrowed
from larqca.automata.neural_ca import NeuralCA
from larqca.automata.starting import start_from
from larqca.config.canonical import build_run_config
from larqca.errors import ModelFileError
from tests.automata.helpers import random_pictures, random_state, tiny_automaton


def whole(*widths, **network):
    return {"cell": {"hidden_channels": 2}, "perceive": {"widths": [widths[0]], **network},
            "update": {"widths": list(widths[1:]), **network}}


def separable(width, **network):
    return {"cell": {"hidden_channels": 2},
            "perceive": {"widths": [width, width], "neighbourhood": ["center", "moore"],
                         "depthwise": [False, True], **network},
            "update": {"widths": [], **network}}


WIDE = [(whole(7), whole(5)), (whole(7, 8), whole(5, 6)), (whole(7, 8), whole(7, 6)),
        (whole(7, scale="rank_one", bias=False), whole(5, scale="rank_one", bias=False)),
        (separable(8), separable(5)), (separable(8, scale="rank_one"), separable(5))]


def layout(settings):
    return layout_of(build_run_config(settings))


@pytest.mark.parametrize(("wide", "narrow"), WIDE)
@pytest.mark.parametrize("seen", [False, True])
def test_channels_that_nothing_reads_are_left_out(wide, narrow, seen):
    source = tiny_automaton(**wide)
    arrays = source.arrays()
    layers, target = source.layout.layers, layout(narrow)
    for layer, wanted in zip(layers, target.layers, strict=True):
        if not layer.depthwise and layer.inputs > wanted.inputs:
            arrays[f"{layer.name}/kernel"][:, :, 1 : 1 + layer.inputs - wanted.inputs] = 0
    source.set_arrays(arrays)
    pictures = random_pictures(1, 3, 6, 7)
    found = narrowed(source, target, pictures if seen else None)
    assert [one.outputs for one in found.layout.layers] == [one.outputs for one in target.layers]
    state = random_state(source, pictures, 2)
    np.testing.assert_allclose(found.rollout(state, 3), source.rollout(state, 3),
                               rtol=1e-4, atol=1e-4)


def test_what_pictures_show_counts():
    """A channel that puts out nothing says nothing, whatever reads it."""
    source = tiny_automaton(**whole(6, bias=False))
    arrays = source.arrays()
    arrays["perceive/0/kernel"][..., 2] = 0
    arrays["update/0/kernel"][:, :, 2] *= 100
    source.set_arrays(arrays)
    target = layout(whole(5, bias=False))
    weights = source.arrays()["update/0/kernel"]
    pictures = random_pictures(1, 4, 6, 6)
    seen = narrowed(source, target, pictures).arrays()["update/0/kernel"]
    blind = narrowed(source, target, None).arrays()["update/0/kernel"]
    np.testing.assert_array_equal(seen, np.delete(weights, 2, axis=2))
    model = NeuralCA(target)
    start_from(model, source, pictures)
    np.testing.assert_array_equal(model.arrays()["update/0/kernel"], seen)
    assert np.abs(blind).max() == np.abs(weights).max()


def test_what_a_quantizer_makes_of_a_channel_counts():
    """Its sign says as much, however large it is."""
    settings = whole(6, bias=False)
    settings["update"] |= {"input_quantizer": "ste_sign", "input_planes": 1}
    source = tiny_automaton(**settings)
    arrays = source.arrays()
    arrays["perceive/0/kernel"][..., 2] *= 1000
    arrays["update/0/kernel"][:, :, 2] /= 100
    source.set_arrays(arrays)
    settings["perceive"] = {**settings["perceive"], "widths": [5]}
    found = narrowed(source, layout(settings), random_pictures(1, 4, 6, 6))
    np.testing.assert_array_equal(
        found.arrays()["update/0/kernel"], np.delete(arrays["update/0/kernel"], 2, axis=2))


def test_an_automaton_of_the_same_widths_is_the_source_itself():
    source = tiny_automaton(**whole(6))
    assert narrowed(source, source.layout, None) is source


@pytest.mark.parametrize("kernel_quantizer", [
    None, "ste_sign", {"name": "dorefa_quantizer", "k_bit": 6}])
def test_a_start_may_be_narrower_and_quantized_at_once(kernel_quantizer):
    source = tiny_automaton(**separable(8, bias=False))
    arrays = source.arrays()
    arrays["update/0/kernel"][:, :, 1:4] = 0
    source.set_arrays(arrays)
    model = NeuralCA(layout(separable(5, bias=False, kernel_quantizer=kernel_quantizer)))
    pictures = random_pictures(1, 12, 7, 7)
    start_from(model, source, pictures)
    state = random_state(source, pictures, 2)
    wanted, found = (each.rollout(state, 1) - state for each in (source, model))
    lost = 1e-8 if kernel_quantizer is None else 0.15
    assert np.square(found - wanted).sum() < lost * np.square(wanted).sum()


@pytest.mark.parametrize(("wide", "narrow", "message"), [
    (whole(5), whole(6), "these may be narrower, no more"),
    (whole(5, 6), whole(5), "these may be narrower, no more"),
    (whole(6), {**whole(6), "cell": {"hidden_channels": 1}}, "these may be narrower, no more"),
    (separable(6), separable(6) | {"perceive": {"widths": [5, 5]}}, "3x3 depthwise 6-6"),
    (whole(6, kernel_quantizer="ste_sign"), whole(5), "perceive/0 is quantized")])
def test_what_does_not_fit_is_told(wide, narrow, message):
    with pytest.raises(ModelFileError, match=message):
        start_from(NeuralCA(layout(narrow)), tiny_automaton(**wide))
