/* Times steps of an exported automaton: seconds of one step, the median over repeats.
 * pictures.h holds PICTURES pictures of 28 x 28. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "automaton.h"
#include "pictures.h"

#define STEPS 50
#define REPEATS 7

static struct automaton a;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

int main(void)
{
    double seconds[REPEATS];
    for (int repeat = -1; repeat < REPEATS; repeat++) { /* the first warms up */
        int calls = 0;
        double start = now(), passed;
        do {
            for (uint32_t i = 0; i < PICTURES; i++) {
                if (automaton_start(&a, pictures[i], 28, 28, i) != AUTOMATON_OK
                    || automaton_rollout(&a, STEPS) != AUTOMATON_OK) {
                    return 1;
                }
            }
            calls++;
            passed = now() - start;
        } while (passed < 0.3);
        if (repeat >= 0) {
            seconds[repeat] = passed / calls / PICTURES / STEPS;
        }
    }
    qsort(seconds, REPEATS, sizeof seconds[0], compare);
    printf("%.9g %.9g\n", seconds[REPEATS / 2], seconds[0]);
    return 0;
}
