"""From what a user wrote to a `RunConfig`, and from a `RunConfig` to its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from larqca.config.presets import PRESETS
from larqca.config.schema import DEFAULT_LATENT_FACTOR, Drop, OptimizerConfig, RunConfig, Section
from larqca.errors import ConfigError
from larqca.quantizers.registry import (
    QuantizerSpec,
    bits,
    is_import_path,
    looks_at_all_weights,
)
from larqca.suggest import unknown

DEFAULT_PRESET = "distill"
DEFAULT_OPTIMIZER: str = OptimizerConfig().name
# Kernels of so many bits have to find other weights than those they start from, and their
# latent weights learn so many times faster than the rest, unless a configuration says how fast
# (sweeps/digits_latents.yaml).
PLAIN_BITS, PLAIN_LATENTS = 2, 3.0
# The learning rate where float kernels with learned scales read inputs of one bit, unless a
# configuration names one: such rows start from float, and at the usual rate they diverge
# (sweeps/digits_names.yaml).
RATE_BEHIND_SIGNS = 1e-4
# Kernels of so few bits take their levels one weight after the other, until this share of the
# iterations, unless a configuration says otherwise (sweeps/digits_settling_rates.yaml,
# sweeps/mnist_two_bits_settled.yaml, sweeps/mnist_defaults_settled.yaml).
SETTLE_UNTIL = 0.9
# Where weights settle: a high rate (of Muon) until all have (sweeps/digits_settling_rates.yaml,
# sweeps/mnist_separable_longer.yaml), and this share of it after that.
# Kernels of more bits learn as fast as the rest then: no rounding has to be kept.
RATE_OF_SETTLING, RATE_WHEN_SETTLED, SETTLING_LATENTS = 2e-3, 0.2, 1.0

AnySection = TypeVar("AnySection", bound=Section)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on it: mappings merge, everything else is replaced.

    A mapping with a `name` is a whole (a quantizer with its parameters) and is
    replaced when `over` names another. Of an optimizer only the arguments are: its
    learning rates are everyone's.
    """
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if not isinstance(old, Mapping) or not isinstance(value, Mapping):
            merged[key] = value
        elif key == "optimizer":
            another = _renames({"name": DEFAULT_OPTIMIZER, **old}, value)
            merged[key] = merge({**old, "arguments": {}} if another else old, value)
        else:
            merged[key] = value if _renames(old, value) else merge(old, value)
    return merged


