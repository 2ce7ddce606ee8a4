import numpy as np
import pytest

from larqca.automata import starting
from larqca.automata.calibration import layer_windows, moments_met
from larqca.automata.reconstruction import Reconstruction
from larqca.automata.starting import start_from
from larqca.errors import ModelFileError
from larqca.quantizers.registry import QUANTIZERS
from tests.automata.helpers import random_pictures, random_state, tiny_automaton


def networks(**settings):
    settings = {"kernel_planes": 1, "input_planes": 1, **settings}
    return {"perceive": settings, "update": settings}


def distance(one, other):
    """Relative difference of the changes that one step makes."""
    pictures = random_pictures(1, 4, 8, 8)
    state = random_state(one, pictures, 1)
    a, b = one(state).numpy(), other(state).numpy()
    return np.linalg.norm(a - b) / np.linalg.norm(a)


@pytest.mark.parametrize("scale", ["none", "channel", "center", "rank_one"])
def test_a_float_automaton_started_from_another_computes_the_same(scale):
    source = tiny_automaton(seed=1)
    target = tiny_automaton(seed=2, **networks(scale=scale))
    start_from(target, source)
    assert distance(source, target) < 1e-5


@pytest.mark.parametrize("scale", ["channel", "center", "rank_one"])
def test_a_scaled_float_automaton_folds_its_scales(scale):
    source = tiny_automaton(seed=1, **networks(scale=scale))
    target = tiny_automaton(seed=2)
    start_from(target, source)
    assert distance(source, target) < 1e-5


def test_layers_that_are_alike_are_copied():
    settings = networks(kernel_quantizer="ste_sign", scale="rank_one")
    source, target = tiny_automaton(seed=1, **settings), tiny_automaton(seed=2, **settings)
    start_from(target, source)
    for name, array in source.arrays().items():
        np.testing.assert_array_equal(target.arrays()[name], array)


def test_more_bits_come_closer():
    source = tiny_automaton(seed=1)
    errors = []
    for bits in (2, 4, 8):
        quantizer = {"name": "dorefa_quantizer", "k_bit": bits}
        target = tiny_automaton(seed=2, **networks(kernel_quantizer=quantizer, scale="channel"))
        start_from(target, source)
        errors.append(distance(source, target))
    assert errors[0] > errors[1] > errors[2]


# Kernels of zeros and ones cannot follow signed weights; that they start finite is below.
@pytest.mark.parametrize("quantizer", [name for name in QUANTIZERS if name != "ste_heaviside"])
def test_every_quantizer_starts_nearer_than_no_weights_at_all(quantizer):
    source = tiny_automaton(seed=1)
    target = tiny_automaton(
        seed=2, update={"kernel_quantizer": quantizer, "kernel_planes": 1, "scale": "rank_one"}
    )
    start_from(target, source)
    assert distance(source, target) < 1.0
    assert all(np.isfinite(array).all() for array in target.arrays().values())


@pytest.mark.parametrize("scale", ["center", "rank_one"])
def test_rank_one_magnitudes_are_found_exactly(scale):
    """A kernel that is sign times a rank-one magnitude loses nothing at one bit."""
    source = tiny_automaton(seed=1)
    rng = np.random.default_rng(3)
    exact = {}
    for name, array in source.arrays().items():
        if name.endswith("kernel"):
            rows = rng.uniform(0.5, 2.0, (*array.shape[:3], 1))
            if scale == "center" and len(rows) == 3:
                ring = rng.uniform(0.5, 2.0, (1, 1, array.shape[2], 1))
                rows = np.where(np.eye(9)[4].reshape(3, 3, 1, 1), rows, ring)
            columns = rng.uniform(0.5, 2.0, (1, 1, 1, array.shape[3]))
            array = np.sign(array) * rows * columns * 0.1
        exact[name] = array.astype(np.float32)
    source.set_arrays(exact)
    target = tiny_automaton(seed=2, **networks(kernel_quantizer="ste_sign", scale=scale))
    start_from(target, source)
    assert distance(source, target) < 1e-5
    scales = target.arrays()["perceive/0/input_scale"]
    assert scales.shape == target.layout.perceive[0].input_scale_shape


