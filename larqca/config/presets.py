"""Named architectures with their published parameter counts (for ten classes).

=========  ========  ======  ==========================================================
preset     perceive  update  source
=========  ========  ======  ==========================================================
distill      14,480   8,019  Randazzo et al. 2020: 22,499 parameters
clothing     18,080   7,920  Clothing Automata 2020: bias-free 3x3 20-20, 3x3 20-80
                             with bias; bias-free 1x1 80-80, 80-19; no learned scales
compact       4,640   1,551  distill at 32 hidden and 5 hidden state channels
wide         46,336  70,675  distill at 256 hidden channels
=========  ========  ======  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "distill": {
        "cell": {"hidden_channels": 9},
        "perceive": {"widths": [80]},
        "update": {"widths": [80]},
    },
    "clothing": {
        "cell": {"hidden_channels": 9},
        "perceive": {"widths": [20, 80], "bias": [False, True], "scale": "none"},
        "update": {"widths": [80], "bias": False, "scale": "none"},
    },
    "compact": {
        "cell": {"hidden_channels": 5},
        "perceive": {"widths": [32]},
        "update": {"widths": [32]},
    },
    "wide": {
        "cell": {"hidden_channels": 9},
        "perceive": {"widths": [256]},
        "update": {"widths": [256]},
    },
}
