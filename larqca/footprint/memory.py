"""Theoretical memory, counted the way the published table counts it.

Each kernel weight takes its quantizer's bits, every other learned number 32
(Clothing Automata 2020: 18,000 one-bit weights and 80 float biases are 2.51 KiB).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from larqca.automata.layout import AutomatonLayout, LayerLayout
from larqca.quantizers.registry import bits


@dataclass(frozen=True)
class Memory:
    """Parameters and bits of a stack of layers.

    Attributes:
        parameters: learned numbers, scales and biases included.
        kernel_weights: those of them that kernels hold.
        kernel_bits: bits of the kernels.
        total_bits: bits of everything.
    """

    parameters: int
    kernel_weights: int
    kernel_bits: int
    total_bits: int

    @property
    def bytes(self) -> float:
        """Bytes, with a fraction where the bits do not fill the last one."""
        return self.total_bits / 8

    @property
    def bits_per_weight(self) -> float:
        """Bits of an average kernel weight."""
        return self.kernel_bits / self.kernel_weights

    def __add__(self, other: Memory) -> Memory:
        return Memory(
            self.parameters + other.parameters,
            self.kernel_weights + other.kernel_weights,
            self.kernel_bits + other.kernel_bits,
            self.total_bits + other.total_bits,
        )


def memory_of(layers: Sequence[LayerLayout]) -> Memory:
    """Theoretical memory of these layers together."""
    return sum((_layer_memory(layer) for layer in layers), Memory(0, 0, 0, 0))


def _layer_memory(layer: LayerLayout) -> Memory:
    kernel_bits = layer.kernel_count * bits(layer.kernel_quantizer)
    return Memory(
        parameters=layer.kernel_count + layer.float_count,
        kernel_weights=layer.kernel_count,
        kernel_bits=kernel_bits,
        total_bits=kernel_bits + 32 * layer.float_count,
    )


def readable(size: float) -> str:
    """Bytes in the published notation: ``990 B``, ``2.51 KiB``."""
    if size < 1024:
        return f"{size:.0f} B"
    if size < 1024**2:
        return f"{size / 1024:.2f} KiB"
    return f"{size / 1024**2:.2f} MiB"


def readable_pair(layout: AutomatonLayout) -> str:
    """Memory of perceive and update in the published notation."""
    perceive, update = memory_of(layout.perceive), memory_of(layout.update)
    return f"{readable(perceive.bytes)} + {readable(update.bytes)}"
