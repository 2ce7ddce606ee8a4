import base64
import json

import numpy as np
import pytest

from larqca.automata.importing import import_model
from larqca.automata.model_file import load_model
from larqca.backend import use_threads  # noqa: F401  (TensorFlow through its one door)
from larqca.errors import ModelFileError
from larqca.evaluation.protocol import evaluate_file
from tests.automata.helpers import tiny_automaton


def constant(name, array):
    content = base64.b64encode(np.asarray(array, "<f4").tobytes()).decode()
    shape = {"dim": [{"size": str(size)} for size in array.shape]}
    tensor = {"dtype": "DT_FLOAT", "tensorShape": shape, "tensorContent": content}
    return {"name": name, "op": "Const", "attr": {"value": {"tensor": tensor}}}


def graph_model(arrays, layers=("perceive/0", "update/0", "update/1")):
    nodes = []
    for layer in layers:
        nodes.append(constant(f"{layer}/k", arrays[f"{layer}/kernel"]))
        nodes.append({"name": f"{layer}/read", "op": "Identity", "input": [f"{layer}/k"]})
        nodes.append({"name": layer, "op": "Conv2D", "input": ["x", f"{layer}/read"]})
        nodes.append(constant(f"{layer}/b", arrays[f"{layer}/bias"]))
        nodes.append({"name": f"{layer}/add", "op": "BiasAdd", "input": [layer, f"{layer}/b"]})
    return {"modelTopology": {"node": nodes}}


@pytest.fixture
def source(tmp_path):
    model = tiny_automaton()
    path = tmp_path / "model.json"
    path.write_text(json.dumps(graph_model(model.arrays())))
    return model, path


def test_a_graph_models_weights_arrive_bit_for_bit(source, tmp_path):
    model, path = source
    line = import_model(path, tmp_path / "out.npz", "compact")
    assert "6,191 parameters" in line
    arrays = load_model(tmp_path / "out.npz").arrays()
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(arrays[name], array)


def edited(path, change):
    model = json.loads(path.read_text())
    change(model["modelTopology"]["node"])
    path.write_text(json.dumps(model))


def cut_content(nodes):
    tensor = nodes[0]["attr"]["value"]["tensor"]
    tensor["tensorContent"] = tensor["tensorContent"][:-8]


def not_a_number(nodes):
    tensor = nodes[0]["attr"]["value"]["tensor"]
    shape = [int(d["size"]) for d in tensor["tensorShape"]["dim"]]
    nodes[0] = constant(nodes[0]["name"], np.full(shape, np.nan))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cut_content, "weights of 'perceive/0' are missing or damaged"),
        (not_a_number, "array 'perceive/0/kernel' holds something that is not a finite number"),
        (lambda nodes: nodes.pop(0), "weights of 'perceive/0' are missing or damaged"),
        (lambda nodes: nodes.pop(2), "has 2 convolutions, the preset has 3 layers"),
        (lambda nodes: nodes.pop(4), "array 'perceive/0/bias' is missing"),
    ],
)
def test_damaged_graph_models_write_nothing(source, tmp_path, change, message):
    _, path = source
    edited(path, change)
    with pytest.raises(ModelFileError, match=message):
        import_model(path, tmp_path / "out.npz", "compact")
    assert not (tmp_path / "out.npz").exists()


def test_another_preset_is_refused_with_the_shapes(source, tmp_path):
    with pytest.raises(ModelFileError, match=r"preset 'distill'.*has shape \[3, 3, 16, 32\]"):
        import_model(source[1], tmp_path / "out.npz", "distill")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "is not JSON"), (b"{}", "not a TensorFlow.js graph model"), (b"\xff", "cannot be read"),
     (b"[1]", "not a TensorFlow.js graph model")],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        import_model(path, tmp_path / "out.npz")
    with pytest.raises(ModelFileError, match="no such file"):
        import_model(tmp_path / "none.json", tmp_path / "out.npz")


def test_published_weights_show_the_published_dynamics(reference_weights, mnist_dir, tmp_path):
    """The quick form of the reference: 400 of the 10,000 images. All of them give, at
    steps 20, 200, 220 and 400, the numbers in the comments (cells / agreement)."""
    import_model(reference_weights, tmp_path / "distill.npz")
    result = evaluate_file(
        tmp_path / "distill.npz", data="mnist", data_dir=str(mnist_dir), images=400, steps=200,
        seed=0,
    )
    measured = {
        step: [round(100 * row[name], 1) for name in ("cell_accuracy", "agreement")]
        for step, row in result["metrics"].items()
    }
    expected = {"20": (84.1, 14.3), "200": (95.2, 88.0), "220": (79.1, 8.7), "400": (95.0, 88.3)}
    # Three standard deviations of a sample of 400 images.
    for step, (cells, agreement) in expected.items():
        assert measured[step][0] == pytest.approx(cells, abs=3.5), (step, measured)
        assert measured[step][1] == pytest.approx(agreement, abs=5.5), (step, measured)
