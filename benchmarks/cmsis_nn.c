/* The published network in 8 bits by CMSIS-NN, as an inference framework would run it: three
 * convolutions over all cells of a 28 x 28 grid, then the change added to the state. Prints
 * SysTick's ticks of a step, and bytes of constants and of memory. Weights are arbitrary. */
#include <stdio.h>

#include "arm_nnfunctions.h"

#define SIDE 28
#define CELLS (SIDE * SIDE)
#define CHANNELS 20
#define HIDDEN 80
#define CHANGES 19

#define CONTROL (*(volatile uint32_t *)0xE000E010u)
#define RELOAD (*(volatile uint32_t *)0xE000E014u)
#define CURRENT (*(volatile uint32_t *)0xE000E018u)

static const int8_t weights_0[HIDDEN * 9 * CHANNELS] = {1}, weights_1[HIDDEN * HIDDEN] = {1},
    weights_2[CHANGES * HIDDEN] = {1};
static const int32_t biases[HIDDEN + HIDDEN + CHANGES] = {1};
static const int32_t multipliers[HIDDEN + HIDDEN + CHANGES] = {1 << 30};
static const int32_t shifts[HIDDEN + HIDDEN + CHANGES] = {-8};

static int8_t state[CELLS * CHANNELS], one[CELLS * HIDDEN], other[CELLS * HIDDEN];
static int16_t scratch[4096];

static int convolve(const int8_t *input, int8_t *output, const int8_t *weights, int first,
                    int side, int inputs, int outputs, int low, int32_t *needed)
{
    cmsis_nn_context context = {scratch, sizeof scratch};
    cmsis_nn_conv_params parameters = {
        .input_offset = 0, .output_offset = 0, .stride = {1, 1},
        .padding = {side / 2, side / 2}, .dilation = {1, 1}, .activation = {low, 127}};
    cmsis_nn_per_channel_quant_params scales = {
        (int32_t *)&multipliers[first], (int32_t *)&shifts[first]};
    cmsis_nn_dims in = {1, SIDE, SIDE, inputs}, filter = {outputs, side, side, inputs},
                  bias = {1, 1, 1, outputs}, out = {1, SIDE, SIDE, outputs};
    int32_t size = arm_convolve_wrapper_s8_get_buffer_size(&parameters, &in, &filter, &out);
    *needed = size > *needed ? size : *needed;
    return size > (int32_t)sizeof scratch
        || arm_convolve_wrapper_s8(&context, &parameters, &scales, &in, input, &filter, weights,
                                   &bias, &biases[first], &out, output) != ARM_CMSIS_NN_SUCCESS;
}

int main(void)
{
    int32_t needed = 0;
    RELOAD = 0xffffffu;
    CONTROL = 5u;
    CURRENT = 0;
    uint32_t start = CURRENT;
    if (convolve(state, one, weights_0, 0, 3, CHANNELS, HIDDEN, 0, &needed)
        || convolve(one, other, weights_1, HIDDEN, 1, HIDDEN, HIDDEN, 0, &needed)
        || convolve(other, one, weights_2, 2 * HIDDEN, 1, HIDDEN, CHANGES, -128, &needed)) {
        return 1;
    }
    for (int cell = 0; cell < CELLS; cell++) {
        for (int c = 0; c < CHANGES; c++) {
            int sum = state[cell * CHANNELS + 1 + c] + one[cell * CHANGES + c];
            state[cell * CHANNELS + 1 + c] = (int8_t)(sum < -128 ? -128 : sum > 127 ? 127 : sum);
        }
    }
    uint32_t ticks = (start - CURRENT) & 0xffffffu;
    printf("%lu %lu %lu\n", (unsigned long)ticks,
           (unsigned long)(sizeof weights_0 + sizeof weights_1 + sizeof weights_2 + sizeof biases
                           + sizeof multipliers + sizeof shifts),
           (unsigned long)(sizeof state + sizeof one + sizeof other) + (unsigned long)needed);
    return 0;
}
