import numpy as np
import pytest

from larqca.backend import tf
from larqca.errors import ConfigError
from larqca.quantizers.build import build, is_elementwise
from larqca.quantizers.registry import QUANTIZERS, bits, normalize


def test_sign_of_zero_is_larqs_plus_one():
    quantizer = build(normalize("ste_sign", role="input"))
    np.testing.assert_array_equal(quantizer(tf.constant([-1e-9, 0.0, 1e-9])), [-1, 1, 1])


@pytest.mark.parametrize("name", QUANTIZERS)
@pytest.mark.parametrize("role", ["kernel", "input"])
def test_levels_need_no_more_than_the_stated_bits(name, role):
    spec = normalize(name, role=role)
    values = np.linspace(-2, 2, 401, dtype=np.float32).reshape(-1, 1)
    assert len(np.unique(build(spec)(tf.constant(values)))) <= 2 ** bits(spec)


@pytest.mark.parametrize("name", QUANTIZERS)
def test_which_input_quantizers_look_at_one_value_only(name):
    assert is_elementwise(build(normalize(name, role="input"))) == (name != "magnitude_aware_sign")


def test_statistics_of_the_whole_tensor_are_noticed():
    for spec in (
        {"name": "dorefa_quantizer", "mode": "weights"},
        {"name": "ste_tern", "ternary_weight_networks": True},
    ):
        assert not is_elementwise(build(normalize(spec, role="input")))


def test_a_users_own_quantizer_by_import_path(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "import larq\n"
        "class Halves(larq.quantizers.SteSign):\n"
        "    precision = 3\n"
        "    def call(self, inputs):\n"
        "        return 0.5 * super().call(inputs)\n"
        "def without_precision(x):\n    return x\n"
        "number = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = normalize({"name": "mine:Halves", "clip_value": 2.0}, role="kernel")
    assert bits(spec) == 3
    np.testing.assert_array_equal(build(spec)(tf.constant([-3.0, 4.0])), [-0.5, 0.5])
    for name, message in [
        ("mine:Thirds", "cannot be imported"),
        ("no_such_module:x", "cannot be imported"),
        ("mine:without_precision", "needs an attribute `precision`"),
        ("mine:number", "not callable"),
    ]:
        with pytest.raises(ConfigError, match=message):
            build({"name": name})
    with pytest.raises(ConfigError, match="does not accept"):
        build({"name": "mine:Halves", "colour": 1})


def test_a_quantizer_that_compares_with_the_mean_is_not_elementwise():
    assert not is_elementwise(lambda x: tf.where(x >= tf.reduce_mean(x), 1.0, -1.0))
    assert is_elementwise(lambda x: tf.where(x >= 0.5, 1.0, -1.0))
