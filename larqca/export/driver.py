"""The C program that runs an exported automaton for `verify`: cases in, hashes out.

Cases are read from standard input, or with EMBEDDED_CASES defined from a header
(`cases_header`). A case is little-endian uint32 height, width, seed, steps, then the
picture's bytes, then the state words of step 0 ``[row][column][channel]``, 16 bits each.
For each the driver prints the hash of the state after every step, and the votes at the
end. Bytes around the automaton are checked after every case, and sizes beyond the maximum
must be refused.
"""

from __future__ import annotations

from larqca.export.c99.templates import fill
from larqca.export.counter import MULTIPLIERS, WEYL

# No prefix holds a hyphen, so that no exported file has one of these names.
DRIVER, CASES = "larqca-driver.c", "larqca-cases.h"

_DRIVER = """\
#include <stdio.h>
#include <string.h>

#include "@prefix@.h"

#define GUARD 64

static struct {
    unsigned char before[GUARD];
    struct @prefix@ a;
    unsigned char after[GUARD];
} memory;

static uint8_t picture[@PREFIX@_MAX_HEIGHT * @PREFIX@_MAX_WIDTH];

static uint32_t mix(uint32_t value)
{
    value ^= value >> 16;
    value *= @M0@u;
    value ^= value >> 15;
    value *= @M1@u;
    return value ^ (value >> 16);
}

static void print_hash(const struct @prefix@ *a)
{
    uint32_t count = a->height * a->width * @PREFIX@_CHANNELS;
    for (uint32_t key = 1; key <= 2; key++) {
        uint32_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum += mix(mix(i * @WEYL@u + key) ^ ((uint32_t)a->state[i] & 0xffffu));
        }
        printf("%08lx", (unsigned long)sum);
    }
    printf("\\n");
}

#ifdef EMBEDDED_CASES
/* For machines that have no input: cases[] holds what would be read. */
#include "@CASES@"

static int read_bytes(void *bytes, size_t count)
{
    static size_t done = 0;
    if (count > sizeof cases - done) {
        return 0;
    }
    memcpy(bytes, cases + done, count);
    done += count;
    return 1;
}
#else
static int read_bytes(void *bytes, size_t count)
{
    return fread(bytes, 1, count, stdin) == count;
}
#endif

static int read_uint32(uint32_t *value)
{
    unsigned char bytes[4];
    if (!read_bytes(bytes, 4)) {
        return 0;
    }
    *value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
        | (uint32_t)bytes[3] << 24;
    return 1;
}

static int read_state(struct @prefix@ *a)
{
    for (uint32_t i = 0; i < a->height * a->width * @PREFIX@_CHANNELS; i++) {
        unsigned char bytes[2];
        if (!read_bytes(bytes, 2)) {
            return 0;
        }
        long word = (long)bytes[0] | (long)bytes[1] << 8;
        a->state[i] = (int@BITS@_t)(word >= 32768L ? word - 65536L : word);
    }
    return 1;
}

static int fail(const char *why)
{
    printf("error %s\\n", why);
    return 1;
}

static int check_refusals(void)
{
    struct @prefix@ *a = &memory.a;
    uint32_t winner;
    if (@prefix@_start(a, picture, @PREFIX@_MAX_HEIGHT + 1u, 1u, 0u) != @PREFIX@_SIZE
        || @prefix@_start(a, picture, 1u, @PREFIX@_MAX_WIDTH + 1u, 0u) != @PREFIX@_SIZE
        || @prefix@_start(a, picture, 0u, 1u, 0u) != @PREFIX@_SIZE
        || @prefix@_start(a, picture, 0xffffffffu, 0xffffffffu, 0u) != @PREFIX@_SIZE
        || @prefix@_start(0, picture, 1u, 1u, 0u) != @PREFIX@_NULL
        || @prefix@_start(a, 0, 1u, 1u, 0u) != @PREFIX@_NULL
        || @prefix@_step(a) != @PREFIX@_NOT_STARTED
        || @prefix@_classify(a, 0, &winner) != @PREFIX@_NOT_STARTED
        || @prefix@_show(a, picture) != @PREFIX@_NOT_STARTED) {
        return fail("a call that had to be refused was not");
    }
    return 0;
}

int main(void)
{
    struct @prefix@ *a = &memory.a;
    uint32_t height, width, seed, steps, winner, votes[@PREFIX@_CLASSES];
    if (check_refusals() != 0) {
        return 1;
    }
    memset(&memory, 0xa5, sizeof memory);
    while (read_uint32(&height)) {
        if (!read_uint32(&width) || !read_uint32(&seed) || !read_uint32(&steps)
            || height > @PREFIX@_MAX_HEIGHT || width > @PREFIX@_MAX_WIDTH
            || !read_bytes(picture, height * width)
            || @prefix@_start(a, picture, height, width, seed) != @PREFIX@_OK || !read_state(a)) {
            return fail("the case is damaged");
        }
        for (uint32_t step = 0; step < steps; step++) {
            if (@prefix@_step(a) != @PREFIX@_OK) {
                return fail("a step was refused");
            }
            print_hash(a);
        }
        if (@prefix@_classify(a, votes, &winner) != @PREFIX@_OK) {
            return fail("classify was refused");
        }
        printf("%lu", (unsigned long)winner);
        for (uint32_t c = 0; c < @PREFIX@_CLASSES; c++) {
            printf(" %lu", (unsigned long)votes[c]);
        }
        printf("\\n");
        for (int i = 0; i < GUARD; i++) {
            if (memory.before[i] != 0xa5 || memory.after[i] != 0xa5) {
                return fail("bytes beside the automaton were written");
            }
        }
    }
    return 0;
}
"""


def cases_header(cases: bytes) -> str:
    """`CASES` of these bytes."""
    rows = (cases[start : start + 20] for start in range(0, len(cases), 20))
    lines = ("    " + ", ".join(map(str, row)) + "," for row in rows)
    return "static const unsigned char cases[] = {\n" + "\n".join(lines) + "\n};\n"


def driver_source(prefix: str, state_bits: int) -> str:
    """The driver for an automaton that was exported under a prefix."""
    names = {
        "prefix": prefix, "PREFIX": prefix.upper(), "BITS": str(state_bits), "CASES": CASES,
        "WEYL": f"0x{WEYL:08x}", "M0": f"0x{MULTIPLIERS[0]:08x}", "M1": f"0x{MULTIPLIERS[1]:08x}",
    }
    return fill(_DRIVER, names)
