"""Larq's own figures of a model, as its summary computes them. Needs TensorFlow."""

from __future__ import annotations

from typing import Any

from larqca.automata.neural_ca import NeuralCA
from larqca.backend import larq


def larq_figures(model: NeuralCA) -> dict[str, Any]:
    """What `larq.models.summary` prints: model and float32 size in bytes, compression
    (size over float32 size), and MACs per cell and step by Larq's rule, which names a
    MAC after the wider of its operands. Of kernels of five weights (`von_neumann`), Larq
    counts the four places without one too."""
    profile = larq.models.ModelProfile(model)
    precisions = profile.unique_op_precisions
    return {
        "model_bytes": profile.memory / 8,
        "float32_bytes": profile.fp_equivalent_memory / 8,
        "compression_ratio": profile.memory / profile.fp_equivalent_memory,
        "macs": {str(bits): int(profile.op_count("mac", bits)) for bits in precisions},
    }
