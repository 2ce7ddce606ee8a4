"""Flatbuffers compute what Keras does, or are refused with the layer and the reason.

With LARQCA_REQUIRE_TOOLCHAINS=1 (set by .ci/run) a missing Larq Compute Engine fails these
tests instead of skipping them.
"""

import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from larqca.automata.model_file import write_model
from larqca.cli import main as command
from larqca.config.canonical import build_run_config
from larqca.errors import ExportError
from larqca.export.flatbuffer import build as building
from larqca.export.flatbuffer import comparison
from larqca.export.flatbuffer.binary_layers import binary_change, binary_layers
from larqca.export.flatbuffer.build import ROLLOUT, STEP, build, check_binary
from larqca.export.flatbuffer.machine import open_machine
from larqca.export.flatbuffer.step_graph import ROLLOUT_STEPS, step_graph
from larqca.export.flatbuffer.vectors import keras_vectors, read_vectors
from larqca.export.manifest import read_manifest
from tests.automata.helpers import random_pictures, tiny_automaton
from tests.export.cases import BNN, EVERY
from tests.export.helpers import DEEP, TINY, with_quantizers
from tests.toolchains import need_package

SIZE = (5, 7)
BINARY = {
    **{name: EVERY[name] for name in (
        "bnn", "bnn, deep, padded", "bnn, no scales", "bnn, rank one", "bnn, planes of both",
        "bnn, even planes", "clothing")},
    "padded, planes": with_quantizers(
        DEEP, pad_values=1, kernel_planes=3, input_planes=14, **BNN),
    "approx_sign, swish_sign": with_quantizers(
        TINY, kernel_quantizer="approx_sign", input_quantizer="swish_sign", input_planes=3),
    "own magnitudes": with_quantizers(
        TINY, kernel_quantizer="magnitude_aware_sign", input_quantizer="ste_sign"),
}
FLOAT = ("float", "float, rank one", "one bit, deep, rank one", "ternary", "planes", "swish_sign",
         "own magnitudes in planes")
REFUSED = {
    "float": "layer 'perceive/0': its kernel is float",
    "one bit": "layer 'perceive/0': its input is float",
    "ternary both": "layer 'perceive/0': its kernel quantizer 'ste_tern'",
    "heaviside inputs": "layer 'perceive/0': its input quantizer 'ste_heaviside'",
    "dorefa inputs": "layer 'perceive/0': its input quantizer 'dorefa_quantizer'",
    "clothing, mixed": "layer 'update/0': its kernel is float",
    "bnn, von neumann": "layer 'perceive/0': its neighbourhood is von_neumann",
    "own magnitudes in planes, bnn": "layer 'perceive/0': planes of 'magnitude_aware_sign'",
}


def lce():
    need_package("larq_compute_engine", "lce")


def differences(model, target, pictures=2):
    """The largest difference to Keras of each file, in 20 steps."""
    images = random_pictures(3, pictures, *SIZE)
    flat = build(model, target, *SIZE, images)
    vectors = keras_vectors(model, images, *SIZE, fire="random", seed=5)
    assert np.ptp(vectors.states[-1]) > 0.1  # it moves
    found = comparison.compare(flat.files, target, vectors)
    return flat, {name: max(each["largest"]) for name, each in found.items()}, vectors


@pytest.mark.parametrize("name", BINARY)
def test_binary_automata_are_as_in_keras(name):
    lce()
    model = tiny_automaton(deviation=0.1, classes=3, **BINARY[name])
    flat, apart, vectors = differences(model, "lce")
    bound = 1e-5 * max(1.0, np.abs(vectors.states).max())
    assert set(apart) == {STEP, ROLLOUT}
    assert max(apart.values()) < bound
    planes = [(layer.kernel_planes, layer.input_planes) for layer in model.layout.layers]
    wanted = sum(kernel * inputs.bit_length() for kernel, inputs in planes)
    for found in flat.operators.values():
        assert found["LceBconv2d"] == wanted
        assert not {"CONV_2D", "FULLY_CONNECTED", "DEPTHWISE_CONV_2D"} & set(found)
    # Of a model made anew: Keras counts the layers of a process.
    assert build(tiny_automaton(deviation=0.1, classes=3, **BINARY[name]), "lce", *SIZE) == flat


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_binary_is_refused(name):
    with pytest.raises(ExportError, match=REFUSED[name]):
        build(tiny_automaton(classes=3, **EVERY[name]), "lce", *SIZE)


