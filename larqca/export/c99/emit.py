"""Programs as C99: one header, one source, no libc beyond ``<stdint.h>``.

All memory is one struct that the caller owns. A step reads the state row by row into
rings of three rows, one for each perceive layer, and changes a row of the state when no
layer will read it again, so that every cell sees the state before the step and nothing
is stored twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from larqca.errors import ExportError
from larqca.export.c99.codes import codes_definitions, rollout_statements, unpacked_bytes
from larqca.export.c99.constants import Constant
from larqca.export.c99.grey import Grey, grey_of
from larqca.export.c99.helpers import helper_texts
from larqca.export.c99.layer import CLayer, turned
from larqca.export.c99.layers import emit_layer
from larqca.export.c99.names import check_prefix
from larqca.export.c99.passes import emit_advance, emit_at, emit_row, emit_update
from larqca.export.c99.reader import emit_reader
from larqca.export.c99.signature import advance_of
from larqca.export.c99.templates import HEADER, HEADER_END, LIFE, SAYS, SOURCE_START, fill
from larqca.export.c99.writer import Writer
from larqca.export.describe import describe
from larqca.export.program import Program
from larqca.export.size import check_size

# Most systems give a thread as much stack, or more.
MOST_STACK = 2**19
# Places within the struct are counted in 32 bits, and 32-bit machines hold no larger object.
MOST_BYTES = 2**31 - 1
READY = 0x4C51CA01


@dataclass(frozen=True)
class Member:
    """One array of the struct.

    Attributes:
        name: of the member.
        kind: C type of an element.
        count: how many.
        bytes: in all.
        note: what it is.
    """

    name: str
    kind: str
    count: int
    bytes: int
    note: str


@dataclass(frozen=True)
class CSource:
    """What was emitted.

    Attributes:
        header, source: the texts.
        constants: all arrays that the compiled object holds.
        members: of the struct, in order, but for its five numbers.
        arena_bytes: size of the struct.
        stack_bytes: of all arrays that a rollout, or classify, has on the stack; registers
            and return addresses, some hundred bytes, come on top.
        unpacked_bytes: more of them where weights of several bits are unpacked (see `codes`).
    """

    header: str
    source: str
    constants: tuple[Constant, ...]
    members: tuple[Member, ...]
    arena_bytes: int
    stack_bytes: int
    unpacked_bytes: int

    @property
    def constant_bytes(self) -> int:
        """Of all constants."""
        return sum(constant.bytes for constant in self.constants)


def emit_c99(
    program: Program, *, max_height: int = 28, max_width: int = 28, prefix: str = "automaton"
) -> CSource:
    """The program in C; the same program gives the same bytes.

    Args:
        program: what to emit.
        max_height: of the largest grid; smaller ones are given at run time.
        max_width: likewise.
        prefix: of all names in the header.

    Raises:
        ExportError: an argument is out of range, or C's integers cannot hold the program.
    """
    check_size(max_height, max_width)
    check_prefix(prefix)
    layers = [CLayer(turned(layer), layer.name.replace("/", "_")) for layer in program.layers]
    writer = Writer(prefix)
    for layer in layers:
        emit_layer(writer, layer)
    grey = grey_of(program)
    for constant in grey.constants:
        writer.constant(constant)
    emit_reader(writer, program, layers[0], grey)
    for number, layer in enumerate(layers[: program.perceive_layers]):
        emit_at(writer, layer, number)
    for number in range(1, program.perceive_layers):
        emit_row(writer, layers, number, program.perceive_layers)
    emit_update(writer, program, layers)
    emit_advance(writer, program, layers)
    members = _members(program, layers, grey, max_height, max_width)
    size = 20 + sum(member.bytes for member in members)
    size += -size % 4
    if size > MOST_BYTES:
        raise ExportError(f"grids of {max_height} x {max_width} would take {size:,} bytes, and "
                          f"C's 32-bit numbers count {MOST_BYTES:,}; lower max_height or max_width")
    stack = _checked_stack(writer, program)
    names = _names(program, prefix, max_height, max_width, size) | _naming(program, prefix)
    names["STACK"] = str(stack)
    header = fill(HEADER + _struct(members, prefix) + HEADER_END, names)
    source = fill(SOURCE_START, {**names, "DESCRIPTION": _comment(describe(program))})
    codes = codes_definitions(layers)
    names |= {"UNPACKED": rollout_statements(layers),
              "ADVANCE": advance_of(layers, prefix).call()}
    source += "\n\n".join([
        *([codes.strip()] if codes else []),
        *helper_texts(writer.helpers),
        *(constant.text() for constant in writer.constants),
        fill(grey.functions, names).strip(),
        *([] if program.classes_per_channel == 1 else [fill(SAYS, names).strip()]),
        *writer.functions,
        fill(LIFE, names).strip(),
    ]) + "\n"
    return CSource(header, source, tuple(writer.constants), tuple(members), size,
                   stack, unpacked_bytes(layers))


def _checked_stack(writer: Writer, program: Program) -> int:
    stack = max(writer.stack_bytes, 4 * program.classes)
    if stack > MOST_STACK:
        raise ExportError("layers are so wide that windows and sums of a cell would take "
                          f"{stack:,} bytes of stack, and {MOST_STACK:,} are allowed; use "
                          "narrower ones")
    return stack


def _names(
    program: Program, prefix: str, max_height: int, max_width: int, size: int
) -> dict[str, str]:
    return {
        "PREFIX": prefix.upper(),
        "prefix": prefix,
        "HEIGHT": str(max_height),
        "WIDTH": str(max_width),
        "BYTES": str(size),
        "CHANNELS": str(program.state_channels),
        "CLASSES": str(program.classes),
        "FRACTION": str(program.state_fraction),
        "BITS": str(program.state_bits),
        "ALIVE_FROM": str(program.alive_from),
        "SEED": f"{program.seed}u",
        "READY": f"0x{READY:08x}u",
    }


def _naming(program: Program, prefix: str) -> dict[str, str]:
    if program.classes_per_channel == 1:
        return {"CLASS_CHANNELS": f"{prefix.upper()}_CLASSES", "SAYS_C": "words[c]",
                "SAYS_BEST": "words[best]"}
    return {"CLASS_CHANNELS": f"{program.class_channels}u", "SAYS_C": "says(words, c)",
            "SAYS_BEST": "says(words, best)"}


def _comment(text: str) -> str:
    return "\n".join(f" * {each}".rstrip() for each in text.splitlines())


def _members(
    program: Program, layers: list[CLayer], grey: Grey, max_height: int, max_width: int
) -> list[Member]:
    """Widest elements first, so that the compiler need not pad."""
    cells = max_height * max_width
    size = program.state_bits // 8
    rings = []
    for number, layer in enumerate(layers[: program.perceive_layers]):
        count = 3 * max_width * layer.cell_size
        width = 4 if layer.reads_codes else 2
        rings.append(Member(f"ring_{number}", layer.cell_type, count, width * count,
                            f"three rows of what {layer.layer.name} reads"))
    state = Member("state", f"int{program.state_bits}_t", cells * program.state_channels,
                   cells * program.state_channels * size,
                   "words of each cell [row][column][channel]")
    note = "" if grey.bits == 8 else f", {grey.bits} bits a cell"
    picture = Member("grey", "uint8_t", grey.size(cells), grey.size(cells),
                     f"the picture [row][column]{note}")
    order = {"uint32_t": 0, "int16_t": 1, "int8_t": 2, "uint8_t": 3}
    return sorted([*rings, state, picture], key=lambda member: order[member.kind])


def _struct(members: list[Member], prefix: str) -> str:
    lines = [f"    {member.kind} {member.name}[{member.count}]; /* {member.note} */"
             for member in members]
    return (f"struct {prefix} {{\n"
            "    uint32_t ready; /* what start leaves here, so that others know */\n"
            "    uint32_t height;\n    uint32_t width;\n"
            "    uint32_t step; /* steps since start */\n"
            "    uint32_t seed; /* of the fire masks */\n" + "\n".join(lines) + "\n};\n")
