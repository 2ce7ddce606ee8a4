"""Runs flatbuffers, each in the interpreter that it is made for."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.backend import tf
from larqca.export.flatbuffer.build import engine, quiet
from larqca.export.targets import FlatbufferTarget

Array = npt.NDArray[Any]

_INPUTS = ("state", "fire", "steps")


class Machine(ABC):
    """A flatbuffer that can be called.

    Attributes:
        interpreter: the interpreter itself, for those who measure it.
    """

    interpreter: Any

    @property
    def words(self) -> dict[str, dict[str, float]]:
        """Scale and zero point of each input that is a word of 8 bits."""
        return {}

    @abstractmethod
    def __call__(self, *inputs: Array) -> Array:
        """The state after a step ``(state, fire)`` or a rollout ``(state, fire, steps)``.

        Args:
            inputs: as `step_graph` and `rollout_graph` say; float32 ones for 8-bit files
                too, which are converted here.

        Returns:
            float32 ``[1, height, width, 1 + state_channels]``.
        """


def open_machine(
    content: bytes, target: FlatbufferTarget, *, threads: int = 1, indirect: bool = False
) -> Machine:
    """Load a flatbuffer that `build` made.

    Args:
        content: of the file.
        target: that it was made for.
        threads: the interpreter may use.
        indirect: use the Larq Compute Engine's indirect kernels, which are the faster ones
            on x86-64. Not for a rollout: inside a loop they read memory of another pass
            and give wrong states (0.16).

    Raises:
        ExportError: the Larq Compute Engine is needed and is not installed.
    """
    if target == "lce":
        return _LarqComputeEngine(content, threads, indirect)
    return _TensorFlowLite(content, threads)


class _LarqComputeEngine(Machine):
    def __init__(self, content: bytes, threads: int, indirect: bool) -> None:
        engine()
        module = importlib.import_module("larq_compute_engine.tflite.python.interpreter")
        with quiet():
            # What its `predict` does beside is to cut a batch in pieces.
            self.interpreter = module.Interpreter(
                content, num_threads=threads, use_indirect_bgemm=indirect).interpreter

    def __call__(self, *inputs: Array) -> Array:
        state: Array = self.interpreter.predict(list(inputs))[0]
        return state


class _TensorFlowLite(Machine):
    def __init__(self, content: bytes, threads: int) -> None:
        with quiet():
            self.interpreter = tf.lite.Interpreter(model_content=content, num_threads=threads)
            self.interpreter.allocate_tensors()
        # The converter orders inputs as it likes, and keeps their names.
        details = {_name(each): each for each in self.interpreter.get_input_details()}
        self._inputs = [details[name] for name in _INPUTS if name in details]
        self._output = self.interpreter.get_output_details()[0]

    @property
    def words(self) -> dict[str, dict[str, float]]:
        """See `Machine.words`."""
        return {
            _name(each): {"scale": float(each["quantization"][0]),
                          "zero_point": int(each["quantization"][1])}
            for each in self._inputs if each["dtype"] == np.int8
        }

    def __call__(self, *inputs: Array) -> Array:
        for detail, values in zip(self._inputs, inputs, strict=True):
            self.interpreter.set_tensor(detail["index"], _stored(values, detail))
        self.interpreter.invoke()
        return _read(self.interpreter.get_tensor(self._output["index"]), self._output)


def _name(detail: Any) -> str:
    return str(detail["name"]).removeprefix("serving_default_").partition(":")[0]


def _stored(values: Array, detail: Any) -> Array:
    if detail["dtype"] != np.int8:
        return np.asarray(values, detail["dtype"])
    scale, zero = detail["quantization"]
    return np.clip(np.rint(values / scale) + zero, -128, 127).astype(np.int8)


def _read(values: Array, detail: Any) -> Array:
    if values.dtype != np.int8:
        return values
    scale, zero = detail["quantization"]
    return ((values.astype(np.float32) - zero) * np.float32(scale)).astype(np.float32)