def _renames(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return "name" in new and new["name"] != old.get("name")


def build_run_config(settings: Mapping[str, Any]) -> RunConfig:
    """Expand the preset, fill in defaults, check everything.

    Args:
        settings: the keys of `RunConfig`, and `preset` (default ``distill``).

    Raises:
        ConfigError: one line for each problem, led by the field's path.
    """
    given = dict(settings)
    preset = given.pop("preset", DEFAULT_PRESET)
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError("preset: " + unknown("preset", preset, PRESETS))
    try:
        config = RunConfig.model_validate(merge(PRESETS[preset], given))
    except ValidationError as error:
        raise ConfigError("; ".join(explain(error))) from error
    return _with_optimizer_defaults(_with_settling_defaults(config))


def _settles(config: RunConfig) -> bool:
    """Whether there are weights that settle; they are float until their turn comes."""
    return config.training.settle_until is not None and bool(config.quantized_kernels)


def _wants_to_settle(config: RunConfig) -> bool:
    """Whether weights settle unless a configuration says otherwise: where every quantized kernel
    is one of few levels with learned scales and no input has one bit, by Muon, as far as that
    was found to be better."""
    layers = _layers(config)
    return (
        config.training.iterations > 0
        and config.training.optimizer.name == DEFAULT_OPTIMIZER
        and bool(config.quantized_kernels)
        and all(inputs is None or _known_bits(inputs) not in (None, 1)
                for *_, inputs in layers)
        and all(planes == 1 and _is_plain(1, kernel) and scale != "none"
                and not looks_at_all_weights(kernel)
                for kernel, planes, scale, _ in layers if kernel is not None)
    )


def _with_settling_defaults(config: RunConfig) -> RunConfig:
    """Whether weights settle, what comes first then and when the rate falls."""
    if _wants_to_settle(config):
        training = _with_unnamed(config.training, {"settle_until": SETTLE_UNTIL})
        config = config.model_copy(update={"training": training})
    if not _settles(config):
        return config
    training = config.training
    assert training.settle_until is not None
    falls = Drop(after=training.settle_until, factor=RATE_WHEN_SETTLED)
    defaults = {"settle_first": "sensitive", "schedule": [falls]}
    return config.model_copy(update={"training": _with_unnamed(training, defaults)})


def _with_optimizer_defaults(config: RunConfig) -> RunConfig:
    """The learning rates that follow from quantizers, and from whether weights settle."""
    training = config.training
    optimizer = _with_unnamed(training.optimizer, _learning_rates(config))
    training = training.model_copy(update={"optimizer": optimizer})
    return config.model_copy(update={"training": training})


def _learning_rates(config: RunConfig) -> dict[str, Any]:
    rates: dict[str, Any] = {}
    if config.quantized_kernels:
        rates["latent_factor"] = _latent_factor(config)
    if _has_floats_behind_signs(config):
        rates["learning_rate"] = RATE_BEHIND_SIGNS
    elif _settles(config) and config.training.optimizer.name == DEFAULT_OPTIMIZER:
        rates["learning_rate"] = RATE_OF_SETTLING
    return rates


def _with_unnamed(section: AnySection, defaults: Mapping[str, Any]) -> AnySection:
    """A section with these defaults where its configuration names nothing."""
    unnamed = defaults.keys() - section.model_fields_set
    return section.model_copy(update={key: defaults[key] for key in unnamed})


def _is_plain(planes: int, spec: QuantizerSpec) -> bool:
    """Whether a kernel has so few levels that its weights are not rounded together with
    those that they start from."""
    known = _known_bits(spec)
    return known is not None and planes * known <= PLAIN_BITS


def _latent_factor(config: RunConfig) -> float | list[float]:
    """How fast latent weights learn: one number if that is the same in all layers."""
    usual = SETTLING_LATENTS if _settles(config) else DEFAULT_LATENT_FACTOR
    factors = [PLAIN_LATENTS if _is_plain(planes, spec) else usual
               for planes, spec in config.quantized_kernels]  # fmt: skip
    return factors[0] if len(set(factors)) == 1 else factors


def _has_floats_behind_signs(config: RunConfig) -> bool:
    return any(
        (kernel is None or _settles(config)) and inputs is not None and scale != "none"
        and _known_bits(inputs) == 1
        for kernel, _, scale, inputs in _layers(config))


def _layers(
    config: RunConfig,
) -> list[tuple[QuantizerSpec | None, int, str, QuantizerSpec | None]]:
    """Kernel quantizer, planes, scale and input quantizer of each layer, perceive first."""
    return [
        layer for network in (config.perceive, config.update)
        for layer in zip(network.kernel_quantizer, network.kernel_planes, network.scale,
                         network.input_quantizer, strict=True)]  # fmt: skip


def _known_bits(spec: QuantizerSpec) -> int | None:
    """Bits per value, None of a user's own quantizer, whose code is never run here."""
    return None if is_import_path(spec["name"]) else bits(spec)


def explain(error: ValidationError) -> list[str]:
    """One sentence for each problem that pydantic found, led by the field's path."""
    return [_sentence(problem) for problem in error.errors()]


def _sentence(problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    where = ".".join(path) or "configuration"
    value = problem["input"]
    if problem["type"] == "extra_forbidden":
        return f"{where}: " + unknown("key", path[-1], allowed_keys(problem["loc"][:-1]))
    if problem["type"] in ("model_type", "dict_type"):
        return f"{where}: must be a mapping, got {value!r}"
    if problem["type"] == "literal_error":
        choices = [part.strip().strip("'") for part in
                   problem["ctx"]["expected"].replace(" or ", ",").split(",")]
        return f"{where}: " + unknown("value", value, choices)
    message = problem["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    shown = "" if problem["type"] in ("value_error", "missing") else f", got {value!r}"
    return f"{where}: {message}{shown}"


def allowed_keys(path: tuple[Any, ...] = ()) -> list[str]:
    """The keys that may stand at a path of a run's configuration."""
    model: Any = RunConfig
    for part in path:
        if isinstance(part, int):  # of a list
            model = (*get_args(model), None)[0]
            continue
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return []
        model = fields[part].annotation
    keys = list(getattr(model, "model_fields", {}))
    return keys if path else ["preset", *keys]


def canonical_json(config: RunConfig) -> str:
    """The configuration as JSON with sorted keys and no spare white space."""
    return json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def run_hash(config: RunConfig) -> str:
    """The name of the run: 16 hexadecimal digits of the canonical JSON's SHA-256."""
    return hashlib.sha256(canonical_json(config).encode()).hexdigest()[:16]
