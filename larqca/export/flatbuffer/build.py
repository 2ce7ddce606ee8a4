"""Flatbuffers: a step and a rollout for the Larq Compute Engine and for TensorFlow Lite.

===========  ===================================================================
lce          binary convolutions alone; a layer that would not be one is refused
tflite       float32, the yardstick of speed and size for automata with float
             inputs
tflite-int8  integers of 8 bits through and through, calibrated on rollouts; the
             yardstick of common quantization after training
===========  ===================================================================

Automata whose inputs are quantized are refused by both of TensorFlow Lite's: its converter
multiplies scales into kernels, so that sums that are exactly zero in Keras come out just
above or below, and half of all the signs that follow can differ. A float file would be no
measure of a binary automaton.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import native_stderr_held_back, tf
from larqca.errors import ExportError
from larqca.export.flatbuffer.binary_layers import BinaryLayer, binary_change, binary_layers
from larqca.export.flatbuffer.content import named_operators, operators
from larqca.export.flatbuffer.float_layers import float_change
from larqca.export.flatbuffer.step_graph import Change, rollout_graph, step_graph
from larqca.export.targets import FlatbufferTarget

Array = npt.NDArray[Any]

STEP, ROLLOUT = "step.tflite", "rollout.tflite"
BINARY_CONVOLUTION = "LceBconv2d"
# What a convolution, or a layer without neighbours, becomes in floating point.
_FLOAT_OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL")
_CALIBRATION_STEPS, _CALIBRATION_EVERY, _CALIBRATION_PICTURES = 60, 6, 16
INSTALL = ("the Larq Compute Engine is not installed: pip install 'larqca[lce]' "
           "(CPython 3.10 to 3.12; on Linux, x86-64 only)")


@dataclass(frozen=True)
class Flatbuffers:
    """What `build` makes.

    Attributes:
        target: that they were made for.
        files: each file's bytes by its name, `STEP` and, but for tflite-int8, `ROLLOUT`.
            The inputs of each are those of `step_graph` and `rollout_graph`, in that order;
            tflite-int8's are words whose scale and zero point the file holds, the same for
            the state that goes in and comes out.
    """

    target: FlatbufferTarget
    files: Mapping[str, bytes]

    @property
    def operators(self) -> dict[str, dict[str, int]]:
        """How many operators of each name each file holds."""
        return {name: operators(content) for name, content in self.files.items()}


def build(
    model: NeuralCA, target: FlatbufferTarget, height: int, width: int,
    images: Array | None = None,
) -> Flatbuffers:
    """The flatbuffers of an automaton for one picture on a grid of fixed size.

    The same automaton gives the same bytes.

    Args:
        model: the automaton; its noise is left out.
        target: see the head of this module.
        height: of the grid.
        width: of the grid.
        images: grey pictures ``[pictures, height, width]`` of the training data, on whose
            rollouts tflite-int8 is calibrated; the others do without.

    Raises:
        ExportError: the target cannot hold the automaton, or is not installed.
    """
    if target == "lce":
        layers = binary_layers(model)
        engine()
        graphs = _graphs(model, height, width, partial(binary_change, layers))
        files = {name: _converted_by_lce(graph) for name, graph in graphs.items()}
        for name, content in files.items():
            check_binary(name, content, layers)
        return Flatbuffers(target, files)
    change = float_change(model)
    if target == "tflite":
        graphs = _graphs(model, height, width, change)
        return Flatbuffers(target, {n: _converted(graph) for n, graph in graphs.items()})
    if images is None or not model.alive(images).any():
        raise ExportError("tflite-int8: no calibration picture has a live cell")
    # The quantizer of TensorFlow Lite cannot carry a loop.
    graph = step_graph(model.layout, height, width, change)
    samples = _calibration(model, images[:_CALIBRATION_PICTURES])
    return Flatbuffers(target, {STEP: _converted(graph, samples)})


def check_binary(name: str, content: bytes, layers: tuple[BinaryLayer, ...]) -> None:
    """Every layer became binary convolutions, and nothing else was convolved.

    Raises:
        ExportError: a layer fell back to floating point; it is named.
    """
    for operator, tensor in named_operators(content):
        if operator in _FLOAT_OPERATORS:
            whose = [layer.block.layout.name for layer in layers if layer.scope in tensor]
            raise ExportError(f"layer {(whose or [tensor])[0]!r}: the Larq Compute Engine made a "
                              f"{operator} of it, which computes in floating point; export with "
                              "--target c99")
    found = operators(content).get(BINARY_CONVOLUTION, 0)
    wanted = sum(layer.convolutions for layer in layers)
    if found != wanted:
        raise ExportError(f"{name}: holds {found} binary convolutions instead of {wanted}; this "
                          "version of the Larq Compute Engine converts otherwise than 0.16")


def engine() -> Any:
    """The package `larq_compute_engine`.

    Raises:
        ExportError: it is not installed.
    """
    try:
        with native_stderr_held_back():
            return importlib.import_module("larq_compute_engine")
    except ImportError as error:
        raise ExportError(INSTALL) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back what TensorFlow Lite tells about itself."""
    with native_stderr_held_back(), warnings.catch_warnings():
        # Its interpreter, which the converter uses too, says that a package of its own will
        # take its place; TensorFlow is pinned.
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated")
        # Said of inputs in floating point, which calibration then measures.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        yield


def _graphs(model: NeuralCA, height: int, width: int, change: Change) -> dict[str, Any]:
    size = (height, width)
    return {STEP: step_graph(model.layout, *size, change),
            ROLLOUT: rollout_graph(model.layout, *size, change)}


def _converted_by_lce(graph: Any) -> bytes:
    """As `larq_compute_engine.convert_keras_model` does, which takes Keras models only."""
    engine()
    converter = importlib.import_module("larq_compute_engine.mlir._tf_tfl_flatbuffer")
    inputs = graph.inputs
    with native_stderr_held_back():
        content: bytes = converter.convert_graphdef_to_tflite_flatbuffer(
            graph.graph.as_graph_def().SerializeToString(),
            [_name(tensor) for tensor in inputs],
            [{tf.float32: "DT_FLOAT", tf.int32: "DT_INT32"}[each.dtype] for each in inputs],
            [tensor.shape.as_list() for tensor in inputs],
            [_name(tensor) for tensor in graph.outputs],
            False, "arm", None,
        )
    return content


def _name(tensor: Any) -> str:
    return str(tensor.name).partition(":")[0]


def _converted(graph: Any, samples: list[dict[str, Array]] | None = None) -> bytes:
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module())
        if samples is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: iter(samples)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        content: bytes = converter.convert()
    return content


def _calibration(model: NeuralCA, images: Array) -> list[dict[str, Array]]:
    """Inputs of single steps on the way of rollouts; half of them are of pictures that were
    exchanged under living states."""
    samples = []
    rng = np.random.default_rng(0)
    state = model.seed_state(images)
    for pictures in (images, np.roll(images, 1, axis=0)):
        state[..., 0] = pictures
        state[..., 1:] *= model.alive(pictures)[..., None]
        for number in range(_CALIBRATION_STEPS // _CALIBRATION_EVERY):
            fire = rng.random((*state.shape[:3], 1)) < model.layout.cell.fire_rate
            samples += [{"state": cells[None], "fire": mask[None]} for cells, mask in
                        zip(state.copy(), fire.astype(np.float32), strict=True)]
            state = model.rollout(state, _CALIBRATION_EVERY, seed=number)
    return samples
