"""Muon: momentum whose matrix is made orthogonal before it becomes an update.

Sources: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024
(the iteration and its coefficients); Liu et al., "Muon is scalable for LLM training",
arXiv 2502.16982, 2025 (the size of an update). Keras 3 has one, Keras 2, which Larq
needs, has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from larqca.backend import keras, tf

# Of the quintic a x + b x^3 + c x^5, which drives singular values towards one.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
_TINY = 1e-8
# Of Adam, for variables that are no matrices.
_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-7


class Muon(keras.optimizers.Optimizer):
    """Muon for kernels, Adam for scales and biases.

    A kernel ``[height, width, inputs, outputs]`` is taken as the matrix
    ``[height * width * inputs, outputs]`` that it is for a single cell, a depthwise one
    ``[height, width, channels, 1]`` as ``[height * width, channels]``. The root mean
    square of an update's entries is about `rms` times the learning rate, whatever the
    gradient's size; places of a kernel without weights (`build`) are no rows of it.

    Args:
        learning_rate: of all variables.
        momentum: share of the gradients' running mean that is kept (Nesterov's).
        rms: size of a kernel's update beside Adam's.
        weight_decay: share of itself, times the learning rate, that a variable loses in a
            step (None: nothing). Updates of one size let kernels grow for ever without it.
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        momentum: float = 0.9,
        rms: float = 1.0,
        weight_decay: float | None = None,
        jit_compile: bool = False,
        name: str = "muon",
    ) -> None:
        super().__init__(name=name, weight_decay=weight_decay, jit_compile=jit_compile)
        self._learning_rate = self._build_learning_rate(learning_rate)
        self.momentum = momentum
        self.rms = rms

    def build(
        self, var_list: list[Any], matrices: Sequence[tuple[int, int]] | None = None
    ) -> None:
        """Create the moments: one for a kernel, two for anything else.

        Args:
            var_list: what will be changed.
            matrices: for each of them, how many rows of its matrix hold weights, and how many
                columns it has; None: all rows, and the variable's last dimension.
        """
        super().build(var_list)
        if hasattr(self, "_first"):
            return
        whole = [(prod(each.shape[:-1]), int((each.shape or [1])[-1])) for each in var_list]
        self._matrices = whole if matrices is None else list(matrices)
        self._first = [self.add_variable_from_reference(v, "first") for v in var_list]
        self._second = {
            number: self.add_variable_from_reference(variable, "second")
            for number, variable in enumerate(var_list)
            if not _is_kernel(variable)
        }

    def update_step(self, gradient: Any, variable: Any) -> None:
        """Change one variable; runs inside a graph."""
        number = self._index_dict[self._var_key(variable)]
        rate = tf.cast(self.learning_rate, variable.dtype)
        change = self._muon if _is_kernel(variable) else self._adam
        variable.assign_sub(rate * change(gradient, number))

    def _muon(self, gradient: Any, number: int) -> Any:
        keep, mean = self.momentum, self._first[number]
        mean.assign(keep * mean + (1.0 - keep) * gradient)
        ahead = keep * mean + (1.0 - keep) * gradient
        rows, columns = self._matrices[number]
        matrix = orthogonalized(tf.reshape(ahead, [-1, columns]))
        size = max(rows, columns) ** 0.5
        return tf.reshape(matrix, ahead.shape) * (self.rms * size)

    def _adam(self, gradient: Any, number: int) -> Any:
        first, second = self._first[number], self._second[number]
        first.assign(_FIRST * first + (1.0 - _FIRST) * gradient)
        second.assign(_SECOND * second + (1.0 - _SECOND) * tf.square(gradient))
        count = tf.cast(self.iterations + 1, gradient.dtype)
        mean = first / (1.0 - tf.pow(_FIRST, count))
        square = second / (1.0 - tf.pow(_SECOND, count))
        return mean / (tf.sqrt(square) + _EPSILON)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter(self._learning_rate),
            "momentum": self.momentum,
            "rms": self.rms,
        }


def _is_kernel(variable: Any) -> bool:
    # Row scales have three dimensions, other scales and biases one.
    return len(variable.shape) == 4


def orthogonalized(matrix: Any) -> Any:
    """The nearest matrix with orthonormal rows (or columns, if there are fewer of them), up
    to the tolerance of the five iterations: singular values end between 0.7 and 1.2.

    Args:
        matrix: float32 ``[rows, columns]``.
    """
    wide = matrix.shape[0] <= matrix.shape[1]
    found = matrix if wide else tf.transpose(matrix)
    found /= tf.norm(found) + _TINY
    for _ in range(_ITERATIONS):
        square = tf.matmul(found, found, transpose_b=True)
        found = _A * found + tf.matmul(_B * square + _C * tf.matmul(square, square), found)
    return found if wide else tf.transpose(found)
