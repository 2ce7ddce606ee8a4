"""Weights of several bits in C: packed as stored, or, where vectors multiply, unpacked once a
rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larqca.export.c99.layer import CLayer

_UNPACK = """\
/* Whether weights of several bits are unpacked, onto the stack, at the start of a rollout:
 * @BYTES@ bytes. Where vectors multiply that is many times faster; define UNPACK to choose. */
#ifndef UNPACK
#if defined(__AVX2__) || defined(__ARM_NEON) || defined(__wasm_simd128__)
#define UNPACK 1
#else
#define UNPACK 0
#endif
#endif

/* The codes of each layer's weights: as they are stored, or a byte each. */
struct codes {
@MEMBERS@
};

/* The code of so many bits as the mask has, from bit `at` of a stream on. */
static inline uint32_t code_at(const uint8_t *stream, uint32_t at, uint32_t mask)
{
    uint32_t both = (uint32_t)stream[at / 8u] | ((uint32_t)stream[at / 8u + 1u] << 8);
    return (both >> (at % 8u)) & mask;
}

#if UNPACK
static void unpack(uint8_t *codes, const uint8_t *stream, uint32_t count, uint32_t bits)
{
    uint32_t mask = ((uint32_t)1 << bits) - 1u;
    for (uint32_t i = 0; i < count; i++) {
        codes[i] = (uint8_t)code_at(stream, i * bits, mask);
    }
}
#endif
"""


def _multiplied(layers: Sequence[CLayer]) -> list[CLayer]:
    return [layer for layer in layers if not layer.by_ones]


def codes_definitions(layers: Sequence[CLayer]) -> str:
    """C text that functions of layers with weights of several bits need; empty without any."""
    members = [f"    const uint8_t *{layer.name};" for layer in _multiplied(layers)]
    if not members:
        return ""
    count = sum(layer.layer.weights.codes.size for layer in _multiplied(layers))
    return _UNPACK.replace("@BYTES@", f"{count:,}").replace("@MEMBERS@", "\n".join(members))


def codes_parameter(layers: Sequence[CLayer]) -> str:
    """The parameter of a function that computes some of these layers."""
    return ", const struct codes *codes" if _multiplied(layers) else ""


def codes_argument(layers: Sequence[CLayer]) -> str:
    """What such a function is called with."""
    return ", codes" if _multiplied(layers) else ""


def rollout_statements(layers: Sequence[CLayer]) -> str:
    """C statements of a rollout before its first step: they set ``codes``."""
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
        "#if UNPACK", *unpacked, f"    const struct codes all = {{{names}}};", "#else",
        f"    const struct codes all = {{{stored}}};", "#endif",
        "    const struct codes *codes = &all;", ""])
