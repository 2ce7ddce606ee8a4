/*
 * A neural cellular automaton that classifies the picture its cells stand on, in integers.
 * Written by larqca; do not edit: `larqca verify` compares these bytes.
 *
 * Usage:
 *
 *     static struct automaton a;
 *     uint32_t winner;
 *     automaton_start(&a, picture, height, width, AUTOMATON_SEED);
 *     automaton_rollout(&a, 20);
 *     automaton_classify(&a, 0, &winner);
 *
 * Pictures are grey bytes, row by row. A cell is alive where its byte is at least
 * AUTOMATON_ALIVE_FROM; all others stay at zero. Every function returns AUTOMATON_OK or
 * what was wrong, and then has done nothing.
 */
#ifndef LARQCA_AUTOMATON_H
#define LARQCA_AUTOMATON_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AUTOMATON_MAX_HEIGHT 8u
#define AUTOMATON_MAX_WIDTH 8u
#define AUTOMATON_CHANNELS 19u /* state words of a cell, the last ones classes */
#define AUTOMATON_CLASSES 10u
#define AUTOMATON_STATE_BITS 16
#define AUTOMATON_STATE_FRACTION 9 /* a word is worth 2^-this */
#define AUTOMATON_ALIVE_FROM 26
#define AUTOMATON_SEED 0u /* of the test vectors */
#define AUTOMATON_BYTES 2900u /* of the struct */
#define AUTOMATON_STACK 2392u /* bytes of arrays that a call puts on the stack, at most */

enum {
    AUTOMATON_OK = 0,
    AUTOMATON_NULL = 1,     /* a pointer is null */
    AUTOMATON_SIZE = 2,     /* height or width is zero or beyond its maximum */
    AUTOMATON_NOT_STARTED = 3 /* the struct has not been through start, or was damaged */
};

/* All memory of an automaton; what is in it may be read. */
struct automaton {
    uint32_t ready; /* what start leaves here, so that others know */
    uint32_t height;
    uint32_t width;
    uint32_t step; /* steps since start */
    uint32_t seed; /* of the fire masks */
    uint32_t ring_0[96]; /* three rows of what perceive/0 reads */
    int16_t state[1216]; /* words of each cell [row][column][channel] */
    uint8_t grey[64]; /* the picture [row][column] */
};

/* Breaks the build where the compiler lays the struct out in another size. */
typedef char automaton_size_check[sizeof(struct automaton) == AUTOMATON_BYTES ? 1 : -1];

/* Step 0: the picture, and zeros. */
int automaton_start(struct automaton *a, const uint8_t *picture, uint32_t height, uint32_t width,
    uint32_t seed);

/* Another picture of the same size under the states; cells that died or are new are zero. */
int automaton_show(struct automaton *a, const uint8_t *picture);

int automaton_step(struct automaton *a);

int automaton_rollout(struct automaton *a, uint32_t steps);

/* How many live cells name each class (votes may be null), and the class with most votes:
 * of equals the first, AUTOMATON_CLASSES if no cell is alive. */
int automaton_classify(const struct automaton *a, uint32_t *votes, uint32_t *winner);

#ifdef __cplusplus
}
#endif

#endif
