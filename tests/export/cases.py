"""Automata of every kind that export must carry, by name."""

from tests.export.helpers import DEEP, TINY, with_quantizers


def dorefa(bits):
    return {"name": "dorefa_quantizer", "k_bit": bits}


def separable(neighbourhood=("center", "moore"), **network):
    settings = with_quantizers(TINY, neighbourhood=list(neighbourhood), **network)
    perceive = {**settings["perceive"], "widths": [6, 6], "depthwise": [False, True]}
    return {**settings, "perceive": perceive}


SIGN = {"kernel_quantizer": "ste_sign"}  # one plane: `with_quantizers`
BNN = {**SIGN, "input_quantizer": "ste_sign"}
CLOTHING = {
    "perceive": {"widths": [4, 6], "bias": [False, True], "scale": "none"},
    "update": {"widths": [5], "bias": False, "scale": "none"},
    "cell": {"hidden_channels": 2},
}
COMPACT = {"cell": {"hidden_channels": 5}, "perceive": {"widths": [32]}, "update": {"widths": [32]}}

# Kernels are quantized, inputs are words.
KERNELS = {
    "float": with_quantizers(TINY),
    "float, rank one": with_quantizers(TINY, scale="rank_one", pad_values=1),
    "one bit": with_quantizers(TINY, **SIGN),
    "one bit, deep, rank one": with_quantizers(DEEP, pad_values=1, scale="rank_one", **SIGN),
    "one bit, deep, center": with_quantizers(DEEP, scale="center", **SIGN),
    "one bit, no scales": with_quantizers(DEEP, scale="none", **SIGN),
    "approx_sign": with_quantizers(TINY, kernel_quantizer="approx_sign", scale="channel"),
    "swish_sign": with_quantizers(TINY, kernel_quantizer="swish_sign", pad_values=1),
    "ternary": with_quantizers(DEEP, kernel_quantizer="ste_tern"),
    "two ternary planes": with_quantizers(TINY, kernel_quantizer="ste_tern", kernel_planes=2),
    "2 bits": with_quantizers(TINY, kernel_quantizer=dorefa(2)),
    "4 bits": with_quantizers(DEEP, kernel_quantizer=dorefa(4), pad_values=1),
    "8 bits": with_quantizers(TINY, kernel_quantizer=dorefa(8)),
    "12 bits": with_quantizers(TINY, kernel_quantizer=dorefa(12)),
    "heaviside": with_quantizers(TINY, kernel_quantizer="ste_heaviside", scale="rank_one"),
    "heaviside planes": with_quantizers(TINY, kernel_quantizer="ste_heaviside", kernel_planes=3),
    "own magnitudes": with_quantizers(TINY, kernel_quantizer="magnitude_aware_sign"),
    "own magnitudes in planes": with_quantizers(
        DEEP, kernel_quantizer="magnitude_aware_sign", kernel_planes=3),
    "planes": with_quantizers(TINY, **SIGN, kernel_planes=3, scale="channel"),
    "compact": with_quantizers(COMPACT, **SIGN),
    "von neumann": with_quantizers(DEEP, **SIGN, neighbourhood="von_neumann", pad_values=1),
    "von neumann, 4 bits": with_quantizers(
        TINY, kernel_quantizer=dorefa(4), neighbourhood="von_neumann", scale="center"),
    "two classes to a channel": {
        **with_quantizers(TINY, **SIGN), "cell": {"hidden_channels": 3, "classes_per_channel": 2}},
}
# Inputs are quantized, and kernels that are hold integers: sums are exact.
INPUTS = {
    "bnn": with_quantizers(TINY, **BNN),
    "bnn, deep, padded": with_quantizers(DEEP, pad_values=1, **BNN),
    "bnn, no scales": with_quantizers(DEEP, scale="none", **BNN),
    "bnn, rank one": with_quantizers(TINY, scale="rank_one", **BNN),
    "bnn, planes of both": with_quantizers(DEEP, kernel_planes=2, input_planes=5, **BNN),
    "bnn, even planes": with_quantizers(TINY, input_planes=4, scale="rank_one", **BNN),
    "bnn, odd planes": with_quantizers(TINY, input_planes=3, **BNN),
    "bnn, many planes, padded": with_quantizers(TINY, input_planes=14, pad_values=1, **BNN),
    "heaviside inputs": with_quantizers(
        TINY, **SIGN, input_quantizer="ste_heaviside", pad_values=1),
    "ternary inputs": with_quantizers(
        DEEP, **SIGN, input_quantizer="ste_tern", input_planes=2, scale="rank_one"),
    "dorefa inputs": with_quantizers(
        TINY, **SIGN, input_quantizer=dorefa(4), pad_values=1, scale="rank_one"),
    "ternary both": with_quantizers(
        TINY, kernel_quantizer="ste_tern", input_quantizer="ste_tern"),
    "heaviside both": with_quantizers(
        TINY, kernel_quantizer="ste_heaviside", input_quantizer="ste_heaviside"),
    "4 bits by 3": with_quantizers(
        TINY, kernel_quantizer=dorefa(4), input_quantizer=dorefa(3)),
    "clothing": with_quantizers(CLOTHING, **BNN),
    "bnn, von neumann": with_quantizers(DEEP, neighbourhood="von_neumann", **BNN),
    "compact bnn": with_quantizers(COMPACT, **BNN),
}
# Inputs are quantized behind sums that are not exact in floating point.
MIXED = {
    "clothing, mixed": {**CLOTHING, "perceive": {**CLOTHING["perceive"], **BNN}},
    "ban": with_quantizers(TINY, input_quantizer="ste_sign"),
    "ban, 8-bit codes": with_quantizers(TINY, input_quantizer=dorefa(8), scale="rank_one"),
    "own magnitudes in planes, bnn": with_quantizers(
        TINY, kernel_quantizer="magnitude_aware_sign", kernel_planes=2,
        input_quantizer="ste_sign"),
    "bnn behind 4 bits": {
        **with_quantizers(TINY, kernel_quantizer=dorefa(4)),
        "update": {"widths": [5], **BNN, "kernel_planes": 1, "input_planes": 1},
    },
    "bnn behind words": {
        **with_quantizers(TINY, **SIGN),
        "update": {"widths": [5], **BNN, "kernel_planes": 1, "input_planes": 1},
    },
}
# Each channel of the second layer sees one of the first, at all places or five.
SEPARABLE = {
    "separable": separable(),
    "separable, one bit": separable(**SIGN, pad_values=1),
    "separable, 4 bits": separable(kernel_quantizer=dorefa(4), bias=False),
    "separable, 3 bits, von neumann": separable(
        kernel_quantizer=dorefa(3), neighbourhood=["center", "von_neumann"]),
    "separable, ternary, no scales": separable(kernel_quantizer="ste_tern", scale="none"),
    "separable, own magnitudes in planes": separable(
        kernel_quantizer="magnitude_aware_sign", kernel_planes=3, pad_values=1),
    "separable, 4 bits, signs behind it": {
        **separable(kernel_quantizer=dorefa(4)),
        "update": {"widths": [5], **BNN, "kernel_planes": 1, "input_planes": 1},
    },
}
EVERY = {**KERNELS, **INPUTS, **MIXED, **SEPARABLE}
