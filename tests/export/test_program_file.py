"""Programs survive their files, and damaged ones are refused in one line."""

import json
from dataclasses import replace

import numpy as np
import pytest

from larqca.errors import ExportError
from larqca.export.interpret import Interpreter
from larqca.export.program import Affine, Codes, Steps, Weights, Words
from larqca.export.program_file import from_parts, read_program, to_parts, write_program
from larqca.files import write_arrays
from tests.export.cases import EVERY
from tests.export.helpers import random_grid, tiny_program

NAMES = ["one bit", "bnn, planes of both", "own magnitudes in planes", "clothing, mixed",
         "two classes to a channel", "von neumann"]


@pytest.fixture(scope="module")
def program():
    return tiny_program(EVERY["bnn, planes of both"])[1]


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name, tmp_path):
    _, program = tiny_program(EVERY[name], fire_all=False)
    path = tmp_path / "program.npz"
    write_program(path, program)
    again = read_program(path)
    assert to_parts(again)[0] == to_parts(program)[0]
    grey = np.random.default_rng(1).integers(0, 256, (2, 5, 4)).astype(np.uint8)
    states = []
    for each in (program, again):
        machine, grid = random_grid(each, grey)
        machine.rollout(grid, 4)
        states.append(grid.state)
    np.testing.assert_array_equal(*states)
    before = path.read_bytes()
    write_program(path, again)
    assert path.read_bytes() == before


def changed(program, path, value):
    """The description with one field set."""
    text, arrays = to_parts(program)
    content = json.loads(text)
    at = content
    *before, last = path
    for key in before:
        at = at[key]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return json.dumps(content), arrays


@pytest.mark.parametrize(("path", "value", "message"), [
    (("format",), "other", "is 'other' version 1"),
    (("version",), 2, "reads 'larqca-program' version 1"),
    (("program",), 3, "field 'program' is not one of program"),
    (("program", "state_bits"), 12, "state_bits is 12, not 8 or 16"),
    (("program", "state_bits"), KeyError, "field 'program.state_bits' is missing"),
    (("program", "more"), 1, "field 'program.more' is unknown"),
    (("program", "classes"), 99, "classes is 99"),
    (("program", "classes_per_channel"), 3, "classes_per_channel is 3"),
    (("program", "layers", 0, "neighbourhood"), "margolus", "neighbourhood is 'margolus', not"),
    (("program", "layers", 0, "neighbourhood"), ["moore"], "neighbourhood is "),
    (("program", "seed"), -1, "seed is -1"),
    (("program", "seed"), True, "seed is True"),
    (("program", "fire_below"), 1.5, "fire_below is 1.5"),
    (("program", "fire_below"), 0, "fire_below is 0"),
    (("program", "alive_from"), 0, "alive_from is 0"),
    (("program", "alive_from"), 256, "alive_from is 256"),
    (("program", "layers"), [], "is no list of layers"),
    (("program", "layers"), None, "is no list of layers"),
    (("program", "perceive_layers"), 1, "kernel_size is 3, not 1"),
    (("program", "layers", 0, "inputs"), 7, "weight codes has shape"),
    (("program", "layers", 0, "source", "levels"), 5, "levels"),
    (("program", "layers", 0, "source", "kind"), "words", "is missing|is unknown"),
    (("program", "layers", 0, "stage", "kind"), "affine", "is not one of to_words"),
    (("program", "layers", 0, "weights", "bits"), 9, "bits is 9"),
    (("program", "layers", 0, "weights", "codes"), {"array": "none"}, "array that is missing"),
    (("program", "layers", 0, "weights", "codes"), [1], "is not an array"),
    (("program", "reader", "grey"), None, "is not one of steps, ramp"),
])
def test_damaged_descriptions(program, path, value, message):
    text, arrays = changed(program, path, value)
    with pytest.raises(ExportError, match=message) as caught:
        from_parts(text, arrays)
    assert "\n" not in str(caught.value)


def test_damaged_arrays(program):
    text, arrays = to_parts(program)
    for name, array in arrays.items():
        for bad in (array.astype(float), array[..., None], array[:0]):
            with pytest.raises(ExportError):
                from_parts(text, {**arrays, name: bad})
        with pytest.raises(ExportError, match="missing"):
            from_parts(text, {key: each for key, each in arrays.items() if key != name})
    with pytest.raises(ExportError, match="'more' is not expected"):
        from_parts(text, {**arrays, "more": np.zeros(1, np.int8)})


def test_files_that_are_no_programs(tmp_path, program):
    path = tmp_path / "program.npz"
    with pytest.raises(ExportError, match="no such file"):
        read_program(path)
    for content in (b"", b"hello", b"PK\x03\x04 cut"):
        path.write_bytes(content)
        with pytest.raises(ExportError, match="cannot be read as a program"):
            read_program(path)
    write_arrays(path, {"x": np.zeros(2)})
    with pytest.raises(ExportError, match="has no description"):
        read_program(path)
    for text in ("{", "[]", "{}", "[" * 100_000):
        write_arrays(path, {"program": np.array(text)})
        with pytest.raises(ExportError, match=r"program.npz: its description is damaged"):
            read_program(path)
    write_program(path, program)
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 11):
        path.write_bytes(whole[:length])
        with pytest.raises(ExportError):
            read_program(path)


def test_accumulators_that_could_overflow_are_refused(program):
    layer = program.layers[-1]
    source = Words(0, 2**15 - 1, 0, np.zeros(0, np.int64))
    weights = Weights(np.full((1, 300, layer.outputs), 255), 8, 1, 0,
                      np.ones((1, layer.outputs), np.int64))
    with pytest.raises(ExportError, match=r"could reach .* beyond 32 bits"):
        replace(layer, inputs=300, source=source, weights=weights)


def test_parts_check_themselves():
    with pytest.raises(ExportError, match="thresholds do not ascend"):
        Steps(np.array([[3], [2]]), np.array([0]))
    with pytest.raises(ExportError, match="shift is 40"):
        Affine(np.array([1]), np.array([0]), 40)
    with pytest.raises(ExportError, match="is not an array of whole numbers"):
        Affine(np.array([1.0]), np.array([0]), 4)
    with pytest.raises(ExportError, match="levels is 1"):
        Codes(1, 1, 0, 0)


def test_programs_that_are_made_anew_from_parts_run(program):
    again = from_parts(*to_parts(program))
    assert Interpreter(again).program.layers[0].weights.bits == program.layers[0].weights.bits


@pytest.mark.parametrize("name", ["perceive 0", "*/ int x; /*", "perceive_0", "", 3])
def test_layers_have_names_that_c_can_have(program, name):
    with pytest.raises(ExportError, match=r"a layer's name is .*, not like 'perceive/0'"):
        replace(program.layers[0], name=name)


def test_layers_have_names_of_their_own(program):
    layers = tuple(replace(layer, name="update/0") for layer in program.layers)
    with pytest.raises(ExportError, match="two layers have one name"):
        replace(program, layers=layers)


@pytest.mark.parametrize("size", [3.0, True, 2])
def test_kernel_sizes_are_whole_numbers(program, size):
    with pytest.raises(ExportError, match="kernel_size is"):
        replace(program.layers[0], kernel_size=size)
