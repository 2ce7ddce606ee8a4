"""Weights of several bits in C: packed as stored, or, where vectors multiply, unpacked once a
rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from larqca.export.c99.templates import fill

if TYPE_CHECKING:
    from larqca.export.c99.layer import CLayer

# Stacks of threads hold half a megabyte and more where vectors multiply.
MOST_UNPACKED = 2**18

_UNPACK = """\
/* Whether weights of several bits are unpacked, onto the stack, at the start of a rollout:
 * @BYTES@ bytes. @WHEN@; define UNPACK to choose. */
#ifndef UNPACK
@DEFAULT@
#endif

/* The codes of each layer's weights: as they are stored, or a byte each. */
typedef struct {
@MEMBERS@
} weight_bytes;

/* The code of so many bits as the mask has, from bit `at` of a stream on. */
static inline uint32_t code_at(const uint8_t *stream, uint32_t at, uint32_t mask)
{
    uint32_t both = (uint32_t)stream[at / 8u] | ((uint32_t)stream[at / 8u + 1u] << 8);
    return (both >> (at % 8u)) & mask;
}

#if UNPACK
static void unpack(uint8_t *unpacked, const uint8_t *stream, uint32_t count, uint32_t bits)
{
    uint32_t mask = ((uint32_t)1 << bits) - 1u;
    for (uint32_t i = 0; i < count; i++) {
        unpacked[i] = (uint8_t)code_at(stream, i * bits, mask);
    }
}
#endif
"""

_WHERE_FAST = """\
#if defined(__AVX2__) || defined(__ARM_NEON) || defined(__wasm_simd128__)
#define UNPACK 1
#else
#define UNPACK 0
#endif"""


def _multiplied(layers: Sequence[CLayer]) -> list[CLayer]:
    return [layer for layer in layers if not layer.by_ones]


def unpacked_bytes(layers: Sequence[CLayer]) -> int:
    """What weights of several bits take unpacked."""
    return sum(layer.layer.weights.codes.size for layer in _multiplied(layers))


def codes_definitions(layers: Sequence[CLayer]) -> str:
    """C text that functions of layers with weights of several bits need; empty without any."""
    members = [f"    const uint8_t *{layer.name};" for layer in _multiplied(layers)]
    if not members:
        return ""
    count = unpacked_bytes(layers)
    when, default = "Where vectors multiply that is many times faster", _WHERE_FAST
    if count > MOST_UNPACKED:
        when, default = "So many are left packed, as stacks may be smaller", "#define UNPACK 0"
    names = {"BYTES": f"{count:,}", "WHEN": when, "DEFAULT": default,
             "MEMBERS": "\n".join(members)}
    return fill(_UNPACK, names)


def rollout_statements(layers: Sequence[CLayer]) -> str:
    """C statements of a rollout before its first step: they set ``weights``."""
    found = _multiplied(layers)
    if not found:
        return ""
    unpacked = [f"    uint8_t {layer.name}[{layer.layer.weights.codes.size}];" for layer in found]
    for layer in found:
        weights = layer.layer.weights
        unpacked.append(f"    unpack({layer.name}, {layer.name}_weights, {weights.codes.size}u, "
                        f"{weights.bits}u);")
    names = ", ".join(layer.name for layer in found)
    stored = ", ".join(f"{layer.name}_weights" for layer in found)
    return "\n".join([
        "#if UNPACK", *unpacked, f"    const weight_bytes all = {{{names}}};", "#else",
        f"    const weight_bytes all = {{{stored}}};", "#endif",
        "    const weight_bytes *weights = &all;", ""])
