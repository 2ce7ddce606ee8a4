import pytest

from larqca.config.canonical import build_run_config, canonical_json, merge, run_hash
from larqca.config.schema import RunConfig
from larqca.errors import ConfigError


def test_equal_runs_have_one_name_however_they_are_written():
    plain = build_run_config({})
    spelt_out = build_run_config(
        {
            "preset": "distill",
            "data": "digits",
            "perceive": {"kernel_quantizer": None, "bias": [True], "scale": "none"},
            "update": {"kernel_quantizer": ["none", None]},
            "training": {"optimizer": {"learning_rate": 0.001}},
        }
    )
    assert run_hash(plain) == run_hash(spelt_out)
    assert canonical_json(plain) == canonical_json(spelt_out)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"preset": "compact"},
        {"data": "mnist"},
        {"update": {"kernel_quantizer": "ste_sign"}},
        {"perceive": {"pad_values": 1}},
        {"training": {"iterations": 7}},
        {"training": {"settle_until": 0.9}},  # though without quantized kernels none do
        {"evaluation": {"seed": 1}},
        {"start_from": {"run": "0123456789abcdef"}},
    ],
)
def test_a_different_run_has_another_name(change):
    assert run_hash(build_run_config(change)) != run_hash(build_run_config({}))


SIGNS = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}
RATES = {"learning_rate": 1e-3, "latent_factor": 3.0}


def test_another_order_of_settling_is_another_run_and_the_usual_one_spelt_out_is_not():
    def name(**training):
        training = {"settle_until": 0.9, **training}
        return run_hash(build_run_config({"update": SIGNS, "training": training}))

    assert name() == name(settle_first="sensitive") != name(settle_first="nearest")
    assert name() == name(settle_power=1.5) != name(settle_power=3)


def test_the_name_of_a_run_of_before_there_was_an_order_stays_the_same():
    training = {"settle_until": 0.9, "settle_first": "nearest", "optimizer": RATES, "schedule": []}
    config = build_run_config({"update": SIGNS, "training": training})
    assert run_hash(config) == "9a380818fd293c1d"
    assert RunConfig.model_validate_json(canonical_json(config)) == config


def test_an_order_of_settling_is_nothing_to_a_run_without():
    plain = build_run_config({"training": {"settle_first": "sensitive", "settle_power": 3}})
    assert run_hash(plain) == run_hash(build_run_config({}))


