/* SysTick's ticks of all steps of all pictures, on an emulated board. */
#include <stdio.h>

#include "automaton.h"
#include "pictures.h"

#define STEPS 10u
#define CONTROL (*(volatile uint32_t *)0xE000E010u)
#define RELOAD (*(volatile uint32_t *)0xE000E014u)
#define CURRENT (*(volatile uint32_t *)0xE000E018u)

static struct automaton a;

int main(void)
{
    uint32_t total = 0;
    RELOAD = 0xffffffu;
    CONTROL = 5u;
    for (uint32_t i = 0; i < PICTURES; i++) {
        automaton_start(&a, pictures[i], 28, 28, i);
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t start;
            CURRENT = 0; /* any value written is zero: it counts down from RELOAD */
            start = CURRENT;
            automaton_step(&a);
            total += (start - CURRENT) & 0xffffffu;
        }
    }
    printf("%lu\n", (unsigned long)total);
    return 0;
}
