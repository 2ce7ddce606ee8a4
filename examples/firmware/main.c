/*
 * Firmware that classifies handwritten digits: pictures in flash, one automaton in RAM.
 *
 * Prints what the cells of each digit name after 40 steps, and how many are right.
 */
#include <stdio.h>

#include "automaton.h"
#include "digits.h"

#define STEPS 40u

static struct automaton cells;

int main(void)
{
    unsigned right = 0;
    for (unsigned i = 0; i < DIGITS; i++) {
        uint32_t votes[AUTOMATON_CLASSES], winner;
        if (automaton_start(&cells, digits[i], DIGIT_HEIGHT, DIGIT_WIDTH, i) != AUTOMATON_OK
            || automaton_rollout(&cells, STEPS) != AUTOMATON_OK
            || automaton_classify(&cells, votes, &winner) != AUTOMATON_OK) {
            printf("digit %u was refused\n", i);
            return 1;
        }
        right += winner == digit_labels[i];
        printf("a %u, the cells say %lu; votes", digit_labels[i], (unsigned long)winner);
        for (unsigned c = 0; c < AUTOMATON_CLASSES; c++) {
            printf(" %lu", (unsigned long)votes[c]);
        }
        printf("\n");
    }
    printf("%u of %u right; %lu bytes of RAM for the cells\n", right, (unsigned)DIGITS,
        (unsigned long)sizeof cells);
    return 0;
}
