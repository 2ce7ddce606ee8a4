"""Rounding a layer's weights together, so that their errors cancel in what the layer puts out.

Neighbouring cells, and channels of one cell, say much the same: an error in one weight can
be made good by others. Nearest rounding minimizes ``|Q - W|``; here it is what the layer
puts out that counts, ``trace((Q - W)' G (Q - W))`` with the inputs' second moments G.

Sources: Hassibi and Stork, Second order derivatives for network pruning (1993); Frantar et
al., GPTQ (2022), for rounding row by row; coordinate descent after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.quantizers.build import is_elementwise
from larqca.quantizers.registry import dorefa_mode

Array = npt.NDArray[Any]

# Added to the diagonal of the second moments, as a share of its mean.
_DAMPING = 0.01
# Scales that are tried, as multiples of the given one.
_FACTORS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)
_SWEEPS = 4

# With fewer levels training has to find other weights than the float ones, and starts better
# from the nearest (on the digits ternary kernels lost 20 points of cells to this); with more,
# the nearest will do.
_FEWEST, _MOST = 5, 64
_PROBES = 8001


@dataclass(frozen=True)
class Levels:
    """What a kernel quantizer can put out.

    Attributes:
        values: rising, ``[levels]``.
        latents: a latent weight that gives each level, in the middle of those that do.
    """

    values: Array
    latents: Array

    def nearest(self, weights: Array) -> Array:
        """The number of the level nearest to each weight."""
        return _number_of_nearest(weights, self.values)


def levels_of(quantizer: Callable[[Any], Any], spec: Mapping[str, Any]) -> Levels | None:
    """The levels of a kernel quantizer; None where rounding together is not for it: it has
    too few or too many, or looks at the whole kernel. Arguments as of `kernel_levels`."""
    found = kernel_levels(quantizer, spec)
    return found if found is not None and _FEWEST <= len(found.values) <= _MOST else None


def kernel_levels(quantizer: Callable[[Any], Any], spec: Mapping[str, Any]) -> Levels | None:
    """The levels of a kernel quantizer; None where it looks at the whole kernel (DoReFa's are
    known: they are relative to the largest weight, which is one).

    Args:
        quantizer: latent weights to levels.
        spec: the quantizer's name and arguments.
    """
    if dorefa_mode(spec) == "weights":  # a tanh, then even levels up to the largest
        values = np.linspace(-1.0, 1.0, 2 ** spec["k_bit"])
        latents = np.arctanh(np.tanh(1.0) * values)
    elif is_elementwise(quantizer):
        probes = np.linspace(-1.0, 1.0, _PROBES, dtype=np.float32)
        found = np.asarray(quantizer(probes.reshape(1, 1, 1, -1))).reshape(-1).round(6)
        values = np.unique(found)
        latents = np.array([_middle(probes[found == value]) for value in values])
    else:
        return None
    return Levels(values, latents)


def _middle(probes: Array) -> float:
    return float(probes[len(probes) // 2])


def round_together(
    weights: Array, levels: Array, scale: Array, moments: Array, *, fixed: bool = False
) -> tuple[Array, Array]:
    """Levels and a scale for each output with ``levels * scale`` near `weights`, as the inputs
    see it.

    Args:
        weights: ``[rows, outputs]``.
        levels: what a quantizer can put out, ``[levels]``, rising.
        scale: a first guess, ``[outputs]``.
        moments: mean products of the inputs, ``[rows, rows]``.
        fixed: whether the scale stays as it is.

    Returns:
        Chosen levels ``[rows, outputs]`` and the scale ``[outputs]``.
    """
    # An output without weights keeps its scale of zero; any level will do.
    empty = scale == 0
    multiples = (1.0,) if fixed else _FACTORS
    outputs, factors = weights.shape[1], len(multiples)
    # Every output once for each factor, all side by side.
    many = np.repeat(weights, factors, axis=1)
    tried = (np.where(empty, 1.0, scale)[:, None] * np.asarray(multiples)).ravel()
    damped = damp(moments)
    found = _row_by_row(many, levels, tried, damped)
    for _ in range(_SWEEPS):
        found = _descended(found, many, levels, tried, damped)
        tried = tried if fixed else _fitted(found, many, damped, tried)
    errors = _errors(found * tried - many, damped).reshape(outputs, factors)
    best = np.arange(outputs) * factors + errors.argmin(axis=1)
    return found[:, best], np.where(empty, 0.0, tried[best])


def damp(moments: Array) -> Array:
    """Second moments with a little more on the diagonal, so that they can be inverted."""
    mean = max(float(np.diag(moments).mean()), 1e-12)
    result: Array = moments + _DAMPING * mean * np.eye(len(moments))
    return result


def _row_by_row(weights: Array, levels: Array, scale: Array, moments: Array) -> Array:
    """Round rows in order of their inputs' size; those that follow make good the error."""
    order = np.argsort(-np.diag(moments), kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    upper = np.linalg.cholesky(inverse).T
    left, found = weights[order].copy(), np.empty_like(weights)
    for row in range(len(left)):
        level = _nearest(left[row] / scale, levels)
        error = (left[row] - level * scale) / upper[row, row]
        left[row + 1 :] -= upper[row, row + 1 :, None] * error
        found[order[row]] = level
    return found


def _descended(
    found: Array, weights: Array, levels: Array, scale: Array, moments: Array
) -> Array:
    """One sweep of coordinate descent: each row at its best level, given all others."""
    found = found.copy()
    slope = moments @ (found * scale - weights)
    for row in range(len(found)):
        own = moments[row, row]
        level = _nearest(found[row] - slope[row] / (own * scale), levels)
        slope += moments[:, row, None] * ((level - found[row]) * scale)
        found[row] = level
    return found


def _nearest(values: Array, levels: Array) -> Array:
    result: Array = levels[_number_of_nearest(values, levels)]
    return result


def _number_of_nearest(values: Array, levels: Array) -> Array:
    """Of rising levels; in the middle between two, the lower."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2.0, values)


def _fitted(found: Array, weights: Array, moments: Array, scale: Array) -> Array:
    """The least-squares scale; the old one where that is not positive."""
    seen = moments @ found
    square, product = (found * seen).sum(axis=0), (weights * seen).sum(axis=0)
    fits = (square > 0) & (product > 0)
    return np.where(fits, product / np.where(fits, square, 1.0), scale)


def _errors(difference: Array, moments: Array) -> Array:
    result: Array = (difference * (moments @ difference)).sum(axis=0)
    return result
