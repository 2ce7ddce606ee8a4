"""larqca: train, compare and compress neural cellular automata with Larq quantizers.

The names below are imported when they are first used, so that importing larqca (and
every ``--help``) is quick.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Larq needs Keras 2, which TensorFlow serves only if this is set before its first
# import; `larqca.backend` makes sure that it was.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

__version__ = "0.1.0"

_HOMES = {
    "LarqcaError": "larqca.errors",
    "NeuralCA": "larqca.automata.neural_ca",
    "build_run_config": "larqca.config.canonical",
    "build_table": "larqca.report.table",
    "import_model": "larqca.automata.importing",
    "layout_of": "larqca.automata.layout",
    "load_data": "larqca.data",
    "load_model": "larqca.automata.model_file",
    "run_sweep": "larqca.sweep",
}

if TYPE_CHECKING:
    from larqca.automata.importing import import_model
    from larqca.automata.layout import layout_of
    from larqca.automata.model_file import load_model
    from larqca.automata.neural_ca import NeuralCA
    from larqca.config.canonical import build_run_config
    from larqca.data import load as load_data
    from larqca.errors import LarqcaError
    from larqca.report.table import build_table
    from larqca.sweep import run_sweep


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'larqca' has no attribute {name!r}")
    home = importlib.import_module(_HOMES[name])
    return getattr(home, "load" if name == "load_data" else name)


__all__ = [
    "LarqcaError",
    "NeuralCA",
    "build_run_config",
    "build_table",
    "import_model",
    "layout_of",
    "load_data",
    "load_model",
    "run_sweep",
]
