"""C helpers of emitted sources; each source holds those that it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from larqca.export.counter import MULTIPLIERS, WEYL

POPCOUNT = r"""
/* Whether the compiler has an instruction for the number of ones, or a vector of them. */
#if defined(__GNUC__) && (defined(__AVX512VPOPCNTDQ__) || defined(__aarch64__) \
                          || defined(__riscv_zbb) || defined(__wasm__) \
                          || defined(__ARM_FEATURE_MVE) \
                          || (defined(__POPCNT__) && !defined(__AVX2__)))
#define COUNT_BY_INSTRUCTION
#endif

#ifndef COUNT_BY_INSTRUCTION
/* Masks before it shifts: 32-bit ARM instructions shift an operand for nothing, but compilers
 * would shift first. */
#if defined(__GNUC__) && defined(__arm__)
#define MASKED_FIRST(word) __asm__("" : "+r"(word))
#else
#define MASKED_FIRST(word) (void)(word)
#endif

/* Ones in each four bits. */
static inline uint32_t nibbles(uint32_t word)
{
    uint32_t high = word & 0xaaaaaaaau;
    MASKED_FIRST(high);
    word -= high >> 1;
    high = word & 0xccccccccu;
    MASKED_FIRST(high);
    return (word & 0x33333333u) + (high >> 2);
}

/* Sums of two times four bits. */
static inline uint32_t bytes(uint32_t count)
{
    uint32_t high = count & 0xf0f0f0f0u;
    MASKED_FIRST(high);
    return (count & 0x0f0f0f0fu) + (high >> 4);
}

/* The sum of four bytes. */
static inline uint32_t sum_bytes(uint32_t count)
{
#if defined(__GNUC__) && defined(__ARM_FEATURE_SIMD32)
    uint32_t sum;
    __asm__("usad8 %0, %1, %2" : "=r"(sum) : "r"(count), "r"(0));
    return sum;
#else
    return (count * 0x01010101u) >> 24;
#endif
}
#endif

/* Number of ones. */
static inline uint32_t ones_1(uint32_t a)
{
#ifdef COUNT_BY_INSTRUCTION
    return (uint32_t)__builtin_popcount(a);
#else
    return sum_bytes(bytes(nibbles(a)));
#endif
}
"""

# Words whose ones are counted together at most: more could exceed eight bits.
MOST_WORDS = 7


def _carry_save(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """C statements that add words bit by bit, and the names of the sums' binary digits,
    lowest first."""
    lines, digits, column, number = [], [], list(words), 0
    while column:
        carries = []
        while len(column) > 1:
            x, y, *rest = column[:3]
            half, number = f"x{number}", number + 1
            lines.append(f"uint32_t {half} = {x} ^ {y};")
            carry = f"c{number}"
            if rest:
                lines += [f"uint32_t s{number} = {half} ^ {rest[0]};",
                          f"uint32_t {carry} = ({x} & {y}) | ({half} & {rest[0]});"]
            else:
                lines.append(f"uint32_t {carry} = {x} & {y};")
            column = [*column[3:], f"s{number}" if rest else half]
            carries.append(carry)
        digits.append(column[0])
        column = carries
    return lines, digits


def _ones(count: int) -> str:
    """C function that counts the ones of several words."""
    names = "abcdefg"[:count]
    parameters = ", ".join(f"uint32_t {name}" for name in names)
    lines, digits = _carry_save(names)
    # Sums of four bits hold the first two digits, sums of eight the third.
    lines.append(f"uint32_t count = bytes(nibbles({digits[0]}) + 2u * nibbles({digits[1]}));")
    if len(digits) == 3:
        lines.append(f"count += 4u * bytes(nibbles({digits[2]}));")
    added = " + ".join(f"ones_1({name})" for name in names)
    body = "\n".join(f"    {each}" for each in [*lines, "return sum_bytes(count);"])
    return f"""
