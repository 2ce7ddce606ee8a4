"""C helpers of emitted sources; each source holds those that it uses."""

from __future__ import annotations

from collections.abc import Mapping

from larqca.export.counter import MULTIPLIERS, WEYL

POPCOUNT = r"""
/* Number of ones: an instruction where the compiler has one, else sums within bytes. */
static uint32_t ones(uint32_t word)
{
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__aarch64__) || defined(__riscv_zbb) \
                          || defined(__wasm__) || defined(__ARM_FEATURE_MVE))
    return (uint32_t)__builtin_popcount(word);
#else
    word -= (word >> 1) & 0x55555555u;
    word = (word & 0x33333333u) + ((word >> 2) & 0x33333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0fu;
    return (word * 0x01010101u) >> 24;
#endif
}
"""

SIGNED = r"""
/* Two's complement, whatever the compiler makes of a cast. */
static int32_t to_signed(uint32_t value)
{
    return value <= 0x7fffffffu ? (int32_t)value : -(int32_t)(~value) - 1;
}
"""

SHIFT_32 = r"""
/* value / 2^shift, rounded down. */
static int32_t floor_shift(int32_t value, uint32_t shift)
{
    return value >= 0 ? value >> shift : ~(~value >> shift);
}
"""

SHIFT_64 = r"""
/* value / 2^shift, rounded down. */
static int64_t floor_shift_64(int64_t value, uint32_t shift)
{
    return value >= 0 ? value >> shift : ~(~value >> shift);
}
"""

CLEAR = r"""
static void clear(uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        words[i] = 0;
    }
}
"""

PUT_BITS = r"""
/* Sets `count` bits of `bits` from bit `at` on; there they were zero. */
static void put_bits(uint32_t *window, uint32_t at, const uint32_t *bits, uint32_t count)
{
    uint32_t shift = at % 32u;
    window += at / 32u;
    for (uint32_t i = 0; i < (count + 31u) / 32u; i++) {
        uint32_t word = bits[i];
        window[i] |= word << shift;
        if (shift != 0u && (word >> (32u - shift)) != 0u) {
            window[i + 1u] |= word >> (32u - shift);
        }
    }
}
"""

PUT_ONES = r"""
/* Sets `count` bits from bit `at` on. */
static void put_ones(uint32_t *window, uint32_t at, uint32_t count)
{
    for (uint32_t i = at; i < at + count; i++) {
        window[i / 32u] |= (uint32_t)1 << (i % 32u);
    }
}
"""

SLICE = r"""
/* Binary digits of numbers: bit i of digit d is digit d of number i, in two's complement. */
static void slice(uint32_t *window, const int16_t *numbers, uint32_t count, uint32_t digits)
{
    uint32_t words = (count + 31u) / 32u;
    clear(window, words * digits);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = (uint32_t)(uint16_t)numbers[i];
        for (uint32_t digit = 0; digit < digits; digit++) {
            window[digit * words + i / 32u] |= ((number >> digit) & 1u) << (i % 32u);
        }
    }
}
"""

# The loop in which a binarized automaton spends its time, once for each type of weights.
_ADD_ONES = r"""
/* Adds what the ones that a window shares with the weights of each output are worth. */
static void add_ones_BITS(uint32_t *sums, const uintBITS_t *weights, uint32_t outputs,
                        uint32_t window, uint32_t worth)
{
    for (uint32_t c = 0; c < outputs; c++) {
        sums[c] += worth * ones(weights[c] & window);
    }
}
"""

ADD_PRODUCTS = r"""
/* Adds the products of a number with the codes of a row of weights, packed in a stream. */
static void add_products(uint32_t *sums, const uint8_t *stream, uint32_t first, uint32_t bits,
                         uint32_t outputs, uint32_t number)
{
    uint32_t mask = ((uint32_t)1 << bits) - 1u;
    for (uint32_t c = 0; c < outputs; c++) {
        uint32_t at = first + c * bits;
        uint32_t both = (uint32_t)stream[at / 8u] | ((uint32_t)stream[at / 8u + 1u] << 8);
        sums[c] += number * ((both >> (at % 8u)) & mask);
    }
}
"""

MIX = f"""
/* The counter-based generator: a bijection of 32 bits. */
static uint32_t mix(uint32_t value)
{{
    value ^= value >> 16;
    value *= 0x{MULTIPLIERS[0]:08x}u;
    value ^= value >> 15;
    value *= 0x{MULTIPLIERS[1]:08x}u;
    value ^= value >> 16;
    return value;
}}
"""

WEYL_C = f"0x{WEYL:08x}u"

# By name, in the order in which a source defines them.
HELPERS: Mapping[str, str] = {
    "ones": POPCOUNT,
    "to_signed": SIGNED,
    "floor_shift": SHIFT_32,
    "floor_shift_64": SHIFT_64,
    "clear": CLEAR,
    "put_bits": PUT_BITS,
    "put_ones": PUT_ONES,
    "slice": SLICE,
    **{f"add_ones_{bits}": _ADD_ONES.replace("BITS", str(bits)) for bits in (8, 16, 32)},
    "add_products": ADD_PRODUCTS,
    "mix": MIX,
}
_USES = {"slice": ["clear"], "add_ones_8": ["ones"], "add_ones_16": ["ones"],
         "add_ones_32": ["ones"]}


def helper_texts(used: set[str]) -> list[str]:
    """Definitions of these helpers and of what they call, in order."""
    wanted = used | {each for name in used for each in _USES.get(name, [])}
    return [text.strip() for name, text in HELPERS.items() if name in wanted]
