"""Weights from elsewhere become a model file.

Formats: a TensorFlow.js graph model in one JSON file with inlined constants, as the
self-classifying digits are published, or larqca's own model file (which is checked and
copied).
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.layout import LayerLayout, layout_of
from larqca.automata.model_file import check_arrays, read_model, write_model
from larqca.config.canonical import build_run_config
from larqca.errors import ModelFileError

Array = npt.NDArray[Any]


def import_model(source: Path, out: Path, preset: str = "distill") -> str:
    """Read foreign weights into an automaton of a preset and write a model file.

    Args:
        source: a TensorFlow.js graph model (``.json``), or a model file (``.npz``).
        out: the model file to write.
        preset: the architecture that the weights belong to (model files bring theirs).

    Returns:
        One line that says what was read and written.

    Raises:
        ModelFileError: the source cannot be read or does not fit the preset.
    """
    if source.suffix == ".npz":
        model = read_model(source)
        config, arrays, classes = model.config, model.arrays, model.classes
    else:
        config = build_run_config({"preset": preset})
        layout = layout_of(config)
        classes = layout.classes
        arrays = read_graph_model(source, layout.layers)
        try:
            check_arrays(arrays, layout.array_shapes())
        except ModelFileError as error:
            raise ModelFileError(f"{source}: does not fit preset {preset!r}: {error}") from error
    try:
        write_model(out, config, classes, arrays)
    except OSError as error:
        raise ModelFileError(f"{out}: cannot be written: {error.strerror}") from error
    count = sum(array.size for array in arrays.values())
    return f"{source}: {len(arrays)} arrays, {count:,} parameters -> {out}"


def read_graph_model(path: Path, layers: tuple[LayerLayout, ...]) -> dict[str, Array]:
    """Kernels and biases of a TensorFlow.js graph model, named for our layers in order.

    Raises:
        ModelFileError: the file is not such a model, or has other layers.
    """
    nodes = _read_nodes(path)
    by_name = {node.get("name"): node for node in nodes}
    convolutions = [node for node in nodes if node.get("op") == "Conv2D"]
    if len(convolutions) != len(layers):
        raise ModelFileError(
            f"{path}: has {len(convolutions)} convolutions, the preset has {len(layers)} layers"
        )
    arrays: dict[str, Array] = {}
    for layer, convolution in zip(layers, convolutions, strict=True):
        arrays[f"{layer.name}/kernel"] = _operand(path, by_name, convolution)
        for node in nodes:
            if node.get("op") == "BiasAdd" and node.get("input", [None])[0] == convolution["name"]:
                arrays[f"{layer.name}/bias"] = _operand(path, by_name, node)
    return arrays


def _read_nodes(path: Path) -> list[dict[str, Any]]:
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelFileError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path}: cannot be read: {error}") from error
    except ValueError as error:
        raise ModelFileError(f"{path}: is not JSON ({error})") from error
    try:
        nodes = model["modelTopology"]["node"]
        if not all(isinstance(node, dict) and "name" in node for node in nodes):
            raise TypeError("node without a name")
    except (KeyError, TypeError) as error:
        raise ModelFileError(
            f"{path}: is not a TensorFlow.js graph model (no modelTopology.node: {error!r})"
        ) from error
    return list(nodes)


def _operand(path: Path, by_name: dict[Any, dict[str, Any]], node: dict[str, Any]) -> Array:
    """The constant that is a node's second input."""
    name = node["name"]
    try:
        constant = by_name[node["input"][1]]
        while constant["op"] == "Identity":
            constant = by_name[constant["input"][0]]
        tensor = constant["attr"]["value"]["tensor"]
        if tensor["dtype"] != "DT_FLOAT":
            raise ModelFileError(f"{path}: the weights of {name!r} are {tensor['dtype']}")
        shape = [int(dimension["size"]) for dimension in tensor["tensorShape"]["dim"]]
        content = base64.b64decode(tensor["tensorContent"], validate=True)
        return np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error) as error:
        raise ModelFileError(
            f"{path}: the weights of {name!r} are missing or damaged ({error!r})"
        ) from error
