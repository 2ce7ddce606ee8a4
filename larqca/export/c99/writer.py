"""Collects what a C source is made of while its layers are emitted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from larqca.export.c99.constants import Constant
from larqca.export.c99.helpers import HELPERS

# Of an element; pointers are those of a machine with long ones.
_BYTES = {"int16_t": 2, "uint32_t": 4, "int32_t": 4, "const uint32_t *": 8}


@dataclass
class Writer:
    """Constants, functions and helpers of one source.

    Attributes:
        prefix: of everything that the header declares.
        constants: in order.
        functions: C texts in order.
        stack_bytes: of all arrays that functions have on the stack.
    """

    prefix: str
    constants: list[Constant] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    stack_bytes: int = 0

    def constant(self, constant: Constant) -> str:
        """Define a constant, once for all that ask for the same; gives its name."""
        if all(constant.name != known.name for known in self.constants):
            self.constants.append(constant)
        return constant.name

    def array(self, kind: str, name: str, count: int) -> str:
        """The C statement that puts an array on the stack."""
        self.stack_bytes += _BYTES[kind] * count
        return f"{kind}{'' if kind.endswith('*') else ' '}{name}[{count}];"

    def function(self, lines: list[str]) -> None:
        """Define a function."""
        self.functions.append("\n".join(lines))

    @property
    def helpers(self) -> set[str]:
        """Names of the helpers that functions call."""
        text = "\n".join(self.functions)
        return {name for name in HELPERS if re.search(rf"\b{name}\(", text)}
