"""A float kernel as the product of two quantized ones.

Kernels of one bit cannot leave an input out: each of them has the same weight. A sum of
many outer products of such kernels can come as near to any matrix as one likes. With quantizer
levels b and c, and a learned scale for each term,

    W ~ sum over k of  b_k  s_k  c_k^T

which is a convolution to `rank` channels, a scale for each of them, and a 1x1 convolution,
without a nonlinearity in between. Source: Boža and Macko, "Addition is almost all you need:
compressing neural networks with double binary factorization", arXiv 2505.11076, 2025.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Quantize = Callable[[Array], Array]

# Rounds in which every term is chosen anew beside all others; later ones gain little.
_ROUNDS = 2
_TURNS = 20


@dataclass(frozen=True)
class Factors:
    """``quantize(left) * scale @ quantize(right)`` is near the factored weights.

    Attributes:
        left: latent weights in [-1, 1], float32 ``[rows, rank]``.
        scale: float32 ``[rank]``.
        right: latent weights in [-1, 1], float32 ``[rank, columns]``.
    """

    left: Array
    scale: Array
    right: Array

    def product(self, quantize: Quantize) -> Array:
        """The weights that the factors stand for, ``[rows, columns]``."""
        product: Array = (quantize(self.left) * self.scale) @ quantize(self.right)
        return product


def factored(weights: Array, rank: int, quantize: Quantize) -> Factors:
    """Factors whose product comes near a matrix of weights.

    One term after the other takes what the ones before it left over; then each is chosen
    again, and last the scales are fitted together by least squares.

    Args:
        weights: ``[rows, columns]``.
        rank: number of terms.
        quantize: elementwise, latent weights to levels.
    """
    rows, columns = weights.shape
    # Levels that are not symmetric around zero want a term of either sign to choose from.
    probe = np.linspace(-1.0, 1.0, 11)
    odd = np.array_equal(quantize(-probe)[probe != 0], -quantize(probe)[probe != 0])
    signs = (1.0,) if odd else (1.0, -1.0)
    left, right = np.zeros((rows, rank)), np.zeros((rank, columns))
    scale = np.zeros(rank)
    rest = np.array(weights, np.float64)
    for sweep in range(1 + _ROUNDS):
        for term in range(rank):
            levels = quantize(left[:, term]), quantize(right[term])
            rest += scale[term] * np.outer(*levels)
            start = right[term] if sweep else np.linalg.svd(rest, full_matrices=False)[2][0]
            found = [_best_term(sign * rest, sign, start, quantize) for sign in signs]
            before = left[:, term].copy(), right[term].copy()
            found.append((*before, _best_scale(rest, *before, quantize)))
            left[:, term], right[term], scale[term] = max(
                found, key=lambda each: _taken(rest, each, quantize)
            )
            rest -= scale[term] * np.outer(quantize(left[:, term]), quantize(right[term]))
        scale = fitted_scale(weights, quantize(left), quantize(right))
        rest = weights - (quantize(left) * scale) @ quantize(right)
    found = (each.astype(np.float32) for each in (left, scale, right))
    return Factors(*found)


def _best_term(
    rest: Array, sign: float, right: Array, quantize: Quantize
) -> tuple[Array, Array, float]:
    """Latent weights of one term, from turns in which each side suits the other, and its
    scale times `sign`."""
    right = _latent(right)
    left = _latent(rest @ quantize(right))
    for _ in range(_TURNS):
        after = _latent(quantize(left) @ rest)
        settled = np.array_equal(quantize(after), quantize(right))
        right = after
        left = _latent(rest @ quantize(right))
        if settled:
            break
    return left, right, sign * _best_scale(rest, left, right, quantize)


def _best_scale(rest: Array, left: Array, right: Array, quantize: Quantize) -> float:
    levels = quantize(left), quantize(right)
    size = float(np.square(levels[0]).sum() * np.square(levels[1]).sum())
    return float(levels[0] @ rest @ levels[1]) / max(size, 1e-12)


def _taken(rest: Array, term: tuple[Array, Array, float], quantize: Quantize) -> float:
    """By how much a term lowers the squared error."""
    left, right, scale = term
    return scale * float(quantize(left) @ rest @ quantize(right))


def _latent(wanted: Array) -> Array:
    """In [-1, 1] with a mean magnitude of a half or less: what is wanted most is the last
    to be changed by training."""
    return np.clip(0.5 * wanted / max(float(np.abs(wanted).mean()), 1e-12), -1.0, 1.0)


def fitted_scale(weights: Array, left: Array, right: Array) -> Array:
    """The least-squares scales of given levels."""
    gram = (left.T @ left) * (right @ right.T)
    wanted = np.einsum("nk,nm,km->k", left, weights, right)
    ridge = 1e-9 * max(float(np.trace(gram)) / len(gram), 1e-12)
    scale: Array = np.linalg.solve(gram + ridge * np.eye(len(gram)), wanted)
    return scale