/* Number of ones in {count} words: without an instruction, carries are saved first. */
static inline uint32_t ones_{count}({parameters})
{{
#ifdef COUNT_BY_INSTRUCTION
    return {added};
#else
{body}
#endif
}}
"""

SIGNED = r"""
/* Two's complement, whatever the compiler makes of a cast. */
static int32_t to_signed(uint32_t value)
{
    return value <= 0x7fffffffu ? (int32_t)value : -(int32_t)(~value) - 1;
}
"""

AT_LEAST = r"""
/* Whether value >= threshold, 1 or 0; their difference is less than 2^31. */
static inline uint32_t at_least(int32_t value, int32_t threshold)
{
#ifdef __arm__ /* where the sign of a difference takes fewer instructions */
    return 1u - ((uint32_t)(value - threshold) >> 31);
#else
    return value >= threshold;
#endif
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
/* Binary digits of numbers, 32 at a time: bit i of digit d is digit d of number i, in two's
 * complement. */
static void slice(uint32_t *window, const int16_t *numbers, uint32_t words, uint32_t digits)
{
    for (uint32_t w = 0; w < words; w++) {
        for (uint32_t digit = 0; digit < digits; digit++) {
            uint32_t word = 0;
            for (uint32_t b = 0; b < 32u; b++) {
                word |= (((uint32_t)(uint16_t)numbers[32u * w + b] >> digit) & 1u) << b;
            }
            window[digit * words + w] = word;
        }
    }
}
"""

PACK = r"""
/* Binary digits of codes: bit i of digit d is digit d of code i. */
static void pack(uint32_t *packed, const uint32_t *levels, uint32_t count, uint32_t digits)
{
    uint32_t words = (count + 31u) / 32u;
    for (uint32_t w = 0; w < words; w++) {
        uint32_t bits = count - 32u * w < 32u ? count - 32u * w : 32u;
        for (uint32_t digit = 0; digit < digits; digit++) {
            uint32_t word = 0;
            for (uint32_t b = 0; b < bits; b++) {
                word |= ((levels[32u * w + b] >> digit) & 1u) << b;
            }
            packed[digit * words + w] = word;
        }
    }
}
"""

ADD_PRODUCTS = r"""
/* Adds the products of a number with the codes of a row of weights. */
static void add_products(uint32_t *sums, const uint8_t *stream, uint32_t first, uint32_t bits,
                         uint32_t outputs, uint32_t number)
{
#if UNPACK
    (void)bits;
    for (uint32_t c = 0; c < outputs; c++) {
        sums[c] += number * stream[first + c];
    }
#else
    uint32_t mask = ((uint32_t)1 << bits) - 1u;
    first *= bits;
    for (uint32_t c = 0; c < outputs; c++) {
        sums[c] += number * code_at(stream, first + c * bits, mask);
    }
#endif
}
"""

ADD_OWN_PRODUCTS = r"""
/* Adds the products of numbers with the codes of a row of weights, one by one. */
static void add_own_products(uint32_t *sums, const uint8_t *stream, uint32_t first, uint32_t bits,
                             uint32_t outputs, const int16_t *numbers)
{
#if UNPACK
    (void)bits;
    for (uint32_t c = 0; c < outputs; c++) {
        int32_t number = numbers[c];
        sums[c] += (uint32_t)number * stream[first + c];
    }
#else
    uint32_t mask = ((uint32_t)1 << bits) - 1u;
    first *= bits;
    for (uint32_t c = 0; c < outputs; c++) {
        int32_t number = numbers[c];
        sums[c] += (uint32_t)number * code_at(stream, first + c * bits, mask);
    }
#endif
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
    "ones_1": POPCOUNT,
    **{f"ones_{count}": _ones(count) for count in range(2, MOST_WORDS + 1)},
    "to_signed": SIGNED,
    "at_least": AT_LEAST,
    "floor_shift": SHIFT_32,
    "floor_shift_64": SHIFT_64,
    "clear": CLEAR,
    "put_ones": PUT_ONES,
    "slice": SLICE,
    "pack": PACK,
    "add_products": ADD_PRODUCTS,
    "add_own_products": ADD_OWN_PRODUCTS,
    "mix": MIX,
}


def helper_texts(used: set[str]) -> list[str]:
    """Definitions of these helpers and of what they call, in order."""
    counts = {"ones_1"} if any(name.startswith("ones_") for name in used) else set()
    return [text.strip() for name, text in HELPERS.items() if name in used | counts]
