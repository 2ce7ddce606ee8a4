"""What an export can be made for. Imports no TensorFlow."""

from __future__ import annotations

from typing import Literal, get_args

FlatbufferTarget = Literal["lce", "tflite", "tflite-int8"]
Target = Literal["c99", "wasm32", "program", FlatbufferTarget]

TARGETS: tuple[Target, ...] = get_args(Target)
FLATBUFFER_TARGETS: tuple[FlatbufferTarget, ...] = get_args(FlatbufferTarget)
