import inspect

import pytest

from larqca.backend import larq
from larqca.quantizers.registry import QUANTIZERS, bits, label, normalize


@pytest.mark.parametrize("name", QUANTIZERS)
def test_parameters_and_defaults_are_larqs_own(name):
    quantizer = getattr(larq.quantizers, QUANTIZERS[name].class_name)
    signature = inspect.signature(quantizer.__init__)
    parameters = signature.parameters.values()
    theirs = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    theirs.pop("self")
    ours = {key: parameter.default for key, parameter in QUANTIZERS[name].parameters.items()}
    if name == "dorefa_quantizer":  # its mode follows from where it stands
        theirs.pop("mode")
        ours.pop("mode")
    assert ours == theirs


@pytest.mark.parametrize("name", QUANTIZERS)
def test_bits_are_larqs_precision(name):
    quantizer = getattr(larq.quantizers, QUANTIZERS[name].class_name)()
    assert bits(normalize(name, role="input")) == quantizer.precision


@pytest.mark.parametrize("name", QUANTIZERS)
def test_names_are_larqs_aliases(name):
    assert type(larq.quantizers.get(name)).__name__ == QUANTIZERS[name].class_name


def test_dorefa_mode_follows_its_place():
    assert normalize("dorefa_quantizer", role="kernel")["mode"] == "weights"
    assert normalize("dorefa_quantizer", role="input")["mode"] == "activations"
    assert bits(normalize({"name": "dorefa_quantizer", "k_bit": 5}, role="kernel")) == 5


def test_equal_settings_have_equal_specs():
    one = normalize({"name": "ste_sign", "clip_value": 1}, role="kernel")
    assert one == normalize("ste_sign", role="kernel") == {"name": "ste_sign", "clip_value": 1.0}
    assert repr(one["clip_value"]) == "1.0"


@pytest.mark.parametrize("value", [None, "none", {"name": "none"}])
def test_none_is_float(value):
    assert normalize(value, role="kernel") is None
    assert bits(None) == 32


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ste_sgin", "unknown quantizer 'ste_sgin' \\(did you mean 'ste_sign'\\?\\)"),
        ({"name": "ste_sign", "beta": 1}, "unknown parameter of ste_sign 'beta'"),
        ({"name": "approx_sign", "beta": 1}, "'approx_sign' takes no parameters"),
        ({"name": "dorefa_quantizer", "k_bit": 0}, "must be at least 1, got 0"),
        ({"name": "dorefa_quantizer", "k_bit": 2.5}, "whole number"),
        ({"name": "swish_sign", "beta": float("nan")}, "must be finite"),
        ({"name": "swish_sign", "beta": float("inf")}, "must be finite"),
        ({"name": "ste_tern", "ternary_weight_networks": 1}, "true or false"),
        ({"name": "dorefa_quantizer", "mode": "weight"}, "one of activations, weights"),
        ({"k_bit": 2}, "needs 'name'"),
        (3, "must be a quantizer's name"),
    ],
)
def test_bad_specs_say_what_is_allowed(value, message):
    with pytest.raises(ValueError, match=message):
        normalize(value, role="kernel")


def test_label_shows_what_differs_from_the_default():
    assert label(normalize("ste_tern", role="kernel")) == "ste_tern"
    spec = normalize({"name": "ste_tern", "threshold_value": 0.33}, role="kernel")
    assert label(spec) == "ste_tern(threshold_value=0.33)"