def test_a_silent_fallback_to_floating_point_is_found():
    lce()
    model = tiny_automaton(deviation=0.1, classes=3, **EVERY["bnn"])
    layers = list(binary_layers(model))
    ternary = layers[1].kernels[0].copy()
    ternary[0, 0, 0] = 0.0
    layers[1] = replace(layers[1], kernels=(ternary,))
    graph = step_graph(model.layout, *SIZE, partial(binary_change, layers))
    content = building._converted_by_lce(graph)
    with pytest.raises(ExportError, match=r"layer 'update/0': .* made a CONV_2D of it"):
        check_binary(STEP, content, tuple(layers))
    whole = build(model, "lce", *SIZE).files[STEP]
    with pytest.raises(ExportError, match="holds 3 binary convolutions instead of 2"):
        check_binary(STEP, whole, tuple(layers[:2]))


@pytest.mark.parametrize("name", FLOAT)
def test_float_files_are_as_in_keras(name):
    model = tiny_automaton(deviation=0.1, classes=3, **EVERY[name])
    flat, apart, _ = differences(model, "tflite")
    assert set(apart) == {STEP, ROLLOUT}
    assert max(apart.values()) < 1e-4
    assert flat.operators[STEP]["CONV_2D"] == len(model.layout.layers)
    assert build(tiny_automaton(deviation=0.1, classes=3, **EVERY[name]), "tflite", *SIZE) == flat


@pytest.mark.parametrize("target", ["tflite", "tflite-int8"])
def test_quantized_inputs_are_not_for_tensorflow_lite(target):
    with pytest.raises(ExportError, match=r"layer 'perceive/0': its inputs are quantized.*lce"):
        build(tiny_automaton(classes=3, **EVERY["bnn"]), target, *SIZE)


def test_eight_bits_want_living_cells():
    with pytest.raises(ExportError, match="no calibration picture has a live cell"):
        build(tiny_automaton(**TINY), "tflite-int8", *SIZE, np.zeros((2, *SIZE), np.float32))


def test_dead_cells_stay_and_steps_beyond_the_masks_are_left_out():
    model = tiny_automaton(deviation=0.1, classes=3, **TINY)
    flat = build(model, "tflite", *SIZE)
    picture = random_pictures(1, 1, *SIZE)
    start = model.seed_state(picture)
    fire = np.ones((ROLLOUT_STEPS, 1, *SIZE, 1), np.float32)
    rollout = open_machine(flat.files[ROLLOUT], "tflite")
    assert np.array_equal(rollout(start, fire, np.int32(0)), start)
    last = rollout(start, fire, np.int32(ROLLOUT_STEPS))
    assert np.array_equal(rollout(start, fire, np.int32(99)), last)
    assert np.array_equal(last[~model.alive(picture)], start[~model.alive(picture)])
    assert (last != start).any()


@pytest.fixture(scope="module")
def binary_model(tmp_path_factory):
    """A file of a fully binary automaton."""
    path = tmp_path_factory.mktemp("models") / "binary.npz"
    settings = {"preset": "compact", **EVERY["bnn"]}
    model = tiny_automaton(deviation=0.1, **settings)
    write_model(path, build_run_config(settings), 10, model.arrays())
    return path


@pytest.fixture(scope="module")
def float_model(project_root):
    return project_root / "reports" / "models" / "mnist_float.npz"


def exported(model, out, target, *more):
    arguments = ["export", model, "--data", "digits", "--target", target, "--out", out, *more]
    assert command.run([str(each) for each in arguments]) == 0
    return out


