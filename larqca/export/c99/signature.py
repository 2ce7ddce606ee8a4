"""What generated C functions take: said once, for their definitions and for all their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from larqca.export.c99.layer import CLayer
from larqca.export.program import ToWords

_WIDTH = 96

# C type and name of a parameter.
Parameter = tuple[str, str]


@dataclass(frozen=True)
class Signature:
    """A C function's name and parameters.

    Attributes:
        name: of the function.
        parameters: in order.
    """

    name: str
    parameters: tuple[Parameter, ...]

    @property
    def head(self) -> str:
        """The first line of its definition, or several."""
        declared = [f"{kind}{name}" if kind.endswith("*") else f"{kind} {name}"
                    for kind, name in self.parameters]
        return _wrapped(f"static void {self.name}(", declared, ")")

    def takes(self, name: str) -> bool:
        """Whether it has a parameter of this name."""
        return any(name == known for _, known in self.parameters)

    def call(self, **arguments: str) -> str:
        """The expression that calls it.

        Args:
            arguments: C expressions by parameter. A parameter that is not among them is
                given the caller's variable of its name; what the function does not take
                is left out.
        """
        given = [arguments.get(name, name) for _, name in self.parameters]
        return f"{self.name}({', '.join(given)})"


def _wrapped(start: str, parts: Sequence[str], end: str) -> str:
    lines = [start]
    for number, part in enumerate(parts):
        last = number + 1 == len(parts)
        text = part + (end if last else ", ")
        if len(lines[-1]) + len(text.rstrip()) > _WIDTH:
            lines.append("    ")
        lines[-1] += text
    return "\n".join(line.rstrip() for line in lines)


def weights_parameter(layers: Sequence[CLayer]) -> tuple[Parameter, ...]:
    """Where the weights of several bits are, for a function that computes these layers."""
    multiplied = any(not layer.by_ones for layer in layers)
    return (("const weight_bytes *", "weights"),) if multiplied else ()


def outputs_parameter(c: CLayer) -> Parameter:
    """Where a layer puts its words, or the binary digits of its codes."""
    words = isinstance(c.layer.stage, ToWords)
    return ("int16_t *", "words") if words else ("uint32_t *", "packed")


def _inputs(c: CLayer) -> tuple[Parameter, ...]:
    """What any function that computes a layer reads."""
    read = ("const uint32_t *", "window") if c.reads_codes else ("const int16_t *", "inputs")
    edges = (("const uint32_t *", "outside"), ("uint32_t", "outside_rows"))
    return (read, *(edges if c.corrects_edges else ()), *weights_parameter([c]))


def sums_of(c: CLayer) -> Signature:
    """``NAME_sums``: adds to each output what a digit of the inputs, or the inputs, give."""
    term = (("uint32_t", "term"),) if c.layer.weights.terms > 1 else ()
    if not c.by_ones:
        read: tuple[Parameter, ...] = (("const int16_t *", "inputs"), *weights_parameter([c]))
    else:
        read = (("const uint32_t *", "bits"),)
        if c.digits > 1 or c.layer.weights.bits > 1:
            read += (("uint32_t", "worth"),)
    return Signature(f"{c.name}_sums", (("uint32_t *", "sums"), *read, *term))


def accumulate_of(c: CLayer) -> Signature:
    """``NAME_accumulate``: the accumulators of a layer."""
    return Signature(f"{c.name}_accumulate", (("int32_t *", "accumulators"), *_inputs(c)))


def layer_of(c: CLayer) -> Signature:
    """``NAME_layer``: what a layer puts out."""
    return Signature(f"{c.name}_layer", (outputs_parameter(c), *_inputs(c)))


def at_of(c: CLayer, prefix: str) -> Signature:
    """``NAME_at``: what a perceive layer makes of the window of one cell."""
    return Signature(f"{c.name}_at", (
        (f"const struct {prefix} *", "a"), ("uint32_t", "row"), ("uint32_t", "column"),
        outputs_parameter(c), *weights_parameter([c])))


def row_of(c: CLayer, before: CLayer, prefix: str) -> Signature:
    """``NAME_row``: a row of what a perceive layer reads, by the layer before it."""
    return Signature(f"{c.name}_row", (
        (f"struct {prefix} *", "a"), ("uint32_t", "row"), *weights_parameter([before])))


def update_of(layers: Sequence[CLayer], prefix: str, *, draws: bool) -> Signature:
    """``update_cell``: the change of one cell.

    Args:
        layers: the last perceive layer and all behind it.
        prefix: of the struct.
        draws: whether its rounding draws numbers.
    """
    number = (("uint32_t", "number"),) if draws else ()
    return Signature("update_cell", (
        (f"struct {prefix} *", "a"), ("uint32_t", "row"), ("uint32_t", "column"), *number,
        *weights_parameter(layers)))


def advance_of(layers: Sequence[CLayer], prefix: str) -> Signature:
    """``advance``: one step of all cells."""
    return Signature("advance", ((f"struct {prefix} *", "a"), *weights_parameter(layers)))
