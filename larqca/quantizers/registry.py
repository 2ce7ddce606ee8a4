"""The quantizers by name: what they take, what they cost. Imports no TensorFlow.

A *quantizer spec* is what a configuration holds: None for float, or a mapping
``{"name": ..., parameter: value, ...}`` with every parameter filled in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from larqca.suggest import unknown

QuantizerSpec = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a quantizer: its default, and what a value must be."""

    default: float | int | bool | str | None
    kind: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """Why `value` is not allowed, or None if it is."""
        if self.kind == "bool":
            return None if isinstance(value, bool) else "must be true or false"
        if self.kind == "choice":
            return None if value in self.choices else f"must be one of {', '.join(self.choices)}"
        if value is None and self.kind == "optional number":
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"must be a number{' or null' if 'optional' in self.kind else ''}"
        if self.kind == "integer" and not isinstance(value, int):
            return "must be a whole number"
        return self._range_problem(value)

    def _range_problem(self, value: float) -> str | None:
        if not _is_finite(value):
            return "must be finite"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        return None


def _is_finite(value: float) -> bool:
    """Whether it is a number that a run's configuration, which is JSON, can hold."""
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False


@dataclass(frozen=True)
class QuantizerInfo:
    """What larqca knows of one of Larq's quantizers without importing it.

    Attributes:
        class_name: its class in `larq.quantizers`.
        bits: bits per value (None: given by the parameter ``k_bit``).
        levels: the values it puts out, for the documentation.
        parameters: constructor parameters by name.
        signed: whether a kernel of it can follow weights of both signs.
    """

    class_name: str
    bits: int | None
    levels: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    signed: bool = True


_CLIP = Parameter(1.0, "optional number", minimum=0.0)

QUANTIZERS: Mapping[str, QuantizerInfo] = {
    "ste_sign": QuantizerInfo("SteSign", 1, "-1, +1", {"clip_value": _CLIP}),
    "approx_sign": QuantizerInfo("ApproxSign", 1, "-1, +1"),
    "ste_heaviside": QuantizerInfo(
        "SteHeaviside", 1, "0, +1", {"clip_value": _CLIP}, signed=False
    ),
    "swish_sign": QuantizerInfo(
        "SwishSign", 1, "-1, +1", {"beta": Parameter(5.0, "number", minimum=0.0)}
    ),
    "magnitude_aware_sign": QuantizerInfo(
        "MagnitudeAwareSign", 1, "-m, +m (m: mean magnitude per channel)", {"clip_value": _CLIP}
    ),
    "ste_tern": QuantizerInfo(
        "SteTern",
        2,
        "-1, 0, +1",
        {
            "threshold_value": Parameter(0.05, "number", minimum=0.0),
            "ternary_weight_networks": Parameter(False, "bool"),
            "clip_value": _CLIP,
        },
    ),
    "dorefa_quantizer": QuantizerInfo(
        "DoReFa",
        None,
        "2^k_bit levels in [0, 1] (inputs) or [-1, 1] (kernels)",
        {
            "k_bit": Parameter(2, "integer", minimum=1, maximum=16),
            "mode": Parameter(None, "choice", choices=("activations", "weights")),
        },
    ),
}

NONE = "none"
NAMES = (NONE, *QUANTIZERS)


def is_import_path(name: str) -> bool:
    """True for a user's own quantizer, written ``package.module:attribute``."""
    module, _, attribute = name.partition(":")
    return bool(module and attribute) and all(
        part.isidentifier() for part in (*module.split("."), *attribute.split("."))
    )


def normalize(value: Any, *, role: str) -> dict[str, Any] | None:
    """Turn what a user wrote into a quantizer spec with every parameter filled in.

    Args:
        value: None, a name, or a mapping with `name` and parameters.
        role: ``"kernel"`` or ``"input"``; decides DoReFa's default mode.

    Raises:
        ValueError: the message names what is wrong and what is allowed.
    """
    if value is None or value == NONE:
        return None
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a quantizer's name or a mapping with 'name', got {value!r}")
    given = dict(value)
    name = given.pop("name", None)
    if name == NONE and not given:
        return None
    if not isinstance(name, str):
        raise ValueError(f"needs 'name'; allowed: {', '.join(NAMES)}, or package.module:attribute")
    if name in QUANTIZERS:
        return {"name": name, **_filled(name, given, role)}
    if is_import_path(name):
        for key, each in given.items():
            if isinstance(each, (int, float)) and not _is_finite(each):
                raise ValueError(f"parameter {key!r} of {name} must be finite, got {each!r}")
        return {"name": name, **given}
    raise ValueError(
        unknown("quantizer", name, NAMES) + ", or your own as package.module:attribute"
    )


