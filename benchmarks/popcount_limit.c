/* Binary multiply-accumulates a second of this machine at best: ones shared by 784 rows of
 * 576 bits and 64 outputs, everything in the first cache, the output innermost; and how long
 * a cycle is, from a chain of shifts and exclusive ors that each take one. */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ROWS 784
#define WORDS 18
#define OUTPUTS 64
#define REPEATS 40

static uint32_t weights[WORDS][OUTPUTS], inputs[ROWS][WORDS], sums[OUTPUTS];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    uint32_t random = 1, total = 0;
    double best = 1e9, cycle = 1e9;
    for (uint32_t *word = weights[0]; word < weights[0] + WORDS * OUTPUTS; word++) {
        *word = random = random * 1664525u + 1013904223u;
    }
    for (uint32_t *word = inputs[0]; word < inputs[0] + ROWS * WORDS; word++) {
        *word = random = random * 1664525u + 1013904223u;
    }
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = now();
        for (uint32_t row = 0; row < ROWS; row++) {
            for (uint32_t c = 0; c < OUTPUTS; c++) {
                uint32_t sum = 0;
#pragma GCC unroll 18
                for (uint32_t w = 0; w < WORDS; w++) {
                    sum += (uint32_t)__builtin_popcount(weights[w][c] ^ inputs[row][w]);
                }
                sums[c] = sum;
            }
            total += sums[row % OUTPUTS];
        }
        double passed = now() - start;
        best = passed < best ? passed : best;
        start = now();
        for (int i = 0; i < 100000; i++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
        }
        passed = (now() - start) / 600000;
        cycle = passed < cycle ? passed : cycle;
    }
    printf("%.9g %.9g\n", (double)ROWS * WORDS * 32 * OUTPUTS / best, cycle);
    return (int)(total + random == 0);
}
