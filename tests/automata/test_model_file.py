import json

import numpy as np
import pytest

from larqca.automata.model_file import load_model, read_model, write_model
from larqca.config.canonical import build_run_config
from larqca.errors import ModelFileError
from larqca.files import write_arrays
from tests.automata.helpers import random_pictures, tiny_automaton

SETTINGS = {"preset": "compact", "update": {"kernel_quantizer": "ste_tern", "scale": "channel"}}


@pytest.fixture
def saved(tmp_path):
    model = tiny_automaton(**SETTINGS)
    path = tmp_path / "model.npz"
    write_model(path, build_run_config(SETTINGS), 10, model.arrays())
    return model, path


def test_round_trip_computes_the_same(saved):
    model, path = saved
    again = load_model(path)
    assert again.layout == model.layout
    state = model.seed_state(random_pictures(0, 2, 6, 6))
    np.testing.assert_array_equal(model.rollout(state, 3), again.rollout(state, 3))


def test_the_same_model_gives_the_same_bytes(saved, tmp_path):
    model, path = saved
    write_model(tmp_path / "again.npz", build_run_config(SETTINGS), 10, model.arrays())
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def rewrite(path, change):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    write_arrays(path, arrays)


def describe(text):
    return lambda arrays: arrays.update(automaton=np.array(text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("update/0/kernel"), "array 'update/0/kernel' is missing"),
        (lambda a: a.update(more=np.zeros(1)), "array 'more' is not expected"),
        (lambda a: a.update({"update/0/bias": np.zeros((2, 2))}), r"has shape \[2, 2\]"),
        (lambda a: a["perceive/0/kernel"].fill(np.inf), "not a finite number"),
        (lambda a: a.pop("automaton"), "has no description 'automaton'"),
        (lambda a: a.update(automaton=np.zeros(3)), "has no description 'automaton'"),
        (describe("{"), "description is damaged"),
        (describe('{"format": "other", "version": 1}'), "is 'other' version 1"),
        (describe('{"format": "larqca-model", "version": 9}'), "version 9, this larqca reads"),
        (
            describe('{"format": "larqca-model", "version": 1, "classes": 0, "config": {}}'),
            "field 'classes' is 0",
        ),
        (
            describe('{"format": "larqca-model", "version": 1, "classes": 10, "config": {}}'),
            "field 'config': perceive: field required",
        ),
    ],
)
def test_malformed_files_get_one_line_with_file_and_field(saved, change, message):
    _, path = saved
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=message) as caught:
        read_model(path)
    assert "model.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_archives(tmp_path):
    path = tmp_path / "model.npz"
    with pytest.raises(ModelFileError, match="no such file"):
        read_model(path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_model(tmp_path)
    for content in (b"", b"hello", b"PK\x03\x04 cut"):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="cannot be read as a model file"):
            read_model(path)


def test_every_way_of_cutting_a_file_short_is_noticed(saved):
    _, path = saved
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 13):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            read_model(path)


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, automaton=np.array([object()], dtype=object))
    with pytest.raises(ModelFileError, match="cannot be read as a model file"):
        read_model(path)


def test_a_file_imports_a_users_quantizer_only_when_allowed(tmp_path, monkeypatch):
    (tmp_path / "own_sign.py").write_text(
        "import larq\n"
        "open(__file__ + '.ran', 'w').close()\n"
        "class Own(larq.quantizers.SteSign):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    own = {"kernel_quantizer": "own_sign:Own", "scale": "none"}
    settings = {"preset": "compact", "update": own}
    config = build_run_config(settings)
    plain = tiny_automaton(preset="compact")
    write_model(tmp_path / "model.npz", config, 10, plain.arrays())
    with pytest.raises(ModelFileError, match="needs the quantizer 'own_sign:Own'"):
        load_model(tmp_path / "model.npz")
    assert not (tmp_path / "own_sign.py.ran").exists()
    load_model(tmp_path / "model.npz", import_quantizers=True)
    assert (tmp_path / "own_sign.py.ran").exists()


def test_files_of_before_there_were_planes_have_one(saved):
    _, path = saved

    def forget(arrays):
        description = json.loads(str(arrays["automaton"]))
        for network in ("perceive", "update"):
            for role in ("kernel", "input"):
                del description["config"][network][f"{role}_planes"]
        description["config"]["update"]["kernel_quantizer"][0]["name"] = "ste_tern"
        arrays["automaton"] = np.array(json.dumps(description))

    rewrite(path, forget)
    assert {layer.kernel_planes for layer in read_model(path).layout.layers} == {1}