def _filled(name: str, given: dict[str, Any], role: str) -> dict[str, Any]:
    parameters = QUANTIZERS[name].parameters
    for key, value in given.items():
        if key not in parameters:
            if not parameters:
                raise ValueError(f"quantizer {name!r} takes no parameters, got {key!r}")
            raise ValueError(unknown(f"parameter of {name}", key, parameters))
        problem = parameters[key].problem(value)
        if problem:
            raise ValueError(f"parameter {key!r} of {name} {problem}, got {value!r}")
    defaults = {key: parameter.default for key, parameter in parameters.items()}
    if name == "dorefa_quantizer":
        defaults["mode"] = "weights" if role == "kernel" else "activations"
    filled = {**defaults, **given}
    return {key: _canonical_number(filled[key], parameters[key]) for key in parameters}


def _canonical_number(value: Any, parameter: Parameter) -> Any:
    """1 and 1.0 are the same setting, and must name the same run."""
    if "number" in parameter.kind and value is not None:
        return float(value)
    return value


def bits(spec: QuantizerSpec | None) -> int:
    """Bits per value: 32 for float, the quantizer's own `precision` otherwise."""
    if spec is None:
        return 32
    info = QUANTIZERS.get(spec["name"])
    if info is None:
        from larqca.quantizers.build import user_precision

        return user_precision(spec)
    return int(spec["k_bit"]) if info.bits is None else info.bits


def check_planes(role: str, planes: int, spec: QuantizerSpec | None) -> None:
    """Whether a layer's kernel or input can have several planes of this quantizer.

    Raises:
        ValueError: it has no quantizer, or one that has a number of bits instead.
    """
    if spec is None:
        raise ValueError(
            f"{role}_planes ({planes}) are those of a quantizer, and the layer has none; "
            f"set {role}_quantizer, for example to ste_sign"
        )
    if spec["name"] == "dorefa_quantizer":
        raise ValueError(f"{role}_planes ({planes}) are not for dorefa_quantizer; give it a k_bit")


# Kernels of so few levels, one a layer, do not follow float weights on MNIST; sums of four
# signs, or of two kernels of zeros and signs, do (`reports/findings/names.md`).
_KERNEL_PLANES = {1: 4, 2: 2}
# Thresholds cost no bytes, and the state wants many (`reports/findings/rounding.md`, "Where the
# bits belong"). In training those of `ste_sign` are counted at once, those of others one by one,
# so that these get what the digits want (`one_bit.md` beside it, "How many thresholds?"). Of the
# state, of hidden layers:
_INPUT_PLANES = {"ste_sign": (30, 8), **dict.fromkeys(
    ("approx_sign", "swish_sign", "ste_heaviside"), (8, 4))}


def default_kernel_planes(spec: QuantizerSpec | None) -> int:
    """How many planes a scaled kernel has that says nothing of them: as many as it learns
    with; one where that is not known (a user's own quantizer) or a number of bits says it."""
    info = QUANTIZERS.get(spec["name"]) if spec is not None else None
    return 1 if info is None or info.bits is None else _KERNEL_PLANES[info.bits]


def default_input_planes(spec: QuantizerSpec | None, *, of_state: bool) -> int:
    """The same for the inputs of a scaled layer.

    Args:
        spec: of its input quantizer.
        of_state: whether its inputs are the automaton's state.
    """
    state, hidden = _INPUT_PLANES.get(spec["name"], (1, 1)) if spec is not None else (1, 1)
    return state if of_state else hidden


def dorefa_mode(spec: QuantizerSpec | None) -> str | None:
    """"weights" or "activations"; None for any other quantizer, a user's own with a parameter
    of that name included."""
    return None if spec is None or spec["name"] != "dorefa_quantizer" else spec["mode"]


def looks_at_all_weights(spec: QuantizerSpec | None) -> bool:
    """Whether what one of Larq's quantizers makes of a weight depends on all others, so that
    its levels are not known before. (DoReFa's are: the largest weight is one.)"""
    if spec is None:
        return False
    ternary = spec["name"] == "ste_tern" and spec["ternary_weight_networks"]
    return spec["name"] == "magnitude_aware_sign" or ternary


def label(spec: QuantizerSpec | None, planes: int = 1) -> str:
    """Short text for tables: the name, with the parameters that differ from default, and
    ``4 x`` before it for four planes."""
    if planes > 1:
        return f"{planes} x {label(spec)}"
    if spec is None:
        return NONE
    info = QUANTIZERS.get(spec["name"])
    shown = []
    for key, value in spec.items():
        default = info.parameters[key].default if info and key in info.parameters else None
        if key in ("name", "mode") or value == default:
            continue
        shown.append(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}")
    return spec["name"] + (f"({', '.join(shown)})" if shown else "")
