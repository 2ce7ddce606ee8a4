"""One step of a program is one step of Keras, up to the rounding that it states."""

import numpy as np
import pytest

from larqca.automata.neural_ca import NeuralCA
from larqca.errors import ExportError, ModelFileError
from larqca.export.describe import describe
from larqca.export.flatbuffer.vectors import fire_masks
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.lower import lower
from larqca.export.program import CodeInput, Ramp, Steps, ToCodes
from tests.automata.helpers import tiny_automaton
from tests.export.cases import EVERY, INPUTS, KERNELS, SEPARABLE, dorefa
from tests.export.helpers import (
    DEEP,
    TINY,
    random_grid,
    tiny_program,
    whole_pictures,
    with_quantizers,
)


def step_errors(model: NeuralCA, program, pictures, seed=0):
    """Difference to the change that Keras makes, in units of a state word ``[cells]``."""
    machine, grid = random_grid(program, grey_bytes(pictures), seed)
    before = machine.values(grid)
    change = np.asarray(model(before.astype(np.float32))) * model.alive(pictures)[..., None]
    machine.step(grid)
    unit = 2.0**-program.state_fraction
    top = program.state_high * unit
    wanted = np.clip(before[..., 1:] + change, -top - unit, top)
    return (machine.values(grid)[..., 1:] - wanted) / unit


@pytest.mark.parametrize("name", INPUTS)
def test_quantized_inputs_lose_nothing_but_the_rounding_of_the_state(name):
    """Every code is the one that the float layers would put out, ties included."""
    model, program = tiny_program(INPUTS[name])
    errors = step_errors(model, program, whole_pictures(1, 6, 5, 7))
    assert np.abs(errors).max() < 0.51


WORDS = [name for name in (*KERNELS, *SEPARABLE) if "no scales" not in name]


@pytest.mark.parametrize("name", [name for name in WORDS if not name.endswith("signs behind it")])
def test_words_come_near(name):
    model, program = tiny_program(EVERY[name], activation_bits=16, deviation=0.03)
    pictures = whole_pictures(1, 6, 5, 7)
    machine = Interpreter(program)
    grid = machine.start(grey_bytes(pictures))
    for _ in range(3):
        before = machine.values(grid)
        change = np.asarray(model(before.astype(np.float32))) * model.alive(pictures)[..., None]
        machine.step(grid)
        made = (machine.values(grid) - before)[..., 1:]
        unit = 2.0**-program.state_fraction
        assert np.abs(made - change).max() < unit + 0.02 * np.abs(change).max()
    assert grid.state.any()


@pytest.mark.parametrize("name", INPUTS)
def test_programs_describe_themselves(name):
    _, program = tiny_program(INPUTS[name])
    text = describe(program)
    assert "16 bits" in text
    assert all(layer.name in text for layer in program.layers)


def test_more_bits_follow_a_trained_automaton_for_longer():
    model = tiny_automaton(seed=1, deviation=0.05, classes=3, **with_quantizers(TINY))
    pictures = whole_pictures(2, 4, 6, 6)
    state, errors = model.seed_state(pictures), []
    for bits in (8, 16):
        program = lower(model, pictures, state_bits=bits, activation_bits=bits, fire="all")
        machine = Interpreter(program)
        grid = machine.start(grey_bytes(pictures))
        machine.rollout(grid, 10)
        errors.append(np.abs(machine.values(grid) - _all_fire(model, state, 10)).max())
    assert errors[1] < 0.1 * errors[0]


def _all_fire(model, state, steps):
    alive = model.alive(state[..., 0])[..., None]
    for _ in range(steps):
        state = state.copy()
        state[..., 1:] += np.asarray(model(state)) * alive
    return state


def test_signs_at_zero_are_larqs():
    """Sums of an even number of signs are often exactly zero, which is +1."""
    settings = with_quantizers(
        {**TINY, "perceive": {"widths": [4]}},
        kernel_quantizer="ste_sign", input_quantizer="ste_sign", scale="none", bias=False)
    model, program = tiny_program(settings)
    stage = program.layers[1].stage
    assert isinstance(stage, ToCodes)
    np.testing.assert_array_equal(stage.staircase.apply(np.array([[-2] * 5, [0] * 5, [2] * 5])),
                                  [[0] * 5, [1] * 5, [1] * 5])
    assert np.abs(step_errors(model, program, whole_pictures(1, 6, 5, 7))).max() < 0.51


def test_negative_scales_turn_thresholds_round():
    model = tiny_automaton(classes=3, **with_quantizers(
        TINY, kernel_quantizer="ste_sign", input_quantizer="ste_sign", scale="rank_one"))
    arrays = model.arrays()
    for key, array in arrays.items():
        if key.endswith("_scale"):
            array[::2] *= -1
            array[0] = 0.0
    model.set_arrays(arrays)
    program = lower(model, whole_pictures(5, 4, 6, 6), fire="all")
    stairs = program.layers[0].stage.staircase
    assert isinstance(stairs, Steps)
    assert 0 < stairs.descending.sum() < len(stairs.descending)
    assert np.abs(step_errors(model, program, whole_pictures(1, 6, 5, 7))).max() < 0.51


