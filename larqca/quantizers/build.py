"""Quantizer specs become Larq quantizers. The only module that imports Larq's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from larqca.backend import larq, tf
from larqca.errors import ConfigError
from larqca.quantizers.registry import QUANTIZERS, QuantizerSpec

Quantizer = Callable[[Any], Any]


def build(spec: QuantizerSpec | None, name: str | None = None) -> Quantizer | None:
    """A new quantizer for a spec; None (float) stays None.

    Larq's are Keras layers and get this name. Without one Keras counts them, and a name then
    tells how many there were before in the process.

    Raises:
        ConfigError: a user's own quantizer cannot be imported or used.
    """
    if spec is None:
        return None
    parameters = {key: value for key, value in spec.items() if key != "name"}
    info = QUANTIZERS.get(spec["name"])
    if info is None:
        return _build_user(spec["name"], parameters)
    return getattr(larq.quantizers, info.class_name)(
        **parameters, **({} if name is None else {"name": name}))


def user_precision(spec: QuantizerSpec) -> int:
    """Bits per value of a user's own quantizer."""
    quantizer = build(spec)
    return int(quantizer.precision)  # type: ignore[union-attr]


def _build_user(path: str, parameters: dict[str, Any]) -> Quantizer:
    target = _import_target(path)
    quantizer = target
    if isinstance(target, type) or parameters:
        try:
            quantizer = target(**parameters)
        except (TypeError, ValueError) as error:
            message = f"quantizer {path!r} does not accept {parameters}: {error}"
            raise ConfigError(message) from error
    if not callable(quantizer):
        raise ConfigError(f"quantizer {path!r} is not callable")
    precision = getattr(quantizer, "precision", None)
    if isinstance(precision, bool) or not isinstance(precision, int) or not 1 <= precision <= 32:
        raise ConfigError(
            f"quantizer {path!r} needs an attribute `precision`, its bits per value from 1 to 32, "
            f"got {precision!r}; for a function, larq.utils.set_precision(1) sets it"
        )
    return quantizer


def _import_target(path: str) -> Any:
    module_name, _, attribute = path.partition(":")
    try:
        target: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"quantizer {path!r} cannot be imported: {error}; is its folder on PYTHONPATH?"
        ) from error
    return target


def is_elementwise(quantizer: Quantizer | None) -> bool:
    """Whether each output depends on its own input alone.

    `magnitude_aware_sign`, DoReFa's weight mode and ternary weight networks use
    statistics of the whole tensor. As input quantizers those make a cell depend on
    every other cell of the batch, so that cells cannot be computed apart. Asking the
    function itself also covers a user's own quantizers.
    """
    if quantizer is None:
        return True
    probe = np.linspace(-1.5, 1.5, 36, dtype=np.float32).reshape(1, 3, 3, 4)
    loud = np.concatenate([probe, 3.0 + 7.0 * probe], axis=1)  # another mean and size
    alone = np.asarray(quantizer(tf.constant(probe)))
    beside = np.asarray(quantizer(tf.constant(loud)))[:, :3]
    return bool(np.array_equal(alone, beside))