def test_weights_settle_at_a_high_constant_rate_unless_another_is_named():
    def training(update=SIGNS, **named):
        settings = {"update": update, "training": {"settle_until": 0.6, **named}}
        return build_run_config(settings).training

    def rates(found):
        optimizer = found.optimizer
        return optimizer.learning_rate, optimizer.latent_factor

    assert rates(training()) == (2e-3, 3.0)
    four_bits = {"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 4}}
    assert rates(training(four_bits)) == (2e-3, 1.0)
    assert rates(training(four_bits, optimizer={"learning_rate": 5e-4})) == (5e-4, 1.0)
    assert [drop.model_dump() for drop in training().schedule] == [{"after": 0.6, "factor": 0.2}]
    assert rates(training(optimizer={"latent_factor": 7.0})) == (2e-3, 7.0)
    assert rates(training(optimizer={"name": "adam"})) == (1e-3, 3.0)
    assert training(schedule=[]).schedule == []
    plain = build_run_config({}).training
    assert training({}).schedule == plain.schedule
    assert rates(training({})) == rates(plain)


def test_kernels_of_few_levels_settle_unless_a_configuration_says_otherwise():
    def settles(update=SIGNS, perceive=None, **training):
        settings = {"update": update, "perceive": perceive or {}, "training": training}
        return build_run_config(settings).training.settle_until

    two_bits = {"kernel_quantizer": "dorefa_quantizer"}
    zeros = {"kernel_quantizer": "ste_tern", "kernel_planes": 1}
    assert [settles(few) for few in (SIGNS, two_bits, zeros)] == [0.9, 0.9, 0.9]
    assert settles(zeros, perceive=two_bits) == 0.9
    assert settles(two_bits | {"input_quantizer": "dorefa_quantizer"}) == 0.9
    for more in (
        {},
        {"kernel_quantizer": "ste_sign"},  # four planes
        SIGNS | {"kernel_planes": [1, 2]},
        {"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 4}},
        SIGNS | {"scale": "none"},
        SIGNS | {"input_quantizer": "ste_sign"},
        SIGNS | {"input_quantizer": "a_users:own"},
        {"kernel_quantizer": "magnitude_aware_sign", "kernel_planes": 1},
        {"kernel_quantizer": "a_users:own"},
    ):
        assert settles(more) is None
        assert settles(more, perceive=SIGNS) == (None if more else 0.9)
    assert settles(settle_until=0.5) == 0.5
    assert settles(settle_until=None) is settles(iterations=0) is None
    assert settles(optimizer={"name": "adam"}) is None


def test_the_name_of_a_run_stays_the_same_between_versions():
    """Stores are found again by it: a change here makes every finished run be done anew."""
    assert run_hash(build_run_config({})) == "218d45baab79e8b9"


def test_float_kernels_behind_signs_learn_slowly_unless_a_rate_is_named():
    def rate(**settings):
        return build_run_config(settings).training.optimizer.learning_rate

    signs = {"input_quantizer": "ste_sign"}
    assert rate() == rate(update=signs | {"kernel_quantizer": "ste_sign"}) == 1e-3
    assert rate(update=signs) == rate(perceive=signs, update=signs) == 1e-4
    assert rate(update=signs | {"scale": "none"}) == 1e-3  # from scratch
    assert rate(update={"input_quantizer": {"name": "dorefa_quantizer", "k_bit": 3}}) == 1e-3
    assert rate(update={"input_quantizer": "a_users:own"}) == 1e-3
    both = {"kernel_quantizer": "ste_sign", "input_quantizer": "ste_sign"}
    assert rate(update=both) == 1e-3
    assert rate(update=both, training={"settle_until": 0.9}) == 1e-4
    named = {"optimizer": {"learning_rate": 1e-3}}
    assert rate(update=signs, training=named) == 1e-3


def latent_factor(**settings):
    return build_run_config(settings).training.optimizer.latent_factor


def test_latent_weights_of_plain_kernels_learn_fast_unless_it_is_said():
    sign, planes = {"kernel_quantizer": "ste_sign", "kernel_planes": 1}, {"kernel_planes": 4}
    four_bits = {"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 4}}
    assert latent_factor() == 0.3
    assert latent_factor(update=sign) == latent_factor(perceive=sign, update=sign) == 3.0
    assert latent_factor(update={"kernel_quantizer": "ste_tern", "kernel_planes": 1}) == 3.0
    assert latent_factor(update=sign | planes) == 0.3
    assert latent_factor(perceive=four_bits, update=sign) == [0.3, 3.0, 3.0]
    assert latent_factor(update=sign | {"kernel_planes": [1, 4]}) == [3.0, 0.3]
    assert latent_factor(update={"input_quantizer": "ste_sign"}) == 0.3
    assert latent_factor(update={"kernel_quantizer": "a_users:own"}) == 0.3
    for said in (0.3, 1.0, [0.5, 2.0]):
        training = {"optimizer": {"latent_factor": said}}
        assert latent_factor(update=sign, training=training) == said


def test_what_was_read_back_is_what_was_written():
    config = build_run_config({"update": {"kernel_quantizer": "ste_sign"}})
    assert type(config).model_validate_json(canonical_json(config)) == config


def test_merge_replaces_a_quantizer_of_another_name_whole():
    base = {"k": {"name": "ste_tern", "threshold_value": 0.3}, "a": {"b": 1, "c": 2}}
    assert merge(base, {"k": {"name": "ste_sign"}})["k"] == {"name": "ste_sign"}
    assert merge(base, {"k": {"clip_value": 2}})["k"]["name"] == "ste_tern"
    assert merge(base, {"a": {"b": 3}}) == {**base, "a": {"b": 3, "c": 2}}


def test_merge_keeps_the_rates_of_another_optimizer_and_not_its_arguments():
    base = {"optimizer": {"learning_rate": 0.5, "arguments": {"rms": 0.1}}}
    for name, arguments in (("muon", {"rms": 0.1}), ("adam", {})):
        merged = merge(base, {"optimizer": {"name": name}})["optimizer"]
        assert (merged["name"], merged["learning_rate"]) == (name, 0.5)
        assert merged["arguments"] == arguments
    adam = merge(base, {"optimizer": {"name": "adam", "arguments": {"beta_1": 0.5}}})
    assert adam["optimizer"]["arguments"] == {"beta_1": 0.5}
    assert merge(adam, {"optimizer": {"learning_rate": 1.0}})["optimizer"]["name"] == "adam"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "distil"}, "preset: unknown preset 'distil' (did you mean 'distill'?)"),
        ({"preset": 3}, "preset: unknown preset 3"),
        ({"trainig": {}}, "trainig: unknown key 'trainig' (did you mean 'training'?)"),
        (
            {"perceive": {"kernel_quantiser": "x"}},
            "perceive.kernel_quantiser: unknown key 'kernel_quantiser' "
            "(did you mean 'kernel_quantizer'?)",
        ),
        ({"data": "minst"}, "data: unknown value 'minst' (did you mean 'mnist'?)"),
        ({"training": {"iterations": "5"}}, "training.iterations: input should be a valid integer"),
        ({"training": {"iterations": True}}, "training.iterations: input should be a valid"),
        ({"training": {"batch_size": 0}}, "training.batch_size: input should be greater"),
        ({"training": {"pool_size": 4}}, "pool_size (4) must be at least batch_size (16)"),
        ({"training": {"fresh_share": 0.9}}, "must not add up to more than 1"),
        ({"cell": {"noise": float("nan")}}, "cell.noise: input should be"),
        ({"update": {"bias": [True]}}, "update.bias: bias has 1 entries for 2 layers"),
        ({"update": {"kernel_quantizer": "sign"}}, "update.kernel_quantizer: unknown quantizer"),
        (
            {"training": {"optimizer": {"name": "adam", "arguments": {"beta1": 0.5}}}},
            "did you mean 'beta_1'?",
        ),
        (
            {"training": {"optimizer": {"arguments": {"momentum": 5}}}},
            "argument 'momentum' must be at least 0 and below 1, got 5",
        ),
        (
            {"training": {"optimizer": {"arguments": {"weight_decay": -1}}}},
            "argument 'weight_decay' must be at least 0, got -1",
        ),
        ({"training": None}, "training: must be a mapping, got None"),
        (
            {"training": {"schedule": [{"after": 0.5, "factor": 0.1, "foo": 1}]}},
            "unknown key 'foo'; allowed: after, factor",
        ),
        (
            {"update": {"kernel_quantizer": {"name": "swish_sign", "beta": float("inf")}}},
            "must be finite",
        ),
        (
            {"update": {"kernel_quantizer": {"name": "ste_sign", "clip_value": 10**400}}},
            "must be finite",
        ),
        (
            {"update": {"kernel_quantizer": {"name": "a_users:own", "x": float("nan")}}},
            "parameter 'x' of a_users:own must be finite",
        ),
        ({"training": {"optimizer": {"latent_factor": 0}}}, "must be a number above 0, or a list"),
        ({"training": {"optimizer": {"latent_factor": []}}}, "must be a number above 0"),
        (
            {"training": {"optimizer": {"latent_factor": [1, 2]}}},
            "latent_factor has 2 entries for 0 layers with a quantized kernel",
        ),
        (
            {"training": {"settle_until": 0.9},
             "update": {"kernel_quantizer": "magnitude_aware_sign"}},
            "settle_until is not for kernels in magnitude_aware_sign",
        ),
        (
            {"training": {"settle_until": 0.9}, "perceive": {"kernel_quantizer": {
                "name": "ste_tern", "ternary_weight_networks": True}}},
            "settle_until is not for kernels in ste_tern",
        ),
        ({"training": {"settle_until": 1.0}}, "training.settle_until: input should be less than 1"),
        ({"perceive": {"widths": []}}, "perceive.widths: list should have at least 1 item"),
        ({"perceive": {"kernel_planes": 2}}, "kernel_planes (2) are those of a quantizer"),
        ({"update": {"input_planes": 2}}, "input_planes (2) are those of a quantizer"),
        (
            {"update": {"input_quantizer": "dorefa_quantizer", "input_planes": 2}},
            "not for dorefa_quantizer; give it a k_bit",
        ),
        ({"seed": 1.5}, "seed: input should be a valid integer"),
    ],
)
def test_errors_name_the_field_and_what_is_allowed(settings, message):
    with pytest.raises(ConfigError) as caught:
        build_run_config(settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
