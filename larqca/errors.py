"""The one family of errors that larqca raises on purpose.

The command line prints the message of a `LarqcaError` as one line and exits with 1
(2 for a mistake in how the command itself was called); everything else is a bug.
"""

from __future__ import annotations


class LarqcaError(Exception):
    """Base class: the message says what was wrong, what is allowed, what to try."""


class ConfigError(LarqcaError):
    """A grid, run configuration or argument that cannot be accepted."""


class DataError(LarqcaError):
    """A data set that is missing, unreadable or of the wrong shape."""


class ModelFileError(LarqcaError):
    """A file of weights that is missing, malformed or does not fit the automaton."""


class StoreError(LarqcaError):
    """A sweep directory or one of its files that cannot be used as it is."""


class ExportError(LarqcaError):
    """An automaton that a target cannot hold, or an export that is not what it should be."""


class Diverged(LarqcaError):
    """Training left the finite: carries the iteration at which it happened.

    Args:
        iteration: 1-based optimizer step whose loss broke the bound.
        reason: what was seen, for example ``"loss is NaN"``.
        loss: the loss at that iteration (may be NaN or infinite).
    """

    def __init__(self, iteration: int, reason: str, loss: float) -> None:
        super().__init__(f"diverged at iteration {iteration:,}: {reason}")
        self.iteration = iteration
        self.reason = reason
        self.loss = loss


class Interrupted(LarqcaError):
    """Training was asked to stop and has written its checkpoint."""