def test_many_levels_become_ramps():
    _, program = tiny_program(with_quantizers(
        TINY, kernel_quantizer="ste_sign", input_quantizer="ste_sign", input_planes=24))
    assert isinstance(program.reader, CodeInput)
    stages = [layer.stage.staircase for layer in program.layers[:-1]]
    assert all(isinstance(stairs, Ramp) for stairs in [program.reader.state, *stages])


def test_scales_of_rows_merge_into_the_layer_before():
    settings = with_quantizers(TINY, kernel_quantizer="ste_sign", scale="rank_one")
    model = tiny_automaton(classes=3, **settings)
    arrays = model.arrays()
    arrays["update/0/input_scale"] = np.abs(arrays["update/0/input_scale"]) + 0.1
    model.set_arrays(arrays)
    program = lower(model, whole_pictures(5, 4, 6, 6))
    assert len(program.layers[0].source.premultipliers) == program.layers[0].rows
    assert len(program.layers[1].source.premultipliers) == 0


def test_a_quantizer_that_looks_at_the_whole_batch_is_refused():
    with pytest.raises(ExportError, match="depend on all cells of a batch"):
        tiny_program(with_quantizers(TINY, input_quantizer="magnitude_aware_sign"))


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_more_levels_than_a_table_holds_are_ramps(bits):
    settings = with_quantizers(TINY, kernel_quantizer="ste_sign", input_quantizer=dorefa(bits))
    model, program = tiny_program(settings)
    assert all(isinstance(layer.stage.staircase, Ramp) for layer in program.layers[:-1])
    assert np.abs(step_errors(model, program, whole_pictures(1, 6, 5, 7))).max() < 1.0


@pytest.mark.parametrize(("options", "message"), [
    ({"state_bits": 12}, "state_bits must be 8 or 16"),
    ({"activation_bits": 4}, "activation_bits must be 8 or 16"),
    ({"seed": -1}, "seed must be from 0"),
])
def test_arguments_out_of_range(options, message):
    with pytest.raises(ExportError, match=message):
        tiny_program(TINY, **options)


def test_a_fire_rate_that_no_cell_would_ever_meet_is_refused():
    settings = {**TINY, "cell": {**TINY["cell"], "fire_rate": 1e-6}}
    with pytest.raises(ExportError, match=r"fire_rate 1e-06 is less .* --fire all"):
        tiny_program(settings, fire_all=False)
    assert tiny_program(settings, fire_all=True)[1].fire_below == 65536
    model = tiny_automaton(classes=3, **settings)
    with pytest.raises(ExportError, match="fire_rate 1e-06"):
        fire_masks(model, (1, 2, 2), 1, fire="random", seed=0)


def test_weights_that_are_not_finite_are_refused():
    model = tiny_automaton(classes=3, **TINY)
    model.named_variables()["update/0/bias"].assign(np.full(5, np.nan))
    with pytest.raises(ModelFileError, match="not a finite number"):
        lower(model, whole_pictures(5, 2, 4, 4))


def test_states_that_blow_up_at_once_cannot_calibrate():
    model = tiny_automaton(classes=3, deviation=1e30, **TINY)
    with pytest.raises(ExportError, match="its states are not finite on any calibration picture"):
        lower(model, whole_pictures(5, 2, 4, 4))


def test_pictures_without_life_cannot_calibrate():
    with pytest.raises(ExportError, match="no calibration picture has a live cell"):
        lower(tiny_automaton(classes=3, **TINY), np.zeros((2, 4, 4), np.float32))


def test_a_diverging_automaton_saturates():
    _, program = tiny_program(with_quantizers(DEEP, kernel_quantizer="ste_sign", scale="none"))
    machine, grid = random_grid(program, grey_bytes(whole_pictures(1, 3, 5, 5)))
    machine.rollout(grid, 20)
    high = program.state_high
    assert grid.state.max() == high or grid.state.min() == -high - 1
    assert grid.state.max() <= high
    assert grid.state.min() >= -high - 1


@pytest.mark.parametrize("quantizer", ["Double", "Odd"])
def test_a_users_own_quantizer(tmp_path, monkeypatch, quantizer):
    (tmp_path / "own_levels.py").write_text(
        "import tensorflow as tf, larq\n"
        "class Double(larq.quantizers.SteSign):\n"
        "    def call(self, x):\n        return 2.0 * super().call(x)\n"
        "class Odd(larq.quantizers.SteSign):\n"
        "    def call(self, x):\n        return 1.3 * super().call(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    own = {"name": f"own_levels:{quantizer}"}
    kernels = with_quantizers(TINY, kernel_quantizer=own, scale="channel")
    model, program = tiny_program(kernels)
    assert program.layers[0].weights.bits == 1
    both = with_quantizers(TINY, kernel_quantizer=own, input_quantizer=own, scale="channel")
    model, program = tiny_program(both)
    assert np.abs(step_errors(model, program, whole_pictures(1, 6, 5, 7))).max() < 0.51
