"""Text of the C files that does not depend on layers. ``@NAME@`` is filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping


def fill(template: str, names: Mapping[str, str]) -> str:
    """The template with each ``@NAME@`` replaced by what `names` has for it."""
    return re.sub(r"@(\w+)@", lambda found: names[found[1]], template)


HEADER = """\
/*
 * A neural cellular automaton that classifies the picture its cells stand on, in integers.
 * Written by larqca; do not edit: `larqca verify` compares these bytes.
 *
 * Usage:
 *
 *     static struct @prefix@ a;
 *     uint32_t winner;
 *     @prefix@_start(&a, picture, height, width, @PREFIX@_SEED);
 *     @prefix@_rollout(&a, 20);
 *     @prefix@_classify(&a, 0, &winner);
 *
 * Pictures are grey bytes, row by row. A cell is alive where its byte is at least
 * @PREFIX@_ALIVE_FROM; all others stay at zero. Every function returns @PREFIX@_OK or
 * what was wrong, and then has done nothing.
 */
#ifndef LARQCA_@PREFIX@_H
#define LARQCA_@PREFIX@_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @PREFIX@_MAX_HEIGHT @HEIGHT@u
#define @PREFIX@_MAX_WIDTH @WIDTH@u
#define @PREFIX@_CHANNELS @CHANNELS@u /* state words of a cell, the last ones classes */
#define @PREFIX@_CLASSES @CLASSES@u
#define @PREFIX@_STATE_BITS @BITS@
#define @PREFIX@_STATE_FRACTION @FRACTION@ /* a word is worth 2^-this */
#define @PREFIX@_ALIVE_FROM @ALIVE_FROM@
#define @PREFIX@_SEED @SEED@ /* of the test vectors */
#define @PREFIX@_BYTES @BYTES@u /* of the struct */
#define @PREFIX@_STACK @STACK@u /* bytes of arrays that a call puts on the stack, at most */

enum {
    @PREFIX@_OK = 0,
    @PREFIX@_NULL = 1,     /* a pointer is null */
    @PREFIX@_SIZE = 2,     /* height or width is zero or beyond its maximum */
    @PREFIX@_NOT_STARTED = 3 /* the struct has not been through start, or was damaged */
};

/* All memory of an automaton; what is in it may be read. */
"""

HEADER_END = """\

/* Breaks the build where the compiler lays the struct out in another size. */
typedef char @prefix@_size_check[sizeof(struct @prefix@) == @PREFIX@_BYTES ? 1 : -1];

/* Step 0: the picture, and zeros. */
int @prefix@_start(struct @prefix@ *a, const uint8_t *picture, uint32_t height, uint32_t width,
    uint32_t seed);

/* Another picture of the same size under the states; cells that died or are new are zero. */
int @prefix@_show(struct @prefix@ *a, const uint8_t *picture);

int @prefix@_step(struct @prefix@ *a);

int @prefix@_rollout(struct @prefix@ *a, uint32_t steps);

/* How many live cells name each class (votes may be null), and the class with most votes:
 * of equals the first, @PREFIX@_CLASSES if no cell is alive. */
int @prefix@_classify(const struct @prefix@ *a, uint32_t *votes, uint32_t *winner);

#ifdef __cplusplus
}
#endif

#endif
"""

SOURCE_START = """\
/*
 * Written by larqca; see the header.
 *
@DESCRIPTION@
 */
#include "@prefix@.h"

#define MAX_WIDTH @PREFIX@_MAX_WIDTH

"""

SAYS = """
/* How loudly a cell says a class: two share a word, the second says it by the negative. */
static int32_t says(const int@BITS@_t *words, uint32_t c)
{
    int32_t word = words[c / 2u];
    return c % 2u == 0u ? word : -word;
}
"""

LIFE = """
static int is_size(uint32_t height, uint32_t width)
{
    return height != 0u && height <= @PREFIX@_MAX_HEIGHT && width != 0u && width <= MAX_WIDTH;
}

static int check(const struct @prefix@ *a)
{
    if (a == 0) {
        return @PREFIX@_NULL;
    }
    return a->ready == @READY@ && is_size(a->height, a->width) ? @PREFIX@_OK
                                                               : @PREFIX@_NOT_STARTED;
}

int @prefix@_start(struct @prefix@ *a, const uint8_t *picture, uint32_t height, uint32_t width,
    uint32_t seed)
{
    if (a == 0 || picture == 0) {
        return @PREFIX@_NULL;
    }
    if (!is_size(height, width)) {
        return @PREFIX@_SIZE;
    }
    for (uint32_t i = 0; i < height * width * @PREFIX@_CHANNELS; i++) {
        a->state[i] = 0;
    }
    for (uint32_t place = 0; place < height * width; place++) {
        put_grey(a, place, picture[place]);
    }
    a->ready = @READY@;
    a->height = height;
    a->width = width;
    a->step = 0;
    a->seed = seed;
    return @PREFIX@_OK;
}

int @prefix@_show(struct @prefix@ *a, const uint8_t *picture)
{
    int problem = check(a);
    if (problem != @PREFIX@_OK || picture == 0) {
        return problem != @PREFIX@_OK ? problem : @PREFIX@_NULL;
    }
    for (uint32_t place = 0; place < a->height * a->width; place++) {
        put_grey(a, place, picture[place]);
        if (is_alive(a, place) == 0u) {
            for (uint32_t c = 0; c < @PREFIX@_CHANNELS; c++) {
                a->state[place * @PREFIX@_CHANNELS + c] = 0;
            }
        }
    }
    return @PREFIX@_OK;
}

int @prefix@_step(struct @prefix@ *a)
{
    return @prefix@_rollout(a, 1u);
}

int @prefix@_rollout(struct @prefix@ *a, uint32_t steps)
{
    int problem = check(a);
    if (problem != @PREFIX@_OK) {
        return problem;
    }
@UNPACKED@    for (uint32_t i = 0; i < steps; i++) {
        @ADVANCE@;
    }
    return @PREFIX@_OK;
}

int @prefix@_classify(const struct @prefix@ *a, uint32_t *votes, uint32_t *winner)
{
    uint32_t counts[@PREFIX@_CLASSES];
    int problem = check(a);
    if (problem != @PREFIX@_OK || winner == 0) {
        return problem != @PREFIX@_OK ? problem : @PREFIX@_NULL;
    }
    for (uint32_t c = 0; c < @PREFIX@_CLASSES; c++) {
        counts[c] = 0;
    }
    for (uint32_t place = 0; place < a->height * a->width; place++) {
        if (is_alive(a, place) != 0u) {
            const int@BITS@_t *words =
                &a->state[(place + 1u) * @PREFIX@_CHANNELS - @CLASS_CHANNELS@];
            uint32_t best = 0;
            for (uint32_t c = 1; c < @PREFIX@_CLASSES; c++) {
                if (@SAYS_C@ > @SAYS_BEST@) {
                    best = c;
                }
            }
            counts[best] += 1u;
        }
    }
    *winner = @PREFIX@_CLASSES;
    for (uint32_t c = 0; c < @PREFIX@_CLASSES; c++) {
        if (votes != 0) {
            votes[c] = counts[c];
        }
        if (counts[c] > (*winner == @PREFIX@_CLASSES ? 0u : counts[*winner])) {
            *winner = c;
        }
    }
    return @PREFIX@_OK;
}
"""
