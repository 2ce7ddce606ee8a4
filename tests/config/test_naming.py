"""What a layer gets whose quantizer is named and nothing else said."""

import pytest

from larqca.config.canonical import build_run_config
from larqca.errors import ConfigError
from larqca.quantizers.registry import QUANTIZERS


def networks(**settings):
    return build_run_config({"perceive": settings, "update": settings})


@pytest.mark.parametrize("name", QUANTIZERS)
def test_a_named_kernel_quantizer_gets_scales_and_levels_enough(name):
    """16 levels but for two planes of zeros and signs, and DoReFa, whose bits are a parameter."""
    config = networks(kernel_quantizer=name)
    planes = {"ste_tern": 2, "dorefa_quantizer": 1}.get(name, 4)
    assert config == networks(kernel_quantizer=name, kernel_planes=planes)
    assert config.perceive.scale == ["rank_one"]
    assert config.update.scale == ["channel", "channel"]
    assert config.perceive.input_planes == [1]


@pytest.mark.parametrize("name", QUANTIZERS)
def test_a_named_input_quantizer_compares_with_many_thresholds(name):
    config = networks(input_quantizer=name)
    alone = dict.fromkeys(("magnitude_aware_sign", "ste_tern", "dorefa_quantizer"), (1, 1))
    state, hidden = {"ste_sign": (30, 8), **alone}.get(name, (8, 4))
    assert config.perceive.input_planes == [state]
    assert config.update.input_planes == [hidden] * 2
    assert (config.perceive.scale, config.update.scale) == (["rank_one"], ["channel"] * 2)
    assert config.perceive.kernel_planes == [1]


def test_only_the_first_layer_reads_the_state():
    deep = {"widths": [4, 6], "input_quantizer": "ste_sign"}
    assert build_run_config({"perceive": deep}).perceive.input_planes == [30, 8]


def test_without_scales_a_quantizer_is_itself():
    """As published, where nothing was learned beside the kernels."""
    both = {"kernel_quantizer": "ste_sign", "input_quantizer": "ste_sign"}
    for config in (networks(**both, scale="none"),
                   build_run_config({"preset": "clothing", "perceive": both, "update": both})):
        for network in (config.perceive, config.update):
            assert set(network.kernel_planes) == set(network.input_planes) == {1}


def test_what_is_said_of_a_layer_is_done():
    config = build_run_config({"update": {
        "kernel_quantizer": "ste_sign", "kernel_planes": [1, None], "scale": ["channel", "none"]}})
    assert config.update.kernel_planes == [1, 1]
    config = build_run_config({"update": {"kernel_quantizer": [None, "ste_sign"]}})
    assert (config.update.kernel_planes, config.update.scale) == ([1, 4], ["none", "channel"])
    assert build_run_config({"update": {"kernel_quantizer": "a_users:own"}}).update.kernel_planes \
        == [1, 1]


@pytest.mark.parametrize("field", ["scale", "kernel_planes", "bias"])
def test_what_cannot_be_is_told_once(field):
    with pytest.raises(ConfigError) as caught:
        build_run_config({"update": {"kernel_quantizer": "ste_sign", field: "x"}})
    assert str(caught.value).startswith(f"update.{field}")
