"""Multiply-accumulates of one cell in one step, by the precision of both operands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from larqca.automata.layout import LayerLayout
from larqca.quantizers.registry import bits


def macs_of(layers: Sequence[LayerLayout]) -> dict[str, int]:
    """MACs per cell and step, keyed ``<weight bits>x<input bits>``."""
    counts: Counter[str] = Counter()
    for layer in layers:
        key = f"{bits(layer.kernel_quantizer)}x{bits(layer.input_quantizer)}"
        counts[key] += layer.mac_count
    return dict(sorted(counts.items()))


def readable(macs: Mapping[str, int]) -> str:
    """For example ``14,400 (32x32) + 8,000 (1x32)``."""
    return " + ".join(f"{count:,} ({precision})" for precision, count in macs.items())
