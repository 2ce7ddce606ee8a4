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
Term = tuple[Array, Array, float]  # latent weights of both sides, and the scale

# Rounds in which every term is chosen anew beside all others; later ones gain little.
_ROUNDS = 2
_TURNS = 20
_POWERS = 10


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
    left = np.zeros((weights.shape[0], rank))
    right = np.zeros((rank, weights.shape[1]))
    scale = np.zeros(rank)
    rest = np.array(weights, np.float64)
    signs = _signs(quantize)
    for sweep in range(1 + _ROUNDS):
        for number in range(rank):
            before = left[:, number].copy(), right[number].copy(), float(scale[number])
            rest += _outer(before, quantize)
            start = right[number] if sweep else _leading(rest)
            found = [_suited(sign, rest, start, quantize) for sign in signs]
            best = max(found, key=lambda term: _taken(rest, term, quantize))
            # The same levels chosen again have latent weights that know the other terms.
            if _taken(rest, before, quantize) > 1.000001 * _taken(rest, best, quantize):
                best = before
            left[:, number], right[number], scale[number] = best
            rest -= _outer(best, quantize)
        scale = fitted_scale(weights, quantize(left), quantize(right))
        rest = weights - (quantize(left) * scale) @ quantize(right)
    return Factors(*(each.astype(np.float32) for each in (left, scale, right)))


def _signs(quantize: Quantize) -> tuple[float, ...]:
    """Signs that a term's scale may have. Only levels that are not symmetric around zero,
    such as zero and one, need a negative one."""
    latent = np.linspace(0.1, 1.0, 10)
    symmetric = np.array_equal(quantize(-latent), -quantize(latent))
    return (1.0,) if symmetric else (1.0, -1.0)


def _leading(matrix: Array) -> Array:
    """Nearly the first right singular vector, by power iteration: a start needs no more."""
    vector: Array = matrix[np.square(matrix).sum(axis=1).argmax()]
    for _ in range(_POWERS):
        vector = matrix.T @ (matrix @ vector)
        vector = vector / max(float(np.abs(vector).max()), 1e-12)
    return vector


def _suited(sign: float, rest: Array, right: Array, quantize: Quantize) -> Term:
    """A term whose scale has that sign, from turns in which each side suits the other."""
    wanted = sign * rest
    left = _latent(wanted @ quantize(_latent(right)))
    for _ in range(_TURNS):
        after = _latent(quantize(left) @ wanted)
        settled = np.array_equal(quantize(after), quantize(right))
        right = after
        left = _latent(wanted @ quantize(right))
        if settled:
            break
    levels = quantize(left), quantize(right)
    size = float(np.square(levels[0]).sum() * np.square(levels[1]).sum())
    return left, right, float(levels[0] @ rest @ levels[1]) / max(size, 1e-12)


def _outer(term: Term, quantize: Quantize) -> Array:
    product: Array = term[2] * np.outer(quantize(term[0]), quantize(term[1]))
    return product


def _taken(rest: Array, term: Term, quantize: Quantize) -> float:
    """By how much a term lowers the squared error."""
    product = _outer(term, quantize)
    return float(np.sum(product * (2.0 * rest - product)))


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