def refused(capsys, arguments, message):
    """One line and exit code 1."""
    assert command.run([str(each) for each in arguments]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("target", ["lce", "tflite"])
def test_the_command_writes_what_verifies(target, binary_model, float_model, tmp_path, capsys):
    if target == "lce":
        lce()
    model = binary_model if target == "lce" else float_model
    out = exported(model, tmp_path / "out", target, "--max-height", 6, "--seed", 3)
    said = capsys.readouterr()
    assert "grids of 6 x 8" in said.out
    assert said.err == ""
    assert sorted(os.listdir(out)) == ["manifest.json", ROLLOUT, STEP, "vectors.npz"]
    content = read_manifest(out)
    assert content["memory"]["file_bytes"][STEP] == (out / STEP).stat().st_size
    assert 500 < content["memory"]["constant_bytes"][STEP] < content["memory"]["file_bytes"][STEP]
    assert content["interface"]["inputs"][STEP]["fire"] == [1, 6, 8, 1]
    assert content["comparison"][ROLLOUT]["steps"] == [1, 5, 20]
    assert content["origin"]["data"] == "digits"
    assert command.run(["verify", str(out)]) == 0
    assert "4 pictures, 20 steps: states are at most" in capsys.readouterr().out
    again = exported(model, tmp_path / "again", target, "--max-height", 6, "--seed", 3)
    for path in out.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


def test_eight_bits_are_judged(float_model, tmp_path, capsys):
    out = exported(float_model, tmp_path / "out", "tflite-int8", "--images", 3)
    assert "3 test images, Keras to integers" in capsys.readouterr().out
    assert sorted(os.listdir(out)) == ["manifest.json", STEP, "vectors.npz"]
    content = read_manifest(out)
    assert set(content["interface"]["words"]) == {"state", "fire"}
    assert "QUANTIZE" not in content["operators"][STEP]
    assert content["comparison"][STEP]["mean"][0] < 0.02
    assert set(content["metrics"]["integers"]) == {"20", "200"}
    assert command.run(["verify", str(out)]) == 0
    again = exported(float_model, tmp_path / "again", "tflite-int8", "--images", 3)
    assert (again / STEP).read_bytes() == (out / STEP).read_bytes()
    assert (again / "manifest.json").read_bytes() == (out / "manifest.json").read_bytes()


def test_refusals_write_nothing(binary_model, float_model, tmp_path, capsys, monkeypatch):
    def refuse(model, target, message, *more):
        out = tmp_path / "out"
        refused(capsys, ["export", model, "--data", "digits", "--target", target, "--out", out,
                         *more], message)
        assert os.listdir(tmp_path) == []

    refuse(float_model, "lce", "layer 'perceive/0': its kernel is float")
    refuse(binary_model, "tflite", "layer 'perceive/0': its inputs are quantized")
    refuse(binary_model, "lce", "--state-bits is for integer programs", "--state-bits", 8)
    refuse(float_model, "tflite", "--prefix is for integer programs", "--prefix", "me")
    refuse(float_model, "tflite", "max_width must be from 1 to 4096", "--max-width", 5000)
    monkeypatch.setattr(comparison, "TOLERANCE", {"tflite": 1e-12})
    refuse(float_model, "tflite", "step.tflite: after step 1 its states are")
    monkeypatch.setitem(sys.modules, "larq_compute_engine", None)
    refuse(binary_model, "lce", "pip install 'larqca[lce]'")


def test_verify_finds_files_that_compute_something_else(float_model, tmp_path, capsys):
    out = exported(float_model, tmp_path / "out", "tflite")
    capsys.readouterr()
    refused(capsys, ["verify", out, "--target", "cortex-m4"], "run on the host only")
    refused(capsys, ["verify", out, "--cc", "gcc"], "--cc and --flags are for C")
    refused(capsys, ["verify", out, "--random", "3"], "--random and --seed are for C")
    refused(capsys, ["verify", out, "--seed", "0"], "--random and --seed are for C")
    content = json.loads((out / "manifest.json").read_text())
    vectors = read_vectors(out / "vectors.npz")
    files = {STEP: (out / STEP).read_bytes()}
    moved = replace(vectors, states=vectors.states + np.float32(0.01))
    found = comparison.compare(files, "tflite", moved)
    with pytest.raises(ExportError, match=r"step.tflite: after step 1 "):
        comparison.check(found, "tflite", moved, before=content["comparison"])
    Path(out / STEP).write_bytes(b"TFL3")
    refused(capsys, ["verify", out], "step.tflite: is missing or was edited")


def test_eight_bits_that_drift_further_do_not_verify():
    vectors = keras_vectors(tiny_automaton(**TINY), random_pictures(1, 1, *SIZE), *SIZE,
                            fire="all", seed=0)
    before = {STEP: {"largest": [1.0] * 3, "mean": [0.01] * 3}}
    comparison.check(before, "tflite-int8", vectors, before=before)
    now = {STEP: {"largest": [1.0] * 3, "mean": [0.01, 0.03, 0.01]}}
    with pytest.raises(ExportError, match=r"after step 5 its states are 0.03 from .* 0.02 is"):
        comparison.check(now, "tflite-int8", vectors, before=before)
