"""What a run's automaton costs, recorded when it is planned.

Larq's quantizers are known without importing them. A user's own says its precision only
when imported, and its module imports TensorFlow; that happens in a process of its own
(``python -m larqca.sweep.figures``), so that sweeps and reports stay light and run no
user code.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from larqca.automata.layout import LayerLayout, layout_of
from larqca.config.canonical import canonical_json
from larqca.config.schema import RunConfig
from larqca.errors import ConfigError, LarqcaError
from larqca.footprint.macs import macs_of
from larqca.footprint.memory import memory_of
from larqca.quantizers.registry import QUANTIZERS, label

Figures = dict[str, Any]


def figures_of(config: RunConfig) -> Figures:
    """Parameters, bits and MACs of both networks, and their quantizers' labels."""
    layout = layout_of(config)
    return {
        "perceive": _network_figures(layout.perceive),
        "update": _network_figures(layout.update),
        "macs": macs_of(layout.layers),
    }


def figures_of_all(configs: Mapping[str, RunConfig]) -> dict[str, Figures]:
    """Figures of many runs, by the same keys.

    Raises:
        ConfigError: a user's own quantizer cannot be imported or used.
    """
    own = {key: config for key, config in configs.items() if _has_own_quantizer(config)}
    figures = _ask_child(own) if own else {}
    return {
        key: figures[key] if key in figures else figures_of(config)
        for key, config in configs.items()
    }


def _network_figures(layers: Sequence[LayerLayout]) -> Figures:
    memory = memory_of(layers)
    return {
        "parameters": memory.parameters,
        "kernel_weights": memory.kernel_weights,
        "kernel_bits": memory.kernel_bits,
        "total_bits": memory.total_bits,
        "kernel_quantizer": _together(
            [label(layer.kernel_quantizer, layer.kernel_planes) for layer in layers]),
        "input_quantizer": _together(
            [label(layer.input_quantizer, layer.input_planes) for layer in layers]),
        "scale": _together([layer.scale for layer in layers]),
    }


def _together(labels: list[str]) -> str:
    """One label if all layers share it, else all of them."""
    return labels[0] if len(set(labels)) == 1 else ", ".join(labels)


def _has_own_quantizer(config: RunConfig) -> bool:
    layers = layout_of(config).layers
    specs = [spec for layer in layers for spec in (layer.kernel_quantizer, layer.input_quantizer)]
    return any(spec is not None and spec["name"] not in QUANTIZERS for spec in specs)


def _ask_child(configs: Mapping[str, RunConfig]) -> dict[str, Figures]:
    question = json.dumps({key: canonical_json(config) for key, config in configs.items()})
    child = subprocess.run(
        [sys.executable, "-m", "larqca.sweep.figures"],
        input=question, capture_output=True, text=True, check=False,
    )
    try:
        answer = json.loads(child.stdout)
    except ValueError as error:
        last = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise ConfigError(f"your own quantizers do not tell their bits: {last}") from error
    if "error" in answer:
        raise ConfigError(answer["error"])
    return dict(answer["figures"])


def _answer(question: str) -> dict[str, Any]:
    configs = json.loads(question)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the user's module prints
            figures = {
                key: figures_of(RunConfig.model_validate_json(text))
                for key, text in configs.items()
            }
    except LarqcaError as error:
        return {"error": str(error)}
    return {"figures": figures}


if __name__ == "__main__":
    print(json.dumps(_answer(sys.stdin.read())))
