"""The one place where TensorFlow and Larq are imported.

Larq 0.14 needs Keras 2, which TensorFlow serves as the package `tf_keras` when
``TF_USE_LEGACY_KERAS=1`` is set before its first import; importing `larqca` sets it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from larqca.errors import LarqcaError


@contextlib.contextmanager
def native_stderr_held_back() -> Iterator[None]:
    """Keep what C++ code writes to file descriptor 2; show it only on failure.

    TensorFlow's start-up notices are written before its own log level applies, and its
    converters have none.
    """
    try:
        stderr = sys.__stderr__.fileno() if sys.__stderr__ else 2
        saved = os.dup(stderr)
    except (OSError, ValueError):
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), stderr)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, stderr)
            os.close(saved)


def _refuse_keras_3(tensorflow: Any) -> None:
    family = tensorflow.keras.Model.__module__.split(".")[0]  # "tf_keras" is Keras 2
    if family == "keras":
        raise LarqcaError(
            "TensorFlow was imported with Keras 3 before larqca, and Larq needs Keras 2: "
            "import larqca first, or set TF_USE_LEGACY_KERAS=1 in the environment"
        )


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with native_stderr_held_back():
    import tensorflow as tf

    _refuse_keras_3(tf)
    import larq

    tf.config.list_physical_devices()  # the device search writes its notices here

keras = tf.keras


def use_threads(threads: int) -> None:
    """Let TensorFlow use this many threads.

    Must be called before the first operation runs. Engines cut a batch into as many
    shards, which run side by side; threads within the small operations of an automaton
    wait for each other longer than they work.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def threads_in_use() -> int:
    """What `use_threads` was told; 1 where TensorFlow chooses by itself."""
    return max(1, int(tf.config.threading.get_inter_op_parallelism_threads()))


def frozen(function: Any) -> Any:
    """A `tf.function` with an input signature as a concrete one without variables.

    Their values become constants; loops stay the one operation that converters know.
    """
    constants = importlib.import_module("tensorflow.python.framework.convert_to_constants")
    return constants.convert_variables_to_constants_v2(
        function.get_concrete_function(), lower_control_flow=False)


def tflite_schema() -> Any:
    """TensorFlow's own reader of the flatbuffers that its converters write."""
    return importlib.import_module("tensorflow.lite.python.schema_py_generated")


__all__ = [
    "frozen", "keras", "larq", "native_stderr_held_back", "tf", "tflite_schema",
    "threads_in_use", "use_threads",
]