def test_magnitudes_of_inputs_move_through_a_relu():
    """Column scales alone are enough where the layer before can take the rows' over."""
    source = tiny_automaton(seed=1)
    rng = np.random.default_rng(3)
    arrays = source.arrays()
    for name in ("update/0/kernel", "update/1/kernel"):
        rows = rng.uniform(0.5, 2.0, (1, 1, arrays[name].shape[2], 1))
        arrays[name] = (np.sign(arrays[name]) * rows * 0.1).astype(np.float32)
    source.set_arrays(arrays)
    target = tiny_automaton(seed=2, update={
        "kernel_quantizer": "ste_sign", "kernel_planes": 1, "scale": "channel"})
    start_from(target, source)
    assert distance(source, target) < 1e-5


@pytest.mark.parametrize("before", [{"scale": "channel"}, {"kernel_quantizer": "ste_sign"}])
def test_magnitudes_move_into_whatever_is_before(before):
    source = tiny_automaton(seed=1, perceive=before)
    target = tiny_automaton(
        seed=2, perceive=before,
        update={"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 8}, "scale": "channel"},
    )
    start_from(target, source)
    assert distance(source, target) < 0.1


@pytest.mark.parametrize(("pad_values", "behind", "move"), [
    (0, "moore", True), (1, "moore", False), (1, "von_neumann", False), (1, "center", True)])
def test_what_lies_outside_the_grid_has_no_magnitudes_to_move(pad_values, behind, move):
    perceive = {
        "widths": [6, 6], "pad_values": pad_values, "neighbourhood": ["moore", behind]}
    source = tiny_automaton(seed=1, perceive=perceive)
    arrays = source.arrays()
    rows = np.geomspace(0.1, 10.0, 6, dtype=np.float32)[:, None]
    arrays["perceive/1/kernel"] = arrays["perceive/1/kernel"] * rows
    source.set_arrays(arrays)
    target = tiny_automaton(seed=2, perceive={
        **perceive, "kernel_quantizer": [None, {"name": "dorefa_quantizer", "k_bit": 8}],
        "scale": ["none", "channel"]})
    start_from(target, source)
    assert distance(source, target) < 0.1
    moved = target.arrays()["perceive/0/kernel"] != arrays["perceive/0/kernel"]
    assert moved.any() == move


def test_input_scales_before_a_quantizer_stay_where_they_are():
    settings = networks(input_quantizer="dorefa_quantizer", scale="rank_one")
    source = tiny_automaton(seed=1, **settings)
    eight = {"name": "dorefa_quantizer", "k_bit": 8}
    target = tiny_automaton(
        seed=2,
        **networks(input_quantizer="dorefa_quantizer", scale="rank_one", kernel_quantizer=eight),
    )
    start_from(target, source)
    np.testing.assert_array_equal(
        target.arrays()["update/0/input_scale"], source.arrays()["update/0/input_scale"]
    )
    assert distance(source, target) < 0.2


def test_dead_channels_give_finite_numbers():
    source = tiny_automaton(seed=1)
    arrays = source.arrays()
    arrays["update/0/kernel"][..., 3] = 0.0
    arrays["update/0/kernel"][:, :, 5] = 0.0
    arrays["update/1/kernel"][...] = 0.0
    source.set_arrays(arrays)
    for quantizer in QUANTIZERS:
        target = tiny_automaton(seed=2, **networks(kernel_quantizer=quantizer, scale="rank_one"))
        start_from(target, source)


def test_other_layers_are_refused_with_both_shapes():
    with pytest.raises(ModelFileError, match=r"3x3 16-32.*3x3 20-80"):
        start_from(tiny_automaton(preset="distill"), tiny_automaton())


@pytest.mark.parametrize("quantizer", [name for name in QUANTIZERS if name != "dorefa_quantizer"])
def test_planes_come_nearer_with_their_number(quantizer):
    source = tiny_automaton(seed=1)
    errors = []
    for planes in (1, 3, 5):
        network = networks(kernel_quantizer=quantizer, kernel_planes=planes)
        target = tiny_automaton(seed=2, **network)
        start_from(target, source)
        errors.append(distance(source, target))
    assert errors[0] > 1.5 * errors[1] > 2.25 * errors[2]
    assert errors[2] < (0.3 if quantizer == "magnitude_aware_sign" else 0.14)


def test_planes_are_copied_where_they_are_alike_and_added_up_where_they_are_not():
    settings = networks(kernel_quantizer="ste_sign", kernel_planes=3)
    source = tiny_automaton(seed=1, **settings)
    same = tiny_automaton(seed=2, **settings)
    start_from(same, source)
    for name, array in source.arrays().items():
        np.testing.assert_array_equal(same.arrays()[name], array)
    plain = tiny_automaton(seed=2)
    start_from(plain, source)
    assert distance(source, plain) < 1e-5


def running_distance(one, other, pictures):
    """Relative difference of the changes at a state that the first one reaches by itself."""
    state = one.rollout(one.seed_state(pictures), 60, seed=1)
    alive = one.alive(pictures)
    a, b = one(state).numpy()[alive], other(state).numpy()[alive]
    return np.linalg.norm(a - b) / np.linalg.norm(a)


@pytest.mark.parametrize(
    "quantizer",
    ["ste_sign", "approx_sign", "swish_sign", "ste_heaviside", "ste_tern",
     {"name": "dorefa_quantizer", "k_bit": 5}],
    ids=str,
)
@pytest.mark.parametrize("kernel_quantizer", [None, "ste_sign"])
def test_new_input_quantizers_cover_what_layers_read(quantizer, kernel_quantizer):
    planes = 1 if isinstance(quantizer, dict) else 32
    source = tiny_automaton(seed=1, deviation=0.02)
    pictures = random_pictures(1, 4, 8, 8)
    hidden = {
        "input_quantizer": quantizer, "input_planes": planes, "scale": "channel",
        "kernel_quantizer": kernel_quantizer, "kernel_planes": 6 if kernel_quantizer else 1,
    }
    target = tiny_automaton(seed=2, update=hidden)
    start_from(target, source, pictures)
    assert running_distance(source, target, pictures) < 0.2
    # DoReFa's inputs and zeros and ones have no code for the zero of a dead state.
    if not isinstance(quantizer, dict) and quantizer != "ste_heaviside":
        target = tiny_automaton(seed=2, perceive={**hidden, "scale": "rank_one"}, update=hidden)
        start_from(target, source, pictures)
        assert running_distance(source, target, pictures) < 0.25


def test_without_pictures_new_input_quantizers_start_as_they_are():
    source = tiny_automaton(seed=1)
    target = tiny_automaton(seed=2, update={"input_quantizer": "ste_sign", "input_planes": 3})
    start_from(target, source)
    for name, array in source.arrays().items():
        np.testing.assert_array_equal(target.arrays()[name], array)


def test_kernels_are_quantized_behind_inputs_that_stay_as_they_are():
    inputs = {"input_quantizer": "ste_sign", "input_planes": 4, "scale": "rank_one"}
    pictures = random_pictures(1, 4, 8, 8)
    source = tiny_automaton(seed=1, deviation=0.02, **networks(**inputs))
    target = tiny_automaton(
        seed=2, **networks(**inputs, kernel_quantizer="ste_sign", kernel_planes=7)
    )
    start_from(target, source, pictures)
    np.testing.assert_array_equal(
        target.arrays()["perceive/0/input_scale"], source.arrays()["perceive/0/input_scale"]
    )
    assert running_distance(source, target, pictures) < 0.25


@pytest.mark.parametrize("scale", ["center", "rank_one"])
def test_inputs_behind_a_layer_without_a_bias_are_covered_by_their_own_scale(scale):
    """Such a layer cannot shift what it puts out, so that the signs behind it do not clip
    what the ReLU did; but the input scale can stretch it."""
    layers = {"widths": [32, 32], "bias": [False, True]}
    source = tiny_automaton(seed=1, deviation=0.02, perceive=layers)
    pictures = random_pictures(1, 4, 8, 8)
    inputs = {"input_quantizer": ["none", "ste_sign"], "input_planes": [1, 48]}
    target = tiny_automaton(seed=2, perceive={**layers, **inputs, "scale": ["none", scale]})
    start_from(target, source, pictures)
    assert running_distance(source, target, pictures) < 0.9  # 1: no change at all
    np.testing.assert_array_equal(
        target.arrays()["perceive/0/kernel"], source.arrays()["perceive/0/kernel"]
    )


def test_a_kernel_without_a_scale_is_not_stretched_for_the_layer_behind_it():
    """A sign does not show how large its latent weights are."""
    signs = {"kernel_quantizer": "ste_sign", "scale": "none"}
    source = tiny_automaton(seed=1, deviation=0.02, perceive=signs)
    pictures = random_pictures(1, 4, 8, 8)
    target = tiny_automaton(
        seed=2, perceive=signs, update={"input_quantizer": "ste_sign", "input_planes": 8}
    )
    start_from(target, source, pictures)
    for name in ("perceive/0/kernel", "perceive/0/bias"):
        np.testing.assert_array_equal(target.arrays()[name], source.arrays()[name])


def test_a_kernel_that_was_quantized_reads_new_inputs():
    kernels = {"kernel_quantizer": "ste_sign", "kernel_planes": 7, "scale": "rank_one"}
    source = tiny_automaton(seed=1, deviation=0.02, **networks(**kernels))
    pictures = random_pictures(1, 4, 8, 8)
    for images in (None, pictures):
        target = tiny_automaton(
            seed=2, **networks(**kernels, input_quantizer="ste_sign", input_planes=32)
        )
        start_from(target, source, images)
    assert running_distance(source, target, pictures) < 0.4


@pytest.mark.parametrize(("quantizer", "planes"), [("dorefa_quantizer", 1), ("ste_sign", 8)])
def test_many_levels_reach_the_largest_weights(quantizer, planes):
    source = tiny_automaton(seed=1)
    arrays = source.arrays()
    for name in arrays:
        if name.endswith("kernel"):
            arrays[name][0, 0, 0] *= 15.0  # as in trained kernels, each column has a few
    source.set_arrays(arrays)
    spec = {"name": quantizer, "k_bit": 8} if planes == 1 else quantizer
    target = tiny_automaton(
        seed=2, **networks(kernel_quantizer=spec, kernel_planes=planes, scale="channel")
    )
    start_from(target, source)
    assert distance(source, target) < 0.12


def _sized(windows):
    return windows / np.maximum(windows.std(axis=0), 1e-9)


def test_layers_see_what_those_before_them_have_become(monkeypatch):
    """And aim at what the source puts out on its own inputs."""
    seen = []
    rebuild = starting.reconstruct

    def spied(weights, levels, scale, seen_now, **settings):
        seen.append(seen_now)
        return rebuild(weights, levels, scale, seen_now, **settings)

    monkeypatch.setattr(starting, "reconstruct", spied)
    source, pictures = tiny_automaton(seed=1, deviation=0.02), random_pictures(1, 32, 10, 10)
    target = tiny_automaton(
        seed=2, **networks(kernel_quantizer="ste_sign", kernel_planes=3, scale="channel"))
    start_from(target, source, pictures)
    met = moments_met(source, pictures)
    blocks = source.perceive_blocks + source.update_blocks
    for number in (1, 2):
        became, was = (layer_windows(model, met, number) for model in (target, source))
        # Magnitudes of inputs may have moved into the layer before: up to a scale for each.
        sized = _sized(seen[number].inputs)
        np.testing.assert_allclose(sized, _sized(became), rtol=1e-3, atol=1e-4)
        assert np.abs(sized - _sized(was)).mean() > 0.01
        sums = was[:, 0] @ blocks[number].weights().numpy()[0]
        np.testing.assert_allclose(seen[number].sums, sums, rtol=1e-3, atol=1e-3)


def test_each_layer_is_rebuilt_with_its_own_bias_and_rectifier(monkeypatch):
    asked = []
    rebuild = starting.reconstruct

    def spied(*arguments, bias, relu, **others):
        asked.append((bias, relu))
        return rebuild(*arguments, bias=bias, relu=relu, **others)

    monkeypatch.setattr(starting, "reconstruct", spied)
    source = tiny_automaton(seed=1, deviation=0.05)
    target = tiny_automaton(
        seed=2, **networks(kernel_quantizer="ste_sign", kernel_planes=3, scale="rank_one"))
    start_from(target, source, random_pictures(1, 32, 10, 10))
    assert [relu for _, relu in asked] == [layer.relu for layer in source.layout.layers]
    for (bias, _), layer in zip(asked, source.layout.layers, strict=True):
        np.testing.assert_array_equal(bias, source.arrays()[f"{layer.name}/bias"])


def test_an_unscaled_dorefa_layer_keeps_rounded_weights_below_the_largest_level(monkeypatch):
    """Its quantizer would stretch them up to that level, if no weight had it."""
    levels = np.linspace(-1.0, 1.0, 8)

    def below(weights, values, scale, seen, **settings):
        return Reconstruction(np.full(weights.shape, levels[4]), scale, np.zeros(len(scale)))

    monkeypatch.setattr(starting, "reconstruct", below)
    dorefa = {"kernel_quantizer": {"name": "dorefa_quantizer", "k_bit": 3}, "scale": "none"}
    target = tiny_automaton(seed=2, update=dorefa)
    start_from(target, tiny_automaton(seed=1, deviation=0.05), random_pictures(1, 32, 10, 10))
    for block in target.update_blocks:
        weights = np.sort(np.abs(block.weights().numpy()).ravel())
        assert weights[-1] == pytest.approx(1.0)
        assert weights[:-1] == pytest.approx(levels[4])
