"""What a flatbuffer holds: its operators and its constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from larqca.backend import tflite_schema


def operators(content: bytes) -> dict[str, int]:
    """How many operators of each name a flatbuffer holds, its loops' bodies counted once."""
    return dict(sorted(Counter(name for name, _ in named_operators(content)).items()))


def constant_bytes(content: bytes) -> int:
    """Bytes of weights, scales and other constants; the rest of a flatbuffer describes them."""
    return sum(len(buffer.data) for buffer in _parsed(content).buffers if buffer.data is not None)


def named_operators(content: bytes) -> Iterator[tuple[str, str]]:
    """Name of each operator, and of the tensor that it puts out."""
    builtin = {number: name for name, number in vars(tflite_schema().BuiltinOperator).items()
               if isinstance(number, int)}
    model = _parsed(content)
    names = [code.customCode.decode() if code.customCode
             else builtin[max(code.builtinCode, code.deprecatedBuiltinCode)]
             for code in model.operatorCodes]
    for graph in model.subgraphs:
        for operator in graph.operators:
            yield names[operator.opcodeIndex], graph.tensors[operator.outputs[0]].name.decode()


def _parsed(content: bytes) -> Any:
    schema = tflite_schema()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
